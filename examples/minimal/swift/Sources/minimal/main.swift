// A falling ball, recorded. From the top of the repository: swift run --package-path examples/minimal/swift
import TeltelSDK

struct Ball: BitwiseCopyable {
    var position = SIMD3<Double>(0, 10, 0)
    var speed = 0.0
    var bounces: Int32 = 0
}

let run = Run(RunOptions(sourceID: "ball-engine"))
if let problem = run.problem { print("no telemetry:", problem) }  // and go on

let type = try run.define(
    "ball.state", channel: "physics",
    [
        Field<Ball>.field(\.position, "pos.x,pos.y,pos.z", unit: "m"),
        .field(\.speed, "speed", unit: "m/s"),
        .field(\.bounces, "bounces"),
    ])
var ball = Ball()
for frame in 0..<UInt64(1000) {
    let time = Double(frame) / 100
    run.frameStart(frame, time: time, dt: 0.01)
    ball.speed -= 9.81 * 0.01
    ball.position.y += ball.speed * 0.01
    if ball.position.y < 0 {
        ball.position.y = 0
        ball.speed *= -0.8
        ball.bounces += 1
    }
    type.emit(ball, frame: frame, time: time)
}
run.end(.completed, "done")
