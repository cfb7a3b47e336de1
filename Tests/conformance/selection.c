/* Emits each of its types once a frame, for 100 frames, by every way there is; TELTEL_ENABLE decides what is recorded.
 * Prints how many events were recorded and how many skipped, then the newest message. */
#include <stdio.h>
#include <stdlib.h>
#include <teltel.h>

enum { FRAMES = 100 };
typedef struct Number { uint64_t value; } Number;
static const teltel_field fields[] = {TELTEL_FIELD(Number, value, TELTEL_U64, "value", NULL)};
static int recorded, skipped;

static void note(teltel_status status) {
  if (status == TELTEL_OK) recorded++;
  else if (status == TELTEL_SKIPPED) skipped++;
  else abort();
}

int main(void) {
  teltel_run *run;
  if (teltel_run_start(NULL, &run) != TELTEL_OK) return 1;
  char message[512];
  teltel_last_message(message, sizeof message);
  teltel_type aero, wheel, wheel_again, wing;
  teltel_define(run, "physics", "aero.state", fields, 1, sizeof(Number), &aero);
  teltel_define(run, "physics", "wheel.force", fields, 1, sizeof(Number), &wheel);
  teltel_define(run, "physics", "wheel.force", fields, 1, sizeof(Number), &wheel_again);
  teltel_define(run, "aeroelastics", "wing", fields, 1, sizeof(Number), &wing);
  if (wheel.word != wheel_again.word) return 2;
  const teltel_tag pair = {"car", "red"};
  teltel_tags red;
  teltel_tags_define(run, &pair, 1, &red);
  teltel_writer *writer = teltel_writer_open(run, "own");
  for (uint64_t frame = 0; frame < FRAMES; frame++) {
    const Number number = {frame};
    note(teltel_frame_start(run, frame, 0, 0.01));
    note(teltel_emit(run, aero, frame, 0, &number));
    for (int i = 0; i < 2; i++) note(teltel_emit(run, teltel_with_tags(wheel, red), frame, 0, &number));
    note(teltel_writer_emit(writer, wing, frame, 0, &number));
    Number *room = teltel_reserve(writer, wing, frame, 0);
    if (room) {
      *room = number;
      note(teltel_commit(writer));
    } else {
      note(TELTEL_SKIPPED);
    }
    note(teltel_emit_json(run, "notes", "remark", frame, 0, "1", 1));
  }
  teltel_drops drops = teltel_drops_default();
  if (teltel_dropped(run, (teltel_type){0}, &drops) != 0) return 3;
  teltel_run_end(run, TELTEL_COMPLETED, NULL);
  printf("%d %d %s\n", recorded, skipped, message);
  return 0;
}
