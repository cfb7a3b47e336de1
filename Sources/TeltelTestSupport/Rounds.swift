import CTeltel
import TeltelEvents

/// Rounds of one ring, made by hand: posted rows with tags as text, or an engine's rows with registered ones.
package struct Rounds {
    package static let ring = RingID(instance: InstanceID(7), writer: 0)
    package static let run = RunKey(runID: "run", sourceID: "engine")
    package private(set) var position: UInt64 = 0
    /// Of the next row.
    package var frame: UInt64 = 0

    package init() {}

    /// One batch; each row has the tags that `tags` names for it.
    package mutating func posted(
        _ tags: [String], type: Name = "sample", run: Name = Self.run.runID, payload: String = "{}"
    ) -> [Batch] {
        make(tags.count, type: type, encoding: .ingest, tagSets: [], run: run) { row in
            let text = Array(tags[row].utf8)
            let head = teltel_ingest_head(stream: 0, tags_bytes: UInt32(text.count), wall_time_ms: 0)
            return (0, withUnsafeBytes(of: head) { Array($0) } + text + Array(payload.utf8))
        }
    }

    /// `sets`: of each row the number of its registered tags; 0 is none.
    package mutating func engine(
        _ sets: [UInt16], _ registered: [[String: String]] = [], type: Name = "sample", run: Name = Self.run.runID
    ) -> [Batch] {
        let tagSets = registered.map { TagSet($0.map { (key: Name($0.key), value: Name($0.value)) }) }
        return make(sets.count, type: type, encoding: .record(size: 0), tagSets: tagSets, run: run) { row in (sets[row], []) }
    }

    private mutating func make(
        _ count: Int, type: Name, encoding: EventSchema.Encoding, tagSets: [TagSet], run: Name = Self.run.runID,
        _ row: (Int) -> (set: UInt16, body: [UInt8])
    ) -> [Batch] {
        var bytes: [UInt8] = []
        var offsets: [UInt32] = []
        for index in 0..<count {
            let (set, body) = row(index)
            offsets.append(UInt32(bytes.count))
            let header = teltel_record(
                bytes: UInt32(MemoryLayout<teltel_record>.size + body.count), type: 0, tag_set: set, frame: frame, sim_time: 0)
            withUnsafeBytes(of: header) { bytes.append(contentsOf: $0) }
            bytes += body
            bytes += Array(repeating: 0, count: -bytes.count & 7)
            frame += 1
        }
        let round = Round(ring: Self.ring, begin: position, bytes: bytes, readAt: 0)
        position += UInt64(bytes.count)
        return [
            Batch(
                run: RunKey(runID: run, sourceID: Self.run.sourceID),
                schema: EventSchema(channel: "test", type: type, encoding: encoding), round: round,
                offsets: offsets,
                wallTimes: offsets.map { _ in Batch.unknownTime }, tagSets: tagSets)
        ]
    }
}
