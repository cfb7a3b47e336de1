/* An engine whose second thread comes when a file is there.   late_thread FILE
 * Prints how many of its 100 events each of two threads could emit. */
#include <pthread.h>
#include <stdio.h>
#include <teltel.h>
#include <time.h>
#include <unistd.h>

struct pair { double a, b; };
static const teltel_field fields[] = {
  TELTEL_FIELD(struct pair, a, TELTEL_F64, "a", NULL), TELTEL_FIELD(struct pair, b, TELTEL_F64, "b", NULL)};
static teltel_run *run;
static teltel_type type;
static int accepted, refused;

static void *emit(void *unused) {
  const struct pair pair = {1, 2};
  for (uint64_t i = 0; i < 100; i++) {
    const teltel_status status = teltel_emit(run, type, i, 0.5, &pair);
    accepted += status == TELTEL_OK;
    refused += status == TELTEL_REFUSED_WRITER;
  }
  return unused;
}
int main(int argc, char **argv) {
  if (argc != 2) return 2;
  teltel_run_options options = teltel_run_options_default();
  options.run_id = "late";
  options.ring_bytes = 256 << 10;
  (void)teltel_run_start(&options, &run);
  (void)teltel_define(run, "test", "pair", fields, 2, sizeof(struct pair), &type);
  const struct timespec pause = {0, 1000000};
  while (access(argv[1], F_OK)) nanosleep(&pause, NULL);
  emit(NULL);
  pthread_t second;
  pthread_create(&second, NULL, emit, NULL);
  pthread_join(second, NULL);
  (void)teltel_run_end(run, TELTEL_COMPLETED, NULL);
  printf("accepted %d refused %d\n", accepted, refused);
  return 0;
}
