import TeltelQuery
import Testing

@Suite struct StatementArchiveTests {
    @Test func `a text has one name, and is found under it`() {
        let archive = StatementArchive()
        let name = archive.keep("SELECT 1")
        #expect(name.utf8.count == 32 && archive.keep("SELECT 1") == name)
        #expect(archive[name] == "SELECT 1" && archive[archive.keep("SELECT 2")] == "SELECT 2")
        #expect(archive["nothing"] == nil)
    }

    @Test func `the oldest give way`() {
        let archive = StatementArchive(bytesMax: 100)
        let names = (0..<10).map { archive.keep(String(repeating: "\($0)", count: 40)) }
        #expect(names.map { archive[$0] != nil } == Array(repeating: false, count: 8) + [true, true])
        // One that is larger than all of it is kept until the next.
        let large = archive.keep(String(repeating: "x", count: 500))
        #expect(archive[large] != nil && archive[names[9]] == nil)
    }
}
