import Dispatch
import Synchronization
import TeltelBus
import TeltelEvents
import TeltelTestSupport
import Testing

private func makeBus(capacity: Int = 1_000) -> EventBus {
    let bus = EventBus(
        buffer: LiveBuffer(capacity: capacity, byteBudget: 1 << 24), finalPosition: { _ in nil }, isPresent: { _ in false })
    bus.began(Rounds.ring, run: Rounds.run, at: 0)
    return bus
}

private func terms(
    _ owner: String = "test", events: Int = 100_000, bytes: Int = 1 << 24, isUntilEnd: Bool = false
) -> SubscriptionTerms {
    SubscriptionTerms(owner: owner, limits: .init(events: events, bytes: bytes), isUntilEnd: isUntilEnd)
}

/// Frames of what a queue holds, in the order in which they come.
private func frames(_ content: SubscriberQueue.Content) -> [UInt64] {
    var found: [UInt64] = []
    for delivery in content.deliveries { delivery.forEachRow { batch, row in found.append(batch.frame(row)) } }
    return found
}

@Suite struct EventBusTests {
    @Test func `the tail and what comes then join without gap or repeat while events are published`() {
        let bus = makeBus()
        let isEnough = Atomic<Bool>(false)
        let publisher = DispatchQueue(label: "publisher")
        publisher.async {
            var rounds = Rounds()
            while !isEnough.load(ordering: .relaxed) { bus.publish(rounds.engine([0, 0, 0, 0])) }
        }
        for _ in 0..<100 {
            let subscriber = bus.subscribe(EventFilter(), from: .tail(100), terms()) {}
            var got: [UInt64] = []
            while got.count < 300 { got += frames(subscriber.queue.take()) }
            bus.unsubscribe(subscriber)
            #expect(got == Array(got[0]..<got[0] + UInt64(got.count)))
        }
        isEnough.store(true, ordering: .relaxed)
        publisher.sync {}
    }

    @Test func `a cursor's rows come once, from the buffer or live`() {
        let bus = makeBus()
        var rounds = Rounds()
        bus.publish(rounds.engine([0, 0, 0]))
        let cursor = StreamCursor([Rounds.ring: rounds.position])
        bus.publish(rounds.engine([0, 0]))
        let subscriber = bus.subscribe(EventFilter(), from: .after(cursor), terms()) {}
        #expect(frames(subscriber.queue.take()) == [3, 4])
        bus.publish(rounds.engine([0]))
        #expect(frames(subscriber.queue.take()) == [5])
        // A cursor of what this bus has still to read.
        let ahead = StreamCursor([Rounds.ring: rounds.position + 24])
        let later = bus.subscribe(EventFilter(), from: .after(ahead), terms()) {}
        bus.publish(rounds.engine([0, 0]))
        #expect(frames(later.queue.take()) == [7])
    }

    @Test func `what a cursor can never get is a gap with its size`() {
        let bus = makeBus(capacity: 2)
        var rounds = Rounds()
        for _ in 0..<10 { bus.publish(rounds.engine([0])) }
        let cursor = StreamCursor([Rounds.ring: 24])
        let subscriber = bus.subscribe(EventFilter(), from: .after(cursor), terms()) {}
        let content = subscriber.queue.take()
        #expect(content.gaps.map(\.positions) == [24..<24 * 8] && content.gaps.first?.ring == Rounds.ring)
        #expect(frames(content) == [8, 9])
    }

    @Test func `a queue gives up its oldest and counts them for their owner`() {
        let bus = makeBus()
        var rounds = Rounds()
        let slow = bus.subscribe(EventFilter(), terms("slow", events: 3)) {}
        let quick = bus.subscribe(EventFilter(), terms("quick")) {}
        for _ in 0..<5 { bus.publish(rounds.engine([0])) }
        #expect(bus.counters.owners["slow"]?.dropped == 2)
        #expect(bus.counters.owners["slow"]?.queuedEvents == 3)
        #expect(bus.counters.owners["quick"]?.queuedEvents == 5)
        let content = slow.queue.take()
        #expect(frames(content) == [2, 3, 4] && content.dropped == 2)
        for subscriber in [slow, quick] { bus.unsubscribe(subscriber) }
        bus.publish(rounds.engine([0]))
        #expect(bus.counters.total(\.subscribers) == 0 && bus.counters.total(\.queuedEvents) == 0)
        #expect(bus.counters.owners["slow"]?.dropped == 2)
        #expect(quick.queue.take().isEmpty)
    }

    @Test func `a tail larger than the queue is cut at its old end`() {
        let bus = makeBus()
        var rounds = Rounds()
        for _ in 0..<10 { bus.publish(rounds.engine([0])) }
        let subscriber = bus.subscribe(EventFilter(), from: .tail(8), terms(events: 3)) {}
        let content = subscriber.queue.take()
        #expect(frames(content) == [7, 8, 9] && content.dropped == 5)
    }

    /// Frames need not go up: of a tail that begins within a post, an older post may hold later ones.
    @Test func `a tail says up to which frames rows came before it`() {
        let bus = makeBus(capacity: 8)
        var rounds = Rounds()
        func post(_ frame: UInt64, _ type: Name = "sample") {
            rounds.frame = frame
            bus.publish(rounds.engine([0, 0, 0, 0], type: type))
        }
        func earlier(_ filter: EventFilter = EventFilter(runID: Rounds.run.runID), _ count: Int = 6) -> [Name: UInt64]? {
            let subscriber = bus.subscribe(filter, from: .tail(count), terms()) {}
            defer { bus.unsubscribe(subscriber) }
            guard let earlier = subscriber.earlier, !earlier.isUnknown else { return nil }
            return Dictionary(uniqueKeysWithValues: earlier.frames.map { ($0.key.type, $0.value) })
        }
        #expect(earlier() == [:])
        post(0)
        #expect(earlier() == [:])
        post(40)
        #expect(earlier() == ["sample": 1])  // two rows of the first post
        post(20)
        #expect(earlier() == ["sample": 41])  // the second post is cut
        post(60)
        #expect(earlier() == ["sample": 43])
        post(80)
        #expect(earlier() == ["sample": 61])
        #expect(earlier(.init(runID: Rounds.run.runID), 100) == ["sample": 43])  // what has left the buffer
        post(7, "other")
        #expect(earlier() == ["sample": 81])
        var filter = EventFilter(runID: Rounds.run.runID)
        filter.types = ["other"]
        #expect(earlier(filter) == [:])
        #expect(bus.subscribe(filter, terms()) {}.earlier == nil)
    }

    @Test func `what came before is unknown of rings that were not read from their beginning, and of runs that had to leave`() {
        func isUnknown(_ bus: EventBus) -> Bool? {
            bus.subscribe(EventFilter(runID: Rounds.run.runID), from: .tail(100), terms()) {}.earlier?.isUnknown
        }
        func bus(maxRuns: Int = 0, hadEarlier: Bool = false) -> EventBus {
            EventBus(
                buffer: LiveBuffer(capacity: 100, byteBudget: 1 << 24, maxRuns: maxRuns), finalPosition: { _ in nil },
                isPresent: { _ in false }, hadEarlier: { _ in hadEarlier })
        }
        let restarted = bus()
        restarted.began(Rounds.ring, run: Rounds.run, at: 24)
        #expect(isUnknown(restarted) == true)
        let lapped = bus()
        lapped.began(Rounds.ring, run: Rounds.run, at: 0)
        #expect(isUnknown(lapped) == false)
        lapped.missed(Rounds.ring, run: Rounds.run, bytes: 24, upTo: 24)
        #expect(isUnknown(lapped) == true)
        #expect(isUnknown(bus(hadEarlier: true)) == true)

        let crowded = bus(maxRuns: 1)
        crowded.began(Rounds.ring, run: nil, at: 0)
        var rounds = Rounds()
        crowded.publish(rounds.engine([0]))
        #expect(isUnknown(crowded) == false)
        crowded.publish(rounds.engine([0], run: "another"))
        crowded.publish(rounds.engine([0]))
        #expect(isUnknown(crowded) == true)
    }

    @Test func `a stream that ends with its run ends behind its events`() {
        let bus = makeBus()
        var rounds = Rounds()
        let own = bus.subscribe(EventFilter(runID: Rounds.run.runID), terms(isUntilEnd: true)) {}
        let other = bus.subscribe(EventFilter(runID: "other"), terms(isUntilEnd: true)) {}
        bus.publish(rounds.engine([0, 0]))
        bus.runFinished(Rounds.run.runID)
        let content = own.queue.take()
        #expect(frames(content) == [0, 1] && content.isLast)
        #expect(!other.queue.take().isLast)
    }

    @Test func `the queue of a subscription is filled without the bus being held`() {
        // A consumer that asks the bus while it is woken would wait for itself for ever.
        let bus = makeBus()
        var rounds = Rounds()
        let asked = Atomic<Int>(0)
        let subscriber = bus.subscribe(EventFilter(), terms()) {
            asked.add(bus.bufferedEvents(Rounds.run.runID), ordering: .relaxed)
        }
        bus.publish(rounds.engine([0, 0]))
        #expect(asked.load(ordering: .relaxed) == 2)
        bus.unsubscribe(subscriber)
    }
}
