/// Flags as the reference service spells them (contract §7): one dash, and a switch that may stand alone.

enum ReferenceFlags {
    private static let names: Set<String> = [
        "port", "buffer-capacity", "buffer-max-runs", "buffer-cleanup-interval", "clickhouse-url", "batcher-enabled",
        "batcher-batch-size", "batcher-flush-interval",
    ]

    /// The same arguments in this program's spelling; all others stay as they are.
    static func translated(_ arguments: [String]) -> [String] {
        arguments.map { argument in
            let name = argument.drop { $0 == "-" }
            let dashes = argument.count - name.count
            guard dashes == 1 || dashes == 2, let key = name.split(separator: "=", maxSplits: 1).first,
                names.contains(String(key))
            else { return argument }
            return name == "batcher-enabled" ? "--batcher-enabled=true" : "--" + name
        }
    }
}
