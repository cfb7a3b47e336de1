/// How far a client has read, ring by ring: what it gives back to go on where it stopped.
import TeltelEvents

/// Opaque to clients. As text: version "1", then per ring 36 hex digits: instance, writer, position of the next record.
/// It holds positions in the rings themselves, so that it means the same to a restarted collector.
package struct StreamCursor: Sendable, Equatable {
    /// More writers than this in one subscription cannot be resumed.
    package static let ringsMax = 64
    private static let version = UInt8(ascii: "1")
    private static let digitsPerRing = 36

    /// By ring: everything before has been delivered.
    package private(set) var positions: [RingID: UInt64] = [:]

    package init() {}
    package init(_ positions: [RingID: UInt64]) { self.positions = positions }

    package subscript(ring: RingID) -> UInt64? { positions[ring] }
    package var isComplete: Bool { positions.count <= Self.ringsMax }

    package mutating func advance(_ ring: RingID, to position: UInt64) {
        if position > positions[ring] ?? 0 { positions[ring] = position }
    }

    /// The stream starts with these rows.
    mutating func start(_ part: Delivery.Part) {
        let first = part.batch.sequence(part.rows?.first ?? 0)
        if first < positions[part.batch.round.ring] ?? .max { positions[part.batch.round.ring] = first }
    }
    package mutating func forget(_ ring: RingID) { positions[ring] = nil }

    // MARK: text

    package func append(to out: inout [UInt8]) {
        out.append(Self.version)
        for (ring, position) in positions {
            Self.append(ring.instance.value, digits: 16, to: &out)
            Self.append(UInt64(ring.writer), digits: 4, to: &out)
            Self.append(position, digits: 16, to: &out)
        }
    }

    private static func append(_ value: UInt64, digits: Int, to out: inout [UInt8]) {
        for shift in stride(from: (digits - 1) * 4, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
            out.append(digit < 10 ? 48 + digit : 87 + digit)
        }
    }

    /// nil for anything that `append` does not write.
    package init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.first == Self.version, (bytes.count - 1) % Self.digitsPerRing == 0,
            bytes.count <= 1 + Self.ringsMax * Self.digitsPerRing
        else { return nil }
        for begin in stride(from: 1, to: bytes.count, by: Self.digitsPerRing) {
            guard let instance = Self.number(bytes[begin..<begin + 16]), instance != 0,
                let writer = Self.number(bytes[begin + 16..<begin + 20]),
                let position = Self.number(bytes[begin + 20..<begin + 36])
            else { return nil }
            positions[RingID(instance: InstanceID(instance), writer: UInt16(writer))] = position
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}

/// What a subscriber will not see, in one ring.
package struct StreamGap: Sendable, Equatable {
    package let ring: RingID
    /// Positions in the ring; nil when nobody knows how much there was.
    package let positions: Range<UInt64>?
}
