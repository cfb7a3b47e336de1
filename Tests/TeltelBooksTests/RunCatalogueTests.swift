/// Runs in memory and on disk make one list.
import Foundation
import TeltelBooks
import TeltelControl
import TeltelEvents
import TeltelRuns
import Testing

private func run(_ number: Int, note: String? = nil, place: Int? = nil) -> RunRecord {
    var record = RunRecord(runID: Name("run-\(number)"), sourceID: "s", startedMs: Int64(place ?? number))
    (record.receivedMs, record.status, record.isRecorded, record.note) = (record.startedMs, .completed, true, note)
    return record
}

struct RunCatalogueTests {
    private func inFolder(_ body: (ControlStore, RunRegistry) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("teltel-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try ControlStore(dataFolder: folder.path)
        let registry = RunRegistry(isStored: true) { 1 }
        registry.look { try? store.run($0) }
        try await body(store, registry)
    }

    private func all(_ catalogue: RunCatalogue, limit: Int) async throws -> [RunRecord] {
        var (found, place): ([RunRecord], RunPlace?) = ([], nil)
        repeat {
            let page = try await catalogue.page(before: place, limit: limit)
            #expect(page.runs.count == limit || page.next == nil)
            found += page.runs.map(\.record)
            place = page.next
        } while place != nil
        return found
    }

    @Test(arguments: [1, 2, 7, 30, 31, 100]) func eachRunIsListedOnceNewestFirst(limit: Int) async throws {
        try await inFolder { store, registry in
            _ = try store.save((0..<30).map { run($0) })
            // Of some the memory knows more; others are there alone, at the end, in the middle and at the beginning.
            registry.adopt([29, 28, 27, 13, 0].map { run($0, note: "in memory") })
            registry.adopt([run(100, place: -1), run(101, place: 15), run(102, place: 99)])
            let found = try await all(RunCatalogue(registry: registry, store: store), limit: limit)
            let names =
                ["run-102"] + (0..<30).reversed().flatMap { $0 == 15 ? ["run-15", "run-101"] : ["run-\($0)"] } + ["run-100"]
            #expect(Set(found.map(\.runID.text)) == Set(names) && found.count == names.count)
            #expect(found.map(\.orderMs) == found.map(\.orderMs).sorted(by: >))
            #expect(
                Set(found.filter { $0.note == "in memory" }.map(\.runID)) == ["run-29", "run-28", "run-27", "run-13", "run-0"])
        }
    }

    /// A run that has moved in the list since it was written is where memory has it.
    @Test func whereMemoryHasItCounts() async throws {
        try await inFolder { store, registry in
            _ = try store.save([run(1), run(2), run(3)])
            registry.adopt([run(1, place: 9)])
            let found = try await all(RunCatalogue(registry: registry, store: store), limit: 1)
            #expect(found.map(\.runID) == ["run-1", "run-3", "run-2"])
        }
    }

    @Test func withoutAStoreAllAreInMemory() async throws {
        let registry = RunRegistry(isStored: false) { 1 }
        registry.adopt((0..<5).map { run($0) })
        let catalogue = RunCatalogue(registry: registry, store: nil)
        #expect(try await all(catalogue, limit: 2).map(\.runID.text) == (0..<5).reversed().map { "run-\($0)" })
        #expect(await catalogue.run("run-9") == nil)
    }

    @Test func aRunThatIsNamedComesIntoMemory() async throws {
        try await inFolder { store, registry in
            _ = try store.save([run(1, note: "kept")])
            let catalogue = RunCatalogue(registry: registry, store: store)
            #expect(registry.snapshot("run-1") == nil)
            #expect(await catalogue.run("run-1")?.record.note == "kept")
            #expect(registry.snapshot("run-1")?.record.note == "kept")
        }
    }
}
