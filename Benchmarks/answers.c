/* An engine whose runs are compared: answers RUN_ID FRAMES MODE. One event of 13 fields a frame, as fast as the ring is emptied; runs of
 * one MODE have the same data. MODE: same; one: a field of the last frame but ten differs from `same` by a unit in the last place; some:
 * that of one frame in each hundredth block of 1,024; all: every float of every frame from 10 on. Prints "accepted A refused R". */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>

enum { FIELDS = 13 };
struct state {
  double v[10];
  float f;
  int32_t n;
  uint64_t draws;
};

static double moved(double value) { return nextafter(value, INFINITY); }

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const uint64_t frames = strtoull(argv[2], NULL, 10);
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argv[1];
  options.source_id = "answers";
  options.policy = TELTEL_BLOCK;
  options.block_ms = 60000;
  teltel_run *run;
  if (teltel_run_start(&options, &run) != TELTEL_OK) return 1;
  static char names[FIELDS][8];
  teltel_field fields[FIELDS];
  memset(fields, 0, sizeof fields);
  for (int i = 0; i < FIELDS; i++) {
    snprintf(names[i], sizeof names[i], i < 10 ? "v%d" : i == 10 ? "f" : i == 11 ? "n" : "draws", i);
    fields[i] = (teltel_field){names[i], "m", NULL, i < 10 ? TELTEL_F64 : i == 10 ? TELTEL_F32 : i == 11 ? TELTEL_I32 : TELTEL_U64,
      (uint32_t)(i < 10 ? (size_t)i * 8 : i == 10 ? offsetof(struct state, f) : i == 11 ? offsetof(struct state, n) : offsetof(struct state, draws)), 1, 0};
  }
  teltel_type type;
  if (teltel_define(run, "bench", "answers.state", fields, FIELDS, sizeof(struct state), &type) != TELTEL_OK) return 1;
  uint64_t accepted = 0, refused = 0;
  for (uint64_t frame = 0; frame < frames; frame++) {
    const double time = (double)frame / 1000;
    struct state s;
    /* Smooth, as states are, and cheap: what is measured is the reading. */
    for (int i = 0; i < 10; i++) s.v[i] = (i + 1) * time * (1 - 1e-7 * time) + 1.0 / (double)(frame % 97 + 1 + i);
    s.f = (float)s.v[3];
    s.n = (int32_t)(frame % 1000);
    s.draws = frame * 13;
    if (!strcmp(argv[3], "one") && frame == frames - 10) s.v[4] = moved(s.v[4]);
    if (!strcmp(argv[3], "some") && (frame / 1024) % 100 == 50 && frame % 1024 == 512) s.v[4] = moved(s.v[4]);
    if (!strcmp(argv[3], "all") && frame >= 10) {
      for (int i = 0; i < 10; i++) s.v[i] += 1e-9 * (double)frame;
      s.f += 0.001f;
    }
    if (teltel_emit(run, type, frame, time, &s) == TELTEL_OK) accepted++;
    else refused++;
  }
  teltel_run_end(run, TELTEL_COMPLETED, "done");
  printf("accepted %llu refused %llu\n", (unsigned long long)accepted, (unsigned long long)refused);
  return refused ? 1 : 0;
}
