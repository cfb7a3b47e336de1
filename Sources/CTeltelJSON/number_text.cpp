/* Numbers as text, by libfmt: half the time of the standard libraries', and the shortest text that reads back the same. */
#define FMT_HEADER_ONLY
#include <fmt/compile.h>

#include <cmath>

#include "CTeltelJSON.h"

namespace {
template <typename Number>
size_t real(Number value, char *out) {
  char *end = fmt::format_to(out, FMT_COMPILE("{}"), value);
  /* Below this no exponent is written: a whole number keeps its point, and -0 its sign wherever it is read. */
  if (value == std::trunc(value) && std::fabs(value) < Number(1e16)) {
    *end++ = '.';
    *end++ = '0';
  }
  return static_cast<size_t>(end - out);
}
}  // namespace

extern "C" {
size_t teltel_text_f64(double value, char *out) { return real(value, out); }
size_t teltel_text_f32(float value, char *out) { return real(value, out); }
size_t teltel_text_i64(int64_t value, char *out) {
  return static_cast<size_t>(fmt::format_to(out, FMT_COMPILE("{}"), value) - out);
}
size_t teltel_text_u64(uint64_t value, char *out) {
  return static_cast<size_t>(fmt::format_to(out, FMT_COMPILE("{}"), value) - out);
}
}
