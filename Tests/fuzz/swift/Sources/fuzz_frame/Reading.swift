// What RFC 6455 and the limits make of a client's bytes, read all at once: the collector's handlers must come to the same.
import TeltelWebSocket

struct Reading: Equatable {
    struct Message: Equatable {
        let opcode: UInt8
        let bytes: [UInt8]
    }
    enum End: Equatable {
        case closedByClient
        /// With this code.
        case refused(UInt16)
    }
    var messages: [Message] = []
    /// nil: more may come.
    var end: End?

    init() {}

    init(of bytes: [UInt8], _ limits: WebSocketLimits) {
        var rest = bytes[...]
        var message = Unfinished()
        while end == nil {
            switch Frame.cut(from: &rest, limits) {
            case .incomplete: return
            case .refused(let code): end = .refused(code)
            case .frame(let frame) where frame.opcode >= 8:
                messages.append(Message(opcode: frame.opcode, bytes: frame.bytes))
                if frame.opcode == 8 { end = .closedByClient }
            case .frame(let frame):
                if let code = message.add(frame, limits) {
                    end = .refused(code)
                } else if frame.isFinal {
                    messages.append(Message(opcode: message.opcode, bytes: message.parts.flatMap { $0 }))
                    message = Unfinished()
                }
            }
        }
    }
}

/// The frames of one message so far.
private struct Unfinished {
    var opcode: UInt8 = 0
    var parts: [[UInt8]] = []

    /// The code of the refusal, if the frame does not fit.
    mutating func add(_ frame: Frame, _ limits: WebSocketLimits) -> UInt16? {
        // A message goes on exactly if one has begun.
        guard (frame.opcode == 0) == !parts.isEmpty else { return 1002 }
        if parts.isEmpty { opcode = frame.opcode }
        parts.append(frame.bytes)
        // One that is not the last is followed by another.
        guard parts.count + (frame.isFinal ? 0 : 1) <= limits.framesPerMessage else { return 1002 }
        return parts.joined().count <= limits.messageBytes ? nil : 1009
    }
}

private struct Frame {
    enum Cut {
        case incomplete
        case refused(UInt16)
        case frame(Frame)
    }
    let isFinal: Bool
    let opcode: UInt8
    let bytes: [UInt8]

    static func cut(from rest: inout ArraySlice<UInt8>, _ limits: WebSocketLimits) -> Cut {
        var bytes = rest
        guard let first = bytes.popFirst(), let second = bytes.popFirst() else { return .incomplete }
        var length = UInt64(second & 127)
        if length > 125 {
            let digits = length == 126 ? 2 : 8
            guard bytes.count >= digits else { return .incomplete }
            length = bytes.prefix(digits).reduce(0) { $0 << 8 | UInt64($1) }
            bytes = bytes.dropFirst(digits)
        }
        let isFinal = first & 128 != 0
        let isControl = first & 8 != 0
        // Refused as soon as it is announced.
        if length > UInt64(limits.frameBytes) { return .refused(1009) }
        if isControl, !isFinal || length > 125 { return .refused(1002) }
        let isMasked = second & 128 != 0
        guard bytes.count >= (isMasked ? 4 : 0) + Int(length) else { return .incomplete }
        let mask = isMasked ? Array(bytes.prefix(4)) : [0, 0, 0, 0]
        let payload = bytes.dropFirst(isMasked ? 4 : 0).prefix(Int(length))
        rest = bytes.dropFirst((isMasked ? 4 : 0) + Int(length))
        let plain = payload.enumerated().map { $1 ^ mask[$0 % 4] }
        let opcode = first & 15
        if !isMasked || first & 0x70 != 0 || ![0, 1, 2, 8, 9, 10].contains(opcode) { return .refused(1002) }
        if opcode == 8, let code = problem(ofClose: plain) { return .refused(code) }
        return .frame(Frame(isFinal: isFinal, opcode: opcode, bytes: plain))
    }

    private static func problem(ofClose bytes: [UInt8]) -> UInt16? {
        if bytes.isEmpty { return nil }
        if bytes.count == 1 { return 1002 }
        switch UInt16(bytes[0]) << 8 | UInt16(bytes[1]) {
        case 1000, 1001, 1002, 1003, 1007...1014, 3000...4999:
            return String(validating: bytes.dropFirst(2), as: UTF8.self) == nil ? 1007 : nil
        default: return 1002
        }
    }
}
