// The words of a line: keys, and strings as they are written.
#include "event_reader.hpp"

namespace {
using teltel::Key;

// `lower` has small letters only, as many as `key` has bytes: with bit 5 set only a letter can be equal to one.
template <size_t size>
bool equals_ignoring_case(std::string_view key, const char (&lower)[size]) {
  unsigned char different = 0;
  for (size_t index = 0; index < size - 1; index++) different |= static_cast<unsigned char>((key[index] | 0x20) ^ lower[index]);
  return different == 0;
}
}  // namespace

teltel::Key teltel::key_of(std::string_view key) {
  const auto is = [key](const auto &lower) { return equals_ignoring_case(key, lower); };
  switch (key.size()) {
    case 1: return is("v") ? Key::version : Key::other;
    case 4: return is("type") ? Key::type : is("tags") ? Key::tags : Key::other;
    case 5: return is("runid") ? Key::run_id : Key::other;
    case 7: return is("payload") ? Key::payload : is("simtime") ? Key::sim_time : is("channel") ? Key::channel : Key::other;
    case 8: return is("sourceid") ? Key::source_id : Key::other;
    case 10: return is("frameindex") ? Key::frame_index : is("walltimems") ? Key::wall_time : Key::other;
    default: return Key::other;
  }
}

void teltel::append_string(std::string_view text, std::string &out) {
  static const char digits[] = "0123456789abcdef";
  out += '"';
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '"' || byte == '\\') (out += '\\') += byte;
    else if (code < 0x20 || byte == '<' || byte == '>' || byte == '&') ((out += "\\u00") += digits[code >> 4]) += digits[code & 15];
    else out += byte;
  }
  out += '"';
}
