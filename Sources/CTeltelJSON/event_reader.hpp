// The two ways to read a line of the line protocol, and what they share.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "parser.hpp"

namespace teltel {
constexpr uint64_t largest_frame = 0xFFFFFFFFull;

// Keys match in any case.
enum class Key { other, version, run_id, source_id, channel, type, frame_index, sim_time, wall_time, tags, payload };
Key key_of(std::string_view key);

inline bool is_space(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

// As a JSON string, with `< > &` escaped.
void append_string(std::string_view text, std::string &out);

// Reads any line, by simdjson's tree.
teltel_json_event_error read_any_line(teltel_json_parser &parser, const char *line, size_t count, size_t slack, teltel_json_event &event);

// Reads most lines of most senders, by simdjson's first step alone: no number of the payload is made and no string copied, which is
// half the cost. The line is validated all the same. false: there is something unusual in it, or it is no event; it says nothing
// then, and `read_any_line` decides. True: the event is what `read_any_line` gives, whatever lies behind the line.
bool read_plain_line(teltel_json_parser &parser, const char *line, size_t count, teltel_json_event &event);
}  // namespace teltel
