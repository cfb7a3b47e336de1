/// Rows of one frame that are the same but for their keys.

/// Which key of the first run is which of the second. Pure.
package enum KeyPermutation {
    /// nil: they are not the same, nothing is exchanged, or it is not clear what with what.
    /// - Parameter rows: by key, the row's other values; each key once.
    package static func of(_ first: [[CellValue]: [CellValue]], _ second: [[CellValue]: [CellValue]]) -> [(
        from: [CellValue], to: [CellValue]
    )]? {
        guard first.count == second.count, first.count > 1 else { return nil }
        // Two rows with the same values could be either: nothing is guessed.
        guard Set(first.values).count == first.count, Set(second.values).count == second.count else { return nil }
        let places = Dictionary(uniqueKeysWithValues: second.map { ($0.value, $0.key) })
        var map: [(from: [CellValue], to: [CellValue])] = []
        for (key, values) in first {
            guard let other = places[values] else { return nil }
            if other != key { map.append((key, other)) }
        }
        return map.isEmpty ? nil : map.sorted { words($0.from) < words($1.from) }
    }

    private static func words(_ key: [CellValue]) -> String { key.map(\.words).joined(separator: ",") }
}
