// The command line of the vehicle demo.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct Options {
  std::uint64_t frames = 5000;
  double dt = 1.0 / 120.0;          ///< simulated seconds per frame
  double seconds = 0;               ///< if set, frames = seconds / dt
  std::int64_t diverge_at = -1;     ///< frame whose driving torque is nudged; -1 = none
  double eps = 1e-9;                ///< size of the nudge, Nm
  bool realtime = false;            ///< sleep until each frame's wall time
  bool telemetry = true;
  const char *run_id = nullptr;
  std::uint64_t ring_bytes = 0;     ///< 0 = the library's default

  static Options parse(int argc, char **argv) {
    Options options;
    for (int i = 1; i < argc; i++) {
      const char *name = argv[i];
      if (is(name, "--realtime")) options.realtime = true;
      else if (is(name, "--no-telemetry")) options.telemetry = false;
      else if (i + 1 == argc) usage(name);
      else if (is(name, "--frames")) options.frames = std::strtoull(argv[++i], nullptr, 10);
      else if (is(name, "--dt")) options.dt = std::strtod(argv[++i], nullptr);
      else if (is(name, "--seconds")) options.seconds = std::strtod(argv[++i], nullptr);
      else if (is(name, "--diverge-at")) options.diverge_at = std::strtoll(argv[++i], nullptr, 10);
      else if (is(name, "--eps")) options.eps = std::strtod(argv[++i], nullptr);
      else if (is(name, "--run-id")) options.run_id = argv[++i];
      else if (is(name, "--ring-bytes")) options.ring_bytes = std::strtoull(argv[++i], nullptr, 10);
      else usage(name);
    }
    if (!(options.dt > 0)) usage("--dt");
    if (options.seconds > 0) options.frames = static_cast<std::uint64_t>(options.seconds / options.dt);
    return options;
  }

 private:
  static bool is(const char *name, const char *option) { return std::strcmp(name, option) == 0; }
  [[noreturn]] static void usage(const char *wrong) {
    std::fprintf(stderr,
                 "wrong option or missing value: %s\n"
                 "usage: vehicle [--frames N | --seconds S] [--dt S] [--realtime] [--diverge-at FRAME] [--eps NM]\n"
                 "               [--no-telemetry] [--run-id ID] [--ring-bytes N]\n", wrong);
    std::exit(2);
  }
};
