/// What the table `run_metadata` holds about a run, as the contract lays it down.
import TeltelEvents

/// One row. The table keeps the newest row of each run; rows of one second replace each other in the order of their insert.
package struct RunMetadata: Sendable, Equatable {
    package var runID: Name
    /// Seconds since 1970.
    package var startedAt: UInt32
    package var endedAt: UInt32?
    package var durationSeconds: Double?
    package var totalEvents: UInt64
    package var totalFrames: UInt32
    package var maxFrameIndex: UInt32
    package var sourceID: Name
    /// JSON text.
    package var config: String
    package var engineVersion: String
    package var seed: UInt64?
    /// running, completed, failed or cancelled.
    package var status: String
    package var endReason: String?
    /// JSON text.
    package var tags: String
    /// Seconds since 1970: when the collector first heard of the run, by its own clock.
    package var receivedAt: UInt32
    /// Seconds since 1970; the row with the largest one counts.
    package var updatedAt: UInt32

    package init(
        runID: Name, startedAt: UInt32, endedAt: UInt32? = nil, durationSeconds: Double? = nil, totalEvents: UInt64 = 0,
        totalFrames: UInt32 = 0, maxFrameIndex: UInt32 = 0, sourceID: Name, config: String = "", engineVersion: String = "",
        seed: UInt64? = nil, status: String, endReason: String? = nil, tags: String = "{}", receivedAt: UInt32? = nil,
        updatedAt: UInt32
    ) {
        self.runID = runID
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.durationSeconds = durationSeconds
        self.totalEvents = totalEvents
        self.totalFrames = totalFrames
        self.maxFrameIndex = maxFrameIndex
        self.sourceID = sourceID
        self.config = config
        self.engineVersion = engineVersion
        self.seed = seed
        self.status = status
        self.endReason = endReason
        self.tags = tags
        self.receivedAt = receivedAt ?? updatedAt
        self.updatedAt = updatedAt
    }

    /// As a line of the format JSONEachRow.
    var json: [UInt8] {
        var line: [UInt8] = []
        func key(_ name: StaticString) {
            JSONText.append(line.isEmpty ? "{\"" : ",\"", to: &line)
            JSONText.append(name, to: &line)
            JSONText.append("\":", to: &line)
        }
        func text(_ name: StaticString, _ value: String) {
            key(name)
            JSONText.appendString(value, to: &line)
        }
        func number(_ name: StaticString, _ value: some FixedWidthInteger) {
            key(name)
            JSONText.append(value, to: &line)
        }
        text("run_id", runID.text)
        number("started_at", startedAt)
        if let endedAt { number("ended_at", endedAt) }
        if let durationSeconds, durationSeconds.isFinite {
            key("duration_seconds")
            JSONText.append(durationSeconds, to: &line)
        }
        number("total_events", totalEvents)
        number("total_frames", totalFrames)
        number("max_frame_index", maxFrameIndex)
        text("source_id", sourceID.text)
        text("config", config)
        text("engine_version", engineVersion)
        if let seed { number("seed", seed) }
        text("status", status)
        if let endReason { text("end_reason", endReason) }
        text("tags", tags)
        number("inserted_at", receivedAt)
        number("updated_at", updatedAt)
        JSONText.append("}\n", to: &line)
        return line
    }
}
