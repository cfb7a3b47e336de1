// Objects of strings, such as tags: Foundation would take keys for one that differ in their bytes only.
#include <new>

#include "parser.hpp"

extern "C" const teltel_json_pair *teltel_json_pairs(
    teltel_json_parser *parser, const char *text, size_t text_bytes, size_t *count) try {
  *count = 0;
  parser->pairs.clear();
  simdjson::dom::object members;
  if (!parser->parse(text, text_bytes) || parser->root.get_object().get(members)) return nullptr;
  for (auto member : members) {
    std::string_view value;
    if (member.value.get_string().get(value)) return nullptr;
    parser->pairs.push_back({{member.key.data(), member.key.size()}, {value.data(), value.size()}});
  }
  *count = parser->pairs.size();
  return parser->pairs.data();
} catch (const std::bad_alloc &) {
  *count = 0;
  return nullptr;
}
