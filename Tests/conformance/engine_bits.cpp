// A small simulation whose bits depend on how its host computes: rounding mode, denormals, -ffast-math. Prints a hash of its state.
//   engine_bits telemetry|none
#include <teltel.hpp>

#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

struct State {
  double position[3], velocity[3], fading;
  float warm;
  std::uint32_t step;
};
TELTEL_DESCRIBE(State, "physics", "state", TELTEL_MEMBER(State, position, "pos.x,pos.y,pos.z", "m"),
                TELTEL_MEMBER(State, velocity, "vel.x,vel.y,vel.z", "m/s"), TELTEL_MEMBER(State, fading, "fading"),
                TELTEL_MEMBER(State, warm, "warm"), TELTEL_MEMBER(State, step, "step"));

int main(int argc, char **argv) {
  const bool records = argc == 2 && std::strcmp(argv[1], "telemetry") == 0;
  teltel::Options options;
  options.ring_bytes = 256 << 10;  // full after a while
  teltel::Run run;
  if (records) run = teltel::Run(options);
  if (records != bool(run)) return 2;
  const auto type = run.define<State>();
#ifdef ROUND_UP
  std::fesetround(FE_UPWARD);
#endif
  State s{{1, 0.5, 0.25}, {0.1, 0.2, 0.3}, 1, 1, 0};
  std::uint64_t hash = 14695981039346656037u;
  for (std::uint32_t step = 0; step < 20000; step++) {
    const double dt = 0.001;
    run.frame_start(step, step * dt, dt);
    const double x = s.position[0], y = s.position[1], z = s.position[2];
    s.velocity[0] = 10 * (y - x);
    s.velocity[1] = x * (28 - z) - y;
    s.velocity[2] = x * y - z * 8 / 3;
    for (int i = 0; i < 3; i++) s.position[i] += s.velocity[i] * dt;
    s.fading *= 0.9;                      // denormal after some 7,000 steps
    s.warm = s.warm * 0.99f + 1e-40f;     // adds a denormal
    s.step = step;
    type.emit(run, step, step * dt, s);
    unsigned char bytes[sizeof s];
    std::memcpy(bytes, &s, sizeof s);
    for (const unsigned char byte : bytes) hash = (hash ^ byte) * 1099511628211u;
  }
  const bool lost = run.dropped() > 0;
  run.end();
  std::printf("%016llx %d\n", static_cast<unsigned long long>(hash), static_cast<int>(lost));
}
