/// What the contract says of types whose senders may declare nothing (contract §3).

package enum WellKnownTypes {
    /// The fields that tell instances of the type apart, unless its sender has declared others.
    package static func keyFields(of type: Name) -> [String] { type == "wheel.force" ? ["wheelId"] : [] }
}
