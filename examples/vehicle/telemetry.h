// What the vehicle demo records: frame.start, body.state, wheel.force of each wheel, frame.end.
#pragma once

#include <teltel.hpp>

#include "world.h"

TELTEL_DESCRIBE(teltel_body_state, "physics", "body.state",
                TELTEL_MEMBER(teltel_body_state, pos, "pos.x,pos.y,pos.z", "m"),
                TELTEL_MEMBER(teltel_body_state, vel, "vel.x,vel.y,vel.z", "m/s"),
                TELTEL_MEMBER(teltel_body_state, rot, "rot.qx,rot.qy,rot.qz,rot.qw"),
                TELTEL_MEMBER(teltel_body_state, omega, "omega.x,omega.y,omega.z", "rad/s"));
TELTEL_DESCRIBE(teltel_wheel_force, "physics", "wheel.force",
                TELTEL_MEMBER_KEY(teltel_wheel_force, wheel_id, "wheelId"),
                TELTEL_MEMBER(teltel_wheel_force, force, "force.x,force.y,force.z", "N"),
                TELTEL_MEMBER(teltel_wheel_force, slip_ratio, "slipRatio"),
                TELTEL_MEMBER(teltel_wheel_force, normal_load, "normalLoad", "N"));

/// The car's state in one frame, as it is recorded and hashed.
struct FrameState {
  teltel_body_state body;
  teltel_wheel_force wheels[Car::wheel_count];

  explicit FrameState(const World &world) {
    const btRigidBody &chassis = world.chassis();
    const btVector3 p = chassis.getCenterOfMassPosition(), v = chassis.getLinearVelocity(), w = chassis.getAngularVelocity();
    const btQuaternion q = chassis.getOrientation();
    body = {{p.x(), p.y(), p.z()}, {v.x(), v.y(), v.z()}, {q.x(), q.y(), q.z(), q.w()}, {w.x(), w.y(), w.z()}};
    for (int i = 0; i < Car::wheel_count; i++) {
      const Wheel &wheel = world.car().wheels[i];
      wheels[i] = {i, {wheel.force.x(), wheel.force.y(), wheel.force.z()}, wheel.slip_ratio, wheel.normal_load};
    }
  }
};

/// A run with its types. Without telemetry all of it does nothing.
class Telemetry {
 public:
  Telemetry() = default;
  explicit Telemetry(const teltel_run_options &options)
      : run_(options), body_(run_.define<teltel_body_state>()), wheel_(run_.define<teltel_wheel_force>()) {}

  void frame_start(std::uint64_t frame, double time, double dt) { run_.frame_start(frame, time, dt); }
  void frame_end(std::uint64_t frame, double time, const FrameState &state, const teltel_frame_end_values &values) {
    body_.emit(run_, frame, time, state.body);
    for (const teltel_wheel_force &wheel : state.wheels) wheel_.emit(run_, frame, time, wheel);
    run_.frame_end(frame, time, values);
  }
  teltel::Run &run() { return run_; }

 private:
  teltel::Run run_;
  teltel::Type<teltel_body_state> body_;
  teltel::Type<teltel_wheel_force> wheel_;
};
