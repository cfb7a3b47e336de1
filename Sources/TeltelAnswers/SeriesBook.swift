/// All series of one type while their rows come by: first a sample, which says how large values usually are, then every row.
import TeltelAnalysis
import TeltelQuery

/// Used by one task.
final class SeriesBook {
    struct SeriesName: Hashable {
        let source, key: [UInt8]
    }
    /// What a sample tells of one series.
    private struct Sample {
        var values, steps, differences, baselines: [[Double]]
        var last: [Double?]
        var lastFrame: UInt64 = 0

        init(_ fields: Int) {
            (values, steps, differences, baselines) = (
                Array(repeating: [], count: fields), Array(repeating: [], count: fields), Array(repeating: [], count: fields),
                Array(repeating: [], count: fields)
            )
            last = Array(repeating: nil, count: fields)
        }
    }
    private struct Series {
        let name: SeriesName
        var sample: Sample?
        var fields: [FieldWatch] = []
        var baselines: [BaselineWatch] = []
        var stream: StreamWatch
    }

    private let fields: [WatchedField]
    private let rules: AnomalyRules
    private let withStreams: Bool
    private let hasBaseline: Bool
    /// Series of which more would take too much memory are counted only.
    private let seriesMost: Int

    private var series: [Series] = []
    private var places: [SeriesName: Int] = [:]
    private var strangers: Set<SeriesName> = []
    /// Where the row before belongs to.
    private var current: (source: ArraySlice<UInt8>, key: ArraySlice<UInt8>, place: Int?)?
    /// Rows of one frame of one series: of the run, and of the baseline.
    private var ofRun: [(event: FieldWatch.Event, values: [Double?])] = []
    private var ofBaseline: [[Double?]] = []
    private var isSampling = true
    private(set) var rows: UInt64 = 0

    private static let cellsMost = 16_384

    init(_ fields: [WatchedField], _ rules: AnomalyRules, withStreams: Bool, hasBaseline: Bool) {
        self.fields = fields
        self.rules = rules
        self.withStreams = withStreams
        self.hasBaseline = hasBaseline
        seriesMost = max(1, Self.cellsMost / max(1, fields.count))
    }

    var seriesCount: Int { series.count }
    var seriesLeftOut: Int { strangers.count }

    /// The sample has been read: from here on every row comes.
    func endSample() {
        endFrame()
        isSampling = false
        current = nil
        for place in series.indices { prepare(place) }
    }

    private func prepare(_ place: Int) {
        let sample = series[place].sample
        series[place].sample = nil
        series[place].fields = fields.enumerated().map { number, field in
            let scale = sample.flatMap { FieldScale(values: $0.values[number], steps: $0.steps[number]) }
            return FieldWatch(field, scale, rules)
        }
        guard hasBaseline else { return }
        series[place].baselines = fields.enumerated().map { number, field in
            let most = sample.flatMap {
                FieldScale.baseline(differences: $0.differences[number], values: $0.baselines[number], rules, field)
            }
            return BaselineWatch(most: most, rules)
        }
    }

    /// A part of the rows is over; in the next one the series come from the first one on again.
    func endPart() {
        endFrame()
        current = nil
    }

    func take(_ row: WatchedRows) {
        if current == nil || current!.source != row.source || current!.key != row.key {
            endFrame()
            current = (row.source, row.key, place(SeriesName(source: Array(row.source), key: Array(row.key))))
        }
        guard let place = current?.place else { return }
        if isSampling {
            if row.side == 0 { sample(place, row) }
        } else if row.side == 0 {
            rows += 1
            let event = FieldWatch.Event(row.frame, row.simTime)
            for number in fields.indices { series[place].fields[number].take(event, row.values[number]) }
            if withStreams { series[place].stream.take(row.frame, row.simTime, writer: row.line, sequence: row.sequence) }
        }
        guard hasBaseline else { return }
        if row.side == 0 {
            if let first = ofRun.first, first.event.frame != row.frame { endFrame() }
            if frameOfBaseline != nil, frameOfBaseline != row.frame { endFrame() }
            ofRun.append((FieldWatch.Event(row.frame, row.simTime), row.values))
        } else {
            if let first = ofRun.first, first.event.frame != row.frame { endFrame() }
            if frameOfBaseline != row.frame { ofBaseline = [] }
            frameOfBaseline = row.frame
            ofBaseline.append(row.values)
        }
    }
    private var frameOfBaseline: UInt64?

    private func place(_ name: SeriesName) -> Int? {
        if let place = places[name] { return place }
        guard series.count < seriesMost else {
            if strangers.count < 100_000 { strangers.insert(name) }
            return nil
        }
        places[name] = series.count
        series.append(Series(name: name, sample: isSampling ? Sample(fields.count) : nil, stream: StreamWatch(rules)))
        if !isSampling { prepare(series.count - 1) }
        return series.count - 1
    }

    /// Neighbours tell how large steps are; over a stretch of frames that is not in the sample there is no step.
    private func sample(_ place: Int, _ row: WatchedRows) {
        let isNeighbour =
            row.frame >= series[place].sample!.lastFrame && row.frame - series[place].sample!.lastFrame <= strideMost
        series[place].sample!.lastFrame = row.frame
        for number in fields.indices {
            guard let value = row.values[number], value.isFinite else { continue }
            series[place].sample!.values[number].append(value)
            if isNeighbour, let last = series[place].sample!.last[number], value != last {
                series[place].sample!.steps[number].append(abs(value - last))
            }
            series[place].sample!.last[number] = value
        }
    }
    /// Frames between neighbours of the sample.
    var strideMost: UInt64 = 1

    /// The n-th event of the run in a frame stands beside the baseline's n-th.
    private func endFrame() {
        defer {
            ofRun.removeAll(keepingCapacity: true)
            ofBaseline.removeAll(keepingCapacity: true)
            frameOfBaseline = nil
        }
        guard hasBaseline, let place = current?.place, let frame = ofRun.first?.event.frame, frame == frameOfBaseline else {
            return
        }
        for ((event, values), others) in zip(ofRun, ofBaseline) {
            for number in fields.indices {
                if !isSampling {
                    series[place].baselines[number].take(event, values[number], baseline: others[number])
                } else if let value = values[number], let other = others[number], value.isFinite, other.isFinite {
                    series[place].sample!.differences[number].append(abs(value - other))
                    series[place].sample!.baselines[number].append(other)
                }
            }
        }
    }

    struct Found {
        let name: SeriesName
        /// Of the fields; nil: of the series as a whole.
        let field: Int?
        let found: [Anomaly]
        let more: [AnomalyKind: Int]
    }

    /// After the last part.
    func finish() -> [Found] {
        endPart()
        var all: [Found] = []
        func add(_ name: SeriesName, _ field: Int?, _ result: (found: [Anomaly], more: [AnomalyKind: Int])) {
            if !result.found.isEmpty || !result.more.isEmpty {
                all.append(Found(name: name, field: field, found: result.found, more: result.more))
            }
        }
        for place in series.indices {
            let name = series[place].name
            if withStreams { add(name, nil, series[place].stream.finish()) }
            for number in series[place].fields.indices { add(name, number, series[place].fields[number].finish()) }
            for number in series[place].baselines.indices { add(name, number, series[place].baselines[number].finish()) }
        }
        return all
    }
}
