/* An engine that makes short runs one after the other until somebody kills it, and keeps the truth about them outside of teltel.
 *   many_runs NAME TRUTH_FILE RUNS EVENTS
 * Run k is called NAME.k; each of its two threads emits EVENTS events, the first with teltel_emit, the second with reserve and
 * commit, a few every half a millisecond. TRUTH_FILE, mapped: for each run struct truth. A number is written before what it
 * counts begins ("attempted", "starting", "ending") or after it is done, so that a kill at any moment leaves it off by one event
 * at most for each thread.
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

enum { THREADS = 2 };
enum { STARTING = 1, STARTED = 2, ENDING = 3, ENDED = 4 };
struct truth { uint64_t stage, attempted[THREADS], accepted[THREADS], refused[THREADS], reserved; };
struct sample { uint64_t index; double value[11]; uint32_t thread; uint32_t flags; }; /* as in engine.c: the same table */
static const teltel_field fields[] = {
  TELTEL_FIELD(struct sample, index, TELTEL_U64, "index", NULL),
  TELTEL_FIELD(struct sample, value, TELTEL_F64, "v.a,v.b,v.c,v.d,v.e,v.f,v.g,v.h,v.i,v.j,v.k", "m"),
  TELTEL_FIELD_KEY(struct sample, thread, TELTEL_U32, "thread"),
  TELTEL_FIELD(struct sample, flags, TELTEL_U32, "flags", NULL),
};
static struct truth *now; /* of the run that goes on */
static uint64_t events;
static teltel_run *run;
static teltel_type type;

static void put(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

static void fill(struct sample *s, uint32_t thread, uint64_t index) {
  memset(s, 0, sizeof *s);
  s->index = index;
  s->thread = thread;
  for (int k = 0; k < 11; k++) s->value[k] = (double)index * 0.25 + k;
}

static teltel_status emit_one(teltel_writer *writer, uint32_t thread, uint64_t index) {
  if (!writer) {
    struct sample s;
    fill(&s, thread, index);
    return teltel_emit(run, type, index, (double)index * 0.001, &s);
  }
  struct sample *room = teltel_reserve(writer, type, index, (double)index * 0.001);
  if (!room) return TELTEL_REFUSED_FULL;
  fill(room, thread, index);
  return teltel_commit(writer);
}

static void *emit(void *argument) {
  const uint32_t thread = (uint32_t)(uintptr_t)argument;
  teltel_writer *writer = thread == 0 ? NULL : teltel_writer_open(run, "second");
  for (uint64_t i = 0; i < events; i++) {
    put(&now->attempted[thread], i + 1);
    uint64_t *word = emit_one(writer, thread, i) == TELTEL_OK ? &now->accepted[thread] : &now->refused[thread];
    put(word, *word + 1);
    const struct timespec pause = {0, 500000};
    if (i % 16 == 15) nanosleep(&pause, NULL);
  }
  teltel_writer_close(writer);
  return NULL;
}

static void one_run(const char *name, int number) {
  char id[128];
  snprintf(id, sizeof id, "%s.%d", name, number);
  teltel_run_options options = teltel_run_options_default();
  options.run_id = id;
  options.source_id = "many-runs";
  options.ring_bytes = 1 << 20;
  put(&now->stage, STARTING);
  teltel_status status = teltel_run_start(&options, &run);
  if (status != TELTEL_OK) {
    fprintf(stderr, "%s\n", teltel_strerror(status));
    exit(1);
  }
  put(&now->stage, STARTED);
  teltel_define(run, "test", "test.sample", fields, sizeof fields / sizeof *fields, sizeof(struct sample), &type);
  pthread_t second;
  pthread_create(&second, NULL, emit, (void *)1);
  emit((void *)0);
  pthread_join(second, NULL);
  put(&now->stage, ENDING);
  teltel_run_end(run, TELTEL_COMPLETED, "all emitted");
  put(&now->stage, ENDED);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  const int runs = atoi(argv[3]);
  events = strtoull(argv[4], NULL, 10);
  const size_t bytes = (size_t)runs * sizeof(struct truth);
  int file = open(argv[2], O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, (off_t)bytes)) return 2;
  struct truth *truth = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  for (int k = 0; k < runs; k++) {
    now = &truth[k];
    one_run(argv[1], k);
  }
  return 0;
}
