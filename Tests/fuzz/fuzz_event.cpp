// One line of /api/ingest, any bytes. What holds for every line is checked; the sanitizer watches the memory.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "event_reader.hpp"

namespace {
void require(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Texts of the answer, copied: the next call reuses their memory.
struct Answer {
  teltel_json_event_error error;
  std::string run, source, channel, type, tags, payload;
  uint64_t frame, sim_time_bits;
  int64_t wall;
  int has_wall;

  Answer(teltel_json_event_error error, const teltel_json_event &event)
      : error(error), run(text(event.run_id)), source(text(event.source_id)), channel(text(event.channel)), type(text(event.type)),
        tags(text(event.tags)), payload(text(event.payload)), frame(event.frame_index), wall(event.wall_time_ms),
        has_wall(event.has_wall_time != 0) {
    std::memcpy(&sim_time_bits, &event.sim_time, sizeof sim_time_bits);
  }
  static std::string text(teltel_json_span span) { return span.count == 0 ? std::string() : std::string(span.bytes, span.count); }

  bool operator==(const Answer &other) const {
    return error == other.error && run == other.run && source == other.source && channel == other.channel && type == other.type &&
           tags == other.tags && payload == other.payload && frame == other.frame && sim_time_bits == other.sim_time_bits &&
           wall == other.wall && has_wall == other.has_wall;
  }
};

// The line in memory of exactly its size and `slack` more bytes, which are anything.
Answer read(teltel_json_parser *parser, const uint8_t *line, size_t count, size_t slack) {
  std::unique_ptr<char[]> exact(new char[count + slack]);
  if (count > 0) std::memcpy(exact.get(), line, count);
  for (size_t index = 0; index < slack; index++) exact[count + index] = "\n{\"v\":1}]\"5"[index % 11];
  teltel_json_event event;
  const teltel_json_event_error error = teltel_json_read_event(parser, exact.get(), count, slack, &event);
  return Answer(error, event);
}

// What the short way takes, the long way takes too, and finds the same in it.
void require_both_ways_agree(teltel_json_parser *parser, const uint8_t *line, size_t count) {
  std::unique_ptr<char[]> exact(new char[count]);
  if (count > 0) std::memcpy(exact.get(), line, count);
  teltel_json_event event;
  if (!teltel::read_plain_line(*parser, exact.get(), count, event)) return;
  const Answer answer(TELTEL_JSON_EVENT_OK, event);
  const teltel_json_event_error error = teltel::read_any_line(*parser, exact.get(), count, 0, event);
  require(answer == Answer(error, event), "a plain line means the same to both readers");
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *line, size_t count) {
  static teltel_json_parser *parser = teltel_json_parser_create();
  require_both_ways_agree(parser, line, count);
  const Answer answer = read(parser, line, count, 0);
  require(answer == read(parser, line, count, 64), "a line means the same with and without bytes behind it");
  if (answer.error != TELTEL_JSON_EVENT_OK) return 0;
  require(!answer.run.empty() && !answer.source.empty(), "an event has a run and a source");
  require(answer.frame <= 0xFFFFFFFF, "frames are below 2^32");
  require(teltel_json_valid(parser, answer.payload.data(), answer.payload.size()), "the payload is JSON");
  require(answer.tags.empty() || teltel_json_valid(parser, answer.tags.data(), answer.tags.size()), "tags are JSON");
  return 0;
}
