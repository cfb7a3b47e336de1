// What the programs of the rivals share: the event, the loop around it, and the command line.
//   rivals... time ROUNDS        per round a line with the thread's CPU ns per event of each way, one after the other
//   rivals... count WAY EVENTS   does it EVENTS times inside `measured`, for a counter of instructions
//   rivals... ways               their names: those whose headers were there when this was compiled
#ifndef RIVAL_H
#define RIVAL_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr std::uint64_t events = (4 << 20) / 128; // as many as emit.cpp's rings take
struct Sample { std::uint64_t index; double value[12]; }; // 104 bytes
struct Record { std::uint64_t words[3]; Sample sample; }; // 128 bytes: what a ring of teltel holds, header included
Record event;

/// Once for each way, as in emit.cpp.
template <class Body> void repeat(std::uint64_t count, Body body) {
  for (std::uint64_t i = 0; i < count; i++) {
    body(i);
    __asm__ volatile("" ::: "memory");
  }
}

struct Way {
  const char *name;
  void (*start)();
  void (*act)(std::uint64_t count);
  void (*finish)();
};
void nothing() {}

double cpu_ns() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

} // namespace

extern "C" __attribute__((noinline)) void measured(void (*act)(std::uint64_t), std::uint64_t count) { act(count); }

template <std::size_t count> int run_ways(const Way (&ways)[count], int argc, char **argv) {
  for (int i = 0; i < 12; i++) event.sample.value[i] = 1.0 / (i + 3);
  if (argc == 2 && !std::strcmp(argv[1], "ways")) {
    for (const Way &way : ways) std::puts(way.name);
    return 0;
  }
  if (argc == 3 && !std::strcmp(argv[1], "time")) {
    for (long left = std::strtol(argv[2], nullptr, 10); left > 0; left--) {
      for (const Way &way : ways) {
        way.start();
        const double before = cpu_ns();
        way.act(events);
        std::printf("%s %.3f ", way.name, (cpu_ns() - before) / static_cast<double>(events));
        way.finish();
      }
      std::puts("");
    }
    return 0;
  }
  if (argc == 4 && !std::strcmp(argv[1], "count")) {
    for (const Way &way : ways) {
      if (std::strcmp(argv[2], way.name)) continue;
      way.start();
      way.act(100); // what only the first one pays for
      measured(way.act, std::strtoull(argv[3], nullptr, 10));
      way.finish();
      return 0;
    }
  }
  std::fprintf(stderr, "usage: rivals time ROUNDS | rivals count WAY EVENTS | rivals ways\n");
  return 2;
}

#endif
