// The payload of an event on its way to columns, any bytes.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "CTeltelJSON.h"

namespace {
void require(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *payload, size_t count) {
  static teltel_json_parser *parser = teltel_json_parser_create();
  std::unique_ptr<char[]> exact(new char[count]);
  if (count > 0) std::memcpy(exact.get(), payload, count);
  teltel_json_flat flat;
  const int flattened = teltel_json_flatten(parser, exact.get(), count, 16, &flat);
  size_t bytes = 0;
  if (flattened) {
    for (size_t index = 0; index < flat.number_count; index++) {
      const teltel_json_number &number = flat.numbers[index];
      require(number.path_count <= TELTEL_JSON_MAX_PATH_BYTES, "a path is short enough for a column");
      bytes += std::string(flat.paths + number.path_offset, number.path_count).size();
    }
    require(bytes == 0 || flat.number_count > 0, "only numbers have paths");
    const std::string text(flat.text.bytes, flat.text.count);
    require(teltel_json_valid(parser, text.data(), text.size()), "the repaired payload is JSON");
    require(teltel_json_find_texts(parser, exact.get(), count, &flat), "its texts are found, too");
    require(teltel_json_flatten(parser, text.data(), text.size(), 16, &flat), "it can be flattened again");
  }
  require(teltel_json_valid(parser, exact.get(), count) == flattened, "what is JSON can be flattened");
  return 0;
}
