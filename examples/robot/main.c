/* Robot engine demo in plain C: real MuJoCo dynamics, deterministic to the last bit, recorded with teltel. See the Makefile. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <teltel.h>

#include "buggy.h"
#include "options.h"
#include "pace.h"
#include "state_hash.h"

/* Compiled in by the Makefile. */
#ifndef MODEL_FILE
#define MODEL_FILE "buggy.xml"
#endif

/* A run with its types. If telemetry cannot start, run is NULL, and all that is done with it does nothing. */
typedef struct telemetry {
  teltel_run *run;
  teltel_type body, wheel;
} telemetry;

static telemetry telemetry_start(const engine_options *options) {
  telemetry result = {NULL, {0}, {0}};
  if (!options->telemetry) return result;
  char config[128];
  config_of(options, config, sizeof config);
  teltel_run_options run = teltel_run_options_default();
  run.run_id = options->run_id;
  run.source_id = "robot-engine";
  run.engine_version = mj_versionString();
  run.config_json = config;
  run.ring_bytes = options->ring_bytes;
  teltel_status status = teltel_run_start(&run, &result.run);
  if (status != TELTEL_OK) fprintf(stderr, "driving without telemetry: %s\n", teltel_strerror(status));
  teltel_define_known(result.run, "physics", TELTEL_BODY_STATE, &result.body);
  teltel_define_known(result.run, "physics", TELTEL_WHEEL_FORCE, &result.wheel);
  return result;
}

static void report(teltel_run *run) {
  char id[256];
  if (teltel_run_id(run, id, sizeof id) == 0) return;
  const teltel_type all = {0};
  printf("run id       %s\n", id);
  printf("refused      %" PRIu64 "\n", teltel_dropped(run, all, NULL));
}

/* Records and hashes what the newest frame has computed. */
static void record(const buggy *robot, const telemetry *telemetry, uint64_t frame, double time, state_hash hashes[2]) {
  const teltel_body_state body = buggy_body(robot);
  hash_add(&hashes[0], &body, sizeof body);
  teltel_emit(telemetry->run, telemetry->body, frame, time, &body);
  for (int i = 0; i < WHEELS; i++) {
    const teltel_wheel_force wheel = buggy_wheel(robot, i);
    hash_add(&hashes[1], &wheel, sizeof wheel);
    teltel_emit(telemetry->run, telemetry->wheel, frame, time, &wheel);
  }
}

int main(int argc, char **argv) {
  const engine_options options = parse_options(argc, argv, 0.008);
  char problem[500] = "";
  buggy robot;
  if (!buggy_load(&robot, MODEL_FILE, options.dt, problem, sizeof problem)) return fprintf(stderr, "%s\n", problem), 1;
  const telemetry telemetry = telemetry_start(&options);

  state_hash hashes[2] = {hash_of("body.state"), hash_of("wheel.force")};
  const struct timespec start = pace_start();
  for (uint64_t frame = 0; frame < options.frames; frame++) {
    const double time = (double)frame * options.dt;
    if (options.realtime) pace_wait(start, time);
    teltel_frame_start(telemetry.run, frame, time, options.dt);
    const double before = thread_cpu_ms();
    buggy_step(&robot, nudge_of(&options, frame));
    const teltel_frame_end_values end = {options.dt, STEPS_PER_FRAME, thread_cpu_ms() - before};
    record(&robot, &telemetry, frame, time + options.dt, hashes);
    teltel_frame_end(telemetry.run, frame, time + options.dt, &end);
  }
  report(telemetry.run);
  hash_print(hashes, 2);
  teltel_run_end(telemetry.run, TELTEL_COMPLETED, "drive cycle done");
  buggy_free(&robot);
}
