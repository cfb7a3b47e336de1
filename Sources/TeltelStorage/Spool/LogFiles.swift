/// Log files: what segments are written into. Made in full before use and used again when every row in them is stored,
/// because a growing file makes writers wait for another thread's sync.
import TeltelEvents

/// The first page of a log file.
package struct LogHeader: Equatable {
    /// Random; new at each use of the file. Segments of an earlier use do not carry it and so do not count.
    package let serial: UInt64
    /// Rises from use to use: older logs are sent first.
    package let order: UInt64
    package let bytes: Int

    package init(serial: UInt64, order: UInt64, bytes: Int) {
        self.serial = serial
        self.order = order
        self.bytes = bytes
    }

    /// "TLTLlog1"
    package static let magic: UInt64 = 0x3167_6F6C_4C54_4C54
    package static let version: UInt32 = 1
    package static let pageBytes = SegmentFormat.alignment
    private static let checkedBytes = 40

    package func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(Self.magic)
        writer.put(Self.version)
        writer.put(UInt32(0))
        writer.put(serial)
        writer.put(order)
        writer.put(UInt64(bytes))
        writer.put(Checksum.crc32c(writer.bytes))
        writer.pad(to: Self.pageBytes)
        return writer.bytes
    }

    package static func decode(_ page: [UInt8]) throws(StorageError) -> LogHeader {
        var reader = ByteReader(page)
        guard page.count >= pageBytes, try reader.take(UInt64.self) == magic else { throw StorageError(.foreign, "no log file") }
        let version: UInt32 = try reader.take()
        guard version == Self.version else { throw StorageError(.future, "log file of version \(version)") }
        _ = try reader.take(UInt32.self)
        let header = LogHeader(serial: try reader.take(), order: try reader.take(), bytes: try reader.takeInt())
        guard try reader.take(UInt32.self) == Checksum.crc32c(page.span.bytes.extracting(0..<checkedBytes)) else {
            throw StorageError(.corrupt, "header of a log file")
        }
        return header
    }
}

/// A log file in use, or waiting for use.
struct LogFile: Sendable {
    let number: Int
    let file: OpenFile
    var header: LogHeader
    /// Where the next segment goes.
    var end: Int
    /// Everything before it survives a power loss.
    var syncedEnd = 0
    /// Segments that are not stored yet.
    var unfinished = 0
    /// It holds bytes that could not be read: it is put aside, not used again.
    var isDamaged = false

    func room() -> Int { header.bytes - end }
}

/// File operations on logs; no state of its own.
struct LogFiles: Sendable {
    let folder: String
    let files: any FileLayer

    func path(_ number: Int) -> String { "\(folder)/log-\(number)" }

    static func number(of name: String) -> Int? {
        guard name.hasPrefix("log-") else { return nil }
        return Int(name.dropFirst(4))
    }

    /// Makes a file of zeros with a header. Nothing is synced.
    func make(number: Int, _ header: LogHeader) throws(FileError) -> LogFile {
        let file = try files.open(path(number), .replace)
        do throws(FileError) {
            let zeros = [UInt8](repeating: 0, count: min(1 << 20, header.bytes))
            var at = 0
            while at < header.bytes {
                let count = min(zeros.count, header.bytes - at)
                try files.write(file, at: at, zeros.span.bytes.extracting(0..<count))
                at += count
            }
            try files.write(file, at: 0, header.encode().span.bytes)
        } catch {
            files.close(file)
            // The half-made file would only take up space; if it cannot be removed, the next start puts it aside.
            try? files.remove(path(number))
            throw error
        }
        return LogFile(number: number, file: file, header: header, end: LogHeader.pageBytes)
    }

    /// Gives a used-up log a new life: its old segments count no more. Synced.
    func recycle(_ log: LogFile, _ header: LogHeader) throws(FileError) -> LogFile {
        try files.write(log.file, at: 0, header.encode().span.bytes)
        try files.sync(log.file)
        return LogFile(number: log.number, file: log.file, header: header, end: LogHeader.pageBytes)
    }
}
