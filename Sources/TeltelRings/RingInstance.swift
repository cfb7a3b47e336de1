/// One instance folder: a run of an engine, or the collector's own ingest rings.
import CTeltel
import Foundation
import Synchronization
import TeltelEvents

/// Thread-safe. The live reader and the spool reader walk the same rings, each with positions of its own.
package final class RingInstance: Sendable {
    package let description: RunDescription
    package var id: InstanceID { description.instance }
    /// The names under which rows are shown and stored: the engine's, or with "~2" appended when the run id was used before.
    package let run: RunKey
    private let file: RunFile
    private let folder: OwnedDescriptor
    private let process: ProcessWatch?
    /// Of the live reader.
    let liveMarks: LiveMarks?
    private let access: Access
    private let state = Mutex(State())
    /// Has an end or a fault.
    private let isOverNow = Atomic<Bool>(false)

    /// What its owner does with the files.
    enum Access: Sendable {
        /// Releases what was read, leaves notes, removes them in the end.
        case collecting
        /// Only looks.
        case readOnly
    }
    private struct State {
        var rings: [RingMapping] = []
        var end: RunEnd?
        var fault: RingFault?
        /// What could not be opened or read for now.
        var shortage: RingFault?
    }

    init(_ opened: OpenedFolder, run: RunKey, access: Access = .collecting) {
        self.access = access
        file = opened.file
        folder = opened.descriptor
        process = ProcessWatch(opened.file.description)
        liveMarks = access == .collecting ? LiveMarks(folder: opened.descriptor.number) : nil
        description = opened.file.description
        self.run = run
    }

    /// Types, tag sets and streams as of now.
    package func table() throws(RingFault) -> RunTable { try file.table() }

    /// All rings that are complete now; maps those that are new.
    package func rings() throws(RingFault) -> [RingMapping] {
        let result = state.withLock { state -> Result<[RingMapping], RingFault> in
            if let fault = state.fault { return .failure(fault) }
            do throws(RingFault) {
                for writer in state.rings.count..<max(state.rings.count, file.ringCount) {
                    state.rings.append(
                        try RingMapping(
                            folder: folder.number, instance: id, writer: UInt16(writer), writable: access == .collecting))
                }
                state.shortage = nil
                return .success(state.rings)
            } catch {
                if error.code == .shortage, access == .collecting {
                    state.shortage = error
                    return .success(state.rings)
                }
                // A folder that was removed under a living engine: the rings that are mapped go on.
                if error.code == .system, access == .collecting { return .success(state.rings) }
                state.fault = error
                isOverNow.store(true, ordering: .releasing)
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Some of its rings cannot be opened now, because this process is short of something: it has not been read to its end. As of
    /// the last question for its rings.
    package var shortage: RingFault? { state.withLock { $0.shortage } }

    /// Puts the instance aside: neither reader goes on with it.
    package func quarantine(_ fault: RingFault) {
        state.withLock { if $0.fault == nil { $0.fault = fault } }
        isOverNow.store(true, ordering: .releasing)
    }
    package var fault: RingFault? { state.withLock { $0.fault } }

    /// How the run ended; nil while its producer lives. The heads are final once this is not nil.
    package var end: RunEnd? { state.withLock { $0.end } }

    /// Rings that are complete now.
    package var ringCount: Int { file.ringCount }

    /// Nothing more is to be read soon: there is an end, or a fault. Without a lock.
    package var isOver: Bool { isOverNow.load(ordering: .acquiring) }
    /// Changes with the number of rings, and when the engine ends the run. For as long as this object is kept.
    package var newsWord: SharedWord { file.newsWord }

    /// Whom `checkProducer` asks whether the producer is still there.
    package enum Question: Comparable {
        case runFile
        /// Its process too.
        case process
        /// The lock on the run file too, even if the process is there.
        case all
    }

    /// Called by the directory.
    func checkProducer(_ depth: Question = .all) {
        guard end == nil else { return }
        if let end = file.end { return finish(end) }
        guard depth > .runFile,
            !ProducerLiveness.isAlive(
                description, descriptor: file.descriptor.number, process: process, asksLock: depth == .all || process == nil)
        else { return }
        // It may have ended the run between the two looks.
        let died = RunEnd(status: .failed, reason: "engine process ended without ending the run", wall: 0)
        finish(file.end ?? died)
    }
    private func finish(_ end: RunEnd) {
        state.withLock { $0.end = end }
        isOverNow.store(true, ordering: .releasing)
    }

    /// Refusals that met no ring, and those of all rings.
    package func refusals() -> [RefusalRow] {
        let rings = state.withLock { $0.rings }
        var sums: [Int: [UInt64]] = [:]
        for row in rings.flatMap({ $0.refusals() }) + file.refusals() {
            sums[row.type, default: Array(repeating: 0, count: row.counts.count)] = zip(
                sums[row.type] ?? Array(repeating: 0, count: row.counts.count), row.counts
            ).map { $0 &+ $1 }
        }
        return sums.sorted { $0.key < $1.key }.map { RefusalRow(type: $0.key, counts: $0.value) }
    }

    /// Where its rings had no room, by ring.
    package func refusedStretches() -> [RingID: RefusedStretches] {
        Dictionary(state.withLock { $0.rings }.map { ($0.id, $0.refusedStretches()) }) { $1 }.filter { $0.value.total > 0 }
    }

    /// Removes the files: everything in them has been taken over.
    func removeFiles(parent: Int32) {
        for name in ["run", RunNote.fileName, LiveMarks.fileName] { unlinkat(folder.number, name, 0) }
        AbandonedStart.removeRings(in: folder.number)
        unlinkat(parent, id.description, AT_REMOVEDIR)
    }
}

/// A folder whose run file has been read, on its way to become an instance. Owns the descriptor until then.
struct OpenedFolder {
    let descriptor: OwnedDescriptor
    let file: RunFile

    init(parent: Int32, name: String) throws(RingFault) {
        guard let id = InstanceID(text: name) else { throw RingFault(.foreign, "folder name") }
        let opened = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else { throw RingFault.ofSystem(errno, "open") }
        let descriptor = OwnedDescriptor(opened)
        var facts = stat()
        guard fstat(opened, &facts) == 0, facts.st_uid == geteuid(), facts.st_mode & 0o077 == 0 else {
            throw RingFault(.foreign, "folder of another user, or open to others")
        }
        file = try RunFile(folder: opened, instance: id)
        self.descriptor = descriptor
    }
}

/// The collector's note beside a run file: the run id under which this instance is shown, when it is not the engine's own.
/// It lives as long as the rings, so that a restarted collector goes on under the same name.
package enum RunNote {
    static let fileName = "shown-as"

    package static func read(folder: Int32) -> Name? {
        let descriptor = openat(folder, fileName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = Foundation.read(descriptor, &buffer, buffer.count)
        return count > 0 ? Name(String(decoding: buffer[..<count], as: UTF8.self)) : nil
    }

    package static func write(_ name: Name, folder: Int32) {
        let descriptor = openat(folder, fileName, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(name.utf8)
        _ = Foundation.write(descriptor, bytes, bytes.count)
    }
}
