// Flight engine demo: a real JSBSim aircraft, deterministic to the last bit, recorded with teltel. See the Makefile.
#include <teltel.hpp>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "aircraft.h"
#include "options.h"
#include "pace.h"
#include "state_hash.h"

// Compiled in by the Makefile: the folder with JSBSim's aircraft.
#ifndef DATA_FOLDER
#define DATA_FOLDER "."
#endif

TELTEL_DESCRIBE(teltel_body_state, "physics", "body.state",
                TELTEL_MEMBER(teltel_body_state, pos, "pos.x,pos.y,pos.z", "m"),
                TELTEL_MEMBER(teltel_body_state, vel, "vel.x,vel.y,vel.z", "m/s"),
                TELTEL_MEMBER(teltel_body_state, rot, "rot.qx,rot.qy,rot.qz,rot.qw"),
                TELTEL_MEMBER(teltel_body_state, omega, "omega.x,omega.y,omega.z", "rad/s"));
TELTEL_DESCRIBE(teltel_aero_state, "aero", "aero.state",
                TELTEL_MEMBER(teltel_aero_state, aoa, "aoa", "rad"), TELTEL_MEMBER(teltel_aero_state, beta, "beta", "rad"),
                TELTEL_MEMBER(teltel_aero_state, q, "q", "Pa"), TELTEL_MEMBER(teltel_aero_state, cl, "cl"),
                TELTEL_MEMBER(teltel_aero_state, cd, "cd"), TELTEL_MEMBER(teltel_aero_state, lift, "lift", "N"),
                TELTEL_MEMBER(teltel_aero_state, drag, "drag", "N"));
// What the pilot does is given to the aircraft: if two flights first differ here, the aircraft is not to blame.
TELTEL_DESCRIBE(Controls, "pilot", "flight.controls",
                TELTEL_MEMBER_INPUT(Controls, elevator, "elevator"), TELTEL_MEMBER_INPUT(Controls, aileron, "aileron"),
                TELTEL_MEMBER_INPUT(Controls, rudder, "rudder"), TELTEL_MEMBER_INPUT(Controls, throttle, "throttle"));

namespace {

teltel::Run start_run(const engine_options &options) {
  if (!options.telemetry) return teltel::Run();
  char config[128];
  config_of(&options, config, sizeof config);
  teltel::Options run;
  run.run_id = options.run_id;
  run.source_id = "flight-engine";
  run.engine_version = "JSBSim 1.3.3";
  run.config_json = config;
  run.ring_bytes = options.ring_bytes;
  return teltel::Run(run);
}

void report(const teltel::Run &run) {
  char id[256];
  teltel_run_id(run.get(), id, sizeof id);
  std::printf("run id       %s\n", id);
  std::printf("refused      %" PRIu64 "\n", run.dropped());
}

int fly(const engine_options &options) {
  Aircraft aircraft(DATA_FOLDER, options.dt);
  teltel::Run run = start_run(options);
  if (options.telemetry && !run) std::fprintf(stderr, "flying without telemetry: %s\n", run.why());
  const auto body_type = run.define<teltel_body_state>();
  const auto aero_type = run.define<teltel_aero_state>();
  const auto controls_type = run.define<Controls>();

  state_hash hashes[] = {hash_of("body.state"), hash_of("aero.state")};
  bool flying = true;
  const timespec start = pace_start();
  for (std::uint64_t frame = 0; frame < options.frames && flying; frame++) {
    const double time = double(frame) * options.dt, after = time + options.dt;
    if (options.realtime) pace_wait(start, time);
    run.frame_start(frame, time, options.dt);
    const double before = thread_cpu_ms();
    flying = aircraft.step(time, nudge_of(&options, frame));
    const double cpu_ms = thread_cpu_ms() - before;

    const teltel_body_state body = aircraft.body();
    const teltel_aero_state aero = aircraft.aero();
    hash_add(&hashes[0], &body, sizeof body);
    hash_add(&hashes[1], &aero, sizeof aero);
    controls_type.emit(run, frame, after, aircraft.controls());
    body_type.emit(run, frame, after, body);
    aero_type.emit(run, frame, after, aero);
    run.frame_end(frame, after, {options.dt, 1, cpu_ms});
  }
  if (run) report(run);
  hash_print(hashes, 2);
  run.end(flying ? TELTEL_COMPLETED : TELTEL_FAILED, flying ? "flight done" : "the aircraft has crashed");
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  setenv("JSBSIM_DEBUG", "0", 1);  // before the engine is made: nothing of it on standard output
  try {
    return fly(parse_options(argc, argv, 1.0 / 120.0));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "JSBSim: %s\n", error.what());
  } catch (...) {  // JSBSim also throws what is no std::exception
    std::fprintf(stderr, "JSBSim: cannot fly\n");
  }
  return 1;
}
