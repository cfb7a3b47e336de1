// What one event costs its engine, in all the ways to emit one. No collector runs.
//   emit time ROUNDS        per round a line with the thread's CPU ns per event of each way, one after the other
//   emit count WAY EVENTS   does it EVENTS times inside `measured`, for a counter of instructions
//   emit threads N          a line for N threads at once: "refused R", then each one's CPU ns per event
//   emit delays EVENTS      a line "refused R", then three lines, a name and for each event ns as the time stamp counter tells: of
//                           the call, of a memcpy after it, of nothing
#include <dirent.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <teltel.hpp>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr std::uint64_t circle_bytes = 4 << 20; // also of each ring
constexpr std::uint64_t record_bytes = 128;     // in the ring, header included
struct Sample { std::uint64_t index; double value[12]; };   // 104 bytes: a record of 128
struct Small { std::uint64_t a; double b; };                // 16 bytes
struct Large { double value[512]; };                        // 4 KiB

alignas(64) char circle[circle_bytes];
struct { Sample sample; char rest[record_bytes - sizeof(Sample)]; } event;
Large large;
teltel_run *run, *full_run;
teltel_writer *writer;
teltel_type sample_type, small_type, large_type, full_type, off_type;
void (*volatile copier)(char *) = [](char *target) { std::memcpy(target, &event, record_bytes); };

} // namespace

TELTEL_DESCRIBE(Sample, "bench", "bench.typed", TELTEL_MEMBER(Sample, index, "index"),
                TELTEL_MEMBER(Sample, value, "a,b,c,d,e,f,g,h,i,j,k,l", "m"));

namespace {

teltel::Run typed_run;
teltel::Type<Sample> typed;

/// Once for each way: the loop is the same for all, so that the empty one can be taken away.
template <class Body> void repeat(std::uint64_t count, Body body) {
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; i++) {
    body(i, at);
    at = (at + record_bytes) & (circle_bytes - 1);
    __asm__ volatile("" ::: "memory");
  }
}

struct Way {
  const char *name;
  std::uint64_t bytes; // of a record: how many fit into a ring
  void (*act)(std::uint64_t count);
};
const Way ways[] = {
  {"loop", 128, [](std::uint64_t n) { repeat(n, [](std::uint64_t, std::uint64_t) {}); }},
  {"copy", 128, [](std::uint64_t n) { repeat(n, [](std::uint64_t, std::uint64_t at) { std::memcpy(circle + at, &event, record_bytes); }); }},
  {"call", 128, [](std::uint64_t n) { repeat(n, [](std::uint64_t, std::uint64_t at) { copier(circle + at); }); }},
  {"implicit", 128, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { teltel_emit(run, sample_type, i, 0.5, &event.sample); });
   }},
  {"writer", 128, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { teltel_writer_emit(writer, sample_type, i, 0.5, &event.sample); });
   }},
  {"reserve", 128, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) {
       void *room = teltel_reserve(writer, sample_type, i, 0.5);
       if (room) std::memcpy(room, &event.sample, sizeof event.sample);
       teltel_commit(writer);
     });
   }},
  {"typed", 128, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { typed.emit(typed_run, i, 0.5, event.sample); });
   }},
  {"small", 40, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { teltel_emit(run, small_type, i, 0.5, &event.sample); });
   }},
  {"large", 4120, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { teltel_emit(run, large_type, i, 0.5, &large); });
   }},
  {"null", 128, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { teltel_emit(nullptr, sample_type, i, 0.5, &event.sample); });
   }},
  {"disabled", 128, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { teltel_emit(run, off_type, i, 0.5, &event.sample); });
   }},
  {"full", 128, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { teltel_emit(full_run, full_type, i, 0.5, &event.sample); });
   }},
  {"frame_start", 48, [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i, std::uint64_t) { teltel_frame_start(run, i, 0.5, 0.01); });
   }},
};

[[noreturn]] void leave(const char *what) {
  char reason[512];
  teltel_last_message(reason, sizeof reason);
  std::fprintf(stderr, "emit: %s: %s\n", what, reason);
  std::exit(1);
}

const teltel_field sample_fields[] = {
  TELTEL_FIELD(Sample, index, TELTEL_U64, "index", nullptr), TELTEL_FIELD(Sample, value, TELTEL_F64, "a,b,c,d,e,f,g,h,i,j,k,l", "m")};
const teltel_field small_fields[] = {
  TELTEL_FIELD(Small, a, TELTEL_U64, "a", nullptr), TELTEL_FIELD(Small, b, TELTEL_F64, "b", nullptr)};
const teltel_field large_fields[] = {TELTEL_FIELD(Large, value, TELTEL_F64, "value", "m")};

teltel_run *start_one(std::uint64_t ring_bytes) {
  teltel_run_options options = teltel_run_options_default();
  options.source_id = "bench-emit";
  options.ring_bytes = ring_bytes;
  teltel_run *made;
  if (teltel_run_start(&options, &made) != TELTEL_OK) leave("run_start");
  return made;
}
/// Fresh rings for one way: none of their room is used.
void start(bool is_full) {
  run = start_one(circle_bytes);
  writer = teltel_writer_open(run, "explicit");
  teltel_define(run, "bench", "bench.sample", sample_fields, 2, sizeof(Sample), &sample_type);
  teltel_define(run, "bench", "bench.small", small_fields, 2, sizeof(Small), &small_type);
  teltel_define(run, "bench", "bench.large", large_fields, 1, sizeof(Large), &large_type);
  teltel_define(run, "bench.off", "bench.off", sample_fields, 2, sizeof(Sample), &off_type); // TELTEL_ENABLE leaves it out
  teltel::Options options;
  options.ring_bytes = circle_bytes;
  typed_run = teltel::Run(options);
  typed = typed_run.define<Sample>();
  if (!is_full) return;
  full_run = start_one(1);
  teltel_define(full_run, "bench", "bench.sample", sample_fields, 2, sizeof(Sample), &full_type);
  while (teltel_emit(full_run, full_type, 0, 0.5, &event.sample) == TELTEL_OK) {}
}

/// Removes the files of an ended run, which nobody reads.
void remove(std::uint64_t instance) {
  char name[32];
  std::snprintf(name, sizeof name, "/%016llx", static_cast<unsigned long long>(instance));
  const char *top = std::getenv("TELTEL_SHM_DIR");
  const std::string folder = std::string(top ? top : "") + name;
  DIR *files = opendir(folder.c_str());
  if (!files) leave("no folder of the run; is TELTEL_SHM_DIR set?");
  while (const dirent *file = readdir(files))
    if (file->d_name[0] != '.') unlink((folder + "/" + file->d_name).c_str());
  closedir(files);
  rmdir(folder.c_str());
}
/// How many events were refused in the runs that are not meant to.
std::uint64_t finish() {
  const std::uint64_t refused = teltel_dropped(run, sample_type, nullptr) + teltel_dropped(run, small_type, nullptr) +
                                teltel_dropped(run, large_type, nullptr) + typed_run.dropped();
  const std::uint64_t instances[] = {teltel_instance(run), typed_run.instance(), teltel_instance(full_run)};
  teltel_writer_close(writer);
  teltel_run_end(run, TELTEL_COMPLETED, nullptr);
  typed_run.end();
  teltel_run_end(full_run, TELTEL_COMPLETED, nullptr);
  for (const std::uint64_t instance : instances)
    if (instance) remove(instance);
  full_run = nullptr;
  return refused;
}

double cpu_ns() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}
/// As many as fit into a ring that has just been made; the circle has just been cleared, too.
std::uint64_t time_way(const Way &way) {
  start(!std::strcmp(way.name, "full"));
  std::memset(circle, 0, sizeof circle);
  const std::uint64_t count = (circle_bytes - 65536) / way.bytes;
  const double before = cpu_ns();
  way.act(count);
  std::printf("%s %.3f ", way.name, (cpu_ns() - before) / static_cast<double>(count));
  return finish();
}

/// Each thread has a ring of its own.
int time_threads(std::size_t count) {
  start(false);
  constexpr std::uint64_t each = (circle_bytes - 65536) / record_bytes;
  std::vector<double> ns(count);
  std::vector<std::thread> threads;
  std::atomic<std::size_t> ready{0};
  for (std::size_t t = 0; t < count; t++) {
    threads.emplace_back([&, t] {
      const bool attached = teltel_thread_attach(run) == TELTEL_OK;
      ready++;
      while (ready.load() < count) {}
      const double before = cpu_ns();
      repeat(each, [](std::uint64_t i, std::uint64_t) { teltel_emit(run, sample_type, i, 0.5, &event.sample); });
      ns[t] = attached ? (cpu_ns() - before) / static_cast<double>(each) : -1;
    });
  }
  for (std::thread &thread : threads) thread.join();
  std::printf("refused %llu", static_cast<unsigned long long>(finish()));
  for (const double each_ns : ns) std::printf(" %.3f", each_ns);
  std::puts("");
  return 0;
}

#if defined __x86_64__
std::uint64_t ticks() {
  unsigned discard;
  return __builtin_ia32_rdtscp(&discard);
}
/// At a rate that a collector keeps up with; goes on without one, until and after the ring is full.
int delays(std::uint64_t events) {
  start(false);
  std::memset(circle, 0, sizeof circle);
  std::vector<std::uint32_t> call(events), copy(events), nothing(events);
  const auto measure = [](std::vector<std::uint32_t> &taken, std::uint64_t i, auto body) {
    const std::uint64_t before = ticks();
    body();
    taken[i] = static_cast<std::uint32_t>(ticks() - before);
  };
  timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  const std::uint64_t first = ticks();
  for (std::uint64_t i = 0; i < events; i++) {
    const std::uint64_t before = ticks();
    measure(call, i, [&] { teltel_emit(run, sample_type, i, 0.5, &event.sample); });
    measure(copy, i, [&] { copier(circle + (i * record_bytes & (circle_bytes - 1))); });
    measure(nothing, i, [] { __asm__ volatile("" ::: "memory"); });
    while (ticks() - before < 4000) {} // some microseconds: 500,000 events a second
  }
  const std::uint64_t all = ticks() - first;
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double ns = static_cast<double>(end.tv_sec - begin.tv_sec) * 1e9 + static_cast<double>(end.tv_nsec - begin.tv_nsec);
  const double each = ns / static_cast<double>(all);
  std::printf("refused %llu\n", static_cast<unsigned long long>(finish()));
  for (const auto &[name, taken] : {std::pair{"call", &call}, std::pair{"memcpy", &copy}, std::pair{"nothing", &nothing}}) {
    std::fputs(name, stdout);
    for (const std::uint32_t one : *taken) std::printf(" %.0f", one * each);
    std::puts("");
  }
  return 0;
}
#else
int delays(std::uint64_t) { return std::puts("no time stamp counter"), 0; }
#endif

} // namespace

extern "C" __attribute__((noinline)) void measured(void (*act)(std::uint64_t), std::uint64_t count) { act(count); }

int main(int argc, char **argv) {
  if (argc == 3 && !std::strcmp(argv[1], "threads")) return time_threads(std::strtoul(argv[2], nullptr, 10));
  if (argc == 3 && !std::strcmp(argv[1], "delays")) return delays(std::strtoull(argv[2], nullptr, 10));
  if (argc == 3 && !std::strcmp(argv[1], "time")) {
    for (long left = std::strtol(argv[2], nullptr, 10); left > 0; left--) {
      std::uint64_t refused = 0;
      for (const Way &way : ways) refused += time_way(way);
      std::printf("refused %llu\n", static_cast<unsigned long long>(refused));
    }
    return 0;
  }
  if (argc == 4 && !std::strcmp(argv[1], "count")) {
    for (const Way &way : ways) {
      if (std::strcmp(argv[2], way.name)) continue;
      start(!std::strcmp(way.name, "full"));
      way.act(100); // what only the first one pays for
      measured(way.act, std::strtoull(argv[3], nullptr, 10));
      return finish() == 0 ? 0 : 1;
    }
  }
  std::fprintf(stderr, "usage: emit time ROUNDS | emit count WAY EVENTS | emit threads N | emit delays EVENTS\n");
  return 2;
}
