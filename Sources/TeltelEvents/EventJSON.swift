/// Events as the contract's JSON text: made once per batch, when the first reader asks for text, and shared.
import CTeltel
import Synchronization

/// The JSON texts of a batch's rows in one block. `ends[row]` is where row's text ends; each ends with a newline.
package struct EncodedRows: Sendable {
    package let bytes: [UInt8]
    package let ends: [Int]
    package func range(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }
}

/// Holds the text once it has been asked for.
package final class BatchText: Sendable {
    private let encoded = Mutex<EncodedRows?>(nil)
    func rows(_ make: () -> EncodedRows) -> EncodedRows {
        encoded.withLock { held in
            if let held { return held }
            let made = make()
            held = made
            return made
        }
    }
}

extension Batch {
    /// One JSON object per row with keys in the contract's order: v, runId, sourceId, channel, type, frameIndex, simTime,
    /// wallTimeMs?, tags?, payload. Thread-safe.
    package var encodedRows: EncodedRows { text.rows(encode) }

    private func encode() -> EncodedRows {
        var head: [UInt8] = []
        JSONText.append("{\"v\":1,\"runId\":", to: &head)
        JSONText.appendString(run.runID, to: &head)
        JSONText.append(",\"sourceId\":", to: &head)
        JSONText.appendString(run.sourceID, to: &head)
        JSONText.append(",\"channel\":", to: &head)
        JSONText.appendString(schema.channel, to: &head)
        JSONText.append(",\"type\":", to: &head)
        JSONText.appendString(schema.type, to: &head)
        JSONText.append(",\"frameIndex\":", to: &head)
        var out: [UInt8] = []
        out.reserveCapacity(count * (head.count + 128))
        var ends: [Int] = []
        ends.reserveCapacity(count)
        for row in 0..<count {
            out.append(contentsOf: head)
            appendRow(row, to: &out)
            ends.append(out.count)
        }
        return EncodedRows(bytes: out, ends: ends)
    }

    private func appendRow(_ row: Int, to out: inout [UInt8]) {
        JSONText.append(frame(row), to: &out)
        JSONText.append(",\"simTime\":", to: &out)
        JSONText.append(simTime(row), to: &out)
        if wallTimes[row] != Batch.unknownTime {
            JSONText.append(",\"wallTimeMs\":", to: &out)
            JSONText.append(wallTimes[row], to: &out)
        }
        let before = out.count
        JSONText.append(",\"tags\":", to: &out)
        let begin = out.count
        appendTags(row, to: &out)
        if out.count <= begin + 2 { out.removeLast(out.count - before) }
        JSONText.append(",\"payload\":", to: &out)
        appendPayload(row, to: &out)
        JSONText.append("}\n", to: &out)
    }

    /// The row's payload as JSON text. Text of an engine that is no JSON is given as a string: nothing is hidden, and the
    /// whole stays valid.
    package func appendPayload(_ row: Int, to out: inout [UInt8]) {
        withPayload(row) { payload in
            switch schema.encoding {
            case .record: schema.template.append(payload, to: &out)
            case .json where !JSONCheck.isValid(payload): JSONText.appendString(utf8: payload, to: &out)
            case .json, .ingest: JSONText.appendCompact(payload, to: &out)
            }
        }
    }
}
