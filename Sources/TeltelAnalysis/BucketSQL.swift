/// What buckets of frames are made of, as SQL: the same whether all rows are read or summaries of blocks.

struct BucketSQL {
    /// Integers that no double holds may be among the values.
    let hasDigits: Bool
    /// Buckets that are at least so many frames wide begin and end where blocks do, so that summaries of blocks give the same answer.
    static let alignedFrom: UInt64 = 4 * UInt64(DigestSQL.framesPerBlock)
    /// Beyond it sums of frames might have no room.
    private static let alignedTo: UInt64 = 1 << 62
    private static let half = "9223372036854775808"

    // MARK: where buckets are

    /// Definitions of `origin` and `frames_per_bucket` by `ends`, the first and the last frame.
    static func width(_ count: String) -> String {
        let block = DigestSQL.framesPerBlock
        return """
            greatest(toUInt64(1), intDiv(toUInt64(ends.2 - ends.1), \(count)) + 1) AS narrow,
            narrow BETWEEN \(alignedFrom) AND \(alignedTo) AS is_aligned,
            toUInt64(if(is_aligned, intDiv(ends.1, \(block)) * \(block), ends.1)) AS origin,
            toUInt64(if(is_aligned, intDiv(intDiv(toUInt64(ends.2 - origin), \(count)) + \(block), \(block)) * \(block), narrow))
                AS frames_per_bucket
            """
    }
    /// Whether they begin and end where blocks do.
    static func isAligned(_ frames: ClosedRange<UInt64>, count: Int) -> Bool {
        let (width, hasOverflown) = ((frames.upperBound - frames.lowerBound) / UInt64(max(1, count))).addingReportingOverflow(1)
        return !hasOverflown && (alignedFrom...alignedTo).contains(width)
    }
    static let number = "intDiv(toUInt64(frame_index - origin), frames_per_bucket)"

    // MARK: what is in them

    /// Columns of the answer.
    var columns: [Selected] {
        [
            .natural("from_frame"), .natural("to_frame"), .number("from_time"), .number("to_time"), .natural("count", "amount"),
            .natural("missing", "total - amount"), .natural("nan", "nans"), .natural("infinite"),
            exact("first", "if(amount > 0, first_value, NULL)", "first_digits"),
            Self.frame("first_frame", "amount", "toUInt64(bitShiftRight(first_digits_at, 64))"),
            exact("last", "if(amount > 0, last_value, NULL)", "last_digits"),
            Self.frame("last_frame", "amount", "toUInt64(bitShiftRight(last_digits_at, 64))"),
            exact("min", Self.number("min_digits_at"), "min_digits"),
            Self.frame("min_frame", "finite", "toUInt64(min_digits_at)"),
            exact("max", Self.number("max_digits_at"), "max_digits"),
            Self.frame("max_frame", "finite", "bitNot(toUInt64(max_digits_at))"),
        ]
    }

    /// Rows with where their value lies: one number of 128 bits, of which the smallest and the largest are found many times faster than
    /// those of tuples: frame, writer and sequence for the first and the last; the value and its frame for the extremes, so that of equal
    /// ones the earliest is named.
    static func placed(_ rows: String) -> String {
        // Numbers in their order as numbers without a sign, and back.
        let ordered = "if(bits >= \(half), bitNot(bits), bitXor(bits, \(half)))"
        return """
            SELECT *, reinterpretAsUInt64(assumeNotNull(v)) AS bits, bitShiftLeft(toUInt128(\(ordered)), 64) AS value_place,
                bitOr(bitShiftLeft(toUInt128(frame_index), 64), toUInt128(
                    bitOr(bitShiftLeft(toUInt64(writer), 48), bitAnd(sequence, 281474976710655)))) AS place,
                bitOr(value_place, toUInt128(frame_index)) AS low, bitOr(value_place, toUInt128(bitNot(frame_index))) AS high
            FROM \(rows)
            """
    }

    /// Sums over such rows: the first and the last value, and the extremes.
    var extremes: String {
        """
        minIf(place, v IS NOT NULL) AS first_digits_at, maxIf(place, v IS NOT NULL) AS last_digits_at,
            argMinIf(assumeNotNull(v), place, v IS NOT NULL) AS first_value,
            argMaxIf(assumeNotNull(v), place, v IS NOT NULL) AS last_value,
            minIf(low, isFinite(v)) AS min_digits_at, maxIf(high, isFinite(v)) AS max_digits_at\(digits)
        """
    }

    private var digits: String {
        guard hasDigits else { return "" }
        return [("first", "Min", "place"), ("last", "Max", "place"), ("min", "Min", "low"), ("max", "Max", "high")].map {
            name, function, place in
            ", arg\(function)If(v_digits, \(place), v_digits != '') AS \(name)_digits, "
                + "\(function.lowercased())If(\(place), v_digits != '') AS \(name)_digits_of"
        }.joined()
    }

    private func exact(_ name: String, _ value: String, _ digits: String) -> Selected {
        guard hasDigits else { return .exact(name, "(\(value), '')") }
        return .exact(name, "(\(value), if(\(digits)_at = \(digits)_of, \(digits), ''))")
    }
    private static func number(_ extreme: String) -> String {
        let bits = "toUInt64(bitShiftRight(\(extreme), 64))"
        let value = "reinterpretAsFloat64(if(\(bits) >= \(half), bitXor(\(bits), \(half)), bitNot(\(bits))))"
        return "if(finite > 0, \(value), NULL)"
    }
    private static func frame(_ name: String, _ count: String, _ sql: String) -> Selected {
        .natural(name, "if(\(count) > 0, \(sql), NULL)", isNullable: true)
    }
}
