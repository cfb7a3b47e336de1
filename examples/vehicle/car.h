// A car on Bullet's ray-cast vehicle, with a tyre model of its own: spinning wheels, slip, Pacejka forces.
#pragma once

#include <btBulletDynamicsCommon.h>

#include <algorithm>
#include <cmath>

/// State of one wheel's tyre after the newest physics step.
struct Wheel {
  double spin = 0;         ///< rad/s
  double slip_ratio = 0;   ///< 1
  double normal_load = 0;  ///< N
  double drive = 0;        ///< torque of the engine, Nm
  double brake = 0;        ///< torque of the brake, Nm
  btVector3 force{0, 0, 0};  ///< of the road on the car, N
};

class Car : public btRaycastVehicle {
 public:
  static constexpr int wheel_count = 4;
  Wheel wheels[wheel_count];

  using btRaycastVehicle::btRaycastVehicle;

  /// Called by Bullet in each physics step, after the suspension.
  void updateFriction(btScalar dt) override {
    for (int i = 0; i < getNumWheels(); i++) update_tyre(i, dt);
  }

 private:
  static constexpr double grip = 1.05;           // friction of tyre on road
  static constexpr double wheel_inertia = 1.2;   // kg m^2
  static constexpr int spin_steps = 16;          // the tyre is stiff: the wheel's spin needs small steps

  /// Where the wheel touches the road, and how fast it slides there.
  struct Contact {
    btVector3 forward{0, 0, 1}, side{1, 0, 0}, normal{0, 1, 0}, offset{0, 0, 0};
    double forward_speed = 0, side_speed = 0;
  };

  Contact contact_of(int i) {
    Contact contact;
    const btWheelInfo &info = getWheelInfo(i);
    contact.normal = info.m_raycastInfo.m_contactNormalWS;
    const btVector3 axle = getWheelTransformWS(i).getBasis().getColumn(getRightAxis());
    contact.side = axle - contact.normal * contact.normal.dot(axle);
    contact.side.normalize();
    contact.forward = contact.side.cross(contact.normal);
    contact.forward.normalize();
    contact.offset = info.m_raycastInfo.m_contactPointWS - getRigidBody()->getCenterOfMassPosition();
    const btVector3 velocity = getRigidBody()->getVelocityInLocalPoint(contact.offset);
    contact.forward_speed = velocity.dot(contact.forward);
    contact.side_speed = velocity.dot(contact.side);
    return contact;
  }

  /// The "magic formula": force for a slip, with stiffness, shape and curvature of the tyre.
  static double magic_formula(double load, double slip, double stiffness, double shape, double curvature) {
    const double scaled = stiffness * slip;
    return grip * load * std::sin(shape * std::atan(scaled - curvature * (scaled - std::atan(scaled))));
  }

  void update_tyre(int i, double dt) {
    Wheel &wheel = wheels[i];
    btWheelInfo &info = getWheelInfo(i);
    wheel.force.setZero();
    wheel.normal_load = info.m_raycastInfo.m_isInContact ? double(info.m_wheelsSuspensionForce) : 0;
    const bool on_road = wheel.normal_load > 0;
    Contact contact;
    if (on_road) contact = contact_of(i);

    double forward_force = 0, side_force = 0;
    roll(wheel, contact, double(info.m_wheelsRadius), dt, forward_force, side_force);
    if (!on_road) return;
    const btVector3 force = contact.forward * btScalar(forward_force) + contact.side * btScalar(side_force);
    contact.offset[getUpAxis()] *= info.m_rollInfluence;
    getRigidBody()->applyImpulse(force * dt, contact.offset);
    wheel.force = force + contact.normal * btScalar(wheel.normal_load);
  }

  /// Spins the wheel through one physics step; answers the mean forces.
  void roll(Wheel &wheel, const Contact &contact, double radius, double dt, double &forward_force, double &side_force) const {
    const double load = wheel.normal_load, limit = grip * load, h = dt / spin_steps;
    const double speed = std::max(std::fabs(contact.forward_speed), 2.0);
    const double slip_angle = std::atan2(contact.side_speed, speed);
    const double free_side = -magic_formula(load, slip_angle, 8, 1.3, -1.6);
    for (int k = 0; k < spin_steps; k++) {
      wheel.slip_ratio = load > 0 ? (wheel.spin * radius - contact.forward_speed) / speed : 0;
      double forward = magic_formula(load, wheel.slip_ratio, 10, 1.65, 0.97), side = free_side;
      const double size = std::hypot(forward, side);
      if (size > limit) {
        forward *= limit / size;
        side *= limit / size;
      }
      forward_force += forward / spin_steps;
      side_force += side / spin_steps;
      wheel.spin += (wheel.drive - forward * radius) * h / wheel_inertia;
      const double braking = wheel.brake * h / wheel_inertia;
      wheel.spin = wheel.spin > 0 ? std::max(0.0, wheel.spin - braking) : std::min(0.0, wheel.spin + braking);
    }
  }
};
