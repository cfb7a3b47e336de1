/// What a comparison found, in lines.
import TeltelAPI

/// The answer in lines for people.
struct ComparisonText {
    private let answer: ComparisonAnswer
    /// So many fields of the frame are listed; how many more there are is said.
    private static let fieldsMost = 20

    init(_ answer: ComparisonAnswer) { self.answer = answer }

    var lines: [String] { [verdict] + differences + signatures + ends + surroundings + schema + fields + notes }

    private var verdict: String {
        switch answer.verdict {
        case .equal:
            let frames = answer.equalUpToFrame.map { " up to frame \(Terminal.grouped($0))" } ?? ""
            let soFar = answer.runs.allSatisfy(\.complete) ? "" : " so far"
            return "equal\(soFar)\(frames): \(rows) of \(streams) \(sameness)"
        case .different:
            let mode = answer.mode == "bits" ? "" : " (\(answer.mode))"
            let frame = answer.first.map { " at frame \(Terminal.grouped($0.frame))" } ?? ""
            let equal = answer.equalUpToFrame.map { "; equal up to frame \(Terminal.grouped($0))" } ?? ""
            return "different\(frame)\(equal)\(mode)"
        case .incomparable: return "not compared: \(answer.reason ?? "nothing is stored that could be compared")"
        }
    }

    private var sameness: String {
        switch answer.mode {
        case "bits": "have the same bits"
        case "ulp": "are as near as --ulp allows"
        default: "are within their tolerances"
        }
    }

    private var rows: String { "\(Terminal.grouped(answer.runs.first?.rows ?? 0)) events" }
    private var streams: String {
        let types = Set(answer.streams.map { [$0.channel, $0.type] }).count
        return "\(types) type\(types == 1 ? "" : "s")"
    }

    private var differences: [String] {
        guard let frame = answer.first else { return [] }
        var lines = frame.differences.prefix(Self.fieldsMost).map(Self.line)
        let more = frame.differences.count - lines.count
        if more > 0 { lines.append("… and \(more) more fields of this frame; --json lists all") }
        for rows in frame.unpaired {
            let names = answer.runs.map(\.runId.text)
            for (count, name) in zip(rows.rows, names) where count > 0 {
                lines.append("\(rows.type)  \(count) event\(count == 1 ? "" : "s") of \(name) alone")
            }
        }
        return lines
    }

    private static func line(_ difference: ComparisonAnswer.Difference) -> String {
        let key = difference.key.isEmpty ? "" : "[\(difference.key.joined(separator: ","))]"
        let values = difference.values.map { $0.text ?? "missing" }
        return "\(difference.type)\(key).\(difference.field)  \(values.joined(separator: "  ≠  "))\(note(difference))"
    }

    /// What the values alone do not show.
    private static func note(_ difference: ComparisonAnswer.Difference) -> String {
        if let apart = difference.difference, let allowed = difference.allowed {
            return "  (\(Self.number(apart)) apart, \(Self.number(allowed)) allowed)"
        }
        if let ulp = difference.ulp, ulp > 0 { return "  (\(Terminal.grouped(ulp)) ulp)" }
        switch difference.class {
        case "nan-bits": return "  (bits \(difference.values.map { $0.bits ?? "" }.joined(separator: " and ")))"
        case "double-cover": return "  (q and −q: one attitude)"
        case "type": return "  (of different types)"
        default: return ""
        }
    }

    private var signatures: [String] {
        (answer.signatures ?? []).map { one in "\(one.type)\(one.field.map { ".\($0)" } ?? ""): \(one.text)" }
    }

    private static func number(_ value: Double) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A run that ends earlier is no difference of values.
    private var ends: [String] {
        guard answer.verdict == .different, answer.runs.count == 2, let a = answer.runs[0].lastFrame,
            let b = answer.runs[1].lastFrame,
            a != b
        else { return [] }
        let (early, late) = a < b ? (answer.runs[0], answer.runs[1]) : (answer.runs[1], answer.runs[0])
        return ["\(early.runId) ends at frame \(Terminal.grouped(min(a, b))), \(late.runId) at \(Terminal.grouped(max(a, b)))"]
    }

    private var surroundings: [String] {
        answer.surroundings.map { "\($0.what)  \($0.values.map { $0 ?? "none" }.joined(separator: "  ≠  "))" }
    }

    private var schema: [String] {
        answer.schema.map { one in
            let factor = one.factor.map { "  (factor \(Self.number($0)))" } ?? ""
            let values = one.values.map { $0.map { $0.isEmpty ? "none" : $0 } ?? "none" }.joined(separator: "  ≠  ")
            return "\(one.what) of \(one.type).\(one.field)  \(values)\(factor)"
        }
    }

    /// What differs beyond the first frame.
    private var fields: [String] {
        guard let fields = answer.fields, let first = answer.first else { return [] }
        let later = fields.filter { $0.firstFrame > first.frame || $0.differing > 1 }
        if later.isEmpty { return [] }
        var lines = later.prefix(Self.fieldsMost).map { field in
            let largest = field.absolute.map { ", at most \(Self.number($0.value)) at frame \(Terminal.grouped($0.frame))" } ?? ""
            let place = "from frame \(Terminal.grouped(field.firstFrame)) to \(Terminal.grouped(field.lastFrame))"
            return
                "\(field.type).\(field.field)  differs in \(Terminal.grouped(field.differing)) of \(Terminal.grouped(field.compared)) events \(place)\(largest)"
        }
        if later.count > lines.count { lines.append("… and \(later.count - lines.count) more fields; --json lists all") }
        return lines
    }

    private var notes: [String] {
        var notes: [String] = []
        for run in answer.runs where !run.complete {
            notes.append("\(run.runId) is not complete: compared is what was stored of it")
        }
        for run in answer.runs where run.refused + run.lost > 0 {
            let parts = [("refused", run.refused), ("lost", run.lost)].filter { $0.1 > 0 }
            let counts = parts.map { "\(Terminal.grouped($0.1)) events were \($0.0)" }.joined(separator: ", ")
            notes.append("\(run.runId) has gaps: \(counts)")
        }
        let differing = answer.streams.filter { $0.differingBlocks > 0 }
        if !differing.isEmpty {
            let types = Set(differing.map { [$0.channel, $0.type] }).count
            notes.append("\(types) of \(streams) differ\(types == 1 ? "s" : "") somewhere")
        }
        let measured = answer.coverage.notCompared.filter { $0.why.hasPrefix("measured") }.map(\.what)
        if !measured.isEmpty { notes.append("not compared, as they are measured: \(measured.joined(separator: ", "))") }
        return notes
    }
}
