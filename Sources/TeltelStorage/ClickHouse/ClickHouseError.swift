/// What can go wrong with ClickHouse, and what to do about it.

/// An error from ClickHouse or on the way to it.
package struct ClickHouseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the caller should do.
    package enum Advice: Sendable, Equatable {
        /// Try the same again soon, with a growing pause: overload, network, restart.
        case retry
        /// Try the same again later: somebody must do something first (password, disk, read-only mode).
        case wait
        /// The rows themselves were refused: halve the group to find the bad ones.
        case split
        /// It will never work as it was asked: a query that does not parse, a server that is too old.
        case stop
    }
    package enum Source: Sendable, Equatable {
        /// ClickHouse's own exception with its number.
        case exception(Int)
        /// No connection was made: nothing has been sent.
        case unreachable
        /// The connection broke, or time ran out, after the request had begun.
        case interrupted
        /// The answer is no answer of ClickHouse.
        case unexpectedAnswer
        /// A limit of the caller, or the caller's own wish to end the transfer.
        case cancelled
        /// The file to send could not be read.
        case payload
        /// The server is too old, or the database is not one to write into.
        case unsupported
        /// Something else stands where the table belongs.
        case unfitTable
        /// A statement succeeded and changed nothing.
        case withoutEffect
    }
    package let source: Source
    package let message: String

    package init(_ source: Source, _ message: String) {
        self.source = source
        self.message = message
    }

    /// ClickHouse's number of the exception; nil for all other sources.
    package var code: Int? {
        if case .exception(let code) = source { code } else { nil }
    }

    /// True if the request may have been carried out all the same, wholly or in part.
    package var isAmbiguous: Bool {
        switch source {
        case .unreachable, .payload, .unsupported, .unfitTable, .withoutEffect: false
        case .interrupted, .unexpectedAnswer, .cancelled: true
        case .exception(let code): !ClickHouseCode.refusedBeforeWriting.contains(code)
        }
    }

    package var advice: Advice {
        switch source {
        case .unreachable, .interrupted, .unexpectedAnswer, .cancelled: .retry
        case .payload, .withoutEffect: .stop
        case .unsupported, .unfitTable: .wait
        case .exception(let code): ClickHouseCode.advice(code)
        }
    }

    /// The table's rows are refused for what the table or the rows are, as far as can be known: not for the state of the
    /// server, of its disk, of the network, and not because something is missing that teltel makes.
    package var isAboutTable: Bool {
        switch source {
        case .unreachable, .interrupted, .unexpectedAnswer, .cancelled, .payload, .unsupported: false
        case .unfitTable, .withoutEffect: true
        case .exception(let code): !ClickHouseCode.ofServer.contains(code)
        }
    }

    package var description: String {
        switch source {
        case .exception(let code): "ClickHouse \(code) \(ClickHouseCode.name(code)): \(message)"
        case .unreachable: "ClickHouse cannot be reached: \(message)"
        case .interrupted: "connection to ClickHouse broke: \(message)"
        case .unexpectedAnswer: "unexpected answer from ClickHouse: \(message)"
        case .cancelled: "cancelled: \(message)"
        case .payload: "cannot read what should be sent: \(message)"
        case .unsupported, .unfitTable, .withoutEffect: message
        }
    }

    /// From the text that ClickHouse sends: `Code: 60. DB::Exception: …`. nil if there is no such number in it.
    package static func parse(_ text: String) -> ClickHouseError? {
        guard let found = text.firstRange(of: "Code: ") else { return nil }
        let digits = text[found.upperBound...].prefix { $0.isNumber }
        guard let code = Int(digits) else { return nil }
        return ClickHouseError(.exception(code), String(text.prefix(2_000)))
    }
}

/// ClickHouse's own numbers of exceptions, by its own names, as far as teltel treats them differently.
package enum ClickHouseCode {
    package static let names: [Int: String] = [
        6: "CANNOT_PARSE_TEXT", 16: "NO_SUCH_COLUMN_IN_TABLE", 25: "CANNOT_PARSE_ESCAPE_SEQUENCE",
        26: "CANNOT_PARSE_QUOTED_STRING",
        27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED", 32: "ATTEMPT_TO_READ_AFTER_EOF", 33: "CANNOT_READ_ALL_DATA",
        36: "BAD_ARGUMENTS", 38: "CANNOT_PARSE_DATE", 41: "CANNOT_PARSE_DATETIME", 43: "ILLEGAL_TYPE_OF_ARGUMENT",
        44: "ILLEGAL_COLUMN", 46: "UNKNOWN_FUNCTION", 47: "UNKNOWN_IDENTIFIER", 48: "NOT_IMPLEMENTED", 50: "UNKNOWN_TYPE",
        53: "TYPE_MISMATCH", 57: "TABLE_ALREADY_EXISTS", 60: "UNKNOWN_TABLE", 62: "SYNTAX_ERROR", 69: "ARGUMENT_OUT_OF_BOUND",
        70: "CANNOT_CONVERT_TYPE", 72: "CANNOT_PARSE_NUMBER", 73: "UNKNOWN_FORMAT",
        74: "CANNOT_READ_FROM_FILE_DESCRIPTOR", 75: "CANNOT_WRITE_TO_FILE_DESCRIPTOR", 76: "CANNOT_OPEN_FILE",
        81: "UNKNOWN_DATABASE", 107: "FILE_DOESNT_EXIST", 115: "UNKNOWN_SETTING", 117: "INCORRECT_DATA",
        122: "INCOMPATIBLE_COLUMNS", 128: "TOO_LARGE_ARRAY_SIZE", 130: "CANNOT_READ_ARRAY_FROM_TEXT",
        131: "TOO_LARGE_STRING_SIZE", 158: "TOO_MANY_ROWS", 159: "TIMEOUT_EXCEEDED", 160: "TOO_SLOW", 164: "READONLY",
        173: "CANNOT_ALLOCATE_MEMORY",
        190: "SIZES_OF_ARRAYS_DONT_MATCH", 192: "UNKNOWN_USER", 193: "WRONG_PASSWORD", 194: "REQUIRED_PASSWORD",
        195: "IP_ADDRESS_NOT_ALLOWED", 201: "QUOTA_EXCEEDED", 202: "TOO_MANY_SIMULTANEOUS_QUERIES", 203: "NO_FREE_CONNECTION",
        209: "SOCKET_TIMEOUT", 210: "NETWORK_ERROR", 218: "TABLE_IS_DROPPED", 225: "NO_ZOOKEEPER", 236: "ABORTED",
        241: "MEMORY_LIMIT_EXCEEDED", 242: "TABLE_IS_READ_ONLY", 243: "NOT_ENOUGH_SPACE", 252: "TOO_MANY_PARTS",
        271: "CANNOT_DECOMPRESS", 279: "ALL_CONNECTION_TRIES_FAILED", 285: "TOO_FEW_LIVE_REPLICAS",
        286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", 291: "DATABASE_ACCESS_DENIED", 307: "TOO_MANY_BYTES",
        319: "UNKNOWN_STATUS_OF_INSERT", 321: "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE", 349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
        394: "QUERY_WAS_CANCELLED", 396: "TOO_MANY_ROWS_OR_BYTES", 407: "DECIMAL_OVERFLOW", 425: "SYSTEM_ERROR",
        432: "UNKNOWN_CODEC", 439: "CANNOT_SCHEDULE_TASK", 452: "SETTING_CONSTRAINT_VIOLATION", 469: "VIOLATED_CONSTRAINT",
        473: "DEADLOCK_AVOIDED", 495: "ACCESS_STORAGE_READONLY", 497: "ACCESS_DENIED", 499: "S3_ERROR",
        516: "AUTHENTICATION_FAILED",
        517: "CANNOT_ASSIGN_ALTER", 561: "CANNOT_PARSE_ENUM_VALUE", 579: "INCORRECT_PART_TYPE", 628: "RESOURCE_NOT_FOUND",
        636: "CANNOT_DETECT_FORMAT",
        650: "TABLE_UUID_MISMATCH", 999: "KEEPER_EXCEPTION", 1_000: "POCO_EXCEPTION", 1_001: "STD_EXCEPTION",
        1_002: "UNKNOWN_EXCEPTION",
    ]

    /// Said of a question about rows by their identity: there is no such table, or it has no such columns.
    package static func isWithoutRows(_ code: Int) -> Bool { [16, 47, 60].contains(code) }

    package static func name(_ code: Int) -> String { names[code] ?? "exception" }

    /// The rows cannot be what they are.
    package static let content: Set<Int> = [
        6, 25, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 122, 128, 130, 131, 190, 271, 321, 349, 407, 469, 561,
    ]
    /// Somebody must act first.
    package static let waiting: Set<Int> = [164, 192, 193, 194, 195, 201, 242, 243, 291, 452, 495, 497, 516]
    /// The question is wrong, or the server is too old for it.
    package static let hopeless: Set<Int> = [36, 43, 44, 46, 48, 50, 62, 73, 115, 432, 636]
    /// Of the server's state, whatever the table: too little memory or room, too much to do, no right to write, restarts, other servers
    /// that it needs; or of tables that are missing, which are made again.
    package static let ofServer: Set<Int> = [
        60, 74, 75, 76, 81, 107, 158, 159, 160, 164, 173, 192, 193, 194, 195, 201, 202, 203, 209, 210, 218, 225, 236, 241, 242,
        243, 252,
        279, 285, 286, 291, 307, 319, 394, 396, 425, 439, 452, 473, 495, 499, 516, 517, 579, 628, 650, 999, 1_000, 1_001, 1_002,
    ]
    /// Said before a single row is written.
    package static let refusedBeforeWriting: Set<Int> = [
        16, 36, 43, 46, 47, 50, 60, 62, 73, 81, 115, 164, 192, 193, 194, 195, 201, 202, 252, 291, 432, 452, 497, 516,
    ]

    /// All numbers that are in no list are worth another try: new versions add numbers, and no row is divided off for that.
    package static func advice(_ code: Int) -> ClickHouseError.Advice {
        if content.contains(code) { return .split }
        if waiting.contains(code) { return .wait }
        if hopeless.contains(code) { return .stop }
        return .retry
    }
}
