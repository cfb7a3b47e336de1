/// What the live reader hands on. Immutable, shared by reference by all consumers.
import CTeltel
import Synchronization

/// The bytes of one read of one ring: whole records, copied out and checked. Batches point into it.
package final class Round: Sendable {
    package let ring: RingID
    /// The ring position of `bytes[0]`.
    package let begin: UInt64
    package let bytes: [UInt8]
    /// CLOCK_MONOTONIC nanoseconds when it was read.
    package let readAt: UInt64

    /// What it keeps in memory, with the objects around a round of few rows: what budgets count.
    package var footprint: Int { bytes.count + Self.objectBytes }
    private static let objectBytes = 640

    package init(ring: RingID, begin: UInt64, bytes: [UInt8], readAt: UInt64) {
        self.ring = ring
        self.begin = begin
        self.bytes = bytes
        self.readAt = readAt
    }
}

/// Rows of one run instance, source, channel and type, out of one round; at most `Limits.batchRows`, in order of emission.
package final class Batch: Sendable {
    package let run: RunKey
    package let schema: EventSchema
    package let round: Round
    /// Where each row's record begins in `round.bytes`.
    package let offsets: [UInt32]
    /// Milliseconds since 1970 per row; `unknownTime` where nothing says when.
    package let wallTimes: [Int64]
    /// Registered tags of this instance, by number; ingest rows carry their own.
    let tagSets: [TagSet]
    /// Number of the type, or of the stream: in the order in which the instance's threads first named them.
    package let place: Int
    /// The highest frame and the highest finite time of its rows, which need not go up; nil: none is finite. Found once, while the
    /// rows have just been read: several ask, one of them under a lock.
    package let highest: (frame: UInt64, simTime: Double?)

    package static let unknownTime = Int64.min

    package init(
        run: RunKey, schema: EventSchema, round: Round, offsets: [UInt32], wallTimes: [Int64], tagSets: [TagSet], place: Int = 0
    ) {
        precondition(offsets.count == wallTimes.count)
        self.run = run
        self.schema = schema
        self.round = round
        self.offsets = offsets
        self.wallTimes = wallTimes
        self.tagSets = tagSets
        self.place = place
        highest = Self.highest(round.bytes, offsets)
    }

    package var count: Int { offsets.count }
    package func sequence(_ row: Int) -> UInt64 { round.begin + UInt64(offsets[row]) }
    /// Where the row's record ends in its ring: where one looks for the next row.
    package func sequenceEnd(_ row: Int) -> UInt64 { sequence(row) + (UInt64(header(row).bytes) + 7) & ~7 }
    package func frame(_ row: Int) -> UInt64 { header(row).frame }
    package func simTime(_ row: Int) -> Double { header(row).sim_time }

    private static func highest(_ bytes: [UInt8], _ offsets: [UInt32]) -> (frame: UInt64, simTime: Double?) {
        var frame: UInt64 = 0
        var time = -Double.infinity
        bytes.withUnsafeBytes { bytes in
            for offset in offsets {
                let header = bytes.loadUnaligned(fromByteOffset: Int(offset), as: teltel_record.self)
                frame = max(frame, header.frame)
                if header.sim_time.isFinite { time = max(time, header.sim_time) }
            }
        }
        return (frame, time.isFinite ? time : nil)
    }

    private func header(_ row: Int) -> teltel_record {
        round.bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: Int(offsets[row]), as: teltel_record.self) }
    }

    /// The row's payload without head and tags: a record, or JSON text.
    package func withPayload<Result>(_ row: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        round.bytes.withUnsafeBytes { bytes in
            let at = Int(offsets[row])
            let end = at + Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            var begin = at + Int(TELTEL_RECORD_HEADER_BYTES)
            if case .ingest = schema.encoding {
                let head = bytes.loadUnaligned(fromByteOffset: begin, as: teltel_ingest_head.self)
                begin += MemoryLayout<teltel_ingest_head>.size + Int(head.tags_bytes)
            }
            return body(UnsafeRawBufferPointer(rebasing: bytes[begin..<end]))
        }
    }

    // MARK: tags

    /// JSON text of the row's tags; empty if it has none.
    package func appendTags(_ row: Int, to out: inout [UInt8]) {
        if let written = writtenTags(row) {
            out.append(contentsOf: round.bytes[written])
        } else if let set = registeredSet(row) {
            out.append(contentsOf: set.json)
        }
    }

    /// The row's tags as pairs: registered ones by reference; those of ingest rows are read from their text.
    package func tags(_ row: Int) -> [(key: Name, value: Name)] {
        if let registered = registeredTags(row) { return registered }
        var text: [UInt8] = []
        appendTags(row, to: &text)
        return TagText.pairs(text)
    }

    /// By reference; nil: the row carries its tags as text.
    package func registeredTags(_ row: Int) -> [(key: Name, value: Name)]? {
        if case .ingest = schema.encoding { return nil }
        return registeredSet(row)?.pairs ?? []
    }

    /// The row carries its tags as text, and this is it.
    package func hasTags(_ row: Int, written text: [UInt8]) -> Bool {
        guard let written = writtenTags(row), written.count == text.count else { return false }
        return round.bytes.withUnsafeBytes { bytes in
            text.withUnsafeBytes { bytes[written].elementsEqual($0) }
        }
    }

    private func registeredSet(_ row: Int) -> TagSet? {
        let number = round.bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: Int(offsets[row]) + 6, as: UInt16.self)) }
        return number > 0 && number <= tagSets.count ? tagSets[number - 1] : nil
    }

    /// Where in the round an ingest row's text of tags is.
    private func writtenTags(_ row: Int) -> Range<Int>? {
        guard case .ingest = schema.encoding else { return nil }
        let begin = Int(offsets[row]) + Int(TELTEL_RECORD_HEADER_BYTES)
        let head = round.bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: begin, as: teltel_ingest_head.self) }
        let text = begin + MemoryLayout<teltel_ingest_head>.size
        return text..<text + Int(head.tags_bytes)
    }

    /// What is made of the rows once and shared by all who want it, in one form.
    package let shared = SharedForm()
}

/// Holds what was made of a batch when it was first asked for. Thread-safe.
package final class SharedForm: Sendable {
    private let held = Mutex<(any Sendable)?>(nil)

    /// Made anew if it is held in another form.
    package func value<Form: Sendable>(_ make: () -> Form) -> Form {
        held.withLock { held in
            if let form = held as? Form { return form }
            let made = make()
            held = made
            return made
        }
    }
}
