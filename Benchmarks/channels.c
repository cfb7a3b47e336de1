/* An engine of many channels: channels RUN_ID TYPES FIELDS RATE SECONDS [EVENTS]. Each frame, every type gives one event of so many
 * numbers; with EVENTS there are so many events a frame, of the types in turn. RATE: frames a second, 0 = as fast as the ring is
 * emptied (it waits rather than drop). Prints "accepted A refused R". */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>
#include <time.h>

enum { MAX_TYPES = 256, MAX_FIELDS = 16 };

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 6 && argc != 7) return 2;
  const int types = atoi(argv[2]), count = atoi(argv[3]), events = argc == 7 ? atoi(argv[6]) : types;
  const uint64_t rate = strtoull(argv[4], NULL, 10), frames = (uint64_t)((double)(rate ? rate : 100000) * atof(argv[5]));
  if (types < 1 || types > MAX_TYPES || count < 1 || count > MAX_FIELDS) return 2;
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argv[1];
  options.source_id = "channels";
  if (!rate) { options.policy = TELTEL_BLOCK; options.block_ms = 10000; }
  teltel_run *run;
  if (teltel_run_start(&options, &run) != TELTEL_OK) return 1;
  static teltel_type ids[MAX_TYPES];
  static char names[MAX_FIELDS][8], type_names[MAX_TYPES][32];
  teltel_field fields[MAX_FIELDS];
  memset(fields, 0, sizeof fields);
  for (int f = 0; f < count; f++) {
    snprintf(names[f], sizeof names[f], "f%d", f);
    fields[f].name = names[f];
    fields[f].kind = TELTEL_F64;
    fields[f].offset = (uint32_t)(f * 8);
    fields[f].count = 1;
  }
  for (int t = 0; t < types; t++) {
    snprintf(type_names[t], sizeof type_names[t], "bench.t%d", t);
    if (teltel_define(run, "bench", type_names[t], fields, (size_t)count, (size_t)count * 8, &ids[t]) != TELTEL_OK) return 1;
  }
  uint64_t accepted = 0, refused = 0;
  const uint64_t start = now();
  for (uint64_t frame = 0; frame < frames; frame++) {
    while (rate && start + frame * 1000000000u / rate > now()) { struct timespec t = {0, 200000}; nanosleep(&t, NULL); }
    const double time = (double)frame / (double)(rate ? rate : 1000);
    teltel_frame_start(run, frame, time, 0.001);
    for (int e = 0; e < events; e++) {
      const int t = e % types;
      double values[MAX_FIELDS];
      for (int f = 0; f < count; f++) values[f] = sin(time * (1 + e % 7) + f + e) * (1 + f);
      if (teltel_emit(run, ids[t], frame, time, values) == TELTEL_OK) accepted++;
      else refused++;
    }
  }
  teltel_run_end(run, TELTEL_COMPLETED, "done");
  printf("accepted %llu refused %llu\n", (unsigned long long)accepted, (unsigned long long)refused);
  return 0;
}
