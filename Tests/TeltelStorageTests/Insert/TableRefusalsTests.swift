import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// Tables that ClickHouse does not take rows for, while it takes those of others.
@Suite struct TableRefusalsTests {
    private static let other = TableLayout(
        name: "events_other_one", key: TableKey(channel: "o", type: "t"), columns: TableLayout.identity, isDefined: true)
    private static func manifest(_ name: String, _ layout: TableLayout, rows: Int = 100) -> GroupManifest {
        GroupManifest(
            name: name, layout: layout, members: [GroupMember(frame: InserterStateTests.frame(1).id, rows: rows)], ranges: [],
            rawBytes: rows * 100)
    }
    private static let never = ClickHouseError(.exception(62), "never")
    private static let passing = ClickHouseError(.exception(7_777), "unknown")
    private static let content = ClickHouseError(.exception(53), "content")

    /// Another table's rows are taken.
    private static func take(_ state: inout InserterState, _ now: inout UInt64, table: TableLayout = other) {
        now += 200_000
        state.formed(manifest("other", table))
        state.inserted("other", nowMs: now)
        state.concluded("other")
    }

    /// One that has failed so often.
    private static func failing(_ error: ClickHouseError, times: Int, _ now: inout UInt64) -> InserterState {
        var state = InserterState(seed: 1)
        state.formed(manifest("bad", InserterStateTests.table))
        for _ in 0..<times {
            now += 200_000
            #expect(state.next(nowMs: now) == .insert("bad"))
            state.failed("bad", error, nowMs: now)
        }
        return state
    }

    @Test(arguments: [
        (never, TableRefusals.failuresOfStopped), (passing, TableRefusals.failuresOfPassing),
        (ClickHouseError(.unfitTable, "a log"), TableRefusals.failuresOfPassing),
        (ClickHouseError(.withoutEffect, "nothing"), TableRefusals.failuresOfStopped),
        (ClickHouseError(.exception(16), "column"), TableRefusals.failuresOfPassing),
        (ClickHouseError(.exception(497), "rights"), TableRefusals.failuresOfPassing),
    ])
    func itIsGivenUpWhenOthersNeedTheRoom(_ error: ClickHouseError, _ times: Int) {
        for failures in [times - 1, times] {
            var now: UInt64 = 1_000_000
            var state = Self.failing(error, times: failures, &now)
            Self.take(&state, &now)
            // While there is room it is tried again and again.
            #expect(state.next(nowMs: now + 200_000) == .insert("bad"))
            let isEnough = failures == times
            let expected = isEnough ? InserterState.Step.giveUp("bad", asks: error.isAmbiguous) : .insert("bad")
            #expect(state.next(nowMs: now + 200_000, isPressed: true) == expected)
            guard isEnough else { continue }
            // Whether rows are stored could not be asked: that is tried again, after a pause, if there is still no room.
            state.failed("bad", ClickHouseError(.interrupted, "broke"), nowMs: now + 200_000)
            #expect(state.next(nowMs: now + 200_001, isPressed: true) != .giveUp("bad", asks: true))
            #expect(state.next(nowMs: now + 300_000) == .insert("bad"))
            #expect(state.next(nowMs: now + 300_000, isPressed: true) == .giveUp("bad", asks: true))
        }
    }

    @Test func itIsNotWhenNothingIsTaken() {
        var now: UInt64 = 1_000_000
        var state = Self.failing(Self.never, times: 50, &now)
        #expect(state.next(nowMs: now + 200_000, isPressed: true) == .insert("bad"))
    }

    @Test func whatWasTakenBeforeProvesNothing() {
        var now: UInt64 = 1_000_000
        var state = InserterState(seed: 1)
        Self.take(&state, &now)
        state.formed(Self.manifest("bad", InserterStateTests.table))
        for _ in 0..<5 {
            now += 200_000
            state.failed("bad", Self.never, nowMs: now)
        }
        #expect(state.next(nowMs: now + 200_000, isPressed: true) == .insert("bad"))
    }

    @Test func whatWasTakenLongAgoProvesNothing() {
        var now: UInt64 = 1_000_000
        var state = Self.failing(Self.never, times: 2, &now)
        Self.take(&state, &now)
        for _ in 0..<TableRefusals.failuresOfStopped {
            now += 200_000
            state.failed("bad", Self.never, nowMs: now)
        }
        #expect(state.next(nowMs: now + 200_000, isPressed: true) == .insert("bad"))
        Self.take(&state, &now)
        #expect(state.next(nowMs: now + 200_000, isPressed: true) == .giveUp("bad", asks: false))
    }

    /// Too little memory, too many parts, no room, no rights to write anything, tables that are made anew, the network.
    @Test(arguments: [
        ClickHouseError(.exception(241), "memory"), ClickHouseError(.exception(252), "parts"),
        ClickHouseError(.exception(164), "read-only"), ClickHouseError(.exception(242), "read-only"),
        ClickHouseError(.exception(243), "no space"), ClickHouseError(.exception(516), "password"),
        ClickHouseError(.exception(60), "no table"), ClickHouseError(.exception(81), "no database"),
        ClickHouseError(.exception(210), "network"), ClickHouseError(.interrupted, "broke"),
        ClickHouseError(.unexpectedAnswer, "garbage"), ClickHouseError(.unreachable, "away"), ClickHouseError(.payload, "disk"),
        ClickHouseError(.unsupported, "too old"),
    ])
    func whatIsAboutTheServerGivesNothingUp(_ error: ClickHouseError) {
        var now: UInt64 = 1_000_000
        var state = Self.failing(error, times: 50, &now)
        Self.take(&state, &now)
        #expect(state.next(nowMs: now + 200_000, isPressed: true) == .insert("bad"))
        #expect(!state.hasRefusedTables)
    }

    @Test func aRepairedTableBeginsAnew() {
        var now: UInt64 = 1_000_000
        var state = Self.failing(Self.never, times: 5, &now)
        Self.take(&state, &now)
        state.inserted("bad", nowMs: now)
        #expect(state.next(nowMs: now, isPressed: true) == .conclude("bad"))
        state.concluded("bad")
        #expect(!state.hasRefusedTables)
    }

    /// A table full of bad rows is divided into thousands of parts: each of them needs an insert, and others have theirs in between.
    @Test func partsTakeTurnsWithOthers() {
        var state = InserterState(seed: 1)
        var now: UInt64 = 1_000_000
        state.formed(Self.manifest("bad", InserterStateTests.table))
        state.failed("bad", Self.content, nowMs: now)
        state.divided("bad", into: (0..<8).map { Self.manifest("bad.\($0)", InserterStateTests.table, rows: 1) })
        state.formed(Self.manifest("good", Self.other))
        state.formed(Self.manifest("better", Self.other))
        var order: [String] = []
        while order.count < 6 {
            switch state.next(nowMs: now) {
            case .insert(let name):
                order.append(name)
                if name.hasPrefix("bad") {
                    state.failed(name, Self.content, nowMs: now)
                } else {
                    state.inserted(name, nowMs: now)
                }
            case .conclude(let name), .bury(let name): state.concluded(name)
            case .wait(let until): now = until!
            default: return #expect(Bool(false))
            }
        }
        #expect(order.prefix(4).filter { !$0.hasPrefix("bad") } == ["good", "better"], "\(order)")
    }

    /// Of `parts` single rows all are bad but the first `good`, and 50 rows are left.
    private static func divided(good: Int, othersAreTaken: Bool = true) -> (step: InserterState.Step, rest: String) {
        var state = InserterState(seed: 1)
        var now: UInt64 = 1_000_000
        let parts = TableRefusals.badRowsMost + good
        state.formed(manifest("bad", InserterStateTests.table))
        state.failed("bad", content, nowMs: now)
        state.divided("bad", into: (0...parts).map { manifest("bad.\($0)", InserterStateTests.table, rows: $0 < parts ? 1 : 50) })
        for number in 0..<parts {
            #expect(state.next(nowMs: now + 200_000, isPressed: true) != .giveUp("bad.\(parts)", asks: true))
            if number < good {
                state.inserted("bad.\(number)", nowMs: now)
            } else {
                state.failed("bad.\(number)", content, nowMs: now)
            }
            state.concluded("bad.\(number)")
        }
        if othersAreTaken { take(&state, &now) }
        return (state.next(nowMs: now + 200_000, isPressed: true), "bad.\(parts)")
    }

    @Test func theRestOfManyBadRowsIsGivenUpWhenOthersNeedTheRoom() {
        let (step, rest) = Self.divided(good: 0)
        #expect(step == .giveUp(rest, asks: false))
    }
    @Test func fewBadRowsAmongGoodOnesAreLookedFor() {
        let (step, rest) = Self.divided(good: 4 * TableRefusals.badRowsMost)
        #expect(step == .insert(rest))
    }
    @Test func badRowsAloneGiveNothingUp() {
        let (step, rest) = Self.divided(good: 0, othersAreTaken: false)
        #expect(step == .insert(rest))
    }
}
