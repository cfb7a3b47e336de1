/// Says in the log, once for each, which instances are not read (any further, or for now), and why.
import Logging
import Synchronization
import TeltelRings

package final class QuarantineLog: Sendable {
    private let quarantined, waiting: @Sendable () -> [RingDirectory.Quarantined]
    private let logger: Logger
    private let told = Mutex<Set<String>>([])
    private let toldWaiting = Mutex<Set<String>>([])

    package init(_ directory: RingDirectory, logger: Logger) {
        quarantined = { directory.quarantined }
        waiting = { directory.waiting }
        self.logger = logger
    }

    /// Looks for new ones. Not for a reader's thread.
    func tell() {
        for one in Self.new(quarantined(), told) { logger.warning("rings of instance \(one.name) are put aside: \(one.fault)") }
        for one in Self.new(waiting(), toldWaiting) {
            logger.warning("rings of instance \(one.name) wait: \(one.fault); it is tried again")
        }
    }

    private static func new(
        _ all: [RingDirectory.Quarantined], _ told: borrowing Mutex<Set<String>>
    ) -> [RingDirectory.Quarantined] {
        told.withLock { told in
            defer { told = Set(all.map(\.name)) }
            return all.filter { !told.contains($0.name) }
        }
    }
}
