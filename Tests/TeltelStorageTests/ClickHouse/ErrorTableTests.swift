/// docs/storage.md says what is done about each of ClickHouse's codes: the same as the code does.
import Foundation
import TeltelStorage
import Testing

@Suite struct ErrorTableTests {
    static let text: String? = {
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { path, _ in path.deletingLastPathComponent() }
        // A missing page fails the test by its absence.
        return try? String(contentsOf: root.appending(path: "docs/storage.md"), encoding: .utf8)
    }()

    @Test(arguments: [("retry", ClickHouseError.Advice.retry), ("wait", .wait), ("split", .split), ("stop", .stop)])
    func everyCodeIsInItsRow(_ name: String, _ advice: ClickHouseError.Advice) throws {
        let text = try #require(Self.text)
        let row = try #require(text.split(separator: "\n").first { $0.hasPrefix("| **\(name)** |") })
        var found: [Int: String] = [:]
        for match in row.matches(of: /(\d+) `([A-Z0-9_]+)`/) { found[Int(match.1)!] = String(match.2) }
        #expect(found == ClickHouseCode.names.filter { ClickHouseCode.advice($0.key) == advice })
    }
}
