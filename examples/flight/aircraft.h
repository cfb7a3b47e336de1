// The aircraft: JSBSim's Cessna 172 in trimmed cruise, its pilot, and its state as it is recorded. SI units; world axes are
// east, north, up.
#pragma once

#include <FGFDMExec.h>
#include <initialization/FGInitialCondition.h>
#include <input_output/FGPropertyManager.h>
#include <models/FGAerodynamics.h>
#include <models/FGAircraft.h>
#include <models/FGAuxiliary.h>
#include <models/FGPropagate.h>
#include <teltel.h>

#include <cmath>
#include <stdexcept>

/// What the pilot does, as JSBSim takes it.
struct Controls {
  double elevator, aileron, rudder, throttle;  ///< -1 ... 1; throttle 0 ... 1
};

class Aircraft {
 public:
  /// Loads and trims it. `data` holds aircraft/, engine/ and systems/. Throws std::runtime_error.
  Aircraft(const char *data, double dt) {
    engine_.SetDebugLevel(0);
    engine_.SetRootDir(SGPath(data));
    engine_.SetAircraftPath(SGPath("aircraft"));
    engine_.SetEnginePath(SGPath("engine"));
    engine_.SetSystemsPath(SGPath("systems"));
    if (!engine_.LoadModel("c172x")) throw std::runtime_error("the model c172x does not load");
    engine_.SetOutputFileName(0, "/dev/null");  // else the model keeps a log in the current folder
    engine_.Setdt(dt);
    start_in_cruise();
    trimmed_ = {property("fcs/elevator-cmd-norm"), property("fcs/aileron-cmd-norm"), property("fcs/rudder-cmd-norm"),
                property("fcs/throttle-cmd-norm")};
  }

  /// Computes one frame; `gust` is wind from the south in this frame (ft/s). False: the aircraft has crashed.
  bool step(double time, double gust) {
    controls_ = fly(time);
    engine_.SetPropertyValue("fcs/elevator-cmd-norm", controls_.elevator);
    engine_.SetPropertyValue("fcs/aileron-cmd-norm", controls_.aileron);
    engine_.SetPropertyValue("fcs/rudder-cmd-norm", controls_.rudder);
    // A nudge of the elevator would be swallowed by the actuator's hysteresis; wind acts on the airframe at once.
    engine_.SetPropertyValue("atmosphere/wind-north-fps", gust);
    return engine_.Run();
  }

  const Controls &controls() const { return controls_; }

  teltel_body_state body() {
    const auto place = engine_.GetPropagate();
    const auto from_start = engine_.GetAuxiliary()->GetNEUPositionFromStart();
    const JSBSim::FGQuaternion attitude = place->GetQuaternion();  // from the horizon to the body; the scalar part comes first
    return {{from_start(2) * metre_per_foot, from_start(1) * metre_per_foot, place->GetAltitudeASL() * metre_per_foot},
            {place->GetVel(2) * metre_per_foot, place->GetVel(1) * metre_per_foot, -place->GetVel(3) * metre_per_foot},
            {attitude(2), attitude(3), attitude(4), attitude(1)},
            {place->GetPQR(1), place->GetPQR(2), place->GetPQR(3)}};
  }

  teltel_aero_state aero() {
    const auto air = engine_.GetAuxiliary();
    const auto forces = engine_.GetAerodynamics()->GetvFw();
    const double pressure = air->Getqbar() * pascal_per_psf;
    const double per_area = 1 / (pressure * engine_.GetAircraft()->GetWingArea() * metre_per_foot * metre_per_foot);
    const double drag = forces(1) * newton_per_pound, lift = forces(3) * newton_per_pound;
    return {air->Getalpha(), air->Getbeta(), pressure, lift * per_area, drag * per_area, lift, drag};
  }

 private:
  static constexpr double metre_per_foot = 0.3048, newton_per_pound = 4.4482216152605, pascal_per_psf = 47.88025898;

  double property(const char *name) { return engine_.GetPropertyValue(name); }

  void start_in_cruise() {
    const auto start = engine_.GetIC();
    start->SetAltitudeASLFtIC(4000);
    start->SetVcalibratedKtsIC(100);
    start->SetLatitudeDegIC(28);
    start->SetLongitudeDegIC(-90);
    start->SetPsiDegIC(200);
    engine_.SetPropertyValue("propulsion/set-running", -1);
    engine_.SetPropertyValue("fcs/mixture-cmd-norm[0]", 0.87);
    engine_.SetPropertyValue("fcs/throttle-cmd-norm[0]", 0.75);
    if (!engine_.RunIC()) throw std::runtime_error("the initial conditions are refused");
    engine_.SetPropertyValue("propulsion/set-running", -1);
    engine_.DoTrim(1);
    engine_.SetPropertyValue("ap/attitude_hold", 1);
    engine_.SetPropertyValue("ap/altitude_setpoint", 4000);
    engine_.SetPropertyValue("ap/altitude_hold", 1);
  }

  /// A push from `begin`, `length` seconds long, and back for as long.
  static double doublet(double time, double begin, double length, double size) {
    if (time < begin || time >= begin + 2 * length) return 0;
    return time < begin + length ? size : -size;
  }

  /// A cycle of 20 s: elevator, aileron and rudder in turn, each there and back.
  Controls fly(double time) const {
    const double cycle = std::fmod(time, 20.0);
    Controls result = trimmed_;
    result.elevator += doublet(cycle, 2, 1, -0.08);
    result.aileron += doublet(cycle, 8, 0.5, 0.15);
    result.rudder += doublet(cycle, 13, 0.5, 0.2);
    return result;
  }

  JSBSim::FGFDMExec engine_;
  Controls trimmed_{}, controls_{};
};
