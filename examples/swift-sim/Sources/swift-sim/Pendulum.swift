// A double pendulum: two masses of 1 kg on two rods of 1 m. Chaotic, and the same to the last bit on every run.
import Glibc

/// State of one pendulum as it is recorded. Angles from straight down, rad; speeds in rad/s; energy in J.
struct PendulumState: BitwiseCopyable {
    var pendulum: Int64
    var upperAngle, upperSpeed, lowerAngle, lowerSpeed: Double
    var energy: Double
}

struct Pendulum {
    private(set) var angles: SIMD2<Double>
    private(set) var speeds = SIMD2<Double>(0, 0)
    private static let gravity = 9.81

    init(upper: Double, lower: Double) { angles = [upper, lower] }

    func state(_ number: Int) -> PendulumState {
        PendulumState(
            pendulum: Int64(number), upperAngle: angles.x, upperSpeed: speeds.x, lowerAngle: angles.y, lowerSpeed: speeds.y,
            energy: energy)
    }

    private var energy: Double {
        let kinetic = speeds.x * speeds.x + speeds.y * speeds.y / 2 + speeds.x * speeds.y * cos(angles.x - angles.y)
        return kinetic - Self.gravity * (2 * cos(angles.x) + cos(angles.y))
    }

    /// One step of the classical Runge-Kutta method. `push` is added to the upper rod's acceleration (rad/s^2).
    mutating func step(_ dt: Double, push: Double) {
        func rate(_ angles: SIMD2<Double>, _ speeds: SIMD2<Double>) -> SIMD2<Double> {
            Self.acceleration(angles, speeds) + [push, 0]
        }
        let (a1, s1) = (speeds, rate(angles, speeds))
        let (a2, s2) = (speeds + s1 * (dt / 2), rate(angles + a1 * (dt / 2), speeds + s1 * (dt / 2)))
        let (a3, s3) = (speeds + s2 * (dt / 2), rate(angles + a2 * (dt / 2), speeds + s2 * (dt / 2)))
        let (a4, s4) = (speeds + s3 * dt, rate(angles + a3 * dt, speeds + s3 * dt))
        angles += (a1 + a2 * 2 + a3 * 2 + a4) * (dt / 6)
        speeds += (s1 + s2 * 2 + s3 * 2 + s4) * (dt / 6)
    }

    private static func acceleration(_ angles: SIMD2<Double>, _ speeds: SIMD2<Double>) -> SIMD2<Double> {
        let between = angles.x - angles.y
        let squares = speeds * speeds
        let shared = 3 - cos(2 * between)
        let upper =
            -3 * gravity * sin(angles.x) - gravity * sin(angles.x - 2 * angles.y)
            - 2 * sin(between) * (squares.y + squares.x * cos(between))
        let lower = 2 * sin(between) * (2 * squares.x + 2 * gravity * cos(angles.x) + squares.y * cos(between))
        return [upper / shared, lower / shared]
    }
}
