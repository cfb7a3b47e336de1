// One reusable parser: text in, simdjson's tree out, with the contract's leniency around it.
#pragma once
#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "CTeltelJSON.h"

struct teltel_json_parser {
  // Parses `text`. True: `root` is the tree, `text()` what was parsed. False: no JSON, or no memory. With enough `slack` (readable
  // bytes behind the text) it is parsed where it lies, and `text()` is `text`.
  bool parse(const char *text, size_t count, size_t slack = 0);

  // simdjson's first step alone: UTF-8 and strings are valid, `marks()` are the text's. Reads not one byte behind it.
  bool mark(const char *text, size_t count);

  simdjson::dom::element root;
  // The text, repaired.
  std::string_view text() const { return {begin_, count_}; }
  // Some number is longer than 64 bits: in `root` it is the nearest double, or an empty array where there is none; in `text()` it is
  // itself.
  bool has_huge_numbers() const { return has_huge_numbers_; }
  // Text offsets of all brackets, commas, colons and begins of values: simdjson's own first step.
  const uint32_t *marks() const { return dom_.implementation->structural_indexes.get(); }
  size_t mark_count() const { return dom_.implementation->n_structural_indexes; }

  // Memory of answers.
  std::vector<teltel_json_number> numbers;
  std::vector<char> paths;
  size_t path_bytes = 0;  // so much of `paths` is in use
  std::string tags;
  std::vector<teltel_json_pair> pairs;

 private:
  bool parse_copy();
  simdjson::error_code parse_once(std::string &padded);

  simdjson::dom::parser dom_;
  const char *begin_ = "";
  std::string text_;          // a copy with padding behind it
  std::string without_huge_;  // the same without huge numbers
  size_t count_ = 0;
  bool has_huge_numbers_ = false;
};
