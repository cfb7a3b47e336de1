/// Which fields of an event type are digested, under which names.
import CTeltelStorage
import TeltelEvents

/// One field of a type as digests name it.
package struct DigestField: Sendable {
    /// `payload.pos.x`, or one of the three that every event has. The same in every process, whatever the column is called.
    package let name: String
    /// xxHash64 of the name.
    package let hash: UInt64
    /// Nanoseconds, bytes and the like: what differs from run to run of equal simulations is part of no row digest.
    package let isMeasured: Bool

    package init(_ name: String, isMeasured: Bool = false) {
        self.name = name
        self.isMeasured = isMeasured
        hash = DigestHash.text(Array(name.utf8))
    }

    package static let simTime = DigestField("sim_time")
    package static let tags = DigestField("tags")
    package static let rest = DigestField("rest")

    /// - Parameter path: as it is asked for: `pos.x`, `gear[2]`.
    package static func payload(_ path: String, of key: TableKey) -> DigestField {
        DigestField("payload." + path, isMeasured: isMeasured(path, of: key))
    }

    /// Host time that engines report with the end of a frame.
    private static func isMeasured(_ path: String, of key: TableKey) -> Bool {
        key.type == "frame.end" && path == "perf.cpu_time_ms"
    }

    /// Begin and end of a run tell about its surroundings: they are compared by themselves.
    package static func isDigested(_ type: Name) -> Bool { type != "run.start" && type != "run.end" }
}

extension FieldKind {
    /// How digests read a value's bytes; a text's hash is a number of 64 bits.
    var digestKind: teltel_digest_kind {
        switch self {
        case .i8: TELTEL_DIGEST_I8
        case .u8, .bool: TELTEL_DIGEST_U8
        case .i16: TELTEL_DIGEST_I16
        case .u16: TELTEL_DIGEST_U16
        case .i32: TELTEL_DIGEST_I32
        case .u32: TELTEL_DIGEST_U32
        case .i64: TELTEL_DIGEST_I64
        case .u64, .text: TELTEL_DIGEST_U64
        case .f32: TELTEL_DIGEST_F32
        case .f64: TELTEL_DIGEST_F64
        }
    }
}
