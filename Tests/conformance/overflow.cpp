// The cases of overflow.c through the C++ interface: overflow CASE.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <teltel.hpp>
#include <thread>

namespace {

constexpr std::uint64_t events = 20000;
struct Small { std::uint8_t bytes[16]; };
struct Large { std::uint8_t bytes[3000]; };

}  // namespace

TELTEL_DESCRIBE(Small, "test", "small", TELTEL_MEMBER(Small, bytes, "bytes"));
TELTEL_DESCRIBE(Large, "test", "large", TELTEL_MEMBER(Large, bytes, "bytes"));

namespace {

int failures;
void is(long long got, long long wanted, const char *what, int line) {
  if (got == wanted) return;
  std::fprintf(stderr, "overflow.cpp:%d: %s is %lld, not %lld\n", line, what, got, wanted);
  failures++;
}
#define IS(expression, wanted) is(static_cast<long long>(expression), static_cast<long long>(wanted), #expression, __LINE__)

struct Engine {
  teltel::Run run;
  teltel::Type<Small> small;
  teltel::Type<Large> large;

  explicit Engine(std::uint32_t policy, std::uint32_t block_ms = 0) {
    teltel::Options options;
    options.run_id = "overflow";
    options.ring_bytes = 256 << 10;
    options.policy = policy;
    options.block_ms = block_ms;
    run = teltel::Run(options);
    IS(run.status(), TELTEL_OK);
    small = run.define<Small>();
    large = run.define<Large>();
  }
  /// Every seventh is a large one. `to`: the run, or a writer.
  template <class To> teltel::Status emit(const To &to, std::uint64_t frame) const {
    if (frame % 7) return small.emit(to, frame, 0, filled<Small>(frame));
    return large.emit(to, frame, 0, filled<Large>(frame));
  }
  template <class T> static T filled(std::uint64_t frame) {
    T record;
    std::memset(record.bytes, static_cast<int>(frame & 0xFF), sizeof record.bytes);
    return record;
  }
  std::uint64_t full() const { return run.drops().full; }
};

void overwrite() {
  Engine engine(TELTEL_OVERWRITE_OLDEST);
  for (std::uint64_t i = 0; i < events; i++) IS(engine.emit(engine.run, i), TELTEL_OK);
  const auto lost = [&](teltel_type type) { return static_cast<unsigned long long>(engine.run.drops(type).overwritten); };
  std::printf("small %llu large %llu\n", lost(engine.small.get()), lost(engine.large.get()));
  IS(engine.full(), 0);
  IS(engine.run.end(), TELTEL_OK);
}

/// A fill that throws is a cancelled record.
void overwrite_reserved() {
  Engine engine(TELTEL_OVERWRITE_OLDEST);
  const teltel::Writer writer(engine.run, "own");
  for (std::uint64_t i = 0; i < events; i++) {
    const auto fill = [i](auto &record) {
      std::memset(record.bytes, static_cast<int>(i & 0xFF), sizeof record.bytes);
      if (i % 3 == 0) throw i;
    };
    try {
      IS(i % 7 ? engine.small.fill(writer, i, 0, fill) : engine.large.fill(writer, i, 0, fill), TELTEL_OK);
    } catch (std::uint64_t) {
    }
  }
  IS(engine.run.end(), TELTEL_OK);
}

void full() {
  Engine engine(TELTEL_DROP_NEWEST);
  const teltel::Writer writer(engine.run, "own");
  const Large large = Engine::filled<Large>(1);
  std::uint64_t refused = 1;
  while (engine.large.emit(writer, 1, 0, large) == TELTEL_OK) {}
  IS(engine.small.fill(writer, 2, 0, [](Small &record) { std::memset(record.bytes, 2, sizeof record.bytes); }), TELTEL_OK);
  for (int i = 0; i < 100; i++, refused++) IS(engine.large.emit(writer, 1, 0, large), TELTEL_REFUSED_FULL);
  IS(engine.large.fill(writer, 1, 0, [](Large &) { IS(0, 1); }), TELTEL_REFUSED_FULL);
  IS(engine.run.drops(engine.large.get()).full, ++refused);
  while (engine.emit(writer, 3) == TELTEL_OK) {}
  IS(engine.run.dropped(), refused + 1);
  IS(engine.run.end(), TELTEL_OK);
  IS(engine.large.emit(writer, 1, 0, large), TELTEL_REFUSED_STATE);
  IS(engine.run.dropped() >= refused + 1, true);  // the last counts
  IS(engine.run.drops(engine.large.get()).full, refused);
}

void block_without_a_reader() {
  Engine engine(TELTEL_BLOCK, 300);
  std::uint64_t i = 0;
  while (engine.full() == 0) {
    const auto before = std::chrono::steady_clock::now();
    const teltel::Status status = engine.emit(engine.run, i++);
    if (status == TELTEL_REFUSED_FULL) IS(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(300), true);
  }
  for (int k = 0; k < 1000; k++) IS(engine.emit(engine.run, 7 * i + 7), TELTEL_REFUSED_FULL);
  IS(engine.full(), 1001);
  IS(engine.run.end(), TELTEL_OK);
}

void block_ends_with_the_run() {
  Engine engine(TELTEL_BLOCK, UINT32_MAX);
  teltel_run *const run = engine.run.get();
  IS(engine.emit(engine.run, 0), TELTEL_OK);
  std::thread ending([run] { IS(teltel_run_end(run, TELTEL_COMPLETED, nullptr), TELTEL_OK); });
  for (std::uint64_t i = 1; engine.emit(engine.run, i) == TELTEL_OK; i++) {}
  IS(engine.emit(engine.run, 0), TELTEL_REFUSED_STATE);
  ending.join();
  IS(engine.run.end(), TELTEL_ERROR_ENDED);
}

}  // namespace

int main(int argc, char **argv) {
  constexpr struct { std::string_view name; void (*run)(); } cases[] = {
    {"overwrite", overwrite}, {"overwrite_reserved", overwrite_reserved}, {"full", full},
    {"block_without_a_reader", block_without_a_reader}, {"block_ends_with_the_run", block_ends_with_the_run}};
  for (const auto &one : cases)
    if (argc == 2 && one.name == argv[1]) return one.run(), failures != 0;
  return 2;
}
