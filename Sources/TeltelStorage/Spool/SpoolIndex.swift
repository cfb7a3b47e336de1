/// What must be known even when the segments that tell it are gone: marks of rings, counts, which logs are used up.
import TeltelEvents

/// One instance, as the index keeps it until its rings are gone and its last counts have been read.
package struct InstanceRecord: Sendable, Equatable {
    package var note: InstanceNote
    /// By writer.
    package var rings: [UInt16: RingMarks] = [:]
    /// All rings were drained after the producer's end. Rises with each finished instance; 0 = not finished.
    package var finishedAs: UInt64 = 0

    package init(note: InstanceNote, rings: [UInt16: RingMarks] = [:], finishedAs: UInt64 = 0) {
        self.note = note
        self.rings = rings
        self.finishedAs = finishedAs
    }

    package static func == (a: InstanceRecord, b: InstanceRecord) -> Bool {
        a.note == b.note && a.rings == b.rings && a.finishedAs == b.finishedAs
    }
}

package struct IndexContent: Sendable {
    /// Rises with every write: the newest valid copy counts.
    package var number: UInt64 = 0
    package var instances: [InstanceID: InstanceRecord] = [:]
    /// Rows of logs that are used up, and rows that never came into a segment, less the rows of runs that were removed. Rows of
    /// other logs are counted from their headers: what was removed is negative until they are used up.
    package var settled: Tallies = [:]
    /// Serials of logs whose segments do not count any more, until their files carry another serial.
    package var retired: Set<UInt64> = []
    /// Segments that could not be written as a whole, and whose rows are written elsewhere or counted as lost. Their places
    /// are not used again while the log has its serial.
    package var buried: Set<SegmentID> = []
    /// Types that have a table of their own.
    package var tableKeys: [TableKey] = []

    package init() {}

    /// "TLTLidx1"
    package static let magic: UInt64 = 0x3178_6469_4C54_4C54
    package static let version: UInt32 = 1
    package static let headBytes = 32

    package func encode() -> [UInt8] {
        var body = ByteWriter()
        body.put(instances.values.sorted { $0.note.id < $1.note.id }) { writer, record in
            writer.put(record.note)
            writer.put(record.finishedAs)
            writer.put(record.rings.sorted { $0.key < $1.key }) { writer, ring in
                writer.put(ring.key)
                writer.put(ring.value.spooled)
                writer.put(ring.value.head)
            }
        }
        body.put(settled.sorted { $0.key < $1.key }) { writer, entry in
            writer.put(entry.key)
            writer.put(UInt64(bitPattern: Int64(entry.value.spooled)))
            writer.put(UInt64(bitPattern: Int64(entry.value.stored)))
            writer.put(entry.value.lost.sorted { $0.key.rawValue < $1.key.rawValue }) { writer, loss in
                writer.put(loss.key.rawValue)
                writer.put(UInt64(bitPattern: Int64(loss.value)))
            }
        }
        body.put(retired.sorted()) { $0.put($1) }
        body.put(tableKeys) { $0.put($1) }
        body.put(buried.sorted()) { writer, id in
            writer.put(id.log)
            writer.put(id.offset)
        }
        var writer = ByteWriter()
        writer.put(Self.magic)
        writer.put(Self.version)
        writer.put(UInt32(body.bytes.count))
        writer.put(number)
        var checked = writer
        checked.append(body)
        writer.put(Checksum.crc32c(checked.bytes))
        writer.put(UInt32(0))
        writer.append(body)
        return writer.bytes
    }

    package static func decode(_ bytes: [UInt8]) throws(StorageError) -> IndexContent {
        var reader = ByteReader(bytes)
        guard bytes.count >= headBytes, try reader.take(UInt64.self) == magic else {
            throw StorageError(.foreign, "no spool index")
        }
        guard try reader.take(UInt32.self) == version else { throw StorageError(.future, "spool index of another version") }
        let count = Int(try reader.take(UInt32.self))
        var content = IndexContent()
        content.number = try reader.take()
        let checksum: UInt32 = try reader.take()
        let span = bytes.span.bytes
        guard count <= bytes.count - headBytes,
            checksum
                == Checksum.crc32c(
                    span.extracting(headBytes..<headBytes + count), Checksum.crc32c(span.extracting(0..<headBytes - 8)))
        else { throw StorageError(.corrupt, "spool index") }
        var body = ByteReader(bytes, from: headBytes, to: headBytes + count)
        let records = try body.takeList { reader throws(StorageError) in try takeRecord(&reader) }
        content.instances = Dictionary(records.map { ($0.note.id, $0) }, uniquingKeysWith: { $1 })
        let tallies = try body.takeList { reader throws(StorageError) in try takeTally(&reader) }
        content.settled = Dictionary(tallies, uniquingKeysWith: { $1 })
        content.retired = Set(try body.takeList { reader throws(StorageError) in try reader.take(UInt64.self) })
        content.tableKeys = try body.takeList { reader throws(StorageError) in try reader.takeTableKey() }
        content.buried = Set(
            try body.takeList { reader throws(StorageError) in SegmentID(log: try reader.take(), offset: try reader.take()) })
        return content
    }

    private static func takeRecord(_ reader: inout ByteReader) throws(StorageError) -> InstanceRecord {
        var record = InstanceRecord(note: try reader.takeNote())
        record.finishedAs = try reader.take()
        let rings = try reader.takeList { reader throws(StorageError) in
            let writer: UInt16 = try reader.take()
            var marks = RingMarks()
            marks.spooled = try reader.take()
            marks.head = try reader.take()
            return (writer, marks)
        }
        record.rings = Dictionary(rings, uniquingKeysWith: { $1 })
        return record
    }

    private static func takeTally(_ reader: inout ByteReader) throws(StorageError) -> (RowKey, Tally) {
        let key = try reader.takeRowKey()
        var tally = Tally()
        tally.spooled = try reader.takeSigned()
        tally.stored = try reader.takeSigned()
        let losses = try reader.takeList { reader throws(StorageError) in (try reader.takeText(), try reader.takeSigned()) }
        // A reason of a later version still counts: as damage, the vaguest.
        for (name, rows) in losses { tally.lost[LossReason(rawValue: name) ?? .spoolDamaged, default: 0] += rows }
        return (key, tally)
    }
}

/// Three copies on disk, so that a write that is cut, or lost with the power, always leaves one to go on with.
///
/// A copy is overwritten in place (a full disk cannot keep it from being written once it is there), but never the newest
/// one, and never the newest one that is synced.
struct IndexFiles {
    private let folder: String
    private let files: any FileLayer
    private var newest = 0
    private var newestSynced = 0
    private(set) var damaged = 0

    static let copies = 3
    static let bytesMax = 256 << 20

    init(folder: String, files: any FileLayer) {
        self.folder = folder
        self.files = files
    }
    private func path(_ copy: Int) -> String { "\(folder)/index-\(copy)" }

    /// The newest valid copy; nil if there is none.
    mutating func load() throws(StorageError) -> IndexContent? {
        var found: [(copy: Int, content: IndexContent)] = []
        for copy in 0..<Self.copies {
            do throws(FileError) {
                let bytes = try files.contents(path(copy), limit: Self.bytesMax)
                do throws(StorageError) { found.append((copy, try IndexContent.decode(bytes))) } catch { damaged += 1 }
            } catch {
                guard error.isMissing else { throw StorageError(error) }
            }
        }
        found.sort { $0.content.number > $1.content.number }
        newest = found.first?.copy ?? 0
        // The second newest may be the only one that is synced.
        newestSynced = found.dropFirst().first?.copy ?? newest
        return found.first?.content
    }

    /// - Parameter durable: return when it would survive a power loss.
    mutating func write(_ content: IndexContent, durable: Bool) throws(StorageError) {
        let copy = (0..<Self.copies).first { $0 != newest && $0 != newestSynced }!
        let bytes = content.encode()
        do throws(FileError) {
            let (file, isNew) = try open(copy)
            defer { files.close(file) }
            try files.write(file, at: 0, bytes.span.bytes)
            newest = copy
            guard durable else { return }
            try files.sync(file)
            if isNew { try files.syncFolder(folder) }
            newestSynced = copy
        } catch { throw StorageError(error) }
    }

    private func open(_ copy: Int) throws(FileError) -> (OpenFile, isNew: Bool) {
        do throws(FileError) { return (try files.open(path(copy), .readWrite), false) } catch {
            guard error.isMissing else { throw error }
            return (try files.open(path(copy), .create), true)
        }
    }
}
