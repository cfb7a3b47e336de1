/// Which runs `teltel runs` lists.
import ArgumentParser
import Foundation
import TeltelEvents

struct RunSelection: ParsableArguments {
    @Option(
        help: "Only runs of this status, e.g. failed or running,failed.",
        completion: .list(["running", "completed", "failed", "cancelled"]))
    var status: String?

    @Option(help: "Only runs with this tag, KEY=VALUE, or KEY for any value (repeatable: all of them).")
    var tag: [String] = []

    @Option(help: "Only runs that began since then: 30m, 12h, 7d, or a date such as 2026-11-30 or 2026-11-30T18:00.")
    var since: String?

    private static let statuses: Set<String> = ["running", "completed", "failed", "cancelled"]

    func validate() throws {
        for word in statusWords where !Self.statuses.contains(word) {
            throw ValidationError("--status: \(word) is none of running, completed, failed, cancelled")
        }
        if let since, Self.moment(since, now: Date()) == nil {
            throw ValidationError("--since: \(since) is neither a time such as 12h or 7d nor a date such as 2026-11-30")
        }
    }
    private var statusWords: [String] { status?.split(separator: ",").map(String.init) ?? [] }

    var isEverything: Bool { status == nil && tag.isEmpty && since == nil }

    func takes(status: String, tags: [Name: Name], created: String, now: Date) -> Bool {
        if !statusWords.isEmpty, !statusWords.contains(status) { return false }
        for wanted in tag {
            let parts = wanted.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let value = tags[Name(parts[0])], parts.count == 1 || value == Name(parts[1]) else { return false }
        }
        guard let since, let from = Self.moment(since, now: now) else { return true }
        return RunTime.date(created).map { $0 >= from } ?? true
    }

    /// nil: not understood.
    static func moment(_ text: String, now: Date) -> Date? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        if let unit = text.last.flatMap({ units[$0] }), let count = Double(text.dropLast()), count >= 0, count.isFinite {
            return now.addingTimeInterval(-count * unit)
        }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        for pattern in ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm:ss"] {
            format.dateFormat = pattern
            if let date = format.date(from: text) { return date }
        }
        return RunTime.date(text)
    }
}

/// Times of runs, as people read them.
enum RunTime {
    /// RFC 3339, with or without fractions of a second.
    static func date(_ text: String) -> Date? {
        for style in [Date.ISO8601FormatStyle(includingFractionalSeconds: true), Date.ISO8601FormatStyle()] {
            // Another of the two ways to write it.
            if let date = try? style.parse(text) { return date }
        }
        return nil
    }

    /// In this machine's zone, to the second.
    static func local(_ text: String) -> String {
        guard let date = date(text) else { return text }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyy-MM-dd HH:mm:ss"
        return format.string(from: date)
    }

    /// Of this machine.
    static var zone: String {
        let name = TimeZone.current.identifier
        return ["GMT", "Etc/UTC", "Etc/GMT", "Etc/UCT"].contains(name) ? "UTC" : name
    }
}
