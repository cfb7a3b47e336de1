/// Markers in the control store.
import TeltelControl
import TeltelEvents
import Testing

@Suite struct MarkerTests {
    private func marker(
        _ id: String, _ frames: ClosedRange<UInt64> = 1...1, run: Name = "run", kind: String = "note",
        origin: Marker.Origin = .person
    ) -> Marker {
        Marker(
            id: id, runID: run, sourceID: "s", channel: "c", type: "t", frames: frames, simTime: 0.5, kind: kind, field: "x",
            severity: .warning, text: "a text", origin: origin, createdMs: 7)
    }
    private func ids(_ store: ControlStore, _ selection: MarkerSelection = MarkerSelection()) throws -> [String] {
        try store.markers(of: "run", selection).map(\.id)
    }

    @Test func `everything of a marker is kept, and frames of 64 bits are in order`() throws {
        try inDataFolder { folder in
            let all = [marker("a", 9...10), marker("b", 10...11), marker("c", (1 << 63)...UInt64.max)]
            let store = try ControlStore(dataFolder: folder)
            for one in all.reversed() { #expect(try store.add(one, key: nil) == .done(one)) }
            #expect(try ControlStore(dataFolder: folder).markers(of: "run") == all)
        }
    }

    @Test func `a request that comes again makes no second one`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            let (first, second) = (marker("a"), marker("b"))
            #expect(try store.add(first, key: "k") == .done(first))
            #expect(try store.add(second, key: "k") == .madeBefore(first))
            #expect(try store.add(second, key: nil) == .done(second))
            #expect(try store.add(marker("c"), key: nil, most: 2) == .tooMany)
        }
    }

    @Test func `what rules find replaces what the same rules have found, and nothing else`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            _ = try store.add(marker("person", kind: "nan"), key: nil)
            _ = try store.add(marker("elsewhere", run: "other", kind: "nan", origin: .rule), key: nil)
            let old = [marker("r1", kind: "nan", origin: .rule), marker("r2", kind: "gap", origin: .rule)]
            #expect(try store.replaceFindings(of: "run", kinds: ["nan", "gap"], by: old) == 2)
            let new = [marker("r3", kind: "nan", origin: .rule), marker("r4", 2...2, kind: "nan", origin: .rule)]
            #expect(try store.replaceFindings(of: "run", kinds: ["nan"], by: new) == 2)
            #expect(try ids(store) == ["person", "r2", "r3", "r4"])
            // The first ones are kept where there is no room for all.
            #expect(try store.replaceFindings(of: "run", kinds: ["nan"], by: new, most: 3) == 1)
            #expect(try ids(store) == ["person", "r2", "r3"])
            #expect(try store.markerCount(of: "other") == 1)
        }
    }

    @Test func `a finding has the same id whenever it is found, and another one elsewhere`() {
        func id(_ run: Name, _ kind: String, _ place: [String]) -> String { Marker.ruleID(run, kind: kind, place: place) }
        #expect(id("run", "nan", ["a", "b"]) == id("run", "nan", ["a", "b"]))
        let ids = [
            id("run", "nan", ["a", "b"]), id("run", "nan", ["ab", ""]), id("run", "gap", ["a", "b"]),
            id("runn", "an", ["a", "b"]),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test func `a removed run leaves no markers`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            _ = try store.save([fullRecord])
            _ = try store.add(marker("a"), key: nil)
            _ = try store.add(marker("b", run: "other"), key: nil)
            try store.remove("run", counted: [:])
            #expect(try ids(store).isEmpty)
            #expect(try store.markerCount(of: "other") == 1)
        }
    }

    @Test func `a file of the version before gets the table, and keeps what it has`() throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder).save([fullRecord])
            try change(folder, words: "DROP TABLE markers; DELETE FROM migrations WHERE number = 2")
            let store = try ControlStore(dataFolder: folder)
            #expect(try store.run("run") == fullRecord)
            let one = marker("a")
            #expect(try store.add(one, key: nil) == .done(one))
        }
    }

    @Test(arguments: ["a", "nan", "out-of-limits", "x9"]) func `words are kinds`(text: String) {
        #expect(MarkerLimits.isKind(text))
    }

    @Test(arguments: ["", "A", "9x", "-x", "a b", "ä", String(repeating: "x", count: 65)])
    func `other texts are none`(text: String) { #expect(!MarkerLimits.isKind(text)) }
}
