/* The conformance scenario in C. See scenario.h. */
#include <teltel.h>

#include "scenario.h"

static const teltel_field all_kinds[] = {
  TELTEL_FIELD(AllKinds, i64, TELTEL_I64, "i64", NULL),
  TELTEL_FIELD(AllKinds, u64, TELTEL_U64, "u64", NULL),
  TELTEL_FIELD(AllKinds, f64, TELTEL_F64, "f64", "m/s"),
  TELTEL_FIELD(AllKinds, pos, TELTEL_F64, "pos.x,pos.y,pos.z", "m"),
  TELTEL_FIELD_MEASURED(AllKinds, f32, TELTEL_F32, "f32", NULL),
  TELTEL_FIELD_INPUT(AllKinds, i32, TELTEL_I32, "i32", NULL),
  TELTEL_FIELD(AllKinds, u32, TELTEL_U32, "u32", NULL),
  TELTEL_FIELD_KEY(AllKinds, id, TELTEL_U32, "id"),
  TELTEL_FIELD(AllKinds, i16, TELTEL_I16, "i16", NULL),
  TELTEL_FIELD(AllKinds, u16, TELTEL_U16, "u16", NULL),
  TELTEL_FIELD(AllKinds, samples, TELTEL_I16, "samples", NULL),
  TELTEL_FIELD(AllKinds, i8, TELTEL_I8, "i8", NULL),
  TELTEL_FIELD(AllKinds, u8, TELTEL_U8, "u8", NULL),
  TELTEL_FIELD_WITH(AllKinds, mode, TELTEL_U8, "mode", NULL, "off,on", TELTEL_INPUT),
  TELTEL_FIELD(AllKinds, flag, TELTEL_BOOL, "flag", NULL),
  TELTEL_FIELD_INPUT(AllKinds, text, TELTEL_TEXT, "text", NULL),
};

static void expect(int holds, const char *what) {
  if (holds) return;
  char message[512];
  teltel_last_message(message, sizeof message);
  fprintf(stderr, "scenario.c: %s (%s)\n", what, message);
  exit(1);
}

static teltel_run *start(const char *id) {
  static const teltel_tag tags[] = {{"site", "lab"}, {"team", "a"}};
  teltel_run_options o = teltel_run_options_default();
  o.run_id = id;
  o.source_id = "scenario";
  o.engine_version = "1.0 \"beta\"";
  o.config_json = "{\"car\":\"red\"}";
  o.tags = tags;
  o.tag_count = 2;
  o.seed = UINT64_MAX;
  o.has_seed = 1;
  o.ring_bytes = 256 << 10;
  teltel_run *run;
  expect(teltel_run_start(&o, &run) == TELTEL_OK, "run_start");
  return run;
}

static teltel_type bytes_type(teltel_run *run, const char *name, uint32_t size) {
  teltel_field field = {"bytes", NULL, NULL, TELTEL_U8, 0, size, 0};
  teltel_type type;
  expect(teltel_define(run, "test", name, &field, 1, size, &type) == TELTEL_OK, name);
  return type;
}

/* Asks how the type was defined, and defines it so in another run. */
static void copy_definition(teltel_run *run, teltel_type type, teltel_run *other) {
  teltel_type types[3], copy;
  expect(teltel_types(run, types, 3) == 2 && types[1].word == type.word, "types");
  const size_t size = teltel_describe(run, type, NULL, 0);
  teltel_type_desc *desc = malloc(size);
  desc->channel = NULL;
  expect(teltel_describe(run, type, desc, size - 1) == size && desc->channel == NULL, "describe into too little memory");
  expect(teltel_describe(run, type, desc, size) == size, "describe");
  expect(teltel_define_desc(other, desc, &copy) == TELTEL_OK, "define what was described");
  expect(teltel_describe(other, type, NULL, 0) == 0, "describe a foreign type");
  free(desc);
}

static void conformance(void) {
  teltel_run *run = start("conformance"), *other = start("other");
  teltel_type all, same, wide = bytes_type(run, "wide", 70000), foreign = bytes_type(other, "foreign", 8);
  teltel_define(run, "test", "all.kinds", all_kinds, sizeof all_kinds / sizeof *all_kinds, sizeof(AllKinds), &all);
  teltel_define(run, "test", "all.kinds", all_kinds, sizeof all_kinds / sizeof *all_kinds, sizeof(AllKinds), &same);
  expect(all.word != 0 && all.word == same.word, "define");

  copy_definition(run, all, other);

  AllKinds low = lowest(), high = highest(), first = usual(1), second = usual(2);
  teltel_emit(run, all, 0, 0.0, &low);
  teltel_emit(run, all, UINT64_MAX, double_of(0x8000000000000000u), &high);
  teltel_emit(run, all, 1, double_of(0x7FF0000000000001u), &first);
  static const teltel_tag pairs[] = {{"a", "1"}, {"b", ""}};
  teltel_tags tags, again;
  teltel_tags_define(run, pairs, 2, &tags);
  teltel_tags_define(run, pairs, 2, &again);
  expect(tags.id == again.id, "tags");
  teltel_emit(run, teltel_with_tags(all, tags), 1, -1.5, &second);

  static const char free_text[] = "{\"name\":\"caf\xC3\xA9\",\"n\":[1,null]}";
  teltel_emit_json(run, "test", "free", 2, 0.25, free_text, sizeof free_text - 1);
  teltel_emit_json(run, "test", "free", 3, 0.5, "7", 1);
  teltel_frame_start(run, 4, 1.0, 0.125);
  teltel_frame_end_values values = {0.125, 2, 3.5};
  teltel_frame_end(run, 4, 1.0, &values);

  teltel_writer *job = teltel_writer_open(run, "job");
  AllKinds *room = teltel_reserve(job, all, 5, 2.0);
  expect(room != NULL, "reserve");
  *room = usual(3);
  expect(teltel_writer_emit(job, all, 6, 2.0, &first) == TELTEL_REFUSED_STATE, "emit while reserved");
  expect(teltel_commit(job) == TELTEL_OK, "commit");
  expect(teltel_writer_emit(job, foreign, 6, 2.0, &first) == TELTEL_REFUSED_TYPE, "foreign type");
  expect(teltel_writer_emit(job, all, 7, 2.5, &first) == TELTEL_OK, "writer_emit");
  teltel_writer_close(job);
  static const char zeros[70000];
  for (int i = 0; i < 3; i++) expect(teltel_emit(run, wide, 8, 0.0, zeros) == TELTEL_REFUSED_SIZE, "wide");
  expect(teltel_run_end(run, TELTEL_FAILED, "caf\xC3\xA9 \"closed\"") == TELTEL_OK, "run_end");
  teltel_run_end(other, TELTEL_CANCELLED, NULL);
}

static void wrap(void) {
  static const uint32_t sizes[] = {1, 2, 3, 4, 7, 8, 13, 16, 27, 33, 64, 65, 100, 129, 255, 256, 257, 1000, 5000};
  enum { SIZES = sizeof sizes / sizeof *sizes };
  teltel_run *run = start("wrap");
  teltel_type types[SIZES];
  char name[32];
  unsigned char bytes[5000];
  for (int i = 0; i < SIZES; i++) {
    snprintf(name, sizeof name, "bytes.%u", (unsigned)sizes[i]);
    types[i] = bytes_type(run, name, sizes[i]);
  }
  uint64_t frame = 0;
  for (int round = 0; round < 4; round++) {
    for (;; frame++) {
      memset(bytes, (int)(frame & 0xFF), sizeof bytes);
      if (teltel_emit(run, types[frame % SIZES], frame, 0.0, bytes) != TELTEL_OK) break;
    }
    if (round < 3) release_all(teltel_instance(run));
  }
  teltel_run_end(run, TELTEL_COMPLETED, NULL);
}

int main(int argc, char **argv) {
  (void)argv;
  conformance();
  if (argc == 1) wrap();
  return 0;
}
