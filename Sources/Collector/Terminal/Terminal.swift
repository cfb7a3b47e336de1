/// Lines for people: facts go to standard output, at once also when it is a file or a pipe; problems to standard error.
import Foundation

enum Terminal {
    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
    /// A question; the answer is typed behind it.
    static func ask(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
    static func complain(_ line: String) { FileHandle.standardError.write(Data(("teltel: " + line + "\n").utf8)) }

    /// Names come from engines: control characters must not reach the terminal.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
    }

    /// Columns as wide as their widest cell.
    static func table(_ rows: [[String]], rightAligned: Set<Int> = []) {
        let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                return rightAligned.contains(column) ? padding + text : text + padding
            }
            say(cells.joined(separator: "  "))
        }
    }
}
