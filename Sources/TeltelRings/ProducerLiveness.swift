/// Is the process that fills a ring still there? Judged by facts, never by silence: a stopped engine is alive.
import CTeltelRings
import Foundation

/// This machine and this process, read once.
package struct HostIdentity: Sendable {
    /// 16 bytes, another after each start of the machine; none if the system does not tell.
    package let bootID: [UInt8]
    let processNamespace: UInt64

    package static let current: HostIdentity = {
        let text = (FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id")).map {
            String(decoding: $0, as: UTF8.self)
        }
        let digits = (text ?? "").filter(\.isHexDigit)
        var bytes: [UInt8] = []
        var rest = Substring(digits)
        while rest.count >= 2 {
            bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        var facts = stat()
        let known = stat("/proc/self/ns/pid", &facts) == 0
        return HostIdentity(bootID: bytes, processNamespace: known ? UInt64(facts.st_ino) : 0)
    }()
}

/// A process that was there, and was the right one, when this was made: from then on one cheap question tells its end.
final class ProcessWatch: Sendable {
    private let descriptor: OwnedDescriptor

    /// nil if the process is gone or another one, or the system cannot watch it: then its start time is compared each time.
    init?(_ run: RunDescription) {
        guard run.processNamespace == HostIdentity.current.processNamespace else { return nil }
        let watched = teltel_watch_process(run.processID)
        guard watched >= 0 else { return nil }
        descriptor = OwnedDescriptor(watched)
        // Afterwards: the number may have been given to another process in between.
        guard ProducerLiveness.start(of: run.processID) == .at(run.processStart) else { return nil }
    }

    /// An error of the question is no proof of death.
    var hasEnded: Bool { teltel_process_has_ended(descriptor.number) > 0 }
}

enum ProducerLiveness {
    /// `descriptor` is the run file's. Same namespace: process gone, started at another time, or lock gone. Other
    /// namespace: lock gone. Other boot: gone. Without `asksLock` a watched process is alive until it ends.
    static func isAlive(_ run: RunDescription, descriptor: Int32, process: ProcessWatch?, asksLock: Bool) -> Bool {
        let host = HostIdentity.current
        guard run.bootID == host.bootID || host.bootID.isEmpty else { return false }
        if run.processNamespace == host.processNamespace {
            if let process {
                if process.hasEnded { return false }
                if !asksLock { return true }
            } else {
                let start = start(of: run.processID)
                guard start == .at(run.processStart) || start == .unknown else { return false }
            }
            // A process does not see its own locks: the collector's own ingest rings are alive while it is.
            if run.processID == getpid() { return true }
        }
        let locked = teltel_is_locked_elsewhere(descriptor)
        return locked != 0  // an error of the query is no proof of death
    }

    enum Start: Equatable {
        /// Ticks after the start of the machine.
        case at(UInt64)
        case noSuchProcess
        /// This process is short of something, or has not enough rights: no proof of death.
        case unknown
    }

    /// Field 22 of /proc/<pid>/stat.
    static func start(of process: Int32) -> Start {
        let descriptor = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ENOENT ? .noSuchProcess : .unknown }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return count == 0 || errno == ESRCH ? .noSuchProcess : .unknown }
        // The second field, the program's name in parentheses, may hold anything: count from its end.
        let text = String(decoding: buffer[..<count], as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return .unknown }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]).map(Start.at) ?? .unknown : .unknown
    }
}
