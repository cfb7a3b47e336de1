// The numbers of a payload, with their paths.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <new>
#include <unordered_set>

#include "parser.hpp"

namespace {
using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr int64_t largest_exact = int64_t(1) << 53;

// Where a value lies. Longer than it may be, it is no path any more, but it can still be made shorter again.
class Path {
 public:
  size_t size() const { return size_; }
  const char *data() const { return bytes_; }
  bool is_whole() const { return size_ <= sizeof bytes_; }
  void shorten(size_t size) { size_ = size; }

  void add(std::string_view part) {
    if (part.size() <= sizeof bytes_ && size_ <= sizeof bytes_ - part.size()) memcpy(bytes_ + size_, part.data(), part.size());
    size_ += part.size();
  }
  void add(char byte) {
    if (size_ < sizeof bytes_) bytes_[size_] = byte;
    size_++;
  }

 private:
  size_t size_ = 0;
  char bytes_[TELTEL_JSON_MAX_PATH_BYTES];
};

class Flattening {
 public:
  explicit Flattening(teltel_json_parser &parser) : parser_(parser) {}
  bool exact = true;

  void object(simdjson::dom::object members, bool is_root) {
    if (depth_ == TELTEL_JSON_MAX_COLUMN_DEPTH) {
      exact = false;
      return;
    }
    depth_++;
    std::string_view keys[few];
    size_t count = 0;
    const size_t before = path_.size();
    for (auto member : members) {
      const std::string_view key = member.key;
      for (size_t index = 0; index < std::min(count, few); index++) {
        if (keys[index] == key) exact = false;
      }
      if (count < few) keys[count] = key;
      count++;
      if (!has_column(key)) {
        exact = false;
        continue;
      }
      if (before > 0) path_.add('.');
      path_.add(key);
      value(member.value);
      path_.shorten(before);
    }
    if (count == 0 && !is_root) exact = false;
    if (count > few && has_duplicates(members)) exact = false;
    depth_--;
  }

 private:
  void value(element value) {
    double number;
    switch (value.type()) {
      case element_type::OBJECT: object(value.get_object().value_unsafe(), false); return;
      case element_type::ARRAY: array(value.get_array().value_unsafe()); return;
      default:
        if (is_number(value, number)) add(number);
        else exact = false;
    }
  }

  void array(simdjson::dom::array elements) {
    exact = false;
    double number;
    size_t count = 0;
    for (element each : elements) {
      if (++count > TELTEL_JSON_MAX_ELEMENTS || !is_number(each, number)) return;
    }
    const size_t before = path_.size();
    size_t index = 0;
    for (element each : elements) {
      is_number(each, number);
      char digits[8]; /* TELTEL_JSON_MAX_ELEMENTS */
      const char *end = std::to_chars(digits, digits + sizeof digits, index++).ptr;
      path_.add('[');
      path_.add(std::string_view(digits, static_cast<size_t>(end - digits)));
      path_.add(']');
      add(number);
      path_.shorten(before);
    }
  }

  bool is_number(element value, double &number) {
    switch (value.type()) {
      case element_type::DOUBLE: number = value.get_double().value_unsafe(); return true;
      case element_type::INT64: {
        const int64_t integer = value.get_int64().value_unsafe();
        if (integer > largest_exact || integer < -largest_exact) exact = false;
        number = static_cast<double>(integer);
        return true;
      }
      case element_type::UINT64:
        exact = false;
        number = static_cast<double>(value.get_uint64().value_unsafe());
        return true;
      case element_type::STRING: return is_named_number(value.get_string().value_unsafe(), number);
      default: return false;
    }
  }

  static bool is_named_number(std::string_view text, double &number) {
    if (text == "NaN") number = std::numeric_limits<double>::quiet_NaN();
    else if (text == "Infinity") number = std::numeric_limits<double>::infinity();
    else if (text == "-Infinity") number = -std::numeric_limits<double>::infinity();
    else return false;
    return true;
  }

  void add(double number) {
    if (!path_.is_whole()) {
      exact = false;
      return;
    }
    const size_t begin = parser_.path_bytes;
    if (parser_.paths.size() - begin < path_.size()) parser_.paths.resize(2 * parser_.paths.size() + path_.size());
    memcpy(parser_.paths.data() + begin, path_.data(), path_.size());
    parser_.path_bytes += path_.size();
    parser_.numbers.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(path_.size()), number});
  }

  // Keys whose signs mean something in column names have no column. Dots do: "pos.x" as one key is common.
  bool has_column(std::string_view key) {
    bool has_dots = false;
    for (const char byte : key) {
      if (byte == '.') has_dots = true;
      else if (byte == '[' || byte == ']' || byte == ':' || byte == '/' || static_cast<unsigned char>(byte) < 0x20) return false;
    }
    if (!has_dots) return !key.empty();
    exact = false;
    return key.front() != '.' && key.back() != '.' && key.find("..") == std::string_view::npos;
  }

  static bool has_duplicates(simdjson::dom::object members) {
    std::unordered_set<std::string_view> keys;
    for (auto member : members) {
      if (!keys.insert(member.key).second) return true;
    }
    return false;
  }

  static constexpr size_t few = 24;
  teltel_json_parser &parser_;
  Path path_;
  int depth_ = 0;
};
}  // namespace

extern "C" int teltel_json_flatten(teltel_json_parser *parser, const char *text, size_t count, teltel_json_flat *flat) try {
  if (!parser->parse(text, count)) return 0;
  parser->numbers.clear();
  parser->path_bytes = 0;
  Flattening flattening(*parser);
  if (parser->root.is_object()) flattening.object(parser->root.get_object().value_unsafe(), true);
  else flattening.exact = false;
  if (parser->has_huge_numbers()) flattening.exact = false;
  flat->numbers = parser->numbers.data();
  flat->number_count = parser->numbers.size();
  flat->paths = parser->paths.data();
  flat->text = {parser->text().data(), parser->text().size()};
  flat->exact = flattening.exact ? 1 : 0;
  return 1;
} catch (const std::bad_alloc &) {
  return 0;
}
