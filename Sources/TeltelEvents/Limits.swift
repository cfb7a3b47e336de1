/// Limits of the collector's inner queues. Those of the ring are in the ABI; those that a user may set are options.
package enum Limits {
    package static let batchRows = 1_024
    package static let roundBytes = 256 << 10
}
