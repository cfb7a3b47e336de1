/* What one event costs its engine: 104 bytes of payload, 128 in the ring. No collector runs.
 *   emit time ROUNDS        per round a line with the thread's CPU ns per event of each way, measured one after the other
 *   emit count WAY EVENTS   does it EVENTS times inside the function `measured`, for a counter of instructions
 * Ways: loop (nothing), copy (memcpy into a circle of 4 MiB), call (the same through a pointer to a function), emit.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_BYTES = 128, CIRCLE_BYTES = 4 << 20, ROUND_EVENTS = 32000 }; /* a round fits into one ring of the circle's size */
enum way { LOOP, COPY, CALL, EMIT, WAYS };
static const char *const names[WAYS] = {"loop", "copy", "call", "emit"};

struct sample { uint64_t index; double value[12]; };
static const teltel_field fields[] = {
  TELTEL_FIELD(struct sample, index, TELTEL_U64, "index", NULL),
  TELTEL_FIELD(struct sample, value, TELTEL_F64, "a,b,c,d,e,f,g,h,i,j,k,l", "m"),
};
static teltel_run *run;
static teltel_type type;
static struct { struct sample sample; char header[EVENT_BYTES - sizeof(struct sample)]; } event;
static char circle[CIRCLE_BYTES];

static void copy(char *target) { memcpy(target, &event, EVENT_BYTES); }
static void (*volatile copier)(char *) = copy;

__attribute__((noinline)) void measured(enum way way, uint64_t count) {
  uint32_t at = 0;
  for (uint64_t i = 0; i < count; i++) {
    switch (way) {
      case COPY: memcpy(circle + at, &event, EVENT_BYTES); break;
      case CALL: copier(circle + at); break;
      case EMIT: teltel_emit(run, type, i, 0.5, &event.sample); break;
      default: break;
    }
    at = (at + EVENT_BYTES) & (CIRCLE_BYTES - 1);
    __asm__ volatile("" ::: "memory");
  }
}

static void start(void) {
  teltel_run_options options = teltel_run_options_default();
  options.source_id = "bench-emit";
  options.ring_bytes = CIRCLE_BYTES;
  teltel_status status = teltel_run_start(&options, &run);
  if (status == TELTEL_OK) status = teltel_define(run, "bench", "bench.sample", fields, 2, sizeof(struct sample), &type);
  if (status == TELTEL_OK) return;
  fprintf(stderr, "emit: %s\n", teltel_strerror(status));
  exit(1);
}

/* Ends the run and removes its files, which nobody reads. Returns how many events were refused. */
static uint64_t finish(void) {
  char folder[4096], path[8192];
  const char *top = getenv("TELTEL_SHM_DIR");
  snprintf(folder, sizeof folder, "%s/%016llx", top ? top : "", (unsigned long long)teltel_instance(run));
  const uint64_t refused = teltel_dropped(run, (teltel_type){0}, NULL);
  teltel_run_end(run, TELTEL_COMPLETED, NULL);
  DIR *files = opendir(folder);
  if (!files) {
    fprintf(stderr, "emit: no folder %s; is TELTEL_SHM_DIR set?\n", folder);
    exit(1);
  }
  for (struct dirent *file; (file = readdir(files));) {
    if (file->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
    unlink(path);
  }
  closedir(files);
  rmdir(folder);
  return refused;
}

static double cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Each way writes into memory that has just been cleared, as a new ring's pages have. */
static void time_round(void) {
  uint64_t refused = 0;
  for (enum way way = LOOP; way < WAYS; way++) {
    if (way == EMIT) start();
    else memset(circle, 0, sizeof circle);
    const double before = cpu_ns();
    measured(way, ROUND_EVENTS);
    printf("%s %.3f ", names[way], (cpu_ns() - before) / ROUND_EVENTS);
    if (way == EMIT) refused = finish();
  }
  printf("refused %llu\n", (unsigned long long)refused);
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "time")) {
    for (long left = strtol(argv[2], NULL, 10); left > 0; left--) time_round();
    return 0;
  }
  if (argc == 4 && !strcmp(argv[1], "count")) {
    for (enum way way = LOOP; way < WAYS; way++) {
      if (strcmp(argv[2], names[way])) continue;
      start();
      measured(way, strtoull(argv[3], NULL, 10));
      return finish() == 0 ? 0 : 1;
    }
  }
  fprintf(stderr, "usage: emit time ROUNDS | emit count loop|copy|call|emit EVENTS\n");
  return 2;
}
