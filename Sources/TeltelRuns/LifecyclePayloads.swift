/// The two payloads that the collector understands: of run.start and run.end.
import Foundation
import TeltelControl
import TeltelEvents

/// run.start {engine_version, seed, config…}
package struct RunStartPayload {
    let engineVersion: String?
    let seed: UInt64?
    /// Of an engine's run.
    package let tagsLeftOut: [String]
    /// The whole payload: the contract keeps it as the run's config.
    let text: String

    private struct Seed: Decodable { let seed: UInt64? }

    package init?(_ batch: Batch, row: Int) {
        let (text, object) = payloadObject(batch, row)
        guard let object else { return nil }
        self.text = text
        engineVersion = object["engine_version"] as? String
        // What is no u64 (-1, 1.5, 2^64) is no seed; it stays in the config. Foundation's numbers would wrap it round.
        seed = (try? JSONDecoder().decode(Seed.self, from: Data(text.utf8)))?.seed
        tagsLeftOut = object["tags_left_out"] as? [String] ?? []
    }
}

extension RunStartPayload {
    func start(tags: [(key: Name, value: Name)]) -> RunRecord.Start {
        RunRecord.Start(engineVersion: engineVersion, seed: seed, config: text, tags: tags)
    }
}

/// run.end {reason, final status}
struct RunEndPayload {
    let status: RunRecord.Status
    let reason: String?

    init(_ batch: Batch, row: Int) {
        let object = payloadObject(batch, row).1
        let word = object?["status"] as? String ?? object?["final_status"] as? String
        let meaning = word.map { Self.status($0.lowercased()) } ?? .completed
        status = meaning ?? .failed
        let said = object?["reason"] as? String
        // A word that nobody knows is no success.
        reason = meaning == nil ? "status \"\(word ?? "")\"" + (said.map { ": \($0)" } ?? "") : said
    }
}

extension RunEndPayload {
    var end: RunRecord.End { RunRecord.End(status: status, reason: reason) }

    /// Words that other trackers use, too; nil: none of them.
    private static func status(_ word: String) -> RunRecord.Status? {
        switch word {
        case "completed", "complete", "finished", "success", "succeeded", "passed", "ok", "done", "running", "": .completed
        case "failed", "failure", "fail", "error", "errored", "crashed", "crash", "timeout": .failed
        case "cancelled", "canceled", "aborted", "abort", "killed", "stopped", "interrupted", "skipped": .cancelled
        default: nil
        }
    }
}

private func payloadObject(_ batch: Batch, _ row: Int) -> (String, [String: Any]?) {
    var bytes: [UInt8] = []
    batch.appendPayload(row, to: &bytes)
    // A payload that is no JSON object simply says nothing.
    return (String(decoding: bytes, as: UTF8.self), (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any])
}
