/* A gearbox at a test bench: values of the kinds that bodies and vehicles have none of. 32-bit floats that drift and that are noise, small
 * integers, truths, a mode with names, a text that seldom changes. kinds RUN_ID EVENTS. Prints "accepted A refused R". */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>

struct gearbox {
  float temperature, torque, vibration[3];
  int8_t gear;
  uint8_t mode;
  bool engaged, limited;
  char phase[16];
};
static const char modes[] = "idle,drive,shift";
static const teltel_field fields[] = {
  TELTEL_FIELD(struct gearbox, temperature, TELTEL_F32, "temperature", "K"),
  TELTEL_FIELD(struct gearbox, torque, TELTEL_F32, "torque", "N.m"),
  TELTEL_FIELD(struct gearbox, vibration, TELTEL_F32, "vibration.x,vibration.y,vibration.z", "m/s2"),
  TELTEL_FIELD(struct gearbox, gear, TELTEL_I8, "gear", NULL),
  TELTEL_FIELD_ENUM(struct gearbox, mode, TELTEL_U8, "mode", modes),
  TELTEL_FIELD(struct gearbox, engaged, TELTEL_BOOL, "engaged", NULL),
  TELTEL_FIELD(struct gearbox, limited, TELTEL_BOOL, "limited", NULL),
  TELTEL_FIELD(struct gearbox, phase, TELTEL_TEXT, "phase", NULL),
};

static uint64_t state = 0x9e3779b97f4a7c15u;

/* Even in -1 ... 1. */
static float chance(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (float)((double)(int64_t)state / 9223372036854775808.0);
}

static void step(struct gearbox *box, uint64_t frame) {
  static const char *const phases[] = {"warm-up", "load ramp", "endurance", "run-down"};
  const double time = (double)frame / 1000;
  const int shifting = frame % 3000 < 200;
  box->temperature += 0.001f * (370 - box->temperature) + 0.01f * chance();
  box->torque = (float)(180 + 60 * sin(time / 3)) + chance();
  for (int i = 0; i < 3; i++) box->vibration[i] = 4 * chance();
  box->gear = (int8_t)(1 + frame / 3000 % 6);
  box->mode = shifting ? 2 : 1;
  box->engaged = !shifting;
  box->limited = box->torque > 235;
  strcpy(box->phase, phases[frame / 25000 % 4]);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const uint64_t events = strtoull(argv[2], NULL, 10);
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argv[1];
  options.source_id = "kinds";
  options.policy = TELTEL_BLOCK;
  options.block_ms = 60000;
  teltel_run *run;
  if (teltel_run_start(&options, &run) != TELTEL_OK) return 1;
  teltel_type type;
  if (teltel_define(run, "test-bench", "gearbox.state", fields, sizeof fields / sizeof *fields, sizeof(struct gearbox), &type) != TELTEL_OK) return 1;
  struct gearbox box = {.temperature = 293};
  uint64_t accepted = 0, refused = 0;
  for (uint64_t frame = 0; frame < events; frame++) {
    step(&box, frame);
    if (teltel_emit(run, type, frame, (double)frame / 1000, &box) == TELTEL_OK) accepted++;
    else refused++;
  }
  teltel_run_end(run, TELTEL_COMPLETED, "all emitted");
  printf("accepted %llu refused %llu\n", (unsigned long long)accepted, (unsigned long long)refused);
  return 0;
}
