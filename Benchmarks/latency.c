/* Emits at a steady rate; each event carries the moment of its emission.
 *   latency RUN_ID EVENTS RATE        RATE: events per second; prints "sent N refused R"
 */
#include <stdio.h>
#include <stdlib.h>
#include <teltel.h>
#include <time.h>

struct mark { uint64_t emitted; }; /* CLOCK_MONOTONIC, ns: the same clock in every process of this machine */
static const teltel_field fields[] = {TELTEL_FIELD(struct mark, emitted, TELTEL_U64, "emitted", "ns")};

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: latency RUN_ID EVENTS RATE\n");
    return 2;
  }
  const uint64_t events = strtoull(argv[2], NULL, 10), rate = strtoull(argv[3], NULL, 10);
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argv[1];
  options.source_id = "bench-latency";
  teltel_run *run;
  teltel_type type;
  teltel_status status = teltel_run_start(&options, &run);
  if (status == TELTEL_OK) status = teltel_define(run, "bench", "bench.mark", fields, 1, sizeof(struct mark), &type);
  if (status != TELTEL_OK || rate == 0) {
    fprintf(stderr, "latency: %s\n", status == TELTEL_OK ? "RATE must not be 0" : teltel_strerror(status));
    return 1;
  }
  const uint64_t begin = now();
  for (uint64_t i = 0; i < events; i++) {
    const uint64_t due = begin + i * 1000000000u / rate;
    const struct timespec wake = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) != 0) continue;
    const struct mark mark = {now()};
    teltel_emit(run, type, i, (double)i / (double)rate, &mark);
  }
  const unsigned long long refused = teltel_dropped(run, (teltel_type){0}, NULL);
  teltel_run_end(run, TELTEL_COMPLETED, "all emitted");
  printf("sent %llu refused %llu\n", (unsigned long long)events, refused);
  return 0;
}
