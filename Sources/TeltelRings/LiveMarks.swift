/// Where a restarted collector may begin to read for those who look on: some seconds back, while the bytes are still there.
import CTeltel
import Foundation
import TeltelEvents

/// The collector's note beside the rings of one instance: per writer the position of a record. Only a hint: whoever begins
/// there checks the way from it first.
// FileMapping makes it Sendable.
final class LiveMarks: Sendable {
    static let fileName = "live-marks"
    private static let bytes = Int(TELTEL_MAX_WRITERS) * 8
    private let mapping: FileMapping

    /// nil if it cannot be made: then a restart begins at what was not released.
    init?(folder: Int32) {
        let opened = openat(folder, Self.fileName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard opened >= 0 else { return nil }
        let descriptor = OwnedDescriptor(opened)
        // In full: a page that is missing in a full file system would end the collector.
        guard posix_fallocate(opened, 0, off_t(Self.bytes)) == 0,
            let mapping = try? FileMapping(descriptor: descriptor, count: Self.bytes, writable: true, name: Self.fileName)
        else { return nil }
        self.mapping = mapping
    }

    subscript(writer: UInt16) -> UInt64 { Int(writer) * 8 < Self.bytes ? mapping.loadRelaxed(Int(writer) * 8) : .max }
    func set(_ writer: UInt16, _ position: UInt64) {
        if Int(writer) * 8 < Self.bytes { mapping.storeRelease(Int(writer) * 8, position) }
    }
}

/// The way that the live reader has come in one ring: beginnings of rounds of the last seconds.
struct LiveTrail {
    private static let ageNs: UInt64 = 10_000_000_000
    private static let stepNs: UInt64 = 250_000_000
    private var points: [(position: UInt64, at: UInt64)] = []
    private var mark: UInt64 = .max

    mutating func passed(_ begin: UInt64, _ now: UInt64) {
        if let last = points.last, now - last.at < Self.stepNs { return }
        points.append((begin, now))
    }

    /// There is a mark, and time will not change it.
    var isLasting: Bool { points.isEmpty && mark != .max }

    /// The oldest point that is young enough and in the newest quarter of the ring, if it has changed.
    mutating func newMark(_ position: UInt64, ringBytes: Int, _ now: UInt64) -> UInt64? {
        let old = points.prefix { position - $0.position > UInt64(ringBytes) / 4 || now - $0.at > Self.ageNs }.count
        points.removeFirst(old)
        let fresh = points.first?.position ?? position
        guard fresh != mark else { return nil }
        mark = fresh
        return fresh
    }
}

extension RingMapping {
    /// Where to begin: at the mark, if whole records lead from there to what is not released; else there.
    func replayStart(_ mark: UInt64) -> UInt64 {
        let begin = max(released, low)
        guard mark < begin, mark & 7 == 0, begin - mark <= UInt64(dataBytes) / 2, isIntact(from: mark) else {
            return recordsEnd(before: begin)
        }
        var position = mark
        while position < begin {
            let bytes = copy(stretch(from: position, to: begin, limit: Int(TELTEL_MAX_RECORD_BYTES) * 2))
            guard isIntact(from: mark), let whole = try? Self.wholeRecords(bytes, at: position, ringBytes: dataBytes), whole > 0
            else {
                return recordsEnd(before: begin)
            }
            position += UInt64(whole)
        }
        return position == begin ? mark : recordsEnd(before: begin)
    }

    private static func wholeRecords(_ bytes: [UInt8], at position: UInt64, ringBytes: Int) throws(RingFault) -> Int {
        var consumed = 0
        let fault = bytes.withUnsafeBytes { bytes -> RingFault? in
            var scanner = RecordScanner(bytes, begin: position, ringBytes: ringBytes)
            do throws(RingFault) {
                while try scanner.next() != nil {}
                consumed = scanner.consumed
                return nil
            } catch { return error }
        }
        if let fault { throw fault }
        return consumed
    }
}
