/// Rows that ClickHouse refuses for their content end here, with the reason, so that nothing vanishes silently.
import Foundation
import TeltelEvents

/// `dead-letters.ndjson` in the spool folder: one JSON object per row. After a crash a row may stand there twice.
struct DeadLetters: Sendable {
    let folder: String
    let files: any FileLayer
    static let name = "dead-letters.ndjson"
    /// Beyond it rows are counted, but not written any more.
    static let bytesMax = 64 << 20

    struct Letter: Sendable {
        let owner: RowKey
        let table: String
        let ring: RingID
        let sequence: UInt64
        let frame: UInt64
        let reason: String
        /// The row as a Native block.
        let block: [UInt8]
    }

    /// On return the letter would survive a power loss.
    func write(_ letter: Letter, timeMs: UInt64) throws(StorageError) {
        let path = folder + "/" + Self.name
        do throws(FileError) {
            let file = try open(path)
            defer { files.close(file) }
            let size = try files.size(file)
            guard size < Self.bytesMax else { return }
            try files.write(file, at: size, Self.line(letter, timeMs: timeMs).span.bytes)
            try files.sync(file)
        } catch { throw StorageError(error) }
    }

    private func open(_ path: String) throws(FileError) -> OpenFile {
        do throws(FileError) { return try files.open(path, .readWrite) } catch {
            guard error.isMissing else { throw error }
            return try files.open(path, .create)
        }
    }

    private static func line(_ letter: Letter, timeMs: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append("{\"timeMs\":", to: &out)
        JSONText.append(timeMs, to: &out)
        let texts: [(StaticString, Name)] = [
            (",\"runId\":", letter.owner.run.runID), (",\"sourceId\":", letter.owner.run.sourceID),
            (",\"channel\":", letter.owner.table.channel), (",\"type\":", letter.owner.table.type),
            (",\"table\":", Name(letter.table)),
            (",\"instance\":", Name(letter.ring.instance.description)), (",\"reason\":", Name(letter.reason)),
            (",\"nativeBlock\":", Name(Data(letter.block).base64EncodedString())),
        ]
        for (key, value) in texts {
            JSONText.append(key, to: &out)
            JSONText.appendString(value, to: &out)
        }
        JSONText.append(",\"writer\":", to: &out)
        JSONText.append(letter.ring.writer, to: &out)
        JSONText.append(",\"sequence\":", to: &out)
        JSONText.append(letter.sequence, to: &out)
        JSONText.append(",\"frameIndex\":", to: &out)
        JSONText.append(letter.frame, to: &out)
        JSONText.append("}\n", to: &out)
        return out
    }
}
