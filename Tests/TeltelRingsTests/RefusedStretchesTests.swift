import TeltelRings
import Testing

@Suite struct RefusedStretchesTests {
    private static func stretches(_ all: (ClosedRange<UInt64>, UInt64)...) -> [RefusedStretches.Stretch] {
        all.map { RefusedStretches.Stretch(frames: $0.0, count: $0.1) }
    }

    @Test func theLastEventsAreInTheNewestStretches() {
        let refused = RefusedStretches(total: 60, newest: Self.stretches((0...9, 10), (20...39, 20), (50...79, 30)))
        #expect(refused.last(60) == refused.newest)
        #expect(refused.last(30) == Self.stretches((50...79, 30)))
        #expect(refused.last(45) == Self.stretches((20...39, 15), (50...79, 30)))
        #expect(refused.last(0).isEmpty)
    }

    @Test func whatReachesBackFurtherIsNotGuessed() {
        let refused = RefusedStretches(total: 100, newest: Self.stretches((50...79, 30)))
        #expect(refused.last(100) == refused.newest)
        #expect(RefusedStretches(total: 5, newest: []).last(5).isEmpty)
    }
}
