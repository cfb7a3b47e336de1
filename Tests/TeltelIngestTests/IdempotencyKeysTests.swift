import Synchronization
import TeltelIngest
import Testing

/// A clock that only tests move; milliseconds since 1970.
private final class Clock: Sendable {
    private let value = Mutex<Int64>(1_700_000_000_000)
    var now: Int64 { value.withLock { $0 } }
    func advance(hours: Int64) { value.withLock { $0 += hours * 3_600_000 } }
}

private let answer = IngestAnswer(status: 202, body: "{}")

extension IdempotencyKeys.Begin {
    fileprivate var word: String {
        switch self {
        case .fresh: "fresh"
        case .resume: "resume"
        case .answered: "answered"
        case .busy: "busy"
        }
    }
}

@Suite struct IdempotencyKeysTests {
    @Test func `a key is busy while its request is read, and answered from then on`() async {
        let keys = IdempotencyKeys(capacity: 10, archive: nil)
        #expect(keys.begin("a").word == "fresh")
        #expect(keys.begin("a").word == "busy")
        await keys.answer("a", answer)
        guard case .answered(let again) = keys.begin("a") else {
            Issue.record("it was answered")
            return
        }
        #expect(again == answer)
        #expect(keys.counters.replayed == 1 && keys.counters.refusedAsBusy == 1)
    }

    @Test func `a key is remembered for a day`() async {
        let clock = Clock()
        let keys = IdempotencyKeys(capacity: 10, archive: nil, now: { clock.now })
        _ = keys.begin("a")
        await keys.answer("a", answer)
        clock.advance(hours: 24)
        #expect(keys.begin("a").word == "answered")
        clock.advance(hours: 1)
        #expect(keys.begin("a").word == "fresh")
    }

    @Test func `the oldest give way, but never one that is being read`() async {
        let keys = IdempotencyKeys(capacity: 3, archive: nil)
        _ = keys.begin("running")
        for key in ["a", "b", "c", "d"] {
            _ = keys.begin(key)
            await keys.answer(key, answer)
        }
        #expect(keys.begin("running").word == "busy")
        #expect(keys.begin("d").word == "answered")
        #expect(keys.counters.kept <= 4 && keys.counters.evicted >= 2)
        #expect(keys.begin("a").word == "fresh")
    }

    @Test func `a refused request leaves its key as new`() {
        let keys = IdempotencyKeys(capacity: 3, archive: nil)
        _ = keys.begin("a")
        keys.forget("a")
        #expect(keys.begin("a").word == "fresh")
    }
}
