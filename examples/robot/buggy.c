#include "buggy.h"

#include <math.h>
#include <stdio.h>

static const double wheel_radius = 0.15; /* m, as in buggy.xml */

bool buggy_load(buggy *robot, const char *model_file, double dt, char *problem, int size) {
  robot->model = mj_loadXML(model_file, NULL, problem, size);
  if (!robot->model) return false;
  robot->model->opt.timestep = dt / STEPS_PER_FRAME;
  robot->data = mj_makeData(robot->model);
  robot->body = mj_name2id(robot->model, mjOBJ_BODY, "buggy");
  for (int i = 0; i < WHEELS; i++) {
    char name[16];
    snprintf(name, sizeof name, "wheel %d", i);
    robot->wheel_geometry[i] = mj_name2id(robot->model, mjOBJ_GEOM, name);
    robot->wheel_joint[i] = robot->model->jnt_dofadr[mj_name2id(robot->model, mjOBJ_JOINT, name)];
  }
  return true;
}

void buggy_free(buggy *robot) {
  mj_deleteData(robot->data);
  mj_deleteModel(robot->model);
}

/* A fixed cycle: faster and slower, and a third of the time in curves. */
static void drive(buggy *robot, double nudge) {
  double time = robot->data->time;
  double speed = 14 + 5 * sin(0.7 * time);
  double turn = fmod(time, 12) > 8 ? 3 * sin(2 * time) : 0;
  for (int i = 0; i < WHEELS; i++) robot->data->ctrl[i] = speed + (i % 2 ? turn : -turn);
  robot->data->ctrl[0] += nudge;
}

void buggy_step(buggy *robot, double nudge) {
  drive(robot, nudge);
  for (int i = 0; i < STEPS_PER_FRAME; i++) mj_step(robot->model, robot->data);
}

teltel_body_state buggy_body(const buggy *robot) {
  const double *q = robot->data->qpos, *v = robot->data->qvel; /* the buggy's free joint comes first */
  teltel_body_state state = {
    {q[0], q[1], q[2]}, {v[0], v[1], v[2]}, {q[4], q[5], q[6], q[3]}, {v[3], v[4], v[5]}};
  return state;
}

/* Adds the force of one contact on the wheel, in world axes. */
static void add_contact(const buggy *robot, int contact, double sign, teltel_wheel_force *wheel) {
  double force[6];
  mj_contactForce(robot->model, robot->data, contact, force);
  const double *frame = robot->data->contact[contact].frame; /* rows: normal, two tangents */
  for (int axis = 0; axis < 3; axis++)
    wheel->force[axis] += sign * (force[0] * frame[axis] + force[1] * frame[3 + axis] + force[2] * frame[6 + axis]);
  wheel->normal_load += force[0];
}

teltel_wheel_force buggy_wheel(const buggy *robot, int wheel) {
  const mjData *data = robot->data;
  int geometry = robot->wheel_geometry[wheel];
  teltel_wheel_force result = {wheel, {0, 0, 0}, 0, 0};
  for (int i = 0; i < data->ncon; i++) {
    const mjContact *contact = &data->contact[i];
    if (contact->geom[0] == geometry) add_contact(robot, i, -1, &result);
    else if (contact->geom[1] == geometry) add_contact(robot, i, 1, &result);
  }
  const double *axes = data->xmat + 9 * robot->body; /* the first column is the buggy's forward axis */
  double forward = axes[0] * data->qvel[0] + axes[3] * data->qvel[1] + axes[6] * data->qvel[2];
  double rim = data->qvel[robot->wheel_joint[wheel]] * wheel_radius;
  result.slip_ratio = (rim - forward) / fmax(fabs(forward), 0.5);
  return result;
}
