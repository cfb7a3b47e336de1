#include "parser.hpp"

#include <algorithm>
#include <new>

#include "repair.hpp"

simdjson::error_code teltel_json_parser::parse_once(std::string &padded) {
  count_ = padded.size();
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  const simdjson::error_code error = dom_.parse(padded.data(), count_, false).get(root);
  padded.resize(count_);  // keeps the memory, and the bytes in it
  return error;
}

bool teltel_json_parser::parse(const char *text, size_t count, size_t slack) {
  has_huge_numbers_ = false;
  if (count == 0 || count > UINT32_MAX - 1024) return false;
  if (count >= 3 && std::string_view(text, 3) == "\xEF\xBB\xBF") return false;
  if (slack >= simdjson::SIMDJSON_PADDING) {
    begin_ = text;
    count_ = count;
    if (dom_.parse(text, count, false).get(root) == simdjson::SUCCESS) return true;
  }
  text_.assign(text, count);
  const bool good = parse_copy();
  begin_ = text_.data();
  return good;
}

bool teltel_json_parser::mark(const char *text, size_t count) {
  constexpr size_t least = 4096;
  if (count == 0 || count > UINT32_MAX - 1024) return false;
  if (dom_.capacity() < count && dom_.allocate(std::max(count, least)) != simdjson::SUCCESS) return false;
  return dom_.implementation->stage1(reinterpret_cast<const uint8_t *>(text), count, simdjson::stage1_mode::regular) == simdjson::SUCCESS;
}

bool teltel_json_parser::parse_copy() {
  simdjson::error_code error = parse_once(text_);
  if (error == simdjson::SUCCESS) return true;
  // Seldom: each repair is tried when the error may come from what it cures.
  if (error == simdjson::UTF8_ERROR && teltel::repair_utf8(text_)) error = parse_once(text_);
  if (error != simdjson::SUCCESS && teltel::repair_surrogates(text_)) error = parse_once(text_);
  if (error == simdjson::SUCCESS) return true;
  without_huge_ = text_;
  if (!teltel::replace_huge_numbers(without_huge_)) return false;
  has_huge_numbers_ = true;
  return parse_once(without_huge_) == simdjson::SUCCESS;
}

extern "C" {
teltel_json_parser *teltel_json_parser_create(void) { return new (std::nothrow) teltel_json_parser; }
void teltel_json_parser_destroy(teltel_json_parser *parser) { delete parser; }

int teltel_json_valid(teltel_json_parser *parser, const char *text, size_t count) try {
  return parser->parse(text, count) ? 1 : 0;
} catch (const std::bad_alloc &) {
  return 0;
}
}
