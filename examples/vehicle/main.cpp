// Vehicle engine demo: real Bullet dynamics, deterministic to the last bit, recorded with teltel.
//
// Build (from this folder, after `make build` at the top; g++ or clang++):
//   g++ -O2 -std=c++17 main.cpp -I../common -I../../build/include -L../../build/lib -Wl,-rpath,'$ORIGIN/../../build/lib'
//       $(pkg-config --cflags --libs bullet) -lteltel -o vehicle           (see the Makefile)
#include <cinttypes>
#include <cstdio>

#include "options.h"
#include "pace.h"
#include "state_hash.h"
#include "telemetry.h"
#include "world.h"

namespace {

Telemetry start_telemetry(const engine_options &options) {
  if (!options.telemetry) return Telemetry();
  char config[128];
  config_of(&options, config, sizeof config);
  teltel::Options run;
  run.run_id = options.run_id;
  run.source_id = "drive-engine";
  run.engine_version = "bullet-demo 1.0";
  run.config_json = config;
  run.seed = 0;
  run.has_seed = 1;
  run.ring_bytes = options.ring_bytes;
  return Telemetry(run);
}

void report(Telemetry &telemetry) {
  char id[256];
  teltel_run_id(telemetry.run().get(), id, sizeof id);
  std::printf("run id       %s\n", id);
  std::printf("refused      %" PRIu64 "\n", telemetry.run().dropped());
}

}  // namespace

int main(int argc, char **argv) {
  const engine_options options = parse_options(argc, argv, 1.0 / 120.0);
  Telemetry telemetry = start_telemetry(options);
  if (options.telemetry && !telemetry.run()) std::fprintf(stderr, "driving without telemetry: %s\n", telemetry.run().why());

  World world(options.dt);
  state_hash hashes[] = {hash_of("body.state"), hash_of("wheel.force")};
  const timespec start = pace_start();
  for (std::uint64_t frame = 0; frame < options.frames; frame++) {
    const double time = double(frame) * options.dt;
    if (options.realtime) pace_wait(start, time);
    telemetry.frame_start(frame, time, options.dt);
    const double before = thread_cpu_ms();
    const int substeps = world.step(time, nudge_of(&options, frame));
    const double cpu_ms = thread_cpu_ms() - before;

    const FrameState state(world);
    hash_add(&hashes[0], &state.body, sizeof state.body);
    for (const teltel_wheel_force &wheel : state.wheels) hash_add(&hashes[1], &wheel, sizeof wheel);
    telemetry.frame_end(frame, time + options.dt, state, {options.dt, substeps, cpu_ms});
  }
  if (telemetry.run()) report(telemetry);
  hash_print(hashes, 2);
  telemetry.run().end(TELTEL_COMPLETED, "drive cycle done");
}
