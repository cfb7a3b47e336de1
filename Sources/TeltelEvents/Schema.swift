/// What an event type is made of.
/// The kind of one value, numbered as in the ring ABI.
package enum FieldKind: UInt32, Sendable, CaseIterable {
    case i8 = 1
    case u8, i16, u16, i32, u32, i64, u64, f32, f64, bool, text

    /// Bytes of one element; of one character for `text`.
    package var size: Int {
        switch self {
        case .i64, .u64, .f64: 8
        case .i32, .u32, .f32: 4
        case .i16, .u16: 2
        case .i8, .u8, .bool, .text: 1
        }
    }
    /// The name used in JSON.
    package var name: String { String(describing: self) }
}

/// One value of a record. A member of the engine's struct that names each of its elements ("pos.x,pos.y,pos.z") has been
/// taken apart: it is three fields of count 1.
package struct Field: Hashable, Sendable {
    /// Dotted: "pos.x" is `{"pos": {"x": …}}`.
    package let name: Name
    package let kind: FieldKind
    /// Bytes from the payload's begin.
    package let offset: Int
    /// Elements of an array, characters of a text; 1 for a scalar.
    package let count: Int
    /// "" if none was given.
    package let unit: String
    /// Names for 0, 1, 2 …; empty for a plain number.
    package let labels: [String]
    /// Tells several instances of one type in one frame apart.
    package let isKey: Bool
    /// Given to the engine, not computed by it.
    package let isInput: Bool
    /// Of the machine, not of the simulation, and another in each of several equal runs: never compared.
    package let isMeasured: Bool

    /// Whatever else is said of a key or an input, it is compared: a definition that contradicts itself hides no difference.
    package init(
        name: Name, kind: FieldKind, offset: Int, count: Int = 1, unit: String = "", labels: [String] = [], isKey: Bool = false,
        isInput: Bool = false, isMeasured: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.offset = offset
        self.count = count
        self.unit = unit
        self.labels = labels
        self.isKey = isKey
        self.isInput = isInput
        self.isMeasured = isMeasured && !isKey && !isInput
    }

    /// What is measured in every run, whether its engine says so or not, and where events are posted: the processor time of a frame.
    package static func isAlwaysMeasured(_ name: Name, of type: Name) -> Bool {
        WellKnownTypes.measuredFields(of: type).contains(name)
    }

    /// Some field of such events is always measured.
    package static func hasMeasured(_ type: Name) -> Bool {
        !WellKnownTypes.measuredFields(of: type).isEmpty
    }

    fileprivate func asMeasured(of type: Name) -> Field {
        guard Field.isAlwaysMeasured(name, of: type) else { return self }
        return Field(
            name: name, kind: kind, offset: offset, count: count, unit: unit, labels: labels, isKey: isKey, isInput: isInput,
            isMeasured: true)
    }
}

/// The definition of one event type of one instance. Immutable; shared by reference between all rows of it.
package final class EventSchema: Sendable {
    package enum Encoding: Sendable {
        /// The payload is the engine's struct, described by `fields`.
        case record(size: Int)
        /// The payload is JSON text.
        case json
        /// The payload is a `teltel_ingest_head`, JSON text of tags, JSON text of the payload.
        case ingest
    }
    package let channel: Name
    package let type: Name
    package let encoding: Encoding
    /// Empty for JSON.
    package let fields: [Field]
    /// The payload's first 8 bytes are the monotonic clock in nanoseconds (`frame.start`).
    package let hasClockMark: Bool
    /// The payload of a record as JSON, prepared once.
    let template: PayloadTemplate

    package init(channel: Name, type: Name, encoding: Encoding, fields: [Field] = [], hasClockMark: Bool = false) {
        self.channel = channel
        self.type = type
        self.encoding = encoding
        self.fields = fields.map { $0.asMeasured(of: type) }
        self.hasClockMark = hasClockMark
        template = PayloadTemplate(fields)
    }

    /// A record's payload as JSON text. `payload` is at least as long as the records of this type.
    package func appendJSON(record payload: UnsafeRawBufferPointer, to out: inout [UInt8]) { template.append(payload, to: &out) }
}

/// Registered tags: one per event by number, or of the whole run.
package final class TagSet: Sendable {
    package let pairs: [(key: Name, value: Name)]
    /// `{"key":"value",…}`; empty when there are no pairs.
    package let json: [UInt8]

    package init(_ pairs: [(key: Name, value: Name)]) {
        self.pairs = pairs
        guard !pairs.isEmpty else {
            json = []
            return
        }
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (index, pair) in pairs.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            JSONText.appendString(pair.key, to: &text)
            text.append(UInt8(ascii: ":"))
            JSONText.appendString(pair.value, to: &text)
        }
        text.append(UInt8(ascii: "}"))
        json = text
    }
    package static let none = TagSet([])
}
