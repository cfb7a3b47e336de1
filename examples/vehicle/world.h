// The world of the demo: a plane with bumps, a car, and the driver who follows a fixed cycle: launch, slalom, braking.
#pragma once

#include <memory>
#include <vector>

#include "car.h"

class World {
 public:
  explicit World(double dt) : dt_(dt) {
    world_.setGravity(btVector3(0, -9.81, 0));
    solver_.setRandSeed(0);
    world_.addRigidBody(&ground_);
    for (int i = 0; i < 40; i++) add_bump(i);
    hull_.addChildShape(btTransform(btQuaternion(0, 0, 0, 1), btVector3(0, 0.7, 0)), &box_);
    chassis_.setActivationState(DISABLE_DEACTIVATION);
    world_.addRigidBody(&chassis_);
    car_.setCoordinateSystem(0, 1, 2);
    for (int i = 0; i < Car::wheel_count; i++) add_wheel(i);
    world_.addAction(&car_);
  }
  ~World() {
    world_.removeAction(&car_);
    world_.removeRigidBody(&chassis_);
    for (auto &bump : bumps_) world_.removeRigidBody(bump.get());
    world_.removeRigidBody(&ground_);
  }
  World(const World &) = delete;
  World &operator=(const World &) = delete;

  /// Computes one frame; `nudge` is added to the driving torque (Nm). Answers the number of physics steps.
  int step(double time, double nudge) {
    drive(time, nudge);
    return world_.stepSimulation(dt_, 8, dt_ / 2);  // two fixed steps a frame
  }
  const btRigidBody &chassis() const { return chassis_; }
  const Car &car() const { return car_; }

 private:
  void drive(double time, double nudge) {
    const double cycle = std::fmod(time, 24.0);
    const double torque = (cycle < 8 ? 600.0 : cycle < 18 ? 60.0 : 0.0) + nudge;
    const double brake = cycle >= 18 && cycle < 23 ? 900.0 : 0.0;
    const double steering = cycle >= 8 && cycle < 18 ? 0.015 * std::sin((cycle - 8) * 2.2) : 0.0;
    for (int i = 0; i < Car::wheel_count; i++) {
      car_.wheels[i].drive = i >= 2 ? torque : 0;
      car_.wheels[i].brake = brake;
    }
    car_.setSteeringValue(steering, 0);
    car_.setSteeringValue(steering, 1);
  }

  void add_bump(int i) {
    bumps_.push_back(std::make_unique<btRigidBody>(btRigidBody::btRigidBodyConstructionInfo(0, nullptr, &bump_)));
    bumps_.back()->setWorldTransform(btTransform(btQuaternion(0, 0, 0, 1), btVector3((i % 3 - 1) * 2.0, 0, 60 + i * 25)));
    world_.addRigidBody(bumps_.back().get());
  }
  void add_wheel(int i) {
    const btVector3 mount((i & 1) ? -0.8 : 0.8, 0.45, i < 2 ? 1.3 : -1.3);
    car_.addWheel(mount, btVector3(0, -1, 0), btVector3(-1, 0, 0), 0.35, 0.33, tuning_, i < 2).m_rollInfluence = btScalar(0.4);
  }
  static btRaycastVehicle::btVehicleTuning make_tuning() {
    btRaycastVehicle::btVehicleTuning tuning;
    tuning.m_suspensionStiffness = 40;
    tuning.m_suspensionDamping = 4;
    tuning.m_suspensionCompression = 3;
    tuning.m_maxSuspensionForce = 20000;
    return tuning;
  }
  static btVector3 inertia_of(const btBoxShape &box) {
    btVector3 inertia;
    box.calculateLocalInertia(1400, inertia);
    return inertia;
  }

  double dt_;
  btDefaultCollisionConfiguration configuration_;
  btCollisionDispatcher dispatcher_{&configuration_};
  btDbvtBroadphase broadphase_;
  btSequentialImpulseConstraintSolver solver_;
  btDiscreteDynamicsWorld world_{&dispatcher_, &broadphase_, &solver_, &configuration_};
  btStaticPlaneShape plane_{btVector3(0, 1, 0), 0};
  btRigidBody ground_{btRigidBody::btRigidBodyConstructionInfo(0, nullptr, &plane_)};
  btBoxShape bump_{btVector3(4, 0.04, 0.3)};
  std::vector<std::unique_ptr<btRigidBody>> bumps_;
  btBoxShape box_{btVector3(0.9, 0.5, 2.1)};
  btCompoundShape hull_;
  btDefaultMotionState motion_{btTransform(btQuaternion(0, 0, 0, 1), btVector3(0, 0.8, 0))};
  btRigidBody chassis_{btRigidBody::btRigidBodyConstructionInfo(1400, &motion_, &hull_, inertia_of(box_))};
  btDefaultVehicleRaycaster raycaster_{&world_};
  btRaycastVehicle::btVehicleTuning tuning_ = make_tuning();
  Car car_{tuning_, &chassis_, &raycaster_};
};
