/* A falling ball, recorded. From the top of the repository, after `make build`:
 *   gcc examples/minimal/c/main.c -Ibuild/include -Lbuild/lib -Wl,-rpath,build/lib -lteltel -o ball && ./ball */
#include <stdio.h>
#include <teltel.h>

struct ball { double pos[3], speed; int32_t bounces; };

static const teltel_field fields[] = {
  TELTEL_FIELD(struct ball, pos, TELTEL_F64, "pos.x,pos.y,pos.z", "m"),
  TELTEL_FIELD(struct ball, speed, TELTEL_F64, "speed", "m/s"),
  TELTEL_FIELD(struct ball, bounces, TELTEL_I32, "bounces", NULL),
};

int main(void) {
  teltel_run_options options = teltel_run_options_default();
  options.source_id = "ball-engine";
  teltel_run *run;
  teltel_status status = teltel_run_start(&options, &run);
  if (status != TELTEL_OK) fprintf(stderr, "no telemetry: %s\n", teltel_strerror(status)); /* and go on */

  teltel_type type;
  teltel_define(run, "physics", "ball.state", fields, 3, sizeof(struct ball), &type);
  struct ball ball = {{0, 10, 0}, 0, 0};
  for (uint64_t frame = 0; frame < 1000; frame++) {
    double time = (double)frame / 100;
    teltel_frame_start(run, frame, time, 0.01);
    ball.speed -= 9.81 * 0.01;
    ball.pos[1] += ball.speed * 0.01;
    if (ball.pos[1] < 0) {
      ball.pos[1] = 0;
      ball.speed *= -0.8;
      ball.bounces++;
    }
    teltel_emit(run, type, frame, time, &ball);
  }
  teltel_run_end(run, TELTEL_COMPLETED, "done");
}
