/* Emits the frames 0 ... 999 into one ring, then the same frames into another. */
#include <teltel.h>

int main(void) {
  teltel_run *run;
  teltel_type type;
  const teltel_field field = {"ring", NULL, NULL, TELTEL_F64, 0, 1, TELTEL_KEY};
  teltel_run_start(NULL, &run);
  teltel_define(run, "c", "t", &field, 1, sizeof(double), &type);
  teltel_writer *writers[] = {teltel_writer_open(run, "first"), teltel_writer_open(run, "second")};
  for (int ring = 0; ring < 2; ring++) {
    const double value = ring;
    for (uint64_t frame = 0; frame < 1000; frame++) teltel_writer_emit(writers[ring], type, frame, (double)frame, &value);
  }
  return teltel_dropped(run, type, NULL) != 0 || teltel_run_end(run, TELTEL_COMPLETED, NULL) != TELTEL_OK;
}
