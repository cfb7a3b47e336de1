/* The well-known types of the telemetry contract, as tables. */
#include "platform.h"

static const teltel_field body_state[] = {
  TELTEL_FIELD(teltel_body_state, pos, TELTEL_F64, "pos.x,pos.y,pos.z", "m"),
  TELTEL_FIELD(teltel_body_state, vel, TELTEL_F64, "vel.x,vel.y,vel.z", "m/s"),
  TELTEL_FIELD(teltel_body_state, rot, TELTEL_F64, "rot.qx,rot.qy,rot.qz,rot.qw", NULL),
  TELTEL_FIELD(teltel_body_state, omega, TELTEL_F64, "omega.x,omega.y,omega.z", "rad/s"),
};
static const teltel_field aero_state[] = {
  TELTEL_FIELD(teltel_aero_state, aoa, TELTEL_F64, "aoa", "rad"),   TELTEL_FIELD(teltel_aero_state, beta, TELTEL_F64, "beta", "rad"),
  TELTEL_FIELD(teltel_aero_state, q, TELTEL_F64, "q", "Pa"),        TELTEL_FIELD(teltel_aero_state, cl, TELTEL_F64, "cl", NULL),
  TELTEL_FIELD(teltel_aero_state, cd, TELTEL_F64, "cd", NULL),      TELTEL_FIELD(teltel_aero_state, lift, TELTEL_F64, "lift", "N"),
  TELTEL_FIELD(teltel_aero_state, drag, TELTEL_F64, "drag", "N"),
};
static const teltel_field wheel_force[] = {
  TELTEL_FIELD_KEY(teltel_wheel_force, wheel_id, TELTEL_I64, "wheelId"),
  TELTEL_FIELD(teltel_wheel_force, force, TELTEL_F64, "force.x,force.y,force.z", "N"),
  TELTEL_FIELD(teltel_wheel_force, slip_ratio, TELTEL_F64, "slipRatio", NULL),
  TELTEL_FIELD(teltel_wheel_force, normal_load, TELTEL_F64, "normalLoad", "N"),
};
static const teltel_field frame_start[] = {TELTEL_FIELD(ctel_frame_mark, dt, TELTEL_F64, "dt", "s")};
/* cpu_time_ms is not flagged as measured: an engine may have defined the same fields itself, and readers know of it. */
static const teltel_field frame_end[] = {
  TELTEL_FIELD(teltel_frame_end_values, dt, TELTEL_F64, "dt", "s"),
  TELTEL_FIELD(teltel_frame_end_values, substeps, TELTEL_I64, "substeps", NULL),
  TELTEL_FIELD(teltel_frame_end_values, cpu_time_ms, TELTEL_F64, "perf.cpu_time_ms", "ms"),
};

static void describe(teltel_type_desc *out, const char *channel, const char *name, const teltel_field *fields, size_t count,
                     size_t record_size) {
  out->struct_size = sizeof *out;
  out->field_size = sizeof *fields;
  out->channel = channel;
  out->name = name;
  out->fields = fields;
  out->field_count = count;
  out->record_size = record_size;
}
#define COUNT(array) (sizeof(array) / sizeof *(array))

const teltel_type_desc *ctel_known_type(uint32_t which, const char *channel, teltel_type_desc *out) {
  switch (which) {
  case TELTEL_BODY_STATE: describe(out, channel, "body.state", body_state, COUNT(body_state), sizeof(teltel_body_state)); break;
  case TELTEL_AERO_STATE: describe(out, channel, "aero.state", aero_state, COUNT(aero_state), sizeof(teltel_aero_state)); break;
  case TELTEL_WHEEL_FORCE: describe(out, channel, "wheel.force", wheel_force, COUNT(wheel_force), sizeof(teltel_wheel_force)); break;
  default: return NULL;
  }
  return out;
}

void ctel_frame_start_fields(teltel_type_desc *out) {
  describe(out, "frame", "frame.start", frame_start, COUNT(frame_start), sizeof(ctel_frame_mark));
}
void ctel_frame_end_fields(teltel_type_desc *out) {
  describe(out, "frame", "frame.end", frame_end, COUNT(frame_end), sizeof(teltel_frame_end_values));
}
