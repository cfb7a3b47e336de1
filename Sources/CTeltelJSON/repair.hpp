// Texts that the contract accepts and simdjson does not.
#pragma once
#include <string>

namespace teltel {
// Bytes that are no UTF-8 become U+FFFD. True if there were any.
bool repair_utf8(std::string &text);
// Escaped halves of surrogate pairs become \ufffd, in place. True if there were any.
bool repair_surrogates(std::string &text);
// Numbers that are well formed but larger than a double, or longer than an integer, become `[]` and spaces, in place.
bool blank_huge_numbers(std::string &text);
}  // namespace teltel
