/// A table as lines of text: columns as wide as their widest cell, and together no wider than the terminal.
struct TextTable {
    struct Column {
        let head: String
        var isRight = false
        /// In a narrow terminal it is shortened, in the middle, down to so many characters; nil: never.
        var least: Int?
        /// In a terminal that is too narrow even so, the column with the largest number is left out first; 0: never.
        var yields = 0
    }
    private var columns: [Column]
    private var rows: [[String]]

    /// A row has as many cells as there are columns.
    init(_ columns: [Column], rows: [[String]]) {
        self.columns = columns
        self.rows = rows
    }

    /// `width`: characters that a line may have; nil: as many as it takes.
    func lines(width: Int?) -> [String] {
        var table = self
        var widths = table.naturalWidths
        if let width {
            // Columns that say nothing go first.
            if Self.total(widths) > width { table.drop { isEmpty($0) && columns[$0].yields > 0 } }
            widths = table.narrowed(to: width)
            while Self.total(widths) > width, let next = table.nextToYield {
                table.drop { $0 == next }
                widths = table.narrowed(to: width)
            }
        }
        return ([table.columns.map(\.head)] + table.rows).map { table.line($0, widths) }
    }

    private static let gap = 2
    private static func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + gap * max(0, widths.count - 1) }

    private var naturalWidths: [Int] {
        columns.indices.map { column in rows.reduce(columns[column].head.count) { max($0, $1[column].count) } }
    }
    private func isEmpty(_ column: Int) -> Bool { rows.allSatisfy { $0[column].isEmpty || $0[column] == "0" } }
    private var nextToYield: Int? {
        columns.indices.filter { columns[$0].yields > 0 }.max { columns[$0].yields < columns[$1].yields }
    }
    private mutating func drop(_ isDropped: (Int) -> Bool) {
        let kept = columns.indices.filter { !isDropped($0) }
        columns = kept.map { columns[$0] }
        rows = rows.map { row in kept.map { row[$0] } }
    }

    /// Takes from the widest of those that can be shortened.
    private func narrowed(to width: Int) -> [Int] {
        var widths = naturalWidths
        while Self.total(widths) > width {
            let shrinkable = widths.indices.filter { widths[$0] > max(columns[$0].least ?? .max, columns[$0].head.count) }
            guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
            let others = shrinkable.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
            let least = max(columns[widest].least ?? 0, columns[widest].head.count, others - 1)
            widths[widest] = max(least, widths[widest] - (Self.total(widths) - width))
        }
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let text = Self.shortened(cell, to: widths[column])
            let padding = String(repeating: " ", count: widths[column] - text.count)
            line += columns[column].isRight ? padding + text : text + padding
            if column < cells.count - 1 { line += String(repeating: " ", count: Self.gap) }
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// Names differ at their ends: what is left out is the middle.
    static func shortened(_ text: String, to width: Int) -> String {
        guard text.count > width else { return text }
        let end = (width - 1) / 2
        return String(text.prefix(width - 1 - end)) + "…" + String(text.suffix(end))
    }
}
