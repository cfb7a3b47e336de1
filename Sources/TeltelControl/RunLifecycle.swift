/// How a run begins and ends, from what its sources say about it. Pure: values in, values out.
import TeltelEvents

extension RunRecord {
    /// What a posted `run.start` says.
    package struct Start: Sendable {
        package var engineVersion: String?
        package var seed: UInt64?
        /// JSON text.
        package var config: String
        package var tags: [(key: Name, value: Name)]

        package init(
            engineVersion: String? = nil, seed: UInt64? = nil, config: String = "", tags: [(key: Name, value: Name)] = []
        ) {
            self.engineVersion = engineVersion
            self.seed = seed
            self.config = config
            self.tags = tags
        }
    }

    /// Something comes again, or from one more source.
    package mutating func reopen() {
        status = .running
        endedMs = nil
        endReason = nil
        isRecorded = false
    }

    /// A source has posted `run.start`. Of several starts the last one says how the run is configured, the first one when it began.
    /// - Parameter ms: when, as the sender says.
    package mutating func start(_ start: Start, by source: Name, atMs ms: Int64, nowMs: Int64) {
        let isFirst = startedSources?.isEmpty != false
        let time = believed(ms, nowMs: nowMs)
        startedMs = isFirst ? time : min(startedMs, time)
        if startedSources?.contains(source) != true { startedSources = (startedSources ?? []) + [source] }
        engineVersion = start.engineVersion ?? engineVersion
        seed = start.seed ?? seed
        config = start.config
        take(tags: start.tags)
    }

    /// A source, which is among `endedSources`, has posted `run.end`. A run that was posted has ended when all sources that have started
    /// it have; one of them failed → failed. What an engine's run comes to, its engine says.
    /// - Parameter hasEngines: engines of the run go on.
    package mutating func end(_ end: End, atMs ms: Int64, nowMs: Int64, hasEngines: Bool) {
        let worst = end.worse(worstEnd)
        worstEnd = worst
        let ended = endedSources ?? []
        guard !hasEngines, (startedSources ?? []).allSatisfy(ended.contains) else { return }
        (status, endReason) = (worst.status, worst.reason)
        endedMs = max(startedMs, believed(ms, nowMs: nowMs))
    }

    /// The last of its engines has ended. What was posted to the run counts, too: a sidecar may have failed.
    /// - Parameter end: the worst of the engines' own.
    package mutating func endEngines(_ end: End, atMs ms: Int64) {
        let all = end.worse(worstEnd.flatMap { $0.status == end.status ? nil : $0 })
        (status, endReason) = (all.status, all.reason)
        endedMs = ms
    }

    /// A sender's time if it may be right; else ours, and the run says so.
    package mutating func believed(_ ms: Int64, nowMs: Int64) -> Int64 {
        guard let problem = SenderClock.problem(ms, nowMs: nowMs) else { return ms }
        warn("implausible-clock", problem)
        return nowMs
    }

    // MARK: sources

    /// In the order in which the collector first heard of them.
    package var orderedSources: [Name] {
        if let sources { return sources }
        // Of a record that an earlier version saved.
        var found: [Name] = []
        for source in [sourceID] + types.map(\.sourceID) where !source.isEmpty && !found.contains(source) { found.append(source) }
        return found
    }

    /// - Parameter later: sources that are known to have come after it.
    package mutating func heard(of source: Name, before later: Set<Name> = []) {
        var all = orderedSources
        let place = all.firstIndex(of: source)
        let next = all.firstIndex(where: later.contains)
        if let place, next.map({ place < $0 }) ?? true {
            sources = all
            return
        }
        if let place { all.remove(at: place) }
        all.insert(source, at: next ?? all.count)
        sources = all
        sourceID = all[0]
    }
}

extension RunRecord.End {
    /// Of two ends the one that matters more; of equal ones the earlier.
    package func worse(_ before: Self?) -> Self {
        let order: [RunRecord.Status] = [.failed, .cancelled, .completed]
        guard let before, let mine = order.firstIndex(of: status), let theirs = order.firstIndex(of: before.status) else {
            return self
        }
        return theirs <= mine ? before : self
    }
}
