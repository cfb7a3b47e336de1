// Lines without anything unusual, read along the marks of simdjson's first step. That step has validated UTF-8 and found every string;
// what is left is the grammar between the marks.
#include <array>
#include <charconv>
#include <cstring>

#include "event_reader.hpp"

namespace {
using teltel::is_space;
using teltel::Key;

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

class PlainLine {
 public:
  PlainLine(teltel_json_parser &parser, const char *text, teltel_json_event &event)
      : text_(text), marks_(parser.marks()), mark_count_(parser.mark_count()), tags_(parser.tags), event_(event) {
    tags_.clear();
  }

  bool read() {
    if (at(0) != '{' || at(1) != '"') return false;
    mark_ = 1;
    while (true) {
      std::string_view key;
      if (!string(key) || at(mark_) != ':') return false;
      mark_++;
      if (!take(teltel::key_of(key))) return false;
      if (at(mark_) == ',') {
        mark_++;
        continue;
      }
      if (at(mark_) != '}' || mark_ + 1 != mark_count_) return false;
      return has_version_ && event_.run_id.count > 0 && event_.source_id.count > 0;
    }
  }

 private:
  static constexpr int deepest = 32;

  // The byte at a mark; 0 beyond the last one.
  char at(size_t mark) const { return mark < mark_count_ ? text_[marks_[mark]] : '\0'; }

  bool take(Key key) {
    switch (key) {
      case Key::version: {
        uint64_t version = 0;
        has_version_ = natural(version) && version > 0;
        return has_version_;
      }
      case Key::run_id: return name(event_.run_id);
      case Key::source_id: return name(event_.source_id);
      case Key::channel: return name(event_.channel);
      case Key::type: return name(event_.type);
      case Key::frame_index: return natural(event_.frame_index) && event_.frame_index <= teltel::largest_frame;
      case Key::sim_time: return time();
      case Key::wall_time: {
        uint64_t milliseconds = 0;
        event_.has_wall_time = 1;
        if (!natural(milliseconds)) return false;
        event_.wall_time_ms = static_cast<int64_t>(milliseconds);
        return true;
      }
      case Key::tags: return tags();
      case Key::payload: return payload();
      case Key::other: return value(0);
    }
    return false;
  }

  // ---- what the members of a line hold

  bool name(teltel_json_span &span) {
    std::string_view text;
    if (!string(text)) return false;
    span = {text.data(), text.size()};
    return true;
  }

  // A whole number of at most 18 digits.
  bool natural(uint64_t &value) {
    std::string_view text;
    if (!number(text) || text.size() > 18) return false;
    value = 0;
    for (const char byte : text) {
      if (!is_digit(byte)) return false;
      value = value * 10 + static_cast<uint64_t>(byte - '0');
    }
    return true;
  }

  bool time() {
    std::string_view text;
    // Long whole numbers are no doubles to simdjson.
    if (!number(text) || text[0] == '-' || text.size() > 18) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), event_.sim_time);
    return error == std::errc() && end == text.data() + text.size();
  }

  // Texts with different names, not too many.
  bool tags() {
    if (at(mark_) != '{' || has_tags_) return false;
    has_tags_ = true;
    mark_++;
    if (at(mark_) == '}') {
      mark_++;
      return true;
    }
    std::array<std::string_view, 16> names;
    for (size_t count = 0; count < names.size(); count++) {
      std::string_view value;
      if (!string(names[count]) || at(mark_) != ':') return false;
      mark_++;
      if (!string(value)) return false;
      for (size_t other = 0; other < count; other++) {
        if (names[other] == names[count]) return false;
      }
      tags_ += count == 0 ? '{' : ',';
      teltel::append_string(names[count], tags_);
      tags_ += ':';
      teltel::append_string(value, tags_);
      const char behind = at(mark_++);
      if (behind == '}') {
        tags_ += '}';
        event_.tags = {tags_.data(), tags_.size()};
        return true;
      }
      if (behind != ',') return false;
    }
    return false;
  }

  bool payload() {
    if (mark_ >= mark_count_) return false;
    const char *begin = text_ + marks_[mark_];
    if (!value(0) || mark_ >= mark_count_) return false;
    const char *end = text_ + marks_[mark_];
    while (end > begin && is_space(end[-1])) end--;
    event_.payload = {begin, static_cast<size_t>(end - begin)};
    return true;
  }

  // ---- the grammar (RFC 8259). Each goes behind what it reads; false: there is none, and nothing more is to be read.

  bool value(int depth) {
    std::string_view text;
    switch (at(mark_)) {
      case '{': return depth < deepest && object(depth);
      case '[': return depth < deepest && array(depth);
      case '"': return string(text);
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: return number(text);
    }
  }

  bool object(int depth) {
    mark_++;
    if (at(mark_) == '}') return ++mark_, true;
    while (true) {
      std::string_view key;
      if (!string(key) || at(mark_) != ':') return false;
      mark_++;
      if (!value(depth + 1)) return false;
      const char behind = at(mark_++);
      if (behind == '}') return true;
      if (behind != ',') return false;
    }
  }

  bool array(int depth) {
    mark_++;
    if (at(mark_) == ']') return ++mark_, true;
    while (true) {
      if (!value(depth + 1)) return false;
      const char behind = at(mark_++);
      if (behind == ']') return true;
      if (behind != ',') return false;
    }
  }

  // There are no escapes in the line: a string ends with the last quote before the next mark.
  bool string(std::string_view &content) {
    if (at(mark_) != '"' || mark_ + 1 >= mark_count_) return false;
    const char *begin = text_ + marks_[mark_] + 1;
    const char *end = text_ + marks_[++mark_] - 1;
    while (end > begin && is_space(*end)) end--;
    if (end < begin || *end != '"') return false;
    content = std::string_view(begin, static_cast<size_t>(end - begin));
    return true;
  }

  bool literal(std::string_view word) {
    if (mark_ + 1 >= mark_count_) return false;
    const char *begin = text_ + marks_[mark_];
    const char *next = text_ + marks_[++mark_];
    return static_cast<size_t>(next - begin) >= word.size() && memcmp(begin, word.data(), word.size()) == 0 &&
           ends(begin + word.size(), next);
  }

  bool number(std::string_view &content) {
    if (mark_ + 1 >= mark_count_) return false;
    const char *begin = text_ + marks_[mark_];
    const char *next = text_ + marks_[++mark_];
    const char *byte = begin;
    if (*byte == '-') byte++;
    const char *whole = byte;
    byte = digits(byte, next);
    if (byte == whole || (*whole == '0' && byte - whole > 1)) return false;
    if (byte < next && *byte == '.') {
      const char *fraction = ++byte;
      byte = digits(byte, next);
      if (byte == fraction) return false;
    }
    if (byte < next && (*byte == 'e' || *byte == 'E')) {
      byte++;
      if (byte < next && (*byte == '+' || *byte == '-')) byte++;
      const char *exponent = byte;
      byte = digits(byte, next);
      if (byte == exponent) return false;
    }
    content = std::string_view(begin, static_cast<size_t>(byte - begin));
    return ends(byte, next);
  }

  static const char *digits(const char *byte, const char *next) {
    while (byte < next && is_digit(*byte)) byte++;
    return byte;
  }

  // Nothing but space up to the next mark: what follows a space and is none has a mark of its own.
  static bool ends(const char *byte, const char *next) { return byte == next || is_space(*byte); }

  const char *text_;
  const uint32_t *marks_;
  size_t mark_count_;
  std::string &tags_;
  teltel_json_event &event_;
  size_t mark_ = 0;
  bool has_version_ = false, has_tags_ = false;
};
}  // namespace

bool teltel::read_plain_line(teltel_json_parser &parser, const char *line, size_t count, teltel_json_event &event) {
  if (memchr(line, '\\', count) || !parser.mark(line, count)) return false;
  event = {};
  event.payload = {"null", 4};
  return PlainLine(parser, line, event).read();
}
