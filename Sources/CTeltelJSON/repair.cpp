#include "repair.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace {
// Length of the UTF-8 sequence at `at`, 0 if there is none.
size_t utf8_sequence(const std::string &text, size_t at) {
  auto byte = [&](size_t index) { return index < text.size() ? static_cast<unsigned char>(text[index]) : 0u; };
  auto follows = [&](size_t index) { return (byte(index) & 0xC0u) == 0x80u; };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned second = byte(at + 1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    return follows(at + 1) && follows(at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned second = byte(at + 1);
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return follows(at + 1) && follows(at + 2) && follows(at + 3) ? 4 : 0;
  }
  return 0;
}

// The value of \uXXXX at `at`, or -1.
long escaped_unit(const std::string &text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  long value = 0;
  for (size_t index = at + 2; index < at + 6; index++) {
    const char digit = text[index];
    if (digit >= '0' && digit <= '9') value = value * 16 + (digit - '0');
    else if (digit >= 'a' && digit <= 'f') value = value * 16 + (digit - 'a' + 10);
    else if (digit >= 'A' && digit <= 'F') value = value * 16 + (digit - 'A' + 10);
    else return -1;
  }
  return value;
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// JSON's grammar of numbers. `integer`: neither fraction nor exponent.
bool is_number(const std::string &token, bool &integer) {
  size_t at = 0;
  auto digits = [&] {
    const size_t begin = at;
    while (at < token.size() && is_digit(token[at])) at++;
    return at - begin;
  };
  if (at < token.size() && token[at] == '-') at++;
  const size_t begin = at;
  const size_t whole = digits();
  if (whole == 0 || (whole > 1 && token[begin] == '0')) return false;
  integer = at == token.size();
  if (at < token.size() && token[at] == '.') {
    at++;
    if (digits() == 0) return false;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    at++;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) at++;
    if (digits() == 0) return false;
  }
  return at == token.size();
}

// Beyond what 64 bits hold, signed or not.
bool is_long(const std::string &integer) {
  const bool negative = integer[0] == '-';
  const std::string_view digits = std::string_view(integer).substr(negative ? 1 : 0);
  const std::string_view largest = negative ? "9223372036854775808" : "18446744073709551615";
  return digits.size() > largest.size() || (digits.size() == largest.size() && digits > largest);
}

// 17 digits and their exponent, which make the same double again and are never longer than an integer that is too long.
std::string as_double(double value) {
  char text[32];
  const char *end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, 16).ptr;
  std::string_view written(text, static_cast<size_t>(end - text));
  const size_t point = written.find('.'), e = written.find('e');
  std::string digits(written.substr(0, point));
  digits += written.substr(point + 1, e - point - 1);
  int exponent = 0;
  std::from_chars(text + e + 2, end, exponent);  // behind the sign, which is +
  return digits + 'e' + std::to_string(exponent - 16);
}

// What stands for a number that simdjson does not take; "" if it takes it.
std::string substitute(const std::string &token) {
  bool integer = false;
  if (token.size() < 5 || !is_number(token, integer)) return "";
  if (integer && !is_long(token)) return "";
  const double value = std::strtod(token.c_str(), nullptr);
  if (std::isinf(value)) return "[]";
  return integer ? as_double(value) : "";
}
}  // namespace

namespace teltel {
bool repair_utf8(std::string &text) {
  std::string repaired;
  repaired.reserve(text.size() + 64);
  bool found = false;
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_sequence(text, at);
    if (length == 0) {
      repaired += "\xEF\xBF\xBD";
      found = true;
      at++;
    } else {
      repaired.append(text, at, length);
      at += length;
    }
  }
  if (found) text.swap(repaired);
  return found;
}

bool repair_surrogates(std::string &text) {
  bool found = false;
  for (size_t at = 0; at + 1 < text.size();) {
    if (text[at] != '\\') {
      at++;
      continue;
    }
    const long unit = escaped_unit(text, at);
    if (unit < 0xD800 || unit > 0xDFFF) {
      at += 2;
      continue;
    }
    const long next = escaped_unit(text, at + 6);
    if (unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF) {
      at += 12;
      continue;
    }
    text.replace(at, 6, "\\ufffd");
    found = true;
    at += 6;
  }
  return found;
}

bool replace_huge_numbers(std::string &text) {
  bool found = false;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      for (at++; at < text.size() && text[at] != '"'; at++) {
        if (text[at] == '\\') at++;
      }
      at++;
    } else if (text[at] == '-' || is_digit(text[at])) {
      const size_t end = std::min(text.find_first_not_of("+-.0123456789Ee", at), text.size());
      const std::string token = text.substr(at, end - at);
      if (std::string replaced = substitute(token); !replaced.empty()) {
        replaced.resize(token.size(), ' ');
        text.replace(at, token.size(), replaced);
        found = true;
      }
      at = end;
    } else {
      at++;
    }
  }
  return found;
}
}  // namespace teltel
