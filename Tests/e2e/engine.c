/* An engine for tests: emits a known sequence and keeps the truth about it outside of teltel.
 *   engine RUN_ID EVENTS RATE THREADS [TRUTH_FILE] [SOURCE_ID]
 * RATE: events per second and thread, 0 = as fast as it goes. Event k of thread t is {thread t, index k, value f(t, k)}.
 * TRUTH_FILE, mapped: one uint64 per thread, how many of its events were accepted so far (they are 0 ... n-1 when none was
 * refused), then one per thread for refused ones. Prints "accepted A refused R" at the end.
 * In the environment: ENGINE_OVERFLOW=overwrite|block, ENGINE_RING_BYTES, ENGINE_BLOCK_MS (the run's options).
 * With ENGINE_HOLD_AT=k and ENGINE_HOLD_UNTIL=FILE in the environment each thread waits before its event k until FILE is there.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <teltel.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64 };
struct sample { uint64_t index; double value[11]; uint32_t thread; uint32_t flags; }; /* 104 bytes: a record of 128 */
static const teltel_field fields[] = {
  TELTEL_FIELD(struct sample, index, TELTEL_U64, "index", NULL),
  TELTEL_FIELD(struct sample, value, TELTEL_F64, "v.a,v.b,v.c,v.d,v.e,v.f,v.g,v.h,v.i,v.j,v.k", "m"),
  TELTEL_FIELD_KEY(struct sample, thread, TELTEL_U32, "thread"),
  TELTEL_FIELD(struct sample, flags, TELTEL_U32, "flags", NULL),
};
static teltel_run *run;
static teltel_type type;
static uint64_t events, rate, *truth, hold_at = UINT64_MAX;
static const char *hold_until;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *emit(void *argument) {
  const uint32_t thread = (uint32_t)(uintptr_t)argument;
  const uint64_t start = now();
  struct sample s;
  memset(&s, 0, sizeof s);
  s.thread = thread;
  for (uint64_t i = 0; i < events; i++) {
    if (rate) { /* in steps of a millisecond, as an engine's frames are */
      uint64_t due = start + i * 1000000000u / rate;
      if (due > now() + 1000000u) { struct timespec t = {0, 1000000}; nanosleep(&t, NULL); }
    }
    while (i == hold_at && access(hold_until, F_OK) != 0) { struct timespec t = {0, 1000000}; nanosleep(&t, NULL); }
    s.index = i;
    for (int k = 0; k < 11; k++) s.value[k] = (double)i * 0.25 + k;
    if (teltel_emit(run, type, i, (double)i * 0.001, &s) == TELTEL_OK) __atomic_add_fetch(&truth[thread], 1, __ATOMIC_RELAXED);
    else __atomic_add_fetch(&truth[MAX_THREADS + thread], 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

static uint64_t setting(const char *name) {
  const char *text = getenv(name);
  return text ? strtoull(text, NULL, 10) : 0;
}

int main(int argc, char **argv) {
  static uint64_t own[2 * MAX_THREADS];
  if (argc < 5) return 2;
  events = strtoull(argv[2], NULL, 10);
  rate = strtoull(argv[3], NULL, 10);
  const int threads = atoi(argv[4]);
  hold_until = getenv("ENGINE_HOLD_UNTIL");
  if (hold_until && getenv("ENGINE_HOLD_AT")) hold_at = strtoull(getenv("ENGINE_HOLD_AT"), NULL, 10);
  truth = own;
  if (argc > 5 && argv[5][0]) {
    int file = open(argv[5], O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, sizeof own)) return 2;
    truth = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argv[1];
  options.source_id = argc > 6 ? argv[6] : "test-engine";
  options.engine_version = "1.2.3";
  options.writers = (uint32_t)threads;
  const char *overflow = getenv("ENGINE_OVERFLOW");
  if (overflow) options.policy = strcmp(overflow, "block") ? TELTEL_OVERWRITE_OLDEST : TELTEL_BLOCK;
  options.ring_bytes = setting("ENGINE_RING_BYTES");
  options.block_ms = (uint32_t)setting("ENGINE_BLOCK_MS");
  teltel_status status = teltel_run_start(&options, &run);
  if (status != TELTEL_OK) { fprintf(stderr, "%s\n", teltel_strerror(status)); return 1; }
  teltel_define(run, "test", "test.sample", fields, sizeof fields / sizeof *fields, sizeof(struct sample), &type);
  pthread_t ids[MAX_THREADS];
  for (int t = 1; t < threads; t++) pthread_create(&ids[t], NULL, emit, (void *)(uintptr_t)t);
  emit((void *)0);
  for (int t = 1; t < threads; t++) pthread_join(ids[t], NULL);
  uint64_t accepted = 0, refused = 0;
  for (int t = 0; t < threads; t++) { accepted += truth[t]; refused += truth[MAX_THREADS + t]; }
  teltel_run_end(run, TELTEL_COMPLETED, "all emitted");
  printf("accepted %llu refused %llu\n", (unsigned long long)accepted, (unsigned long long)refused);
  return 0;
}
