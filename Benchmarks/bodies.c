/* A rigid body that tumbles in gusts and falls onto springy ground: body.state of 13 doubles whose last bits are as irregular as those
 * of a physics engine, and which never comes to rest. bodies RUN_ID EVENTS SEED: other gusts with another seed.
 * Emits as fast as the ring is emptied (it waits rather than drop). Prints "accepted A refused R". */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <teltel.h>

static const double dt = 0.001, inertia[3] = {1, 2, 2.5}, stiffness = 4000, damping = 8, gravity = 9.81;

static uint64_t state = 0x9e3779b97f4a7c15u;

/* Even in -1 ... 1. */
static double chance(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (double)(int64_t)state / 9223372036854775808.0;
}

static void turn(teltel_body_state *body, const double torque[3]) {
  double *w = body->omega, *q = body->rot;
  for (int i = 0; i < 3; i++) {
    const int j = (i + 1) % 3, k = (i + 2) % 3;
    w[i] += dt * (torque[i] - 0.2 * w[i] + (inertia[j] - inertia[k]) * w[j] * w[k]) / inertia[i];
  }
  const double x = q[0], y = q[1], z = q[2], s = q[3], h = 0.5 * dt;
  q[0] += h * (s * w[0] + y * w[2] - z * w[1]);
  q[1] += h * (s * w[1] + z * w[0] - x * w[2]);
  q[2] += h * (s * w[2] + x * w[1] - y * w[0]);
  q[3] -= h * (x * w[0] + y * w[1] + z * w[2]);
  const double length = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  for (int i = 0; i < 4; i++) q[i] /= length;
}

static void step(teltel_body_state *body) {
  static double gust[6];
  for (int i = 0; i < 6; i++) gust[i] += dt * -0.5 * gust[i] + 0.3 * chance();
  const double depth = body->pos[2] < 0 ? -body->pos[2] : 0;
  for (int i = 0; i < 3; i++) {
    double acceleration = gust[i] - 0.1 * body->vel[i];
    if (i == 2) acceleration += -gravity + (depth > 0 ? stiffness * depth - damping * body->vel[2] : 0);
    body->vel[i] += dt * acceleration;
    body->pos[i] += dt * body->vel[i];
  }
  turn(body, gust + 3);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const uint64_t events = strtoull(argv[2], NULL, 10);
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argv[1];
  options.source_id = "bodies";
  options.policy = TELTEL_BLOCK;
  options.block_ms = 60000;
  teltel_run *run;
  if (teltel_run_start(&options, &run) != TELTEL_OK) return 1;
  teltel_type type;
  if (teltel_define_known(run, "physics", TELTEL_BODY_STATE, &type) != TELTEL_OK) return 1;
  teltel_body_state body = {.pos = {0, 0, 5}, .vel = {3, 1, 0}, .rot = {0, 0, 0, 1}, .omega = {0.3, 1, 0.1}};
  state ^= strtoull(argv[3], NULL, 10);
  uint64_t accepted = 0, refused = 0;
  for (uint64_t frame = 0; frame < events; frame++) {
    step(&body);
    if (teltel_emit(run, type, frame, (double)frame * dt, &body) == TELTEL_OK) accepted++;
    else refused++;
  }
  teltel_run_end(run, TELTEL_COMPLETED, "all emitted");
  printf("accepted %llu refused %llu\n", (unsigned long long)accepted, (unsigned long long)refused);
  return 0;
}
