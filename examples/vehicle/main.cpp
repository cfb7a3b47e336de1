// Vehicle engine demo: real Bullet dynamics, deterministic to the last bit, recorded with teltel.
//
// Build (from this folder, after `make build` at the top; g++ or clang++):
//   g++ -O2 -std=c++17 main.cpp -I../../build/include -L../../build/lib -Wl,-rpath,'$ORIGIN/../../build/lib'
//       $(pkg-config --cflags --libs bullet) -lteltel -o vehicle           (see the Makefile)
#include <cinttypes>
#include <cstdio>
#include <ctime>

#include "options.h"
#include "state_hash.h"
#include "telemetry.h"
#include "world.h"

namespace {

double thread_cpu_ms() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) * 1e3 + double(time.tv_nsec) * 1e-6;
}

/// Sleeps until `seconds` after the first call's moment.
void wait_until(double seconds) {
  static const timespec start = [] {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now;
  }();
  const std::int64_t ns = std::int64_t(start.tv_sec) * 1000000000 + start.tv_nsec + std::int64_t(seconds * 1e9);
  const timespec wake{time_t(ns / 1000000000), long(ns % 1000000000)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, nullptr) != 0) continue;
}

Telemetry start_telemetry(const Options &options) {
  if (!options.telemetry) return Telemetry();
  char config[128];
  std::snprintf(config, sizeof config, "{\"dt\":%.17g,\"divergeAt\":%" PRId64 ",\"eps\":%.17g}", options.dt, options.diverge_at,
                options.eps);
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
  const Options options = Options::parse(argc, argv);
  Telemetry telemetry = start_telemetry(options);
  if (options.telemetry && !telemetry.run()) std::fprintf(stderr, "driving without telemetry: %s\n", telemetry.run().why());

  World world(options.dt);
  StateHash hash;
  for (std::uint64_t frame = 0; frame < options.frames; frame++) {
    const double time = double(frame) * options.dt;
    if (options.realtime) wait_until(time);
    telemetry.frame_start(frame, time, options.dt);
    const bool nudged = options.diverge_at >= 0 && frame == static_cast<std::uint64_t>(options.diverge_at);
    const double before = thread_cpu_ms();
    const int substeps = world.step(time, nudged ? options.eps : 0);
    const double cpu_ms = thread_cpu_ms() - before;

    const FrameState state(world);
    hash.add(state);
    telemetry.frame_end(frame, time + options.dt, state, {options.dt, substeps, cpu_ms});
  }
  if (telemetry.run()) report(telemetry);
  hash.print();
  telemetry.run().end(TELTEL_COMPLETED, "drive cycle done");
}
