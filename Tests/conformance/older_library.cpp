// A program of this version's headers whose library is an older one: these few functions, which know keys and nothing else.
#include <cstdio>
#include <teltel.hpp>

struct Loop { std::int32_t id, command; double cost; };
TELTEL_DESCRIBE(Loop, "c", "loop", TELTEL_MEMBER_KEY(Loop, id, "id"), TELTEL_MEMBER_INPUT(Loop, command, "command", "N"),
                TELTEL_MEMBER_MEASURED(Loop, cost, "cost", "ms"));

static std::uint32_t known_flags = TELTEL_KEY, defined[3];

extern "C" {
int teltel_has(const char *feature) noexcept {
  const std::string_view name = feature;
  return name == "key" || (name == "input" && (known_flags & TELTEL_INPUT) != 0);
}
teltel_status teltel_define_desc(teltel_run *, const teltel_type_desc *desc, teltel_type *type) noexcept {
  type->word = 0;
  for (std::size_t i = 0; i < desc->field_count; i++) {
    if ((desc->fields[i].flags & ~known_flags) != 0) return TELTEL_ERROR_ARGUMENT;
    defined[i] = desc->fields[i].flags;
  }
  type->word = 1;
  return TELTEL_OK;
}
teltel_status teltel_run_end(teltel_run *, std::int32_t, const char *) noexcept { return TELTEL_ERROR_ENDED; }
}

#define EXPECT(holds) \
  if (!(holds)) return std::fprintf(stderr, "older_library.cpp:%d: %s\n", __LINE__, #holds), 1

int main() {
  // In C, as it is refused, and as the header says.
  teltel_field fields[3];
  for (int i = 0; i < 3; i++) fields[i] = teltel::Describe<Loop>::fields[i];
  teltel_type type;
  EXPECT(teltel_define(nullptr, "c", "loop", fields, 3, sizeof(Loop), &type) == TELTEL_ERROR_ARGUMENT);
  for (teltel_field &field : fields) field.flags = teltel_known_flags(field.flags);
  EXPECT(teltel_define(nullptr, "c", "loop", fields, 3, sizeof(Loop), &type) == TELTEL_OK);
  EXPECT(defined[0] == TELTEL_KEY && defined[1] == 0 && defined[2] == 0);
  // In C++ nobody has to ask.
  teltel::Run run;
  EXPECT(run.define<Loop>().status() == TELTEL_OK && defined[0] == TELTEL_KEY && defined[1] == 0 && defined[2] == 0);
  known_flags |= TELTEL_INPUT;
  EXPECT(run.define<Loop>().status() == TELTEL_OK && defined[1] == TELTEL_INPUT && defined[2] == 0);
  return 0;
}
