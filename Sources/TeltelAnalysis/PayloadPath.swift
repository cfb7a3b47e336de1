/// A path in the text of a payload, as SQL.

/// `gear[2]`, taken apart.
struct ElementPath {
    let array: String
    let index: Int

    init?(_ path: String) {
        guard path.utf8.last == UInt8(ascii: "]"), let open = path.utf8.lastIndex(of: UInt8(ascii: "[")),
            let number = Int(path.utf8[path.utf8.index(after: open)...].dropLast().map { String(UnicodeScalar($0)) }.joined()),
            (0..<1 << 24).contains(number)
        else { return nil }
        array = String(decoding: path.utf8[..<open], as: UTF8.self)
        index = number
    }
}

/// The column `rest` holds a payload as JSON. A path does not say whether a dot in it is one of a key's or stands between an object and
/// its member, nor whether brackets are a key's: each way to read it is looked at, members first.
///
/// What is made here names what `definitions` define. It is NULL where the payload has nothing of the kind at the path.
struct PayloadPath {
    /// Where the value may lie: what of the payload is there, and the arguments of ClickHouse's JSON functions that lead there.
    private let places: [(name: String, arguments: String, conditions: [String])]

    /// A path with more dots is read as members only, or as one key.
    private static let mostDots = 4

    /// - Parameters:
    ///   - name: what its definitions are called, with numbers behind.
    ///   - parameters: keys are among them, because nothing that somebody has named becomes part of a statement's text.
    init(_ path: String, as name: String, _ parameters: inout Parameters) {
        var places: [(arguments: String, conditions: [String])] = []
        if let element = ElementPath(path) {
            // By number one finds members of objects, too.
            for keys in Self.keys(element.array) {
                let arguments = Self.arguments(keys, &parameters)
                let isArray = "JSONType(\(Self.json), \(arguments)) = 'Array'"
                places.append(("\(arguments), \(element.index + 1)", Self.isLikely(keys, &parameters) + [isArray]))
            }
        }
        for keys in Self.keys(path) { places.append((Self.arguments(keys, &parameters), Self.isLikely(keys, &parameters))) }
        self.places = places.enumerated().map { ("\(name)_\($0)", $1.arguments, $1.conditions) }
    }

    /// The keys that lead to the path's value, innermost last, for each way to read the dots.
    private static func keys(_ path: String) -> [[String]] {
        let parts = path.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let dots = parts.count - 1
        let ways = dots <= mostDots ? Array(0..<1 << dots) : [0, 1 << dots - 1]
        return ways.map { joined in
            var keys = [parts[0]]
            for dot in 0..<dots {
                if joined >> dot & 1 == 1 { keys[keys.count - 1] += "." + parts[dot + 1] } else { keys.append(parts[dot + 1]) }
            }
            return keys
        }
    }

    private static func arguments(_ keys: [String], _ parameters: inout Parameters) -> String {
        keys.map { parameters.text("path", $0) }.joined(separator: ", ")
    }

    /// Most rows that lack a value lack its key, and looking for that is much cheaper than reading JSON. Nobody escapes plain letters but
    /// by `\\u`.
    private static func isLikely(_ keys: [String], _ parameters: inout Parameters) -> [String] {
        guard let last = keys.last, !last.isEmpty,
            last.utf8.allSatisfy({ (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || [0x5F, 0x2E].contains($0) })
        else { return [] }
        return [
            "(position(rest, \(parameters.text("quoted", "\"" + last + "\""))) > 0 OR position(rest, \(SQL.literal("\\u"))) > 0)"
        ]
    }

    // MARK: definitions

    private static let json = "payload_json"

    /// For a WITH clause, once for all paths: the payload with numbers that ClickHouse reads. Integers beyond 64 bits would be texts and
    /// get a fraction, which makes them doubles; one beyond all doubles would make it read nothing of the payload. Twice, because
    /// neighbours share a comma.
    static let payload = {
        func replaced(_ text: String, _ number: String, _ by: String) -> String {
            let pattern = SQL.literal("([:,[])(\(number))([],}])")
            return "replaceRegexpAll(replaceRegexpAll(\(text), \(pattern), \(by)), \(pattern), \(by))"
        }
        let long = replaced("rest", "-[0-9]{19,}|[0-9]{20,}", SQL.literal(#"\1\2.0\3"#))
        let huge = "-?[0-9.]+[eE][+]?(309|3[1-9][0-9]|[4-9][0-9]{2}|[0-9]{4,})"
        let all = replaced(long, huge, SQL.literal(#"\1null\4"#))
        return "if(match(rest, '[0-9]{19}|[eE][+]?[0-9]{3}'), \(all), rest) AS \(json)"
    }()

    /// For a WITH clause, behind `payload`: what of the payload is at each place, as JSON; '' if nothing is.
    var definitions: [String] {
        places.map { place in
            let raw = "JSONExtractRaw(\(Self.json), \(place.arguments))"
            let condition = place.conditions.joined(separator: " AND ")
            return "\(condition.isEmpty ? raw : "if(\(condition), \(raw), '')") AS \(place.name)"
        }
    }

    // MARK: values

    private func first(_ value: (_ raw: String, _ arguments: String) -> String, else type: String) -> String {
        SQL.coalesce(places.map { value($0.name, $0.arguments) }, else: type)
    }

    /// Truth is 1 and 0; "NaN" and the like are numbers, other texts are none.
    var number: String {
        first(
            { raw, arguments in
                "multiIf(match(\(raw), '^[-0-9]'), JSONExtract(\(Self.json), \(arguments), 'Nullable(Float64)'), "
                    + "\(raw) = 'true', 1., \(raw) = 'false', 0., \(raw) = '\"NaN\"', nan, "
                    + "\(raw) = '\"Infinity\"', inf, \(raw) = '\"-Infinity\"', -inf, NULL)"
            }, else: "Nullable(Float64)")
    }

    /// Of an integer, if there is one.
    var digits: String {
        first(
            { raw, arguments in
                let digits = "trim(BOTH '\"' FROM JSONExtractRaw(rest, \(arguments)))"
                return "if(match(\(raw), '^[-0-9]') AND match(\(digits), '^-?[0-9]{16,}\\\\z'), \(digits), NULL)"
            }, else: "Nullable(String)")
    }

    var words: String {
        first(
            { "if(startsWith(\($0), '\"'), JSONExtract(rest, \($1), 'Nullable(String)'), NULL)" }, else: "Nullable(String)")
    }

    /// Of any simple value.
    var text: String {
        first(
            { raw, arguments in
                "multiIf(\(raw) IN ('', 'null'), NULL, startsWith(\(raw), '\"'), JSONExtract(rest, \(arguments), 'Nullable(String)'), \(raw))"
            }, else: "Nullable(String)")
    }
}
