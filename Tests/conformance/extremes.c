/* One event of each extreme that a definition may have: text that is not UTF-8, the longest names, the most fields, the largest
 * record and frame. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>

enum { FIELDS = 1024, NAME = 255 };

static void expect(teltel_status status, const char *what) {
  if (status == TELTEL_OK) return;
  fprintf(stderr, "extremes.c: %s: %s\n", what, teltel_strerror(status));
  exit(1);
}

int main(void) {
  static char names[FIELDS][8], longest[NAME + 1];
  static teltel_field fields[FIELDS];
  static double values[FIELDS];
  teltel_run_options options = teltel_run_options_default();
  options.run_id = "extremes";
  options.ring_bytes = 8 << 20;
  teltel_run *run;
  teltel_type type;
  expect(teltel_run_start(&options, &run), "run_start");

  for (int i = 0; i < FIELDS; i++) {
    snprintf(names[i], sizeof names[i], "f%d", i);
    fields[i] = (teltel_field){names[i], NULL, NULL, TELTEL_F64, (uint32_t)i * 8, 1, 0};
    values[i] = i * 0.5;
  }
  expect(teltel_define(run, "test", "most.fields", fields, FIELDS, sizeof values, &type), "most fields");
  expect(teltel_emit(run, type, UINT64_MAX, 1, values), "most fields");

  static const char texts[3][8] = {"\xFF" "ab\xC3", "caf\xC3\xA9", {'1', '2', '3', '4', '5', '6', '7', (char)0xE2}};
  for (int i = 0; i < 3; i++) {
    const teltel_field text = {"text", NULL, NULL, TELTEL_TEXT, 0, 8, 0};
    expect(teltel_define(run, "test", "odd.text", &text, 1, 8, &type), "text");
    expect(teltel_emit(run, type, (uint64_t)i, 1, texts[i]), "text");
  }

  memset(longest, 'n', NAME);
  const teltel_field one = {longest, longest, NULL, TELTEL_U8, 0, 1, 0};
  expect(teltel_define(run, longest, longest, &one, 1, 1, &type), "longest names");
  expect(teltel_emit(run, type, 7, 1, "\x2A"), "longest names");

  const size_t most = teltel_max_record(run);
  unsigned char *record = malloc(most);
  memset(record, 7, most);
  const teltel_field bytes = {"bytes", NULL, NULL, TELTEL_U8, 0, (uint32_t)most, 0};
  expect(teltel_define(run, "test", "largest.record", &bytes, 1, most, &type), "largest record");
  expect(teltel_emit(run, type, 8, 1, record), "largest record");
  free(record);
  expect(teltel_run_end(run, TELTEL_COMPLETED, NULL), "run_end");
  return 0;
}
