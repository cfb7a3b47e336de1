// Any line of the line protocol, rule by rule.
#include <algorithm>
#include <limits>
#include <new>
#include <unordered_map>

#include "event_reader.hpp"

namespace {
using simdjson::dom::element;
using simdjson::dom::element_type;
using teltel::append_string;
using teltel::is_space;
using teltel::Key;
using teltel::key_of;
using teltel::largest_frame;

// Finds the text of one member of the line's object by the marks of simdjson's first step.
class Members {
 public:
  explicit Members(const teltel_json_parser &parser) : parser_(parser) {}

  // The text of the value of member `index` of `count`.
  std::string_view text(size_t index, size_t count) {
    while (index-- > 0) {
      mark_ += 2;  // key and colon
      pass_value();
      mark_++;  // comma
      count--;
    }
    const uint32_t *marks = parser_.marks();
    const std::string_view text = parser_.text();
    const size_t begin = marks[mark_ += 2];
    // Mostly it is the last member: then what is left to pass is the line's own bracket.
    if (count == 1) mark_ = parser_.mark_count() - 1;
    else pass_value();
    size_t end = marks[mark_];
    while (end > begin && is_space(text[end - 1])) end--;
    return text.substr(begin, end - begin);
  }

 private:
  // To the comma or bracket behind the value that begins at the mark.
  void pass_value() {
    const uint32_t *marks = parser_.marks();
    const char *text = parser_.text().data();
    for (int depth = 0;; mark_++) {
      const char byte = text[marks[mark_]];
      if (byte == '{' || byte == '[') depth++;
      if (depth == 0 && (byte == ',' || byte == '}')) return;
      if (byte == '}' || byte == ']') depth--;
    }
  }

  const teltel_json_parser &parser_;
  size_t mark_ = 1;  // the first key: marks[0] is the object's bracket
};

bool read_text(element value, teltel_json_span &span) {
  std::string_view text;
  if (value.get_string().get(text)) return value.is_null();
  span = {text.data(), text.size()};
  return true;
}

bool read_sim_time(element value, double &time) {
  std::string_view text;
  if (value.is_null()) return true;
  if (!value.get_string().get(text)) {
    if (text == "NaN") time = std::numeric_limits<double>::quiet_NaN();
    else if (text == "Infinity") time = std::numeric_limits<double>::infinity();
    else return false;
    return true;
  }
  return !value.get_double().get(time) && time >= 0;
}

teltel_json_event_error read_frame(element value, uint64_t &frame) {
  if (value.is_null()) return TELTEL_JSON_EVENT_OK;
  if (value.get_uint64().get(frame)) return TELTEL_JSON_EVENT_FRAME_INDEX;
  return frame > largest_frame ? TELTEL_JSON_EVENT_FRAME_TOO_LARGE : TELTEL_JSON_EVENT_OK;
}

// Tells which of several members with equal keys is the last one.
class LastOfEqual {
 public:
  explicit LastOfEqual(simdjson::dom::object members) {
    for (auto member : members) {
      if (count_ < few) keys_[count_] = member.key;
      else last_[member.key] = count_;
      count_++;
    }
  }
  bool is(std::string_view key, size_t index) const {
    for (size_t later = index + 1; later < std::min(count_, few); later++) {
      if (keys_[later] == key) return false;
    }
    if (count_ <= few) return true;
    const auto found = last_.find(key);
    return found == last_.end() || found->second <= index;
  }

 private:
  static constexpr size_t few = 16;
  std::string_view keys_[few];
  std::unordered_map<std::string_view, size_t> last_;
  size_t count_ = 0;
};

// An object of strings as compact text; of equal keys the last.
bool read_tags(element value, std::string &tags) {
  simdjson::dom::object members;
  tags.clear();
  if (value.is_null()) return true;
  if (value.get_object().get(members)) return false;
  const LastOfEqual last(members);
  size_t index = 0;
  for (auto member : members) {
    std::string_view text;
    if (member.value.get_string().get(text)) return false;
    if (!last.is(member.key, index++)) continue;
    tags += tags.empty() ? '{' : ',';
    append_string(member.key, tags);
    tags += ':';
    append_string(text, tags);
  }
  if (!tags.empty()) tags += '}';
  return true;
}

class EventReader {
 public:
  EventReader(teltel_json_parser &parser, teltel_json_event &event) : parser_(parser), event_(event) {}

  teltel_json_event_error read() {
    event_ = {};
    event_.payload = {"null", 4};
    parser_.tags.clear();
    simdjson::dom::object members;
    if (parser_.root.get_object().get(members)) return TELTEL_JSON_EVENT_NOT_AN_OBJECT;
    size_t count = 0, payload = SIZE_MAX;
    for (auto member : members) {
      const Key key = key_of(member.key);
      if (key == Key::payload) payload = count;
      count++;
      const teltel_json_event_error error = take(key, member.value);
      if (error != TELTEL_JSON_EVENT_OK) return refuse(members, error);
    }
    if (payload != SIZE_MAX) {
      const std::string_view text = Members(parser_).text(payload, count);
      event_.payload = {text.data(), text.size()};
    }
    event_.tags = {parser_.tags.data(), parser_.tags.size()};
    if (version_ == 0) return TELTEL_JSON_EVENT_VERSION;
    if (event_.run_id.count == 0) return TELTEL_JSON_EVENT_RUN_ID;
    return event_.source_id.count == 0 ? TELTEL_JSON_EVENT_SOURCE_ID : TELTEL_JSON_EVENT_OK;
  }

 private:
  // Whoever counts the line wants to know whose it was.
  teltel_json_event_error refuse(simdjson::dom::object members, teltel_json_event_error error) {
    event_ = {};
    for (auto member : members) {
      if (key_of(member.key) == Key::run_id && !read_text(member.value, event_.run_id)) event_.run_id = {};
    }
    return error;
  }

  teltel_json_event_error take(Key key, element value) {
    const auto unless = [](bool good, teltel_json_event_error error) { return good ? TELTEL_JSON_EVENT_OK : error; };
    switch (key) {
      case Key::version: return unless(value.is_null() || !value.get_int64().get(version_), TELTEL_JSON_EVENT_VERSION);
      case Key::run_id: return unless(read_text(value, event_.run_id), TELTEL_JSON_EVENT_RUN_ID);
      case Key::source_id: return unless(read_text(value, event_.source_id), TELTEL_JSON_EVENT_SOURCE_ID);
      case Key::channel: return unless(read_text(value, event_.channel), TELTEL_JSON_EVENT_CHANNEL);
      case Key::type: return unless(read_text(value, event_.type), TELTEL_JSON_EVENT_TYPE);
      case Key::frame_index: return read_frame(value, event_.frame_index);
      case Key::sim_time: return unless(read_sim_time(value, event_.sim_time), TELTEL_JSON_EVENT_SIM_TIME);
      case Key::wall_time:
        event_.has_wall_time = !value.is_null();
        return unless(value.is_null() || !value.get_int64().get(event_.wall_time_ms), TELTEL_JSON_EVENT_WALL_TIME);
      case Key::tags: return unless(read_tags(value, parser_.tags), TELTEL_JSON_EVENT_TAGS);
      case Key::payload:
      case Key::other: return TELTEL_JSON_EVENT_OK;
    }
    return TELTEL_JSON_EVENT_OK;
  }

  teltel_json_parser &parser_;
  teltel_json_event &event_;
  int64_t version_ = 0;
};
}  // namespace

teltel_json_event_error teltel::read_any_line(
    teltel_json_parser &parser, const char *line, size_t count, size_t slack, teltel_json_event &event) {
  event = {};
  if (!parser.parse(line, count, slack)) return TELTEL_JSON_EVENT_INVALID_JSON;
  return EventReader(parser, event).read();
}

extern "C" teltel_json_event_error teltel_json_read_event(
    teltel_json_parser *parser, const char *line, size_t count, size_t slack, teltel_json_event *event) try {
  if (teltel::read_plain_line(*parser, line, count, *event)) return TELTEL_JSON_EVENT_OK;
  return teltel::read_any_line(*parser, line, count, slack, *event);
} catch (const std::bad_alloc &) {
  return TELTEL_JSON_EVENT_NO_MEMORY;
}
