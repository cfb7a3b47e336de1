// What an instance's files hold, read by name and by the offsets in the headers: the tests' own small reader.
import CTeltel
import Foundation

/// A shared-memory folder for one test, removed with this object.
final class ShmFolder: Sendable {
    let path: String

    init() throws {
        path = "/dev/shm/teltel-test-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        // A folder that stays behind harms no later test: each has its own.
        try? FileManager.default.removeItem(atPath: path)
    }

    func contents(_ instance: UInt64) throws -> InstanceContents {
        try InstanceContents(folder: path + "/" + String(format: "%016lx", Int(bitPattern: UInt(instance))))
    }
}

struct Record: Equatable {
    var sequence: UInt64
    var type: UInt16
    var tagSet: UInt16
    var frame: UInt64
    var time: Double
    var payload: [UInt8]
}

struct InstanceContents {
    let run: Data
    let rings: [Data]

    init(folder: String) throws {
        run = try Data(contentsOf: URL(fileURLWithPath: folder + "/run"))
        let count: UInt32 = Self.load(run, at: 1040)
        rings = try (0..<count).map { try Data(contentsOf: URL(fileURLWithPath: folder + "/ring-\($0)")) }
    }

    static func load<T: BitwiseCopyable>(_ data: Data, at offset: Int) -> T {
        data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
    }

    var state: UInt32 { Self.load(run, at: 1044) }
    var kind: UInt32 { Self.load(run, at: 20) }

    func head(_ ring: Int) -> UInt64 { Self.load(rings[ring], at: 128) }

    func refusals(_ ring: Int, row: Int, reason: Int) -> UInt64 {
        let counters: UInt64 = Self.load(rings[ring], at: 40)
        return Self.load(rings[ring], at: Int(counters) + row * 64 + reason * 8)
    }

    /// Records from a position (0, or what was released) up to the head.
    func records(_ ring: Int, from start: UInt64 = 0) -> [Record] {
        let data = rings[ring]
        let base: UInt64 = Self.load(data, at: 24)
        let size: UInt64 = Self.load(data, at: 32)
        var result: [Record] = []
        var position = start
        while position < head(ring) {
            let at = Int(base + position % size)
            let header: teltel_record = Self.load(data, at: at)
            if header.type != TELTEL_WRAP_TYPE {
                let payload = data[data.startIndex + at + 24..<data.startIndex + at + Int(header.bytes)]
                result.append(
                    Record(
                        sequence: position, type: header.type, tagSet: header.tag_set, frame: header.frame, time: header.sim_time,
                        payload: Array(payload)))
            }
            position += UInt64((header.bytes + 7) & ~7)
        }
        return result
    }

    /// Entries of the table: kind, id and body.
    var entries: [(kind: UInt16, id: UInt32, body: [UInt8])] {
        let start: UInt64 = Self.load(run, at: 128)
        let used: UInt64 = Self.load(run, at: 1032)
        var result: [(kind: UInt16, id: UInt32, body: [UInt8])] = []
        var at = Int(start)
        while at < Int(start + used) {
            let entry: teltel_entry = Self.load(run, at: at)
            result.append((entry.kind, entry.id, Array(run[at + 24..<at + Int(entry.bytes)])))
            at += Int((entry.bytes + 7) & ~7)
        }
        return result
    }
}
