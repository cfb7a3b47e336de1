/// The two payloads that the collector understands: of run.start and run.end.
import Foundation
import TeltelControl
import TeltelEvents

/// run.start {engine_version, seed, config…}
struct RunStartPayload {
    let engineVersion: String?
    let seed: UInt64?
    /// Of an engine's run.
    let tagsLeftOut: [String]
    /// The whole payload: the contract keeps it as the run's config.
    let text: String

    init?(_ batch: Batch, row: Int) {
        let (text, object) = payloadObject(batch, row)
        guard let object else { return nil }
        self.text = text
        engineVersion = object["engine_version"] as? String
        seed = (object["seed"] as? NSNumber)?.uint64Value
        tagsLeftOut = object["tags_left_out"] as? [String] ?? []
    }
}

/// run.end {reason, final status}
struct RunEndPayload {
    let status: RunRecord.Status
    let reason: String?

    init(_ batch: Batch, row: Int) {
        let object = payloadObject(batch, row).1
        reason = object?["reason"] as? String
        let word = object?["status"] as? String ?? object?["final_status"] as? String
        let named = word.flatMap(RunRecord.Status.init)
        status = named == nil || named == .running ? .completed : named!
    }
}

private func payloadObject(_ batch: Batch, _ row: Int) -> (String, [String: Any]?) {
    var bytes: [UInt8] = []
    batch.appendPayload(row, to: &bytes)
    // A payload that is no JSON object simply says nothing.
    return (String(decoding: bytes, as: UTF8.self), (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any])
}
