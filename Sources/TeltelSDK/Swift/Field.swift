#if !hasFeature(Embedded)
    import CTeltel

    /// A type that a field of a record can have: numbers, `Bool`, SIMD vectors and inline arrays of them.
    ///
    /// Swift does not promise how an enum lies in memory; record its raw value and give the field `labels`.
    public protocol TelemetryValue {
        /// The kind of one element (`TELTEL_F64`, … of `teltel.h`).
        static var telemetryKind: UInt32 { get }
        /// How many elements a value has.
        static var telemetryCount: Int { get }
    }
    extension TelemetryValue { public static var telemetryCount: Int { 1 } }

    extension Int8: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_I8) } }
    extension UInt8: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_U8) } }
    extension Int16: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_I16) } }
    extension UInt16: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_U16) } }
    extension Int32: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_I32) } }
    extension UInt32: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_U32) } }
    extension Int64: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_I64) } }
    extension UInt64: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_U64) } }
    extension Int: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_I64) } }
    extension UInt: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_U64) } }
    extension Float: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_F32) } }
    extension Double: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_F64) } }
    extension Bool: TelemetryValue { public static var telemetryKind: UInt32 { UInt32(TELTEL_BOOL) } }

    extension SIMD2: TelemetryValue where Scalar: TelemetryValue {
        public static var telemetryKind: UInt32 { Scalar.telemetryKind }
        public static var telemetryCount: Int { 2 }
    }
    extension SIMD3: TelemetryValue where Scalar: TelemetryValue {
        public static var telemetryKind: UInt32 { Scalar.telemetryKind }
        public static var telemetryCount: Int { 3 }
    }
    extension SIMD4: TelemetryValue where Scalar: TelemetryValue {
        public static var telemetryKind: UInt32 { Scalar.telemetryKind }
        public static var telemetryCount: Int { 4 }
    }
    extension InlineArray: TelemetryValue where Element: TelemetryValue {
        public static var telemetryKind: UInt32 { Element.telemetryKind }
        public static var telemetryCount: Int { count * Element.telemetryCount }
    }

    /// One stored property of the record `State`, as it is to appear in telemetry.
    public struct Field<State: BitwiseCopyable>: Sendable {
        let name: String
        let unit: String
        let labels: String
        let kind: UInt32
        /// nil: not a stored property.
        let offset: Int?
        let count: Int
        let flags: UInt32

        /// - Parameters:
        ///   - path: to a stored property of the record.
        ///   - name: `"pos.x"` becomes `{"pos":{"x":…}}`; a vector takes a name for each element, `"pos.x,pos.y,pos.z"`, or one.
        ///   - unit: for example `"m/s"`.
        ///   - labels: for integers: names of 0, 1, 2 …
        ///   - key: tells several instances of the type in one frame apart, as `wheelId` does.
        ///   - input: given to the engine, not computed by it: a command, a recorded control, a seed. If that is where two runs
        ///     differ first, the cause lies outside.
        ///   - measured: of the machine, not of the simulation, and another in each equal run: processor time, memory. It is never
        ///     compared, and so neither key nor input.
        public static func field<Value: TelemetryValue>(
            _ path: KeyPath<State, Value>, _ name: String, unit: String = "", labels: [String] = [], key: Bool = false,
            input: Bool = false, measured: Bool = false
        ) -> Field {
            Field(
                name: name, unit: unit, labels: labels.joined(separator: ","), kind: Value.telemetryKind,
                offset: MemoryLayout<State>.offset(of: path), count: Value.telemetryCount,
                flags: flags(key: key, input: input, measured: measured))
        }

        /// UTF-8 text in an array of fixed size; ends at the first 0 or at the array's end. `input` and `measured` as for
        /// ``field(_:_:unit:labels:key:input:measured:)``.
        public static func text<let length: Int>(
            _ path: KeyPath<State, InlineArray<length, UInt8>>, _ name: String, input: Bool = false, measured: Bool = false
        ) -> Field {
            Field(
                name: name, unit: "", labels: "", kind: UInt32(TELTEL_TEXT), offset: MemoryLayout<State>.offset(of: path),
                count: length, flags: flags(key: false, input: input, measured: measured))
        }

        private static func flags(key: Bool, input: Bool, measured: Bool) -> UInt32 {
            UInt32((key ? TELTEL_KEY : 0) | (input ? TELTEL_INPUT : 0) | (measured ? TELTEL_MEASURED : 0))
        }

        func cField(_ texts: CTexts) throws(TelemetryError) -> teltel_field {
            guard let offset else {
                throw TelemetryError(code: .argument, description: "field \(name) is not a stored property")
            }
            return teltel_field(
                name: texts.pointer(name), unit: texts.pointer(unit), labels: texts.pointer(labels), kind: kind,
                offset: UInt32(offset), count: UInt32(count), flags: flags)
        }
    }
#endif
