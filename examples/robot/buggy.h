/* The robot: a buggy in MuJoCo's world, its driver, and its state as it is recorded. */
#ifndef BUGGY_H
#define BUGGY_H

#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <teltel.h>

enum { WHEELS = 4, STEPS_PER_FRAME = 4 };

typedef struct buggy {
  mjModel *model;
  mjData *data;
  int body;
  int wheel_geometry[WHEELS], wheel_joint[WHEELS]; /* the joint's place among the velocities */
} buggy;

/* Loads the model; a frame takes `dt` seconds. false: `problem` says why. */
bool buggy_load(buggy *robot, const char *model_file, double dt, char *problem, int size);
void buggy_free(buggy *robot);

/* Computes one frame; `nudge` is added to the first wheel's wanted speed (rad/s). */
void buggy_step(buggy *robot, double nudge);

teltel_body_state buggy_body(const buggy *robot);
teltel_wheel_force buggy_wheel(const buggy *robot, int wheel);

#endif
