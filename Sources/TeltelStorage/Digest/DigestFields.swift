/// Which fields of an event type are digested, under which names.
import CTeltel
import CTeltelStorage
import TeltelEvents

/// One field of a type as digests name it.
package struct DigestField: Sendable {
    /// Numbered as in the ring ABI.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let key = Flags(rawValue: UInt8(TELTEL_FIELD_FLAG_KEY))
        package static let input = Flags(rawValue: UInt8(TELTEL_FIELD_FLAG_INPUT))
        /// Host time and the like differ from run to run of equal simulations: they are part of no row digest.
        package static let measured = Flags(rawValue: UInt8(TELTEL_FIELD_FLAG_MEASURED))
    }

    /// `payload.pos.x`, or one of the three that every event has. The same in every process, whatever the column is called.
    package let name: String
    /// xxHash64 of the name.
    package let hash: UInt64
    package let flags: Flags
    var isMeasured: Bool { flags.contains(.measured) }

    package init(_ name: String, flags: Flags = []) {
        self.name = name
        self.flags = flags
        hash = DigestHash.text(Array(name.utf8))
    }

    package static let simTime = DigestField("sim_time")
    package static let tags = DigestField("tags")
    package static let rest = DigestField("rest")

    /// - Parameters:
    ///   - path: as it is asked for: `pos.x`, `gear[2]`.
    ///   - field: of the engine's definition; nil: the payload is JSON.
    package static func payload(_ path: String, of type: Name, _ field: Field?) -> DigestField {
        var flags: Flags = []
        if let field {
            if field.isKey { flags.insert(.key) }
            if field.isInput { flags.insert(.input) }
            if field.isMeasured { flags.insert(.measured) }
        } else if Field.isAlwaysMeasured(Name(path), of: type) {
            flags.insert(.measured)
        }
        return DigestField("payload." + path, flags: flags)
    }

    /// Begin and end of a run tell about its surroundings: they are compared by themselves.
    package static func isDigested(_ type: Name) -> Bool { !WellKnownTypes.ofSurroundings.contains(type) }
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
