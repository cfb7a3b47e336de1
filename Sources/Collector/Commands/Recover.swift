/// `teltel recover`: what lies in the rings, without a collector.
import ArgumentParser
import Foundation
import TeltelEvents
import TeltelRings

struct Recover: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes what lies in the rings as NDJSON, without a collector.",
        discussion: """
            For engines that have ended, crashed or still run, and for copies of their folder. Nothing is taken away: a collector \
            that starts later reads the same events. What a collector has taken over before is not in the rings any more. The \
            output can be posted to /api/ingest; a run whose engine is gone gets a run.end, marked "recovered", if it has none.
            """)

    @Argument(help: "Folder of the rings; default: $TELTEL_SHM_DIR, else /dev/shm/teltel-<uid>.")
    var folder: String?

    @Option(name: .shortAndLong, help: "File to write; it must not exist yet. Default: standard output.")
    var output: String?

    @Option(name: .customLong("run"), help: "Only this run (repeatable).")
    var runs: [String] = []

    func run() throws {
        let path = folder ?? ProcessInfo.processInfo.environment["TELTEL_SHM_DIR"] ?? "/dev/shm/teltel-\(getuid())"
        do {
            let inspection = try RingInspection(path: path)
            var recovery = Recovery(into: try RecoveredLines(path: output), wanted: Set(runs.map { Name($0) }))
            let progress = Progress()
            defer { progress.end() }
            for (index, instance) in inspection.instances.enumerated() {
                try recovery.add(instance) { events in
                    progress.show("run \(index + 1) of \(inspection.instances.count), \(Terminal.grouped(events)) events")
                }
            }
            try recovery.lines.close()
            progress.end()
            for unreadable in inspection.unreadable { recovery.problem("\(unreadable.name): \(unreadable.fault)") }
            if output != nil { recovery.report() }
            if recovery.hasProblems { throw ExitCode(1) }
        } catch let error as RingDirectoryError {
            try leave(error.description)
        } catch let error as RecoverError {
            try leave(error.description)
        }
    }

    private func leave(_ reason: String) throws {
        Terminal.complain(reason)
        throw ExitCode(1)
    }
}

/// Why the recovered events cannot be written.
struct RecoverError: Error, CustomStringConvertible {
    let description: String
}

/// Takes instances one after the other, and remembers what became of each.
private struct Recovery {
    var lines: RecoveredLines
    private(set) var hasProblems = false
    private let wanted: Set<Name>
    private var rows: [[String]] = []
    private var events = 0

    init(into lines: RecoveredLines, wanted: Set<Name>) {
        self.lines = lines
        self.wanted = wanted
    }

    /// `progress` hears now and then how many events there are so far, of all instances.
    mutating func add(_ instance: RingInstance, progress: (Int) -> Void) throws {
        var replay = InstanceReplay(instance)
        var counts: [RunKey: Int] = [:]
        var last: (frame: UInt64, time: Double) = (0, 0)
        var hasEnd = false
        while let (batch, row) = replay.next() {
            guard wanted.isEmpty || wanted.contains(batch.run.runID) else { continue }
            var line: [UInt8] = []
            batch.appendEvent(row, head: batch.eventHead, to: &line)
            try lines.write(line[...])
            counts[batch.run, default: 0] += 1
            events += 1
            if events % 65_536 == 0 { progress(events) }
            last = (batch.frame(row), batch.simTime(row))
            hasEnd = hasEnd || batch.schema.type == .runEnd
        }
        if let end = instance.end, !hasEnd, counts[instance.run] != nil {
            try lines.write(Self.endLine(instance.run, end, last.frame, last.time)[...])
        }
        for fault in replay.faults { problem("\(instance.id): \(fault)") }
        note(instance, counts, replay.missingBytes)
    }

    mutating func problem(_ text: String) {
        hasProblems = true
        Terminal.complain(Terminal.printable(text))
    }

    func report() {
        if rows.isEmpty { return Terminal.say("no runs") }
        Terminal.table([["STATUS", "RUN", "SOURCE", "EVENTS", "REFUSED", ""]] + rows, rightAligned: [3, 4], shortened: [1, 2])
    }

    private mutating func note(_ instance: RingInstance, _ counts: [RunKey: Int], _ missing: UInt64) {
        let isEngine = instance.description.kind == .engine
        let refusals = instance.refusals()
        let overwritten = refusals.reduce(0) { $0 &+ $1.overwritten }
        let cause =
            overwritten > 0
            ? "\(Terminal.grouped(overwritten)) events before were overwritten"
            : "\(Terminal.grouped(missing)) bytes before were taken over by a collector"
        let remark = missing > 0 ? cause : ""
        let status = isEngine ? instance.end?.status.rawValue ?? "running" : "posted"
        let refused = isEngine ? Terminal.grouped(refusals.reduce(0) { $0 &+ $1.total } &- overwritten) : ""
        // An engine's run is named also when nothing of it is left.
        let empty = isEngine && (wanted.isEmpty || wanted.contains(instance.run.runID)) ? [instance.run: 0] : [:]
        for (run, count) in counts.merging(empty, uniquingKeysWith: { $0 + $1 }).sorted(by: { $0.key < $1.key }) {
            rows.append(
                [status, run.runID.text, run.sourceID.text, Terminal.grouped(count), refused, remark].map(Terminal.printable))
        }
    }

    /// What the run file says, or the engine's disappearance, as the event that is missing in the rings.
    private static func endLine(_ run: RunKey, _ end: RunEnd, _ frame: UInt64, _ time: Double) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.appendEventHead(run, channel: "run", type: .runEnd, to: &out)
        JSONText.append(frame, to: &out)
        JSONText.append(",\"simTime\":", to: &out)
        JSONText.append(time, to: &out)
        JSONText.append(",\"payload\":{\"reason\":", to: &out)
        JSONText.appendString(end.reason, to: &out)
        JSONText.append(",\"status\":", to: &out)
        JSONText.appendString(end.status.rawValue, to: &out)
        JSONText.append(",\"recovered\":true}}\n", to: &out)
        return out
    }
}

/// The output: whole pieces, so that a full disk or a closed pipe is noticed and named.
private struct RecoveredLines {
    private let handle: FileHandle
    private let name: String
    private let isFile: Bool
    private var buffer: [UInt8] = []
    private static let pieceBytes = 1 << 20

    init(path: String?) throws {
        isFile = path != nil
        name = path ?? "standard output"
        guard let path else {
            handle = .standardOutput
            return
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw RecoverError(description: "cannot make \(path): \(String(cString: strerror(errno)))") }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    mutating func write(_ line: ArraySlice<UInt8>) throws {
        buffer.append(contentsOf: line)
        if buffer.count >= Self.pieceBytes { try flush() }
    }

    mutating func close() throws {
        try flush()
        do { if isFile { try handle.synchronize() } } catch { throw incomplete(error) }
    }

    private mutating func flush() throws {
        do { try handle.write(contentsOf: buffer) } catch { throw incomplete(error) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func incomplete(_ error: any Error) -> RecoverError {
        let reason = Terminal.reason(error)
        if !isFile, reason == EPIPE { Terminal.leave(reason) }
        return RecoverError(description: "cannot write \(name), it is incomplete: \(Terminal.text(of: reason))")
    }
}
