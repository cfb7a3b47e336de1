#if !hasFeature(Embedded)
    import CTeltel

    /// Why a call failed. Two errors are equal when their codes are.
    public struct TelemetryError: Error, Equatable, CustomStringConvertible {
        /// The reason in one word; new ones may be added.
        public struct Code: Hashable, Sendable {
            /// The status of the C interface (`TELTEL_ERROR_…`, `TELTEL_REFUSED_…` of `teltel.h`).
            public let rawValue: Int32

            /// Switched off by `TELTEL_DISABLED=1`.
            public static let disabled = Code(rawValue: Status.disabled)
            public static let argument = Code(rawValue: Status.argument)
            /// Same channel and name defined before with other fields.
            public static let mismatch = Code(rawValue: Status.mismatch)
            /// Too many types, fields, tag sets or runs.
            public static let limit = Code(rawValue: Status.limit)
            /// Shared memory is full.
            public static let noSpace = Code(rawValue: Status.noSpace)
            public static let permission = Code(rawValue: Status.permission)
            public static let system = Code(rawValue: Status.system)
            /// The run has ended, or belongs to the parent process.
            public static let ended = Code(rawValue: Status.ended)
        }

        public let code: Code
        /// One line for people.
        public let description: String

        init(code: Code, description: String) {
            self.code = code
            self.description = description
        }

        /// With the newest failure's line, which a failed call has just written.
        init(status: Int32) {
            let words = String(cString: teltel_strerror(status))
            var line = [CChar](repeating: 0, count: 512)
            let length = min(ctel_message_copy(&line, line.count), line.count - 1)
            let message = String(decoding: line[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            self.init(code: Code(rawValue: status), description: message.isEmpty ? words : "\(words): \(message)")
        }

        public static func == (a: TelemetryError, b: TelemetryError) -> Bool { a.code == b.code }
    }
#endif
