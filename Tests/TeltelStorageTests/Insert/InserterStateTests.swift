import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// The machine alone: events and times in, steps out.
@Suite struct InserterStateTests {
    static let table = TableLayout(
        name: "events_a", key: TableKey(channel: "a", type: "b"), columns: TableLayout.identity, isDefined: true)
    static let ring = RingID(instance: InstanceID(1), writer: 0)

    static func frame(_ number: UInt64, rows: Int = 100, isSuspect: Bool = false) -> OfferedFrame {
        OfferedFrame(
            id: FrameID(segment: SegmentID(log: 1, offset: number), index: 0), layout: table, rows: rows, rawBytes: rows * 100,
            ranges: [RowRange(ring: ring, first: number, last: number, rows: rows)], isSuspect: isSuspect)
    }
    static func manifest(_ name: String, rows: Int = 100) -> GroupManifest {
        GroupManifest(
            name: name, layout: table, members: [GroupMember(frame: frame(1).id, rows: rows)], ranges: [], rawBytes: rows * 100)
    }
    /// A machine whose group "g" was just handed out for insert at 10,000.
    static func sending(rows: Int = 100) -> InserterState {
        var state = InserterState(seed: 1)
        state.formed(manifest("g", rows: rows))
        #expect(state.next(nowMs: 10_000) == .insert("g"))
        return state
    }

    @Test func waitsUntilTheOldestRowIsOldEnough() {
        var state = InserterState(seed: 1)
        #expect(state.next(nowMs: 0) == .wait(untilMs: nil))
        state.offer(Self.frame(1), nowMs: 1_000)
        state.offer(Self.frame(2), nowMs: 2_500)
        #expect(state.next(nowMs: 2_600) == .wait(untilMs: 3_000))
        #expect(state.next(nowMs: 3_000) == .form([Self.frame(1), Self.frame(2)]))
        #expect(state.isEmpty)
    }

    @Test func manyRowsGoSooner() {
        var state = InserterState(seed: 1)
        state.offer(Self.frame(1, rows: 50_000), nowMs: 5_000)
        #expect(state.next(nowMs: 5_000) == .form([Self.frame(1, rows: 50_000)]))
        state.offer(Self.frame(2, rows: 60_000), nowMs: 5_300)
        #expect(state.next(nowMs: 5_300) == .wait(untilMs: 6_000))
        state.offer(Self.frame(3, rows: 140_000), nowMs: 5_400)
        guard case .form(let frames) = state.next(nowMs: 5_400) else { return #expect(Bool(false)) }
        #expect(frames.count == 2)
    }

    @Test func endOfRunSendsAtOnce() {
        var state = InserterState(seed: 1)
        state.offer(Self.frame(1), nowMs: 1_000)
        state.flush()
        #expect(state.next(nowMs: 1_001) == .form([Self.frame(1)]))
    }

    @Test func groupsStayBelowTheirLimits() {
        var state = InserterState(seed: 1)
        for number in 1...7 as ClosedRange<UInt64> { state.offer(Self.frame(number, rows: 150_000), nowMs: 0) }
        guard case .form(let first) = state.next(nowMs: 5_000) else { return #expect(Bool(false)) }
        #expect(first.map(\.rows).reduce(0, +) == 450_000)
        #expect(state.waitingRows == 600_000)
    }

    @Test func acknowledgedGroupIsConcludedWithoutCounting() {
        var state = Self.sending()
        state.inserted("g", nowMs: 10_010)
        #expect(state.next(nowMs: 10_010) == .conclude("g"))
        state.concluded("g")
        #expect(state.isEmpty)
    }

    @Test func groupThatTheViewDoesNotShowIsNotStoredYet() {
        var state = Self.sending()
        state.inserted("g", nowMs: 10_010)
        #expect(state.next(nowMs: 10_010) == .conclude("g"))
        state.hidden("g", nowMs: 10_010)
        #expect(state.next(nowMs: 10_011) == .wait(untilMs: 10_030))
        #expect(!state.isEmpty)
        #expect(state.next(nowMs: 10_030) == .conclude("g"))
    }

    @Test func insertsKeepTheirDistance() {
        var state = Self.sending()
        state.inserted("g", nowMs: 10_010)
        state.concluded("g")
        state.formed(Self.manifest("h"))
        #expect(state.next(nowMs: 10_050) == .wait(untilMs: 10_210))
        #expect(state.next(nowMs: 10_210) == .insert("h"))
    }

    @Test func largeInsertsNeedLessDistance() {
        var state = Self.sending()
        state.inserted("g", nowMs: 10_010)
        state.concluded("g")
        state.formed(Self.manifest("h", rows: 50_000))
        #expect(state.next(nowMs: 10_050) == .wait(untilMs: 10_110))
        #expect(state.next(nowMs: 10_110) == .insert("h"))
    }

    /// The first ones at once, further ones as fast as in the long run.
    @Test func endOfRunNeedsNoDistanceForAWhile() {
        var cadence = InserterState.Cadence()
        cadence.burst = 3
        var state = InserterState(cadence: cadence, seed: 1)
        var times: [UInt64] = []
        var now: UInt64 = 10_000
        for number in 1...6 as ClosedRange<UInt64> {
            state.offer(Self.frame(number), nowMs: now)
            state.flush()
            while case .wait(let until) = state.next(nowMs: now) { now = until! }
            state.formed(Self.manifest("g"))
            while case .wait(let until) = state.next(nowMs: now) { now = until! }
            times.append(now)
            state.inserted("g", nowMs: now)
            state.concluded("g")
        }
        #expect(times == [10_000, 10_000, 10_000, 10_100, 10_200, 10_300])
    }

    @Test func ambiguousAnswerIsRepeatedWithTheSameNameAndCounted() {
        var state = Self.sending()
        state.failed("g", ClickHouseError(.interrupted, "reset"), nowMs: 10_000)
        guard case .wait(let until?) = state.next(nowMs: 10_001) else { return #expect(Bool(false)) }
        #expect(state.next(nowMs: until) == .insert("g"))
        state.inserted("g", nowMs: until)
        #expect(state.next(nowMs: until) == .count("g"))
        state.counted("g", rows: 100)
        #expect(state.next(nowMs: until) == .conclude("g"))
    }

    @Test func missingRowsAreSentAgainByThemselves() {
        var state = Self.sending()
        state.failed("g", ClickHouseError(.interrupted, "reset"), nowMs: 10_000)
        #expect(state.next(nowMs: 20_000) == .insert("g"))
        state.inserted("g", nowMs: 20_000)
        state.counted("g", rows: 60)
        #expect(state.next(nowMs: 20_001) == .divide("g", halves: false))
        state.divided("g", into: [Self.manifest("g.0", rows: 40)])
        #expect(state.next(nowMs: 21_000) == .insert("g.0"))
    }

    @Test func whileNothingIsReachedNothingIsFormed() {
        var state = Self.sending()
        state.offer(Self.frame(9), nowMs: 10_000)
        state.flush()
        var pauses: [UInt64] = []
        var now: UInt64 = 10_000
        for _ in 0..<12 {
            state.failed("g", ClickHouseError(.unreachable, "refused"), nowMs: now)
            guard case .wait(let until?) = state.next(nowMs: now) else { return #expect(Bool(false)) }
            pauses.append(until - now)
            now = until
            #expect(state.next(nowMs: now) == .insert("g"))
        }
        #expect(pauses[0] < 200)
        #expect((3_000...7_000).contains(pauses[11]))
    }

    @Test func refusedContentIsHalvedDownToTheRow() {
        var state = Self.sending(rows: 2)
        state.failed("g", ClickHouseError(.exception(53), "type"), nowMs: 10_000)
        #expect(state.next(nowMs: 10_001) == .divide("g", halves: true))
        state.divided("g", into: [Self.manifest("g.0", rows: 1), Self.manifest("g.1", rows: 1)])
        #expect(state.next(nowMs: 10_200) == .insert("g.0"))
        state.failed("g.0", ClickHouseError(.exception(53), "type"), nowMs: 10_200)
        #expect(state.next(nowMs: 10_201) == .bury("g.0"))
        state.concluded("g.0")
        #expect(state.next(nowMs: 10_400) == .insert("g.1"))
    }

    @Test func oneTableThatFailsDoesNotHoldUpOthers() {
        var state = Self.sending()
        state.failed("g", ClickHouseError(.exception(497), "access denied"), nowMs: 10_000)
        let other = GroupManifest(
            name: "o", layout: TableLayout(name: "events_o", key: nil, columns: [], isDefined: true),
            members: [GroupMember(frame: Self.frame(1).id, rows: 1)], ranges: [], rawBytes: 1)
        state.formed(other)
        #expect(state.next(nowMs: 10_200) == .insert("o"))
        state.inserted("o", nowMs: 10_200)
        state.concluded("o")
        // The table that fails does not get group after group either: its rows wait for one larger group.
        state.offer(Self.frame(5), nowMs: 10_300)
        state.flush()
        guard case .wait(let until?) = state.next(nowMs: 11_000) else { return #expect(Bool(false)) }
        #expect(state.next(nowMs: until) == .insert("g"))
    }

    @Test func whatKeepsRowsFromBeingStoredIsSaid() {
        for (error, failures) in [
            (ClickHouseError(.exception(516), "password"), 1), (ClickHouseError(.exception(48), "not implemented"), 1),
            (ClickHouseError(.unsupported, "too old"), 1), (ClickHouseError(.exception(252), "too many parts"), 3),
            (ClickHouseError(.interrupted, "reset"), 3),
        ] {
            var state = Self.sending()
            var now: UInt64 = 10_000
            for failure in 1...failures {
                #expect(state.obstacle == nil)
                state.failed("g", error, nowMs: now)
                guard failure < failures, case .wait(let until?) = state.next(nowMs: now) else { continue }
                now = until
                #expect(state.next(nowMs: now) == .insert("g"))
            }
            #expect(state.obstacle == error.description)
            state.inserted("g", nowMs: now)
            #expect(state.obstacle == nil)
        }
    }

    @Test func anErrorIsSaidUntilWhatFailedHasWorked() {
        for error in [ClickHouseError(.unreachable, "away"), ClickHouseError(.exception(252), "too many parts")] {
            var state = Self.sending()
            state.formed(Self.manifest("h"))
            state.failed("g", error, nowMs: 10_000)
            #expect(state.lastError == error.description)
            if case .exception = error.source {
                // That another group goes on mends nothing.
                state.inserted("h", nowMs: 11_000)
                state.concluded("h")
                #expect(state.lastError == error.description)
            }
            state.inserted("g", nowMs: 20_000)
            #expect(state.lastError == nil)
        }
    }

    @Test func manyNewTablesDoNotHoldUpKnownOnes() {
        var state = InserterState(seed: 1)
        func offer(_ name: String, _ now: UInt64) {
            let layout = TableLayout(name: name, key: Self.table.key, columns: TableLayout.identity, isDefined: true)
            state.offer(
                OfferedFrame(
                    id: FrameID(segment: SegmentID(log: 1, offset: now), index: 0), layout: layout, rows: 10, rawBytes: 1_000,
                    ranges: [], isSuspect: false), nowMs: now)
        }
        /// The tables whose rows are formed into groups, in their order, each stored at once.
        func formed(_ count: Int, from begin: UInt64) -> [String] {
            var (names, now): ([String], UInt64) = ([], begin)
            while names.count < count {
                switch state.next(nowMs: now) {
                case .form(let frames):
                    names.append(frames[0].layout.name)
                    state.formed(
                        GroupManifest(
                            name: "g\(now)", layout: frames[0].layout, members: [GroupMember(frame: frames[0].id, rows: 10)],
                            ranges: [], rawBytes: 1_000))
                case .insert(let name): state.inserted(name, nowMs: now)
                case .conclude(let name): state.concluded(name)
                case .wait(let until): now = until ?? now + 1
                default: return names
                }
            }
            return names
        }
        offer("known", 0)
        #expect(formed(1, from: 0) == ["known"])
        for number in 0..<100 { offer("new\(number)", 10_000) }
        offer("known", 11_000)
        #expect(formed(3, from: 20_000).contains("known"))
        // And the other way round: known ones do not hold up new ones.
        #expect(formed(6, from: 40_000).allSatisfy { $0.hasPrefix("new") })
    }

    @Test func aClickHouseThatIsBackIsTriedAtOnce() {
        var state = Self.sending()
        state.failed("g", ClickHouseError(.exception(48), "not implemented"), nowMs: 10_000)
        guard case .wait(let until?) = state.next(nowMs: 10_200) else { return #expect(Bool(false)) }
        #expect(until >= 17_500)
        state.reconnected()
        #expect(state.next(nowMs: 10_200) == .insert("g"))
    }

    @Test func whatSomebodyRepairedIsStoredWithinFiveSeconds() {
        for code in ClickHouseCode.waiting {
            var state = Self.sending()
            var now: UInt64 = 10_000
            for _ in 0..<20 {
                state.failed("g", ClickHouseError(.exception(code), "as it is"), nowMs: now)
                guard case .wait(let until?) = state.next(nowMs: now) else { return #expect(Bool(false)) }
                #expect(until - now < 4_000)
                now = until
                #expect(state.next(nowMs: now) == .insert("g"))
            }
        }
    }

    @Test func recoveredGroupsAreSentAgainAndCounted() {
        var state = InserterState(seed: 1)
        state.recovered(Self.manifest("old"))
        #expect(state.next(nowMs: 0) == .insert("old"))
        state.inserted("old", nowMs: 0)
        #expect(state.next(nowMs: 0) == .count("old"))
    }

    @Test func suspectFramesAreCountedBeforeTheyAreSent() {
        var state = InserterState(seed: 1)
        state.offer(Self.frame(1, isSuspect: true), nowMs: 0)
        state.offer(Self.frame(2), nowMs: 0)
        #expect(state.next(nowMs: 1) == .form([Self.frame(1, isSuspect: true)]))
        var manifest = Self.manifest("s")
        manifest.provesFirst = true
        state.formed(manifest)
        #expect(state.next(nowMs: 2) == .count("s"))
        state.counted("s", rows: 0)
        #expect(state.next(nowMs: 2) == .insert("s"))
    }
}
