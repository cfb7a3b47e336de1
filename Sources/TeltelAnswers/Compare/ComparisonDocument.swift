/// What was found, as the document that everybody gets.
import Foundation
import TeltelAPI
import TeltelAnalysis
import TeltelEvents

/// What is known in the end.
struct ComparisonFindings {
    var streams: [ComparedStream]
    var leftOut: [StreamDigests.EventType] = []
    var schema: [ComparisonAnswer.SchemaDifference] = []
    var first: ComparisonAnswer.Frame?
    var firstByBits: UInt64?
    var signatures: [ComparisonAnswer.Signature] = []
    var walks: [StreamWalk] = []
    var cut: [ComparisonAnswer.NotCompared] = []
    /// Something that may differ was not looked at.
    var isCut = false
    /// Types that are kept in another form in one run than in the other.
    var split: [StreamDigests.EventType] = []
    /// Of some streams the runs have no frames in common, and only such were asked for.
    var areApart = false
    /// The second run has events before the first frame that the first could have.
    var rowsBefore = false
    /// Why nothing was compared.
    var problem: String?

    init(streams: [ComparedStream]) { self.streams = streams }

    /// By the question's rules.
    var firstWalked: UInt64? { walks.compactMap(\.comparison.rows.first).min() }
}

struct ComparisonDocument {
    let question: CompareQuestion
    let runs: [ComparedRun]
    private let queries: RunQueries

    init(_ comparer: RunComparer) {
        question = comparer.question
        runs = comparer.runs
        queries = comparer.queries
    }

    func answer(_ found: ComparisonFindings) -> ComparisonAnswer {
        let (verdict, reason) = verdict(found)
        let isWalked = question.depth == .everything && verdict != .incomparable
        let intervals = FrameStretches.joined(found.walks.flatMap(\.comparison.rows.intervals.stretches))
        let leftOut = found.walks.reduce(0) { $0 + $1.comparison.rows.intervals.leftOut }
        let persistent = found.walks.flatMap(\.comparison.tallies).compactMap(\.intervals.persistentFrom).min()
        return ComparisonAnswer(
            runs: runs(found.streams), baseline: question.baseline, mode: question.rules.mode.rawValue, pairing: pairing,
            rules: rules(found),
            verdict: verdict,
            reason: reason, surroundings: surroundings, schema: found.schema,
            equalUpToFrame: equalUpTo(found, verdict), first: found.first, firstByBits: found.firstByBits,
            persistentFrom: persistent, signatures: isWalked ? signatures(found) : nil, fields: isWalked ? fields(found) : nil,
            intervals: isWalked ? intervals.prefix(Self.intervalsMost).map { [$0.lowerBound, $0.upperBound] } : nil,
            intervalsLeftOut: isWalked ? max(0, intervals.count - Self.intervalsMost) + leftOut : nil,
            streams: found.streams.map { stream($0, found) }, coverage: coverage(found),
            sql: queries.asked.map(\.reproducible))
    }

    private static let intervalsMost = 100

    private var pairing: String {
        question.offset == 0 ? "frame" : question.offset > 0 ? "frame+\(question.offset)" : "frame\(question.offset)"
    }

    // MARK: verdict

    private func verdict(_ found: ComparisonFindings) -> (ComparisonAnswer.Verdict, String?) {
        let shared = found.streams.filter { $0.rows.first > 0 && $0.rows.second > 0 }
        if let problem = found.problem { return (.incomparable, problem) }
        if shared.isEmpty { return (.incomparable, reason(found)) }
        if found.first != nil || found.firstWalked != nil || found.rowsBefore || found.schema.contains(where: \.counts) {
            return (.different, nil)
        }
        if found.isCut || !found.split.isEmpty { return (.incomparable, "not everything was looked at: see coverage") }
        return (.equal, nil)
    }

    private func reason(_ found: ComparisonFindings) -> String {
        if found.streams.isEmpty, !found.leftOut.isEmpty {
            return "the runs have not come far enough: of no type are events of a later frame stored"
        }
        if found.areApart { return "the runs have no frames in common" }
        if found.streams.isEmpty, !found.split.isEmpty {
            return
                "events of \(found.split.map(\.type.text).joined(separator: ", ")) are kept in another form in one run than in the other"
        }
        let missing = [
            (question.scope.first, found.streams.allSatisfy { $0.rows.first == 0 }),
            (question.scope.second, found.streams.allSatisfy { $0.rows.second == 0 }),
        ].filter(\.1).map(\.0)
        return missing.isEmpty
            ? "the runs have no type of one source in common"
            : "of \(missing.joined(separator: " and ")) nothing is stored that could be compared"
    }

    private func equalUpTo(_ found: ComparisonFindings, _ verdict: ComparisonAnswer.Verdict) -> UInt64? {
        switch verdict {
        // Of runs on their way each type has come as far as it has.
        case .equal:
            (found.streams.compactMap { $0.within?.upperBound } + [found.streams.compactMap(\.lastFrame).max() ?? 0]).min()
        case .different:
            (found.first?.frame ?? found.firstWalked).flatMap { first in
                found.streams.contains { $0.firstFrame ?? .max < first } ? first - 1 : nil
            }
        case .incomparable: nil
        }
    }

    // MARK: parts

    private func runs(_ streams: [ComparedStream]) -> [ComparisonAnswer.Run] {
        runs.enumerated().map { side, run in
            let frames = streams.compactMap { side == 0 ? $0.frames.first : $0.frames.second }
            return .init(
                runId: Name(run.runID), rows: streams.reduce(0) { $0 + (side == 0 ? $1.rows.first : $1.rows.second) },
                firstFrame: frames.map(\.lowerBound).min(), lastFrame: frames.map(\.upperBound).max(), complete: run.isComplete,
                refused: run.refused, lost: run.lost)
        }
    }

    private func stream(_ stream: ComparedStream, _ found: ComparisonFindings) -> ComparisonAnswer.Stream {
        var answer = ComparisonAnswer.Stream(
            channel: stream.stream.channel, type: stream.stream.type, sourceId: stream.stream.source,
            rows: [stream.rows.first, stream.rows.second], blocks: stream.blocks, differingBlocks: stream.differing,
            firstDifferingBlock: stream.firstDiffering.map { $0 * UInt64(DigestSQL.framesPerBlock) },
            recomputed: stream.isRecomputed)
        if question.depth == .everything {
            let walk = found.walks.first { $0.stream.stream == stream.stream && $0.stream.table.name == stream.table.name }
            answer.differingRows = walk?.comparison.rows.differing ?? 0
            answer.unpairedRows = walk.map { [$0.comparison.onlyFirst, $0.comparison.onlySecond] } ?? [0, 0]
        }
        return answer
    }

    /// Those that differ first stand first; of one frame those that differ most, by what is allowed if something is.
    private func fields(_ found: ComparisonFindings) -> [ComparisonAnswer.FieldReport] {
        var reports: [(report: ComparisonAnswer.FieldReport, error: Double)] = []
        for walk in found.walks {
            let names = walk.comparison.fields + walk.comparison.rules.groups.map(\.name)
            for (name, tally) in zip(names, walk.comparison.tallies) where tally.differing > 0 {
                let report = report(walk, name, tally)
                reports.append((report, tally.normalised?.value ?? tally.relative?.value ?? .infinity))
            }
        }
        return reports.sorted { a, b in
            if a.report.firstFrame != b.report.firstFrame { return a.report.firstFrame < b.report.firstFrame }
            if a.error != b.error { return a.error > b.error }
            return a.report.differing > b.report.differing
        }.map(\.report)
    }

    private func report(_ walk: StreamWalk, _ name: String, _ tally: FieldTally) -> ComparisonAnswer.FieldReport {
        let stream = walk.stream.stream
        let declared = declared(stream, side: 0).first { name == "payload.\($0.name.text)" }
        func extreme(_ value: FieldTally.Extreme?) -> ComparisonAnswer.Extreme? {
            value.map { .init(value: $0.value, frame: $0.frame) }
        }
        return .init(
            channel: stream.channel, type: stream.type, sourceId: stream.source, field: name.withoutPayload,
            unit: declared?.unit ?? "", isInput: declared?.isInput ?? false, compared: walk.comparison.pairs,
            differing: tally.differing, firstFrame: tally.first ?? 0, lastFrame: tally.last ?? 0,
            persistentFrom: tally.intervals.persistentFrom, absolute: extreme(tally.absolute), relative: extreme(tally.relative),
            ulp: tally.classes["ulp"] == nil ? nil : tally.ulp, classes: tally.classes,
            intervals: tally.intervals.stretches.map { [$0.lowerBound, $0.upperBound] },
            intervalsLeftOut: tally.intervals.leftOut)
    }

    /// In what way they part. Where inputs part no later than all else the cause lies outside.
    private func signatures(_ found: ComparisonFindings) -> [ComparisonAnswer.Signature] {
        guard let first = found.first?.frame ?? found.firstWalked else { return [] }
        let inputs = fields(found).filter { $0.isInput && $0.firstFrame <= first }.map {
            ComparisonAnswer.Signature(
                type: $0.type, field: $0.field, kind: "inputs-differed", text: "an input of the simulation differs", value: nil)
        }
        return inputs + found.signatures
    }

    private func rules(_ found: ComparisonFindings) -> [ComparisonAnswer.AppliedRule] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func text(_ rule: ComparisonRule) -> String {
            (try? encoder.encode(rule)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        var rules: [ComparisonAnswer.AppliedRule] = []
        if let general = question.rules.general {
            rules.append(.init(type: "*", field: "*", from: "parameters", rule: text(general)))
        }
        for stream in found.streams {
            let fields = StreamFields(stream.table)
            for applied in (try? question.rules(for: stream, fields))?.applied ?? [] {
                let rule = ComparisonAnswer.AppliedRule(
                    type: stream.stream.type, field: applied.field, from: applied.origin, rule: text(applied.rule))
                if !rules.contains(rule) { rules.append(rule) }
            }
        }
        return rules
    }

    private func coverage(_ found: ComparisonFindings) -> ComparisonAnswer.Coverage {
        var left = [
            ComparisonAnswer.NotCompared(
                what: "run.start, run.end", why: "begin and end tell about a run's surroundings"),
            ComparisonAnswer.NotCompared(
                what: "writer, sequence, wall_time_ms, inserted_at", why: "they differ between runs of the same simulation"),
        ]
        for stream in found.streams where !stream.shape.measured.isEmpty {
            let fields = stream.shape.measured.filter { $0 != "rest" }.sorted().map {
                "\(stream.stream.type).\($0.withoutPayload)"
            }
            if !fields.isEmpty {
                left.append(.init(what: fields.joined(separator: ", "), why: "measured: no part of the simulation"))
            }
            if stream.shape.measured.contains("rest") {
                left.append(
                    .init(
                        what: "\(stream.stream.type): what of the payload is kept as text",
                        why: "it may have measured members, and is compared as a whole or not at all"))
            }
        }
        let ignored = rules(found).filter { $0.rule.contains("\"ignore\":true") }.map { "\($0.type).\($0.field)" }
        if !ignored.isEmpty { left.append(.init(what: ignored.joined(separator: ", "), why: "a rule leaves it out")) }
        if !question.fields.isEmpty {
            left.append(
                .init(what: "other fields than \(question.fields.joined(separator: ", "))", why: "they were not asked for"))
        }
        if question.isOverlapOnly {
            left.append(.init(what: "frames that one run alone has come to", why: "only frames of both were asked for"))
        }
        if question.offset != 0 { left.append(.init(what: "sim_time", why: "frames of different numbers are compared")) }
        if found.rowsBefore {
            left.append(
                .init(
                    what: "frames before \(question.offset) of \(question.scope.second)",
                    why: "with this offset the first run can have none for them: they are a difference by themselves"))
        }
        for type in found.split {
            left.append(.init(what: type.type.text, why: "its events are kept in another form in one run than in the other"))
        }
        for type in found.leftOut {
            left.append(.init(what: type.type.text, why: "a run that goes on has not got so far with it"))
        }
        return .init(
            streams: found.streams.count, rows: found.streams.reduce(0) { $0 + $1.rows.first + $1.rows.second },
            notCompared: left + found.cut)
    }
}

/// Frames in which something differs, of several streams together.
enum FrameStretches {
    /// In order; those that touch are one.
    static func joined(_ stretches: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
        var joined: [ClosedRange<UInt64>] = []
        for stretch in stretches.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, stretch.lowerBound <= last.upperBound || stretch.lowerBound - last.upperBound == 1 {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, stretch.upperBound)
            } else {
                joined.append(stretch)
            }
        }
        return joined
    }
}
