/* The command line that the example engines share. C99 and C++. */
#ifndef EXAMPLE_OPTIONS_H
#define EXAMPLE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct engine_options {
  uint64_t frames;     /* 5,000, or what --seconds makes of it */
  double dt;           /* simulated seconds per frame */
  int64_t diverge_at;  /* frame whose input is nudged; -1 = none */
  double eps;          /* size of the nudge, in the input's unit */
  bool realtime;       /* sleep until each frame's wall time */
  bool telemetry;
  const char *run_id;  /* NULL = generated */
  uint64_t ring_bytes; /* 0 = the library's default */
} engine_options;

static inline void wrong_option(const char *program, const char *option) {
  fprintf(stderr,
          "wrong option or missing value: %s\n"
          "usage: %s [--frames N | --seconds S] [--dt S] [--realtime] [--diverge-at FRAME] [--eps SIZE]\n"
          "       [--no-telemetry] [--run-id ID] [--ring-bytes N]\n", option, program);
  exit(2);
}

/* Leaves the program with 2 and a line of usage if the command line is wrong. */
static inline engine_options parse_options(int argc, char **argv, double dt) {
  engine_options options = {5000, dt, -1, 1e-9, false, true, NULL, 0};
  double seconds = 0;
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(name, "--realtime")) { options.realtime = true; continue; }
    if (!strcmp(name, "--no-telemetry")) { options.telemetry = false; continue; }
    if (!value) wrong_option(argv[0], name);
    if (!strcmp(name, "--frames")) options.frames = strtoull(value, NULL, 10);
    else if (!strcmp(name, "--seconds")) seconds = strtod(value, NULL);
    else if (!strcmp(name, "--dt")) options.dt = strtod(value, NULL);
    else if (!strcmp(name, "--diverge-at")) options.diverge_at = strtoll(value, NULL, 10);
    else if (!strcmp(name, "--eps")) options.eps = strtod(value, NULL);
    else if (!strcmp(name, "--run-id")) options.run_id = value;
    else if (!strcmp(name, "--ring-bytes")) options.ring_bytes = strtoull(value, NULL, 10);
    else wrong_option(argv[0], name);
    i++;
  }
  if (!(options.dt > 0)) wrong_option(argv[0], "--dt");
  if (seconds > 0) options.frames = (uint64_t)(seconds / options.dt);
  return options;
}

/* The nudge of a frame: eps in the frame that diverges, else 0. */
static inline double nudge_of(const engine_options *options, uint64_t frame) {
  return options->diverge_at >= 0 && frame == (uint64_t)options->diverge_at ? options->eps : 0;
}

/* The options as the run's config: JSON text in a buffer of 128 bytes. */
static inline void config_of(const engine_options *options, char *out, size_t size) {
  snprintf(out, size, "{\"dt\":%.17g,\"divergeAt\":%lld,\"eps\":%.17g}", options->dt, (long long)options->diverge_at,
           options->eps);
}

#endif
