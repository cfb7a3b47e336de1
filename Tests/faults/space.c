/* An engine that takes shared memory as it finds it.   space [EVENTS [FILL_FILE]]
 * Prints the status of run_start and why, in one line. With a run it then fills the rest of the memory with FILL_FILE (what other
 * programs might do), emits EVENTS events from two threads, defines types until there is no room, and ends the run. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>
#include <unistd.h>

struct pair { double a, b; };
static const teltel_field fields[] = {
  TELTEL_FIELD(struct pair, a, TELTEL_F64, "a", NULL), TELTEL_FIELD(struct pair, b, TELTEL_F64, "b", NULL)};
static teltel_run *run;
static teltel_type type;
static long events;

static void *emit(void *counts) {
  const struct pair pair = {1, 2};
  for (long i = 0; i < events; i++) {
    const teltel_status status = teltel_emit(run, type, (uint64_t)i, 0.5, &pair);
    ((long *)counts)[status]++;
  }
  return NULL;
}
static void fill_memory(const char *path) {
  static char block[4096];
  int file = open(path, O_WRONLY | O_CREAT, 0600);
  while (write(file, block, sizeof block) > 0) {}
  if (errno != ENOSPC) perror("space: filling");
}
static teltel_status define_until_full(void) {
  char name[64];
  teltel_type other;
  teltel_status status = TELTEL_OK;
  for (int i = 0; i < 16000 && status == TELTEL_OK; i++) {
    snprintf(name, sizeof name, "type-%d", i);
    status = teltel_define(run, "many", name, fields, 2, sizeof(struct pair), &other);
  }
  return status;
}
int main(int argc, char **argv) {
  char reason[512] = "";
  events = argc > 1 ? atol(argv[1]) : 100;
  teltel_run_options options = teltel_run_options_default();
  options.run_id = "space";
  options.ring_bytes = 256 << 10;
  const teltel_status status = teltel_run_start(&options, &run);
  if (status != TELTEL_OK) teltel_last_message(reason, sizeof reason);
  printf("%d %s\n", status, reason);
  (void)teltel_define(run, "test", "pair", fields, 2, sizeof(struct pair), &type);
  if (argc > 2) fill_memory(argv[2]);
  long counts[2][8] = {{0}};
  pthread_t second;
  pthread_create(&second, NULL, emit, counts[1]);
  emit(counts[0]);
  pthread_join(second, NULL);
  if (argc > 2) {
    for (int thread = 0; thread < 2; thread++)
      printf("thread %d: accepted %ld full %ld no-writer %ld\n", thread, counts[thread][TELTEL_OK], counts[thread][TELTEL_REFUSED_FULL],
             counts[thread][TELTEL_REFUSED_WRITER]);
    const teltel_status full = define_until_full();
    teltel_last_message(reason, sizeof reason);
    printf("define: %d %s\n", full, reason);
    printf("dropped %llu\n", (unsigned long long)teltel_dropped(run, (teltel_type){0}, NULL));
  }
  (void)teltel_run_end(run, TELTEL_COMPLETED, NULL);
  return 0;
}
