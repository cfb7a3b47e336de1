/// Flags as users of the reference service spell them (contract §7): one dash, a switch that may stand alone, no command before
/// them, and Go's words for times and switches.

enum ReferenceFlags {
    private static let names: Set<String> = [
        "port", "buffer-capacity", "buffer-max-runs", "buffer-cleanup-interval", "clickhouse-url", "batcher-enabled",
        "batcher-batch-size", "batcher-flush-interval",
    ]

    /// The same arguments in this program's spelling; all others stay as they are.
    static func translated(_ arguments: [String]) -> [String] {
        let translated = arguments.map { argument in
            let name = argument.drop { $0 == "-" }
            guard isReference(argument) else { return argument }
            return name == "batcher-enabled" ? "--batcher-enabled=true" : "--" + name
        }
        // The reference has one job and no commands.
        return arguments.first.map(isReference) == true ? ["collect"] + translated : translated
    }

    private static func isReference(_ argument: String) -> Bool {
        let name = argument.drop { $0 == "-" }
        let dashes = argument.count - name.count
        guard dashes == 1 || dashes == 2, let key = name.split(separator: "=", maxSplits: 1).first else { return false }
        return names.contains(String(key))
    }

    /// nil for anything that Go does not take for a switch.
    static func bool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }

    /// "500ms", "2s", "1.5h", "1m30s"; nil for anything else.
    static func milliseconds(_ text: String) -> Int? {
        var rest = text[...]
        var sum = 0.0
        repeat {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = units[String(unit)] else { return nil }
            sum += value * factor
        } while !rest.isEmpty
        return Int(exactly: sum.rounded())
    }
    private static let units: [String: Double] = ["h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1, "us": 1e-3, "ns": 1e-6]
}
