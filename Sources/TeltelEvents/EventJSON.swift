/// Events as the contract's JSON text.
import CTeltel

extension JSONText {
    /// An event's object up to the value of frameIndex, which must follow.
    package static func appendEventHead(_ run: RunKey, channel: Name, type: Name, to out: inout [UInt8]) {
        append("{\"v\":1,\"runId\":", to: &out)
        appendString(run.runID, to: &out)
        append(",\"sourceId\":", to: &out)
        appendString(run.sourceID, to: &out)
        append(",\"channel\":", to: &out)
        appendString(channel, to: &out)
        append(",\"type\":", to: &out)
        appendString(type, to: &out)
        append(",\"frameIndex\":", to: &out)
    }
}

/// One JSON object per row with keys in the contract's order: v, runId, sourceId, channel, type, frameIndex, simTime,
/// wallTimeMs?, tags?, payload.
extension Batch {
    /// What all rows have in common.
    package var eventHead: [UInt8] {
        var head: [UInt8] = []
        JSONText.appendEventHead(run, channel: schema.channel, type: schema.type, to: &head)
        return head
    }

    /// One object and its newline. `head` is what `eventHead` gives.
    package func appendEvent(_ row: Int, head: [UInt8], to out: inout [UInt8]) {
        out.append(contentsOf: head)
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
