/// Says in the log, once for each, which instances are not read (any further), and why.
import Logging
import Synchronization
import TeltelRings

final class QuarantineLog: Sendable {
    private let quarantined: @Sendable () -> [RingDirectory.Quarantined]
    private let logger: Logger
    private let told = Mutex<Set<String>>([])

    init(_ directory: RingDirectory, logger: Logger) {
        quarantined = { directory.quarantined }
        self.logger = logger
    }

    /// Looks for new ones. Not for a reader's thread.
    func tell() {
        let all = quarantined()
        let new = told.withLock { told in
            defer { told = Set(all.map(\.name)) }
            return all.filter { !told.contains($0.name) }
        }
        for one in new { logger.warning("rings of instance \(one.name) are put aside: \(one.fault)") }
    }
}
