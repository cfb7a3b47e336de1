/* A program of version 0.1: uses every function of the interface, and leaves two instances behind. Never changed: later versions of
 * the library must run it as it is. */
#include <stdlib.h>
#include <string.h>
#include <teltel.h>

typedef struct Car {
  double pos[3];
  float speed;
  int32_t gear;
  uint16_t wheel;
  uint8_t mode;
  unsigned char on;
  char name[8];
} Car;
static const teltel_field fields[] = {
  TELTEL_FIELD(Car, pos, TELTEL_F64, "pos.x,pos.y,pos.z", "m"), TELTEL_FIELD(Car, speed, TELTEL_F32, "speed", "m/s"),
  TELTEL_FIELD(Car, gear, TELTEL_I32, "gear", NULL),            TELTEL_FIELD_KEY(Car, wheel, TELTEL_U16, "wheel"),
  TELTEL_FIELD_ENUM(Car, mode, TELTEL_U8, "mode", "off,on"),    TELTEL_FIELD(Car, on, TELTEL_BOOL, "on", NULL),
  TELTEL_FIELD(Car, name, TELTEL_TEXT, "name", NULL),
};
#define EXPECT(holds) \
  do { \
    if (!(holds)) exit(__LINE__ & 127); \
  } while (0)

static teltel_run *start(const char *id, uint32_t policy) {
  static const teltel_tag tags[] = {{"site", "lab"}};
  teltel_run_options options = teltel_run_options_default();
  options.run_id = id;
  options.source_id = "old-engine";
  options.engine_version = "0.1";
  options.config_json = "{\"track\":7}";
  options.tags = tags;
  options.tag_count = 1;
  options.seed = 99;
  options.has_seed = 1;
  options.ring_bytes = 256 << 10;
  options.policy = policy;
  teltel_run *run = NULL;
  EXPECT(teltel_run_start(&options, &run) == TELTEL_OK && run);
  return run;
}

static Car car(uint64_t frame) {
  Car car;
  memset(&car, 0, sizeof car);
  car.pos[0] = (double)frame * 0.1;
  car.speed = (float)frame;
  car.gear = -1;
  car.wheel = (uint16_t)(frame % 4);
  car.mode = frame % 2;
  car.on = 1;
  memcpy(car.name, "red", 3);
  return car;
}

static void use_everything(void) {
  teltel_run *run = start("everything", TELTEL_DROP_NEWEST);
  char text[256];
  teltel_type type, same, known, types[2];
  teltel_tags tags;
  EXPECT(teltel_version() >= 100 && teltel_has("tags") && teltel_instance(run) && teltel_max_record(run) == (64 << 10) - 24);
  EXPECT(teltel_run_id(run, text, sizeof text) == strlen("everything"));
  EXPECT(teltel_define(run, "physics", "car", fields, sizeof fields / sizeof *fields, sizeof(Car), &type) == TELTEL_OK);
  EXPECT(teltel_define_known(run, "physics", TELTEL_BODY_STATE, &known) == TELTEL_OK);
  EXPECT(teltel_types(run, types, 2) == 2 && types[0].word == type.word);
  const size_t size = teltel_describe(run, type, NULL, 0);
  teltel_type_desc *desc = malloc(size);
  EXPECT(teltel_describe(run, type, desc, size) == size && teltel_define_desc(run, desc, &same) == TELTEL_OK);
  EXPECT(same.word == type.word && desc->field_count == 7);
  free(desc);
  const teltel_tag pair = {"driver", "a"};
  EXPECT(teltel_tags_define(run, &pair, 1, &tags) == TELTEL_OK);
  EXPECT(teltel_thread_attach(run) == TELTEL_OK);
  const teltel_frame_end_values values = {0.01, 2, 0.5};
  const teltel_body_state body = {{1, 2, 3}, {0, 0, 0}, {0, 0, 0, 1}, {0, 0, 0}};
  for (uint64_t frame = 0; frame < 50; frame++) {
    const Car state = car(frame);
    EXPECT(teltel_frame_start(run, frame, (double)frame * 0.01, 0.01) == TELTEL_OK);
    EXPECT(teltel_emit(run, frame % 2 ? type : teltel_with_tags(type, tags), frame, (double)frame * 0.01, &state) == TELTEL_OK);
    EXPECT(teltel_emit(run, known, frame, (double)frame * 0.01, &body) == TELTEL_OK);
    EXPECT(teltel_frame_end(run, frame, (double)frame * 0.01, &values) == TELTEL_OK);
  }
  EXPECT(teltel_emit_json(run, "notes", "remark", 50, 0.5, "{\"a\":[1,2.5]}", 13) == TELTEL_OK);
  teltel_writer *writer = teltel_writer_open(run, "job");
  const Car last = car(50);
  EXPECT(writer && teltel_writer_emit(writer, type, 50, 0.5, &last) == TELTEL_OK);
  EXPECT(teltel_reserve(writer, type, 51, 0.51));
  teltel_cancel(writer);
  Car *room = teltel_reserve(writer, type, 52, 0.52);
  EXPECT(room);
  *room = car(52);
  EXPECT(teltel_commit(writer) == TELTEL_OK);
  teltel_writer_close(writer);
  const teltel_type none = {0};
  EXPECT(teltel_emit(run, none, 1, 1, &last) == TELTEL_REFUSED_TYPE);
  teltel_drops drops = teltel_drops_default();
  EXPECT(teltel_dropped(run, none, &drops) == 1 && drops.type == 1);
  EXPECT(strlen(teltel_strerror(TELTEL_REFUSED_TYPE)) > 0);
  teltel_last_message(text, sizeof text);
  teltel_thread_detach(run);
  EXPECT(teltel_run_end(run, TELTEL_COMPLETED, "done") == TELTEL_OK);
  EXPECT(teltel_run_end(run, TELTEL_COMPLETED, "again") == TELTEL_ERROR_ENDED);
}

static void overwrite(void) {
  teltel_run *run = start("overwritten", TELTEL_OVERWRITE_OLDEST);
  teltel_type type;
  EXPECT(teltel_define(run, "physics", "car", fields, sizeof fields / sizeof *fields, sizeof(Car), &type) == TELTEL_OK);
  for (uint64_t frame = 0; frame < 4000; frame++) {
    const Car state = car(frame);
    EXPECT(teltel_emit(run, type, frame, (double)frame * 0.01, &state) == TELTEL_OK);
  }
  EXPECT(teltel_run_end(run, TELTEL_CANCELLED, "enough") == TELTEL_OK);
}

int main(void) {
  use_everything();
  overwrite();
  return 0;
}
