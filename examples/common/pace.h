/* Clocks of the example engines. Linux; define _GNU_SOURCE in C. */
#ifndef EXAMPLE_PACE_H
#define EXAMPLE_PACE_H

#include <stdint.h>
#include <time.h>

/* CPU time of this thread, milliseconds. */
static inline double thread_cpu_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

/* Wall time that starts now. */
static inline struct timespec pace_start(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now;
}

/* Sleeps until `seconds` after the start. */
static inline void pace_wait(struct timespec start, double seconds) {
  int64_t ns = (int64_t)start.tv_sec * 1000000000 + start.tv_nsec + (int64_t)(seconds * 1e9);
  struct timespec wake;
  wake.tv_sec = (time_t)(ns / 1000000000);
  wake.tv_nsec = (long)(ns % 1000000000);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) != 0) continue;
}

#endif
