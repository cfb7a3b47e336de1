// A falling ball, recorded. From the top of the repository, after `make build`:
//   g++ -std=c++17 examples/minimal/cpp/main.cpp -Ibuild/include -Lbuild/lib -Wl,-rpath,build/lib -lteltel -o ball && ./ball
#include <cstdio>
#include <teltel.hpp>

struct Ball { double pos[3], speed; std::int32_t bounces; };
TELTEL_DESCRIBE(Ball, "physics", "ball.state",
                TELTEL_MEMBER(Ball, pos, "pos.x,pos.y,pos.z", "m"),
                TELTEL_MEMBER(Ball, speed, "speed", "m/s"),
                TELTEL_MEMBER(Ball, bounces, "bounces"));

int main() {
  teltel::Options options;
  options.source_id = "ball-engine";
  teltel::Run run(options);
  if (!run) std::fprintf(stderr, "no telemetry: %s\n", run.why());  // and go on

  const auto type = run.define<Ball>();
  Ball ball{{0, 10, 0}, 0, 0};
  for (std::uint64_t frame = 0; frame < 1000; frame++) {
    const double time = static_cast<double>(frame) / 100;
    run.frame_start(frame, time, 0.01);
    ball.speed -= 9.81 * 0.01;
    ball.pos[1] += ball.speed * 0.01;
    if (ball.pos[1] < 0) {
      ball.pos[1] = 0;
      ball.speed *= -0.8;
      ball.bounces++;
    }
    type.emit(run, frame, time, ball);
  }
  run.end(TELTEL_COMPLETED, "done");
}
