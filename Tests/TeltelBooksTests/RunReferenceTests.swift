/// How people name runs.
import TeltelBooks
import TeltelEvents
import Testing

@Suite struct RunReferenceTests {
    @Test(arguments: [
        ("latest", RunReference.latest(.any)), ("latest:car=red", .latest(.tag("car", "red"))),
        ("latest:car", .latest(.tag("car", nil))), ("latest:car=", .latest(.tag("car", ""))),
        ("latest:a=b=c", .latest(.tag("a", "b=c"))), ("latest:source=s", .latest(.source("s"))),
        ("baseline:main", .baseline("main")), ("baseline:", .id("baseline:")), ("baseline", .id("baseline")),
        ("latest:", .id("latest:")), ("latest-7", .id("latest-7")), ("Latest", .id("Latest")), ("run", .id("run")), ("", .id("")),
    ])
    func `what is no word for the latest is an id`(text: String, reference: RunReference) {
        #expect(RunReference(text) == reference)
    }

    @Test func `a whole id wins, one that begins so is meant, and of several all are named`() {
        let ids: [Name] = ["run-10", "run-1", "run-2", "other"]
        #expect(RunReference.match("run-1", among: ids) == .one("run-1"))
        #expect(RunReference.match("o", among: ids) == .one("other"))
        #expect(RunReference.match("x", among: ids) == .none)
        #expect(RunReference.match("run", among: ids) == .several(["run-1", "run-10", "run-2"], areMore: false))
        let many = (10..<30).map { Name("r\($0)") }
        #expect(RunReference.match("r", among: many) == .several(Array(many.prefix(10)), areMore: true))
    }

    @Test func `names begin by their bytes`() {
        // The accent makes another character of the e, but not another byte.
        #expect(RunReference.match("e", among: ["e\u{301}1"]) == .one("e\u{301}1"))
        #expect(RunReference.match("\u{e9}", among: ["e\u{301}1"]) == .none)
    }

    @Test func `a filter asks for a source or a tag`() {
        let (sources, tags): ([Name], [Name: Name]) = (["s", "t"], ["car": "red"])
        let fitting: [RunFilter] = [.any, .source("t"), .tag("car", "red"), .tag("car", nil)]
        let others: [RunFilter] = [.source("u"), .tag("car", "blue"), .tag("lap", nil)]
        #expect(fitting.allSatisfy { $0.takes(sources: sources, tags: tags) })
        #expect(!others.contains { $0.takes(sources: sources, tags: tags) })
    }
}
