import CTeltel
import NIOCore
import TeltelBus
import TeltelEvents
import TeltelLive
import Testing

/// One client at the other end of a session, without a socket.
private struct Client: Sendable {
    struct Sink: MessageSink {
        let said: AsyncStream<ServerMessage>.Continuation
        func send(_ message: ServerMessage) async throws { said.yield(message) }
    }
    let bus = EventBus(
        buffer: LiveBuffer(capacity: 1_000, byteBudget: 1 << 20), finalPosition: { _ in nil }, isPresent: { _ in false })
    let tally = LiveTally()
    private let messages: AsyncThrowingStream<ClientMessage, any Error>
    private let hear: AsyncThrowingStream<ClientMessage, any Error>.Continuation
    private let said: AsyncStream<ServerMessage>
    private let sink: Sink
    var limits = LiveSession.Limits()

    init() {
        (messages, hear) = AsyncThrowingStream.makeStream()
        let (said, continuation) = AsyncStream.makeStream(of: ServerMessage.self)
        self.said = said
        sink = Sink(said: continuation)
    }

    func say(_ text: String) { hear.yield(.text(ByteBuffer(string: text))) }
    func say(_ message: ClientMessage) { hear.yield(message) }
    func fail(_ error: ClientMessageError) { hear.finish(throwing: error) }

    /// Serves until the session is over; `talk` is the client's side.
    func talk(_ talk: @escaping @Sendable (inout AsyncStream<ServerMessage>.Iterator) async -> Void) async throws {
        let session = LiveSession(bus: bus, limits: limits, tally: tally, hasEnded: { $0 == "over" })
        async let client: Void = {
            var answers = said.makeAsyncIterator()
            await talk(&answers)
            hear.finish()
        }()
        try await session.serve(messages, sink)
        sink.said.finish()
        await client
        #expect(bus.counters.total(\.subscribers) == 0 && tally.snapshot.clients == 0)
    }
}

private func publish(_ bus: EventBus, frames: Range<UInt64>) {
    let ring = RingID(instance: InstanceID(1), writer: 0)
    var bytes: [UInt8] = []
    var offsets: [UInt32] = []
    for frame in frames {
        offsets.append(UInt32(bytes.count))
        let header = teltel_record(bytes: 24, type: 0, tag_set: 0, frame: frame, sim_time: 0)
        withUnsafeBytes(of: header) { bytes.append(contentsOf: $0) }
    }
    let schema = EventSchema(channel: "test", type: "sample", encoding: .record(size: 0))
    bus.publish([
        Batch(
            run: RunKey(runID: "run", sourceID: "engine"), schema: schema,
            round: Round(ring: ring, begin: frames.lowerBound * 24, bytes: bytes, readAt: 0), offsets: offsets,
            wallTimes: offsets.map { _ in Batch.unknownTime }, tagSets: [])
    ])
}

/// The text messages that whole frames hold.
private func texts(_ message: ServerMessage?) -> [String] {
    guard case .framed(var bytes) = message else { return [] }
    var found: [String] = []
    while let kind = bytes.readInteger(as: UInt8.self), let length = bytes.readInteger(as: UInt8.self) {
        #expect(kind == 0x81)
        let count = length == 126 ? Int(bytes.readInteger(as: UInt16.self) ?? 0) : Int(length)
        found.append(bytes.readString(length: count) ?? "")
    }
    return found
}

private func closing(_ message: ServerMessage?) -> (code: UInt16?, reason: String) {
    guard case .close(var data) = message else { return (nil, "") }
    return (data.readInteger(as: UInt16.self), String(buffer: data))
}

@Suite struct LiveSessionTests {
    @Test func `events are one text message each, in frames that all clients share`() async throws {
        let client = Client()
        publish(client.bus, frames: 0..<3)
        try await client.talk { answers in
            client.say(#"{"runId":"run","tail":2}"#)
            let found = texts(await answers.next())
            let head = #"{"v":1,"runId":"run","sourceId":"engine","channel":"test","type":"sample","frameIndex":"#
            #expect(found == [1, 2].map { head + #"\#($0),"simTime":0.0,"payload":{}}"# + "\n" })
        }
    }

    @Test func `columns of a tail begin with what came before it`() async throws {
        let client = Client()
        publish(client.bus, frames: 0..<3)
        try await client.talk { answers in
            client.say(#"{"runId":"run","tail":2,"format":"columns","notices":true}"#)
            guard case .framed(let bytes)? = await answers.next() else {
                Issue.record("no answer")
                return
            }
            let earlier = #"{"sourceId":"engine","channel":"test","type":"sample","frame":0}"#
            let notice = #"{"notice":"tail","earlier":[\#(earlier)],"isUnknown":false}"# + "\n"
            #expect(String(buffer: bytes).contains(notice))
        }
    }

    @Test(arguments: [
        (#"{"every":0}"#, "every must be 1 or more"), (#"{"types":5}"#, "types has the wrong type"), ("[", "is not valid JSON"),
    ]) func `a wrong subscription closes with its reason`(text: String, reason: String) async throws {
        let client = Client()
        try await client.talk { answers in
            client.say(text)
            let (code, why) = closing(await answers.next())
            #expect(code == 1008 && why.hasSuffix(reason))
        }
    }

    @Test func `a stream until the end of a run that is over closes at once`() async throws {
        let client = Client()
        try await client.talk { answers in
            client.say(#"{"runId":"over","untilEnd":true}"#)
            #expect(closing(await answers.next()).code == 1000)
        }
    }

    @Test(arguments: [(ClientMessageError.tooLarge, 1009), (.malformed, 1002)] as [(ClientMessageError, UInt16)])
    func `what cannot be understood closes with its code`(error: ClientMessageError, code: UInt16) async throws {
        let client = Client()
        try await client.talk { answers in
            client.fail(error)
            #expect(closing(await answers.next()).code == code)
        }
    }

    @Test func `a ping is answered, and a close is returned and ends the session`() async throws {
        let client = Client()
        try await client.talk { answers in
            client.say(.ping(ByteBuffer(string: "there?")))
            guard case .pong(let data)? = await answers.next(), String(buffer: data) == "there?" else {
                Issue.record("no pong")
                return
            }
            client.say(.close(ByteBuffer(bytes: [3, 232])))
            #expect(closing(await answers.next()).code == 1000)
        }
    }

    @Test func `a client that answers no ping is given up`() async throws {
        var client = Client()
        client.limits.pingInterval = .milliseconds(5)
        client.limits.pongDeadline = .milliseconds(5)
        let tally = client.tally
        try await client.talk { answers in
            while case .ping = await answers.next() {}
        }
        #expect(tally.snapshot.silent == 1)
    }
}
