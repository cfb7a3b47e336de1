// What libFuzzer's bytes mean: changes to a sound run, one after the other, so that most inputs get past the first check.
//
//     kind (1 byte: 0 an engine's, 1 a collector's own), then again and again: target, place (2 bytes), count, `count` bytes
import CTeltel
import TeltelEvents
import TeltelTestSupport

struct Pokes {
    private var rest: UnsafeBufferPointer<UInt8>.SubSequence
    let isIngest: Bool

    init(_ input: UnsafeBufferPointer<UInt8>) {
        isIngest = input.first.map { $0 & 1 == 1 } ?? false
        rest = input.dropFirst()
    }

    /// Where the bytes of a change go.
    private enum Target: UInt8 {
        case runHeader, table, ringHeader, records, counters, head, released, tableHead
    }

    mutating func apply(to folder: RingFolder) {
        while rest.count >= 4 {
            let head = Array(rest.prefix(4))
            let bytes = Array(rest.dropFirst(4).prefix(Int(head[3])))
            rest = rest.dropFirst(4 + bytes.count)
            poke(folder, Target(rawValue: head[0] & 7)!, at: Int(head[1]) | Int(head[2]) << 8, bytes)
        }
    }

    private func poke(_ folder: RingFolder, _ target: Target, at place: Int, _ bytes: [UInt8]) {
        switch target {
        case .runHeader: folder.poke(.run, at: place % 1_400, bytes)
        case .table: folder.poke(.run, at: RingFolder.tableOffset + place % 8_192, bytes)
        case .ringHeader: folder.poke(.ring, at: place % 512, bytes)
        case .records:
            folder.poke(
                .ring, at: 8_192 + place % folder.ringBytes, Array(bytes.prefix(folder.ringBytes - place % folder.ringBytes)))
        case .counters: folder.poke(.ring, at: 4_096 + place % 4_000, Array(bytes.prefix(90)))
        case .head: folder.setHead(Self.number(bytes))
        case .released: folder.setReleased(Self.number(bytes))
        case .tableHead: folder.poke(.run, at: 1_032, value: Self.number(bytes))
        }
    }
    private static func number(_ bytes: [UInt8]) -> UInt64 {
        bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// The sound run that is changed: two types, tags, records that wrap; or streams with posted events.
func makeSound(_ folder: RingFolder, ingest: Bool) {
    if ingest {
        folder.poke(.run, at: 20, value: UInt32(TELTEL_KIND_INGEST))
        folder.appendEntry(
            kind: TELTEL_ENTRY_STREAM, id: 0, ["run", "source", "channel", "type"].flatMap { RingFolder.text($0) })
        for frame in 0..<8 {
            folder.appendPosted(frame: UInt64(frame), tags: "{\"a\":\"b\"}", json: "{\"x\":\(frame),\"y\":[1,2]}")
        }
        return
    }
    folder.defineSample()
    folder.appendEntry(kind: TELTEL_ENTRY_JSON_TYPE, id: 2, RingFolder.text("run") + RingFolder.text("run.end"))
    folder.appendEntry(kind: TELTEL_ENTRY_TAG_SET, id: 1, count: 1, RingFolder.text("k") + RingFolder.text("v"))
    folder.appendEntry(kind: TELTEL_ENTRY_CONFIG, id: 0, RingFolder.text("{}"))
    for frame in 0..<150 { folder.appendSample(frame: UInt64(frame), value: Double(frame)) }
    folder.setReleased(folder.head - 3_200)
}

extension RingFolder {
    func appendPosted(frame: UInt64, tags: String, json: String) {
        let posted = teltel_ingest_head(stream: 0, tags_bytes: UInt32(tags.utf8.count), wall_time_ms: 1_700_000_000_000)
        let payload = withUnsafeBytes(of: posted) { Array($0) } + Array(tags.utf8) + Array(json.utf8)
        let bytes = 24 + payload.count
        let record = teltel_record(
            bytes: UInt32(bytes), type: UInt16(TELTEL_INGEST_TYPE), tag_set: 0, frame: frame, sim_time: Double(frame))
        pokeData(withUnsafeBytes(of: record) { Array($0) } + payload)
        setHead(head + UInt64((bytes + 7) & ~7))
    }
}
