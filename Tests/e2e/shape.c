/* An engine for tests: emits events of one type whose fields are those of the command line.
 *   shape RUN_ID TYPE FIRST_FRAME EVENTS NAME:KIND[:COUNT]=VALUE ...
 * KIND: f64 f32 i64 u64 u8 bool text, with a * behind it for a key and @UNIT for a unit; COUNT: elements, for a text its bytes. Element i of a number is
 * VALUE + i; each event has the same values. Prints "accepted A refused R" at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>

enum { MAX_FIELDS = 64, MAX_BYTES = 1 << 16 };
static teltel_field fields[MAX_FIELDS];
static unsigned char payload[MAX_BYTES];

static void put(unsigned char *to, uint32_t kind, const char *value, uint32_t element) {
  const double real = strtod(value, NULL) + element;
  const float single = (float)real;
  const int64_t integer = strtoll(value, NULL, 10) + element;
  const uint64_t natural = strtoull(value, NULL, 10) + element;
  const uint8_t byte = (uint8_t)natural;
  switch (kind) {
    case TELTEL_F64: memcpy(to, &real, 8); break;
    case TELTEL_F32: memcpy(to, &single, 4); break;
    case TELTEL_I64: memcpy(to, &integer, 8); break;
    case TELTEL_U64: memcpy(to, &natural, 8); break;
    default: memcpy(to, &byte, 1);
  }
}

static const struct { const char *name; uint32_t kind; size_t size; } kinds[] = {
  {"f64", TELTEL_F64, 8}, {"f32", TELTEL_F32, 4}, {"i64", TELTEL_I64, 8}, {"u64", TELTEL_U64, 8},
  {"u8", TELTEL_U8, 1}, {"bool", TELTEL_BOOL, 1}, {"text", TELTEL_TEXT, 1},
};

int main(int argc, char **argv) {
  if (argc < 6) return 64;
  size_t bytes = 0, count = 0;
  for (int argument = 5; argument < argc && count < MAX_FIELDS; argument++, count++) {
    char *value = strrchr(argv[argument], '='), *spec = argv[argument];
    *value++ = '\0';
    /* A name may hold colons: kind and count are the last ones. */
    char *colon = strrchr(spec, ':');
    uint32_t elements = 1;
    if (colon[1] >= '0' && colon[1] <= '9') {
      elements = (uint32_t)atoi(colon + 1);
      *colon = '\0';
      colon = strrchr(spec, ':');
    }
    *colon++ = '\0';
    char *unit = strchr(colon, '@');
    if (unit) *unit++ = '\0';
    const size_t length = strlen(colon);
    const int is_key = colon[length - 1] == '*';
    if (is_key) colon[length - 1] = '\0';
    for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index++) {
      if (strcmp(kinds[index].name, colon)) continue;
      fields[count] = (teltel_field){spec, unit ? unit : "", NULL, kinds[index].kind, (uint32_t)bytes, elements, is_key ? TELTEL_KEY : 0};
      if (kinds[index].kind == TELTEL_TEXT) strncpy((char *)payload + bytes, value, elements);
      else for (uint32_t element = 0; element < elements; element++) put(payload + bytes + element * kinds[index].size, kinds[index].kind, value, element);
      bytes += (elements * kinds[index].size + 7) & ~(size_t)7;
    }
  }
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argv[1];
  options.source_id = "engine";
  teltel_run *run;
  teltel_type type;
  if (teltel_run_start(&options, &run)) return 1;
  if (teltel_define(run, "test", argv[2], fields, (uint32_t)count, (uint32_t)bytes, &type)) return 2;
  int accepted = 0, refused = 0;
  for (int event = 0; event < atoi(argv[4]); event++) {
    const uint64_t frame = strtoull(argv[3], NULL, 10) + (uint64_t)event;
    if (teltel_emit(run, type, frame, (double)frame / 100, payload) == TELTEL_OK) accepted++;
    else refused++;
  }
  teltel_run_end(run, TELTEL_COMPLETED, "");
  printf("accepted %d refused %d\n", accepted, refused);
  return 0;
}
