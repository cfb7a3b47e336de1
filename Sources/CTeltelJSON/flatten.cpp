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

// What is looked for.
enum class Leaves { numbers, texts };

class Flattening {
 public:
  Flattening(teltel_json_parser &parser, Leaves leaves, size_t most_elements)
      : parser_(parser), leaves_(leaves), most_elements_(most_elements) {}
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
      if (!is_plain(key)) exact = false;
      // Not by whether the path is empty: a key may be.
      if (depth_ > 1) path_.add('.');
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
        if (leaves_ == Leaves::texts) {
          if (value.is_string() && !is_named_number(value.get_string().value_unsafe(), number)) add(0);
        } else if (is_number(value, number)) {
          add(number);
        } else {
          exact = false;
        }
    }
  }

  void array(simdjson::dom::array elements) {
    exact = false;
    if (leaves_ == Leaves::texts) return;
    double number;
    size_t count = 0;
    for (element each : elements) {
      if (++count > most_elements_ || !is_number(each, number)) return;
    }
    const size_t before = path_.size();
    size_t index = 0;
    for (element each : elements) {
      is_number(each, number);
      char digits[20];
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
      case element_type::BOOL:
        // As an engine's truth values are drawn; the text says that it is one.
        exact = false;
        number = value.get_bool().value_unsafe() ? 1 : 0;
        return true;
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
    // Never nothing at all: a path may be empty, and its place is pointed at.
    if (parser_.paths.size() - begin <= path_.size()) parser_.paths.resize(2 * parser_.paths.size() + path_.size() + 64);
    memcpy(parser_.paths.data() + begin, path_.data(), path_.size());
    parser_.path_bytes += path_.size();
    parser_.numbers.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(path_.size()), number});
  }

  // A path of plain keys can be taken apart again. Dots in a key are common ("pos.x"), and mean in a path what nesting means.
  static bool is_plain(std::string_view key) {
    return !key.empty() && std::none_of(key.begin(), key.end(), [](char byte) { return byte == '.' || byte == '[' || byte == ']'; });
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
  const Leaves leaves_;
  const size_t most_elements_;
  Path path_;
  int depth_ = 0;
};
}  // namespace

static int find(teltel_json_parser *parser, const char *text, size_t count, Leaves leaves, size_t most_elements, teltel_json_flat *flat) {
  if (!parser->parse(text, count)) return 0;
  parser->numbers.clear();
  parser->path_bytes = 0;
  Flattening flattening(*parser, leaves, most_elements);
  if (parser->root.is_object()) flattening.object(parser->root.get_object().value_unsafe(), true);
  else flattening.exact = false;
  if (parser->has_huge_numbers()) flattening.exact = false;
  flat->numbers = parser->numbers.data();
  flat->number_count = parser->numbers.size();
  flat->paths = parser->paths.data();
  flat->text = {parser->text().data(), parser->text().size()};
  flat->exact = flattening.exact ? 1 : 0;
  return 1;
}

extern "C" int teltel_json_flatten(
    teltel_json_parser *parser, const char *text, size_t count, size_t most_elements, teltel_json_flat *flat) try {
  return find(parser, text, count, Leaves::numbers, most_elements, flat);
} catch (const std::bad_alloc &) {
  return 0;
}

extern "C" int teltel_json_find_texts(teltel_json_parser *parser, const char *text, size_t count, teltel_json_flat *flat) try {
  return find(parser, text, count, Leaves::texts, 0, flat);
} catch (const std::bad_alloc &) {
  return 0;
}
