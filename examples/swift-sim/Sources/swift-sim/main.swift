// Swift engine demo: four double pendulums that start almost alike, deterministic to the last bit, recorded with teltel.
//
// Build (from the top):  swift build -c release --package-path examples/swift-sim
import Glibc
import TeltelSDK

let options = Options(CommandLine.arguments)
let stepsPerFrame = 4

/// nil without telemetry; a run that could not start records nothing, and the simulation goes on.
func startRun() -> Run? {
    guard options.telemetry else { return nil }
    var settings = RunOptions(sourceID: "swift-engine", runID: options.runID)
    settings.engineVersion = "swift-sim 1.0"
    settings.configJSON =
        "{\"dt\":\(options.dt),\"divergeAt\":\(options.divergeAt.map(String.init) ?? "null"),\"eps\":\(options.eps)}"
    settings.ringBytes = options.ringBytes
    let run = Run(settings)
    if let problem = run.problem { complain("swinging without telemetry: \(problem)") }
    return run
}

let run = startRun()
let type = try run?.define(
    "pendulum.state", channel: "physics",
    [
        Field<PendulumState>.field(\.pendulum, "pendulumId", key: true),
        .field(\.upperAngle, "upper.angle", unit: "rad"),
        .field(\.upperSpeed, "upper.speed", unit: "rad/s"),
        .field(\.lowerAngle, "lower.angle", unit: "rad"),
        .field(\.lowerSpeed, "lower.speed", unit: "rad/s"),
        .field(\.energy, "energy", unit: "J"),
    ])

var pendulums = (0..<4).map { Pendulum(upper: 2 + Double($0) * 1e-3, lower: 2.5) }
var hash = StateHash()
let start = Clocks.nanoseconds(CLOCK_MONOTONIC)
for frame in 0..<options.frames {
    let time = Double(frame) * options.dt
    if options.realtime { Clocks.wait(from: start, seconds: time) }
    run?.frameStart(frame, time: time, dt: options.dt)
    let before = Clocks.threadMilliseconds
    for index in pendulums.indices {
        let push = index == 0 && frame == options.divergeAt ? options.eps : 0
        for _ in 0..<stepsPerFrame { pendulums[index].step(options.dt / Double(stepsPerFrame), push: push) }
    }
    let used = Clocks.threadMilliseconds - before

    let after = time + options.dt
    for (index, pendulum) in pendulums.enumerated() {
        let state = pendulum.state(index)
        hash.add(state)
        type?.emit(state, frame: frame, time: after)
    }
    run?.frameEnd(frame, time: after, dt: options.dt, substeps: stepsPerFrame, cpuTimeMs: used)
}
if let run, run.problem == nil {
    print("run id       \(run.id)")
    print("refused      \(run.drops.total)")
}
print("state hash   \(hash.text)")
run?.end(.completed, "all swung out")
