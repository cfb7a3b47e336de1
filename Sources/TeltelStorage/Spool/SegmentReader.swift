/// Finds the segments of a log file again, and reads frames back. Nothing read is believed before its checksum fits.
import TeltelEvents

/// What lies in a log file.
struct LogScan {
    var segments: [SegmentHeader] = []
    /// Stretches between segments that hold none: something was there.
    var damaged: [Range<Int>] = []
    /// Segments of a later version of teltel.
    var future = 0
    /// The last segment, if its frames are not whole: it was being written when everything stopped, or was damaged since.
    var torn: SegmentHeader?
    var end = LogHeader.pageBytes
}

struct SegmentReader: Sendable {
    let files: any FileLayer

    /// The bytes of one frame, checked.
    func frame(_ record: FrameRecord, of segment: SegmentID, in file: OpenFile) throws(StorageError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.read(file, at: Int(segment.offset) + record.offset, count: record.bytes)
        } catch {
            // Sectors that cannot be read do not heal.
            throw error.isUnreadable ? StorageError(.corrupt, error.description) : StorageError(error)
        }
        guard bytes.count == record.bytes, Checksum.crc32c(bytes) == record.checksum else {
            throw StorageError(.corrupt, "frame of \(record.layout.name) in segment \(segment)")
        }
        return bytes
    }

    private enum Found {
        case nothing
        case future
        case segment(SegmentHeader)
    }

    private func look(at offset: Int, _ log: LogFile) throws(StorageError) -> Found {
        do throws(FileError) {
            let start = try files.read(log.file, at: offset, count: SegmentFormat.prefixBytes)
            guard let prefix = SegmentFormat.Prefix(start),
                prefix.id == SegmentID(log: log.header.serial, offset: UInt64(offset)), prefix.bytes <= log.header.bytes - offset
            else { return .nothing }
            return decode(try files.read(log.file, at: offset, count: prefix.headerBytes))
        } catch { throw StorageError(error) }
    }

    private func decode(_ bytes: [UInt8]) -> Found {
        do throws(StorageError) { return .segment(try SegmentFormat.decode(bytes)) } catch {
            return error.code == .future ? .future : .nothing
        }
    }

    /// All segments of the log's present use.
    func scan(_ log: LogFile) throws(StorageError) -> LogScan {
        var scan = LogScan()
        var at = LogHeader.pageBytes
        var damagedFrom: Int?
        while at + SegmentFormat.prefixBytes <= log.header.bytes {
            let look = try look(at: at, log)
            if case .future = look { scan.future += 1 }
            guard case .segment(let found) = look else {
                if damagedFrom == nil { damagedFrom = at }
                at += SegmentFormat.alignment
                continue
            }
            if let from = damagedFrom { scan.damaged.append(from..<at) }
            damagedFrom = nil
            scan.segments.append(found)
            at = Self.aligned(at + found.bytes)
            scan.end = at
        }
        if let last = scan.segments.last, !isWhole(last, log) {
            scan.segments.removeLast()
            scan.torn = last
            scan.end = Int(last.id.offset)
        }
        return scan
    }

    private func isWhole(_ segment: SegmentHeader, _ log: LogFile) -> Bool {
        segment.frames.allSatisfy { record in
            // Whatever keeps the frame from being read, it is not there.
            (try? frame(record, of: segment.id, in: log.file)) != nil
        }
    }

    static func aligned(_ offset: Int) -> Int { (offset + SegmentFormat.alignment - 1) & ~(SegmentFormat.alignment - 1) }
}
