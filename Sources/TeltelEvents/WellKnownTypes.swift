/// What the contract says of types whose senders may declare nothing (contract §3).

package enum WellKnownTypes {
    /// The fields that tell instances of the type apart, unless its sender has declared others.
    package static func keyFields(of type: Name) -> [String] { type == "wheel.force" ? ["wheelId"] : [] }

    /// What is of the machine in every run, whether its sender says so or not: the processor time of a frame.
    package static func measuredFields(of type: Name) -> [Name] { type == "frame.end" ? ["perf.cpu_time_ms"] : [] }

    /// Begin and end of a run tell about its surroundings. They are part of no digest and no comparison: configuration, seed, engine
    /// version and reason are compared by themselves.
    package static let ofSurroundings: [Name] = ["run.start", "run.end"]
}
