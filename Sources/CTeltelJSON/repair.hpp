// Texts that the contract accepts and simdjson does not.
#pragma once
#include <string>

namespace teltel {
// Bytes that are no UTF-8 become U+FFFD. True if there were any.
bool repair_utf8(std::string &text);
// Escaped halves of surrogate pairs become \ufffd, in place. True if there were any.
bool repair_surrogates(std::string &text);
// Numbers that are well formed and no numbers to simdjson, in place: integers that are longer than 64 bits become the nearest
// double, numbers larger than any double become `[]`; spaces fill what is left. True if there were any.
bool replace_huge_numbers(std::string &text);
}  // namespace teltel
