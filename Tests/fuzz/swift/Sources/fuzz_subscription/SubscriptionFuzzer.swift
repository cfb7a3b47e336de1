// A subscription, any bytes: it is refused with a reason that fits a close frame, or means the same when it is written down and read
// again, and the bus gives exactly the events that it names.
import NIOCore
import TeltelBus
import TeltelEvents
import TeltelLive

func require(_ holds: Bool, _ what: String) {
    if !holds { fatalError("does not hold: \(what)") }
}

@c(LLVMFuzzerTestOneInput)
public func tryInput(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer's bytes hold for this call.
    let bytes = UnsafeBufferPointer(start: input, count: count)
    do throws(Subscription.Problem) {
        if let pace = try PaceRequest.parse(ByteBuffer(bytes: bytes)) {
            require((0.1...60).contains(pace.messagesPerSecond), "a pace is 0.1 to 60 messages a second")
        }
    } catch { require((1...123).contains(error.reason.utf8.count), "a reason fits a close frame: \(error.reason)") }
    let subscription: Subscription
    do throws(Subscription.Problem) { subscription = try Subscription.parse(ByteBuffer(bytes: bytes)) } catch {
        require((1...123).contains(error.reason.utf8.count), "a reason fits a close frame: \(error.reason)")
        return 0
    }
    checkValues(subscription)
    checkBus(subscription)
    return 0
}

func checkValues(_ subscription: Subscription) {
    require(subscription.tail >= 0, "a tail is not negative")
    if case .columns(let request) = subscription.format {
        require((0.1...60).contains(request.messagesPerSecond), "messages come 0.1 to 60 times a second")
        require(request.rowsPerSecond ?? 1 >= 1, "rows come at least once a second")
    }
    if let cursor = subscription.after {
        require(cursor.isComplete, "a cursor holds no more rings than it may")
        var text: [UInt8] = []
        cursor.append(to: &text)
        require(StreamCursor(text: String(decoding: text, as: UTF8.self)) == cursor, "a cursor can be written and read")
    }
}

func checkBus(_ subscription: Subscription) {
    let stage = Stage()
    let terms = SubscriptionTerms(owner: "fuzz", limits: .init(events: 1_000, bytes: 1 << 20))
    let subscriber = stage.bus.subscribe(subscription.filter, from: subscription.start, terms) {}
    let queue = subscriber.queue
    let earlier = queue.take()
    require(earlier.gaps.allSatisfy { ($0.positions?.isEmpty ?? false) == false }, "a gap is not empty")
    let wanted = stage.matching(subscription.filter)
    switch subscription.start {
    case .now: require(earlier.isEmpty, "without a tail nothing comes at first")
    case .tail(let count): require(stage.rows(earlier) == wanted.suffix(count), "the tail is the newest that match")
    case .after(let cursor):
        let seen = cursor[Stage.ring] ?? 0
        require(stage.rows(earlier) == wanted.filter { $0 >= seen }, "what was not seen comes, and nothing twice")
    }
    stage.publishAgain()
    let seen: UInt64 = if case .after(let cursor) = subscription.start { cursor[Stage.ring] ?? 0 } else { 0 }
    let later = wanted.map { $0 + Stage.roundBytes }.filter { $0 >= seen }
    require(stage.rows(queue.take()) == later, "then what is new and matches")
    stage.bus.unsubscribe(subscriber)
    require(stage.bus.counters.total(\.subscribers) == 0, "nothing is left of it")
}
