/* An engine for tests: emits what it reads.
 *   typed RUN_ID CHANNEL { -- TYPE NAME:KIND[*][=UNIT] ... } ...
 * KIND: f64 f32 i64 u64 i32 text (of 15 bytes), with a * behind it for a key. Each line of the standard input is an event: the number of its
 * type, frame, simulated time, a value for each field, with blanks between them; nan, inf and -inf are numbers. Prints
 * "accepted A refused R" at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>

enum { TYPES = 16, FIELDS = 32, SLOT = 16 };
static teltel_field fields[TYPES][FIELDS];
static uint32_t counts[TYPES];
static teltel_type types[TYPES];

static void put(unsigned char *to, uint32_t kind, const char *text) {
  const double real = strtod(text, NULL);
  const float single = strtof(text, NULL);
  const int64_t integer = strtoll(text, NULL, 10);
  const uint64_t natural = strtoull(text, NULL, 10);
  const int32_t small = (int32_t)integer;
  memset(to, 0, SLOT);
  switch (kind) {
    case TELTEL_F64: memcpy(to, &real, 8); break;
    case TELTEL_F32: memcpy(to, &single, 4); break;
    case TELTEL_I64: memcpy(to, &integer, 8); break;
    case TELTEL_U64: memcpy(to, &natural, 8); break;
    case TELTEL_I32: memcpy(to, &small, 4); break;
    default: memcpy(to, text, strlen(text) < SLOT ? strlen(text) : SLOT - 1);
  }
}

static const struct { const char *name; uint32_t kind; } kinds[] = {
  {"f64", TELTEL_F64}, {"f32", TELTEL_F32}, {"i64", TELTEL_I64}, {"u64", TELTEL_U64}, {"i32", TELTEL_I32}, {"text", TELTEL_TEXT},
};

static void describe(char *spec, teltel_field *field, uint32_t place) {
  char *unit = strrchr(spec, '=');
  if (unit) *unit++ = '\0';
  char *kind = strrchr(spec, ':');
  *kind++ = '\0';
  char *star = strchr(kind, '*');
  if (star) *star = '\0';
  for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index++) {
    if (strcmp(kinds[index].name, kind)) continue;
    const uint32_t elements = kinds[index].kind == TELTEL_TEXT ? SLOT : 1;
    *field = (teltel_field){spec, unit ? unit : "", NULL, kinds[index].kind, place * SLOT, elements, star ? TELTEL_KEY : 0};
  }
}

int main(int argc, char **argv) {
  if (argc < 5) return 64;
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argv[1];
  options.source_id = "s";
  options.policy = TELTEL_BLOCK;
  options.block_ms = 60000;
  teltel_run *run;
  if (teltel_run_start(&options, &run)) return 1;
  uint32_t type = 0;
  for (int argument = 3; argument < argc; type++) {
    const char *name = argv[argument + 1];
    for (argument += 2; argument < argc && strcmp(argv[argument], "--"); argument++, counts[type]++) {
      describe(argv[argument], &fields[type][counts[type]], counts[type]);
    }
    if (teltel_define(run, argv[2], name, fields[type], counts[type], counts[type] * SLOT, &types[type])) return 2;
  }
  int accepted = 0, refused = 0;
  char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    static _Alignas(16) unsigned char payload[FIELDS * SLOT];
    const int number = atoi(strtok(line, " \n"));
    const uint64_t frame = strtoull(strtok(NULL, " \n"), NULL, 10);
    const double time = strtod(strtok(NULL, " \n"), NULL);
    for (uint32_t field = 0; field < counts[number]; field++) put(payload + field * SLOT, fields[number][field].kind, strtok(NULL, " \n"));
    if (teltel_emit(run, types[number], frame, time, payload) == TELTEL_OK) accepted++;
    else refused++;
  }
  teltel_run_end(run, TELTEL_COMPLETED, "done");
  printf("accepted %d refused %d\n", accepted, refused);
  return 0;
}
