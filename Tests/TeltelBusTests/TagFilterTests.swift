import TeltelBus
import TeltelEvents
import TeltelTestSupport
import Testing

@Suite struct TagFilterTests {
    /// What a subscriber with these tags gets of the rounds, which `publish` makes.
    private static func frames(_ tags: [Name: Name], every: UInt64 = 1, _ publish: (inout Rounds) -> [[Batch]]) -> [UInt64] {
        let bus = EventBus(
            buffer: LiveBuffer(capacity: 1_000, byteBudget: 1 << 24), finalPosition: { _ in nil }, isPresent: { _ in false })
        var filter = EventFilter()
        filter.tags = tags
        filter.every = every
        let subscriber = bus.subscribe(
            filter, SubscriptionTerms(owner: "test", limits: .init(events: 100_000, bytes: 1 << 24))
        ) {}
        var rounds = Rounds()
        for round in publish(&rounds) { bus.publish(round) }
        var found: [UInt64] = []
        for delivery in subscriber.queue.take().deliveries {
            delivery.forEachRow { batch, row in found.append(batch.frame(row)) }
        }
        return found
    }

    @Test func `posted tags are compared pair by pair`() {
        let texts = [#"{"car":"red"}"#, "", #"{"car":"blue"}"#, #"{"lap":"1","car":"red"}"#, #"{"car":"red"}"#, #"{"lap":"1"}"#]
        #expect(Self.frames(["car": "red"]) { [$0.posted(texts)] } == [0, 3, 4])
        #expect(Self.frames(["car": "red", "lap": "1"]) { [$0.posted(texts)] } == [3])
        // An empty value also means a missing key, of events that have tags.
        #expect(Self.frames(["lap": ""]) { [$0.posted(texts)] } == [0, 2, 4])
        #expect(Self.frames(["car": "red"], every: 2) { [$0.posted(texts)] } == [0, 4])
    }

    @Test func `more different tags than are remembered are all told apart`() {
        let texts = (0..<200).map { #"{"wheel":"\#($0 % 50)"}"# }
        let expected: [UInt64] = [7, 57, 107, 157]
        #expect(Self.frames(["wheel": "7"]) { rounds in [rounds.posted(texts)] } == expected)
        #expect(Self.frames(["wheel": "7"]) { rounds in texts.map { rounds.posted([$0]) } } == expected)
    }

    @Test func `registered tags are those of their own instance`() {
        #expect(Self.frames(["car": "red"]) { [$0.engine([1, 0, 2, 1], [["car": "red"], ["car": "blue"]])] } == [0, 3])
        #expect(
            Self.frames(["car": "red"]) { rounds in
                [rounds.engine([1], [["car": "red"]]), rounds.engine([1], [["car": "blue"]]), rounds.posted([#"{"car":"red"}"#])]
            } == [0, 2])
    }

    @Test func `what a slow subscriber is told to have missed would have matched`() {
        let bus = EventBus(
            buffer: LiveBuffer(capacity: 10, byteBudget: 1 << 24), finalPosition: { _ in nil }, isPresent: { _ in false })
        var filter = EventFilter()
        filter.tags = ["car": "red"]
        let subscriber = bus.subscribe(filter, SubscriptionTerms(owner: "test", limits: .init(events: 9, bytes: 1 << 24))) {}
        var rounds = Rounds()
        for _ in 0..<5 { bus.publish(rounds.posted([#"{"car":"red"}"#, #"{"car":"blue"}"#, #"{"car":"blue"}"#])) }
        let content = subscriber.queue.take()
        #expect(content.dropped == 2 && content.deliveries.map(\.events) == [1, 1, 1])
        #expect(bus.counters.total(\.dropped) == 2)
    }
}
