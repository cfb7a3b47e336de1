/* Somebody writes anything into a run's files while the engine uses all of the library: it must neither crash nor write outside
 * its files.   scribble SEED ROUNDS; scribble beyond 1: writes behind a file itself, to see that this would not go unseen
 * Each file is mapped between guard pages: mmap and mremap below are what the library calls. The scribbler writes through
 * mappings of its own.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <teltel.h>
#include <unistd.h>

enum { GUARD = 64 << 10, HEAD_OFFSET = 128, RELEASED_OFFSET = 256 };
static int guarded; /* how many files have been mapped between guards */
static char *newest_end;

static uintptr_t reserve_between_guards(size_t length) {
  const size_t whole = ((length + 4095) & ~4095ul) + 2 * GUARD;
  return (uintptr_t)syscall(SYS_mmap, NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0l) + GUARD;
}
void *mmap(void *at, size_t length, int protection, int flags, int file, off_t offset) {
  if (file >= 0 && flags & MAP_SHARED && !at) {
    at = (void *)reserve_between_guards(length);
    flags |= MAP_FIXED;
    guarded++;
    newest_end = (char *)at + length;
  }
  return (void *)syscall(SYS_mmap, at, length, protection, flags, file, offset);
}
void *mremap(void *old, size_t old_length, size_t length, int flags, ...) {
  if (flags == MREMAP_MAYMOVE)
    return (void *)syscall(SYS_mremap, old, old_length, length, MREMAP_MAYMOVE | MREMAP_FIXED, reserve_between_guards(length));
  return MAP_FAILED;
}

static uint64_t state;
static uint64_t random_number(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
/* Values that hurt. */
static uint64_t evil(uint64_t seen) {
  switch (random_number() % 10) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return seen + 8;
    case 3: return seen - 8;
    case 4: return (uint64_t)1 << (random_number() % 64);
    case 5: return random_number() % (1 << 20) & ~7ull;
    case 6: return seen + (256 << 10);
    case 7: return INT64_MAX;
    default: return random_number();
  }
}

struct file { uint64_t *words; size_t bytes; int is_ring; };
static struct file files[8];
static int file_count;
static void map_files(teltel_run *run) {
  char folder[4096], path[8192];
  snprintf(folder, sizeof folder, "%s/%016llx", getenv("TELTEL_SHM_DIR"), (unsigned long long)teltel_instance(run));
  DIR *entries = opendir(folder);
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    struct stat facts;
    int file = open(path, O_RDWR);
    fstat(file, &facts);
    void *at = (void *)syscall(SYS_mmap, NULL, facts.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0l);
    close(file);
    files[file_count++] = (struct file){at, (size_t)facts.st_size, !strncmp(entry->d_name, "ring-", 5)};
  }
  closedir(entries);
}
static void scribble(void) {
  const struct file *file = &files[random_number() % (uint64_t)file_count];
  const uint64_t words = file->bytes / 8;
  uint64_t place;
  switch (random_number() % 4) {
    case 0: place = (file->is_ring ? RELEASED_OFFSET : 1032) / 8; break; /* released; the head of the table */
    case 1: place = (file->is_ring ? HEAD_OFFSET : 1024) / 8; break;
    case 2: place = random_number() % 512; break; /* the header */
    default: place = random_number() % words;
  }
  __atomic_store_n(&file->words[place], evil(file->words[place]), __ATOMIC_RELAXED);
}

static teltel_run *run;
static teltel_type type;
static atomic_bool over;
struct sample { uint64_t index; double value[12]; };
static const teltel_field fields[] = {
  TELTEL_FIELD(struct sample, index, TELTEL_U64, "index", NULL),
  TELTEL_FIELD(struct sample, value, TELTEL_F64, "a,b,c,d,e,f,g,h,i,j,k,l", "m"),
};
static void use_everything(uint64_t i) {
  const struct sample s = {i, {0}};
  char name[64];
  (void)teltel_emit(run, type, i, 0.5, &s);
  (void)teltel_frame_start(run, i, 0.5, 0.01);
  if (i % 64) return;
  snprintf(name, sizeof name, "type-%llu", (unsigned long long)(i / 64 % 500));
  teltel_type other;
  if (teltel_define(run, "c", name, fields, 2, sizeof s, &other) == TELTEL_OK) (void)teltel_emit(run, other, i, 0.5, &s);
  (void)teltel_emit_json(run, "json", name, i, 0.5, "{}", 2);
  teltel_tags tags;
  const teltel_tag tag = {"k", name};
  (void)teltel_tags_define(run, &tag, 1, &tags);
  (void)teltel_emit(run, teltel_with_tags(type, tags), i, 0.5, &s);
  teltel_drops drops = teltel_drops_default();
  (void)teltel_dropped(run, (teltel_type){0}, &drops);
  char id[300];
  (void)teltel_run_id(run, id, sizeof id);
  teltel_writer *writer = teltel_writer_open(run, i % 128 ? "one" : "another");
  struct sample *room = teltel_reserve(writer, type, i, 0.5);
  if (room) *room = s;
  (void)teltel_commit(writer);
  teltel_writer_close(writer);
}
static void *engine(void *unused) {
  for (uint64_t i = 0; !over; i++) use_everything(i);
  return unused;
}

/* A mark that makes no sense only makes the ring look full; once it does again, emits are accepted again. */
static int released_that_lies(void) {
  teltel_run_options options = teltel_run_options_default();
  options.ring_bytes = 256 << 10;
  if (teltel_run_start(&options, &run) != TELTEL_OK) return 1;
  teltel_define(run, "c", "sample", fields, 2, sizeof(struct sample), &type);
  map_files(run);
  struct sample s = {0, {0}};
  uint64_t *released = NULL, *head = NULL;
  for (int i = 0; i < file_count; i++)
    if (files[i].is_ring) released = files[i].words + RELEASED_OFFSET / 8, head = files[i].words + HEAD_OFFSET / 8;
  int wrong = 0;
  for (int round = 0; round < 1000; round++) {
    while (teltel_emit(run, type, 1, 0.5, &s) == TELTEL_OK) {}
    const uint64_t true_head = *head;
    const uint64_t lies[] = {true_head + 8, true_head + (1 << 20), UINT64_MAX, true_head - (512 << 10), (uint64_t)1 << 63};
    __atomic_store_n(released, lies[round % 5], __ATOMIC_RELEASE);
    wrong += teltel_emit(run, type, 1, 0.5, &s) != TELTEL_REFUSED_FULL;
    *head = evil(*head); /* the library writes it and never reads it */
    __atomic_store_n(released, true_head, __ATOMIC_RELEASE);
    wrong += teltel_emit(run, type, 1, 0.5, &s) != TELTEL_OK;
    wrong += *head < true_head || *head > true_head + 1024;
  }
  wrong += teltel_dropped(run, type, NULL) < 2000; /* the full ring and the lie, each counted */
  teltel_run_end(run, TELTEL_COMPLETED, NULL);
  file_count = 0;
  return wrong;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  if (!strcmp(argv[1], "beyond")) {
    const teltel_status status = teltel_run_start(NULL, &run);
    *(volatile char *)newest_end = 1;
    return 100 + status;
  }
  state = strtoull(argv[1], NULL, 10) * 0x9E3779B97F4A7C15ull | 1;
  const int wrong = released_that_lies();
  if (wrong) fprintf(stderr, "scribble: a lying mark was answered wrongly %d times\n", wrong);
  for (int round = atoi(argv[2]); round > 0; round--) {
    teltel_run_options options = teltel_run_options_default();
    options.ring_bytes = 256 << 10;
    options.writers = 3;
    if (teltel_run_start(&options, &run) != TELTEL_OK) return 1;
    teltel_define(run, "c", "sample", fields, 2, sizeof(struct sample), &type);
    map_files(run);
    over = 0;
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, engine, NULL);
    for (int i = 0; i < 20000; i++) scribble();
    over = 1;
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    teltel_run_end(run, TELTEL_COMPLETED, "scribbled");
    for (; file_count > 0; file_count--) munmap(files[file_count - 1].words, files[file_count - 1].bytes);
  }
  printf("guarded %d\n", guarded);
  return wrong != 0;
}
