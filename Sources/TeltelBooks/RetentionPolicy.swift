/// Which runs are kept for how long.
import TeltelEvents
import TeltelStorage

/// Why a policy cannot be understood.
package struct RetentionError: Error, CustomStringConvertible {
    package let description: String
}

/// By default everything is kept for ever.
package struct RetentionPolicy: Sendable, Equatable {
    /// Seconds after its end for which a run is kept, by status.
    package private(set) var ages: [String: UInt64] = [:]
    /// Most bytes of all runs on disk.
    package var bytes: UInt64?

    package var keepsAll: Bool { ages.isEmpty && bytes == nil }

    package init() {}

    /// "failed=7d,cancelled=12h,completed=90d"; statuses that are not named are kept.
    package init(ages text: String, mebibytes: Int? = nil) throws(RetentionError) {
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, ["completed", "failed", "cancelled"].contains(pair[0]), let seconds = Self.seconds(pair[1])
            else { throw RetentionError(description: "\(part) is not a status and a time such as failed=7d or completed=12h") }
            ages[pair[0]] = seconds
        }
        guard mebibytes ?? 0 >= 0 else { throw RetentionError(description: "a size must not be negative") }
        bytes = mebibytes.map { UInt64($0) << 20 }
    }

    private static func seconds(_ text: String) -> UInt64? {
        let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let number = UInt64(text.dropLast()), number <= 1_000_000 else {
            return nil
        }
        return number * unit
    }

    /// A run that goes, and why.
    package struct Candidate: Sendable {
        package let run: StoredRun
        package let reason: String
    }

    /// Those that are too old, then the oldest until the rest is small enough. Runs that have not ended stay.
    /// - Parameter pinned: they stay, too; what they take counts.
    package func candidates(_ runs: [StoredRun], now: UInt64, pinned: Set<Name> = []) -> [Candidate] {
        var gone: [Candidate] = []
        var kept: [StoredRun] = []
        for run in runs {
            let age = now - min(now, run.time)
            if let limit = ages[run.status], age > limit, !pinned.contains(run.runID) {
                gone.append(Candidate(run: run, reason: "\(run.status) \(Self.text(age)) ago"))
            } else {
                kept.append(run)
            }
        }
        guard let bytes else { return gone }
        var left = kept.reduce(0) { $0 + $1.bytes }
        for run in kept.sorted(by: { $0.time < $1.time }) where left > bytes && Self.hasEnded(run) && !pinned.contains(run.runID)
        {
            gone.append(Candidate(run: run, reason: "the oldest beyond \(bytes >> 20) MiB"))
            left -= run.bytes
        }
        return gone
    }

    private static func hasEnded(_ run: StoredRun) -> Bool { ["completed", "failed", "cancelled"].contains(run.status) }

    private static func text(_ seconds: UInt64) -> String {
        switch seconds {
        case ..<3_600: "\(seconds / 60) minutes"
        case ..<(2 * 86_400): "\(seconds / 3_600) hours"
        default: "\(seconds / 86_400) days"
        }
    }
}
