/// How people name a run without its whole id: by the beginning of it, or as the latest one. Pure: values in, values out.
import TeltelEvents

package enum RunReference: Sendable, Equatable {
    /// A run's id, or how it begins.
    case id(Name)
    /// The newest of those that fit.
    case latest(RunFilter)
    /// The run that a name stands for.
    case baseline(String)

    /// `latest`, `latest:KEY=VALUE`, `latest:KEY` (whatever its value), `latest:source=ID`; anything else is an id.
    package init(_ text: String) {
        if text.hasPrefix(Self.baselineWord), text.utf8.count > Self.baselineWord.utf8.count {
            self = .baseline(String(text.dropFirst(Self.baselineWord.count)))
            return
        }
        let word = "latest"
        guard text.utf8.starts(with: word.utf8) else {
            self = .id(Name(text))
            return
        }
        let rest = text.utf8.dropFirst(word.utf8.count)
        if rest.isEmpty {
            self = .latest(.any)
        } else if rest.first == UInt8(ascii: ":"), rest.count > 1 {
            self = .latest(RunFilter(Substring(rest.dropFirst())))
        } else {
            self = .id(Name(text))
        }
    }

    package static let baselineWord = "baseline:"

    /// What came of a beginning of ids.
    package enum Match: Sendable, Equatable {
        case one(Name)
        case none
        /// These, and perhaps more.
        case several([Name], areMore: Bool)
    }
    /// So many are named where there are several.
    package static let namedMost = 10

    /// An id that is there wins, whatever begins with it.
    /// - Parameter ids: that begin with the text, at least as many as are named and one more, if there are so many.
    package static func match(_ text: Name, among ids: [Name]) -> Match {
        let fitting = Set(ids.filter { $0.hasPrefix(text) }).sorted()
        if fitting.contains(text) { return .one(text) }
        switch fitting.count {
        case 0: return .none
        case 1: return .one(fitting[0])
        default: return .several(Array(fitting.prefix(namedMost)), areMore: fitting.count > namedMost)
        }
    }
}

package enum RunFilter: Sendable, Equatable {
    case any
    case source(Name)
    /// nil: any value.
    case tag(Name, Name?)

    /// KEY=VALUE, KEY, source=ID
    init(_ text: Substring) {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            self = .tag(Name(text), nil)
            return
        }
        let (key, value) = (Name(text[..<equals]), Name(text[text.utf8.index(after: equals)...]))
        self = key == "source" ? .source(value) : .tag(key, value)
    }

    package func takes(sources: [Name], tags: [Name: Name]) -> Bool {
        switch self {
        case .any: true
        case .source(let source): sources.contains(source)
        case .tag(let key, let value): tags[key].map { value == nil || $0 == value } ?? false
        }
    }
}
