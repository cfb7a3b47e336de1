/// Times in answers.
import Foundation

package enum TimeText {
    /// RFC 3339, in UTC, with milliseconds. Never a millisecond early: a number of seconds with a fraction is often just below its
    /// millisecond, and texts of it are cut off.
    ///
    /// - Parameter milliseconds: since 1970; of the years 0 to 9999.
    package static func of(_ milliseconds: Int64) -> String {
        let (seconds, rest) = (milliseconds.flooring / 1_000, milliseconds - milliseconds.flooring)
        let text = Date(timeIntervalSince1970: Double(seconds)).formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: false).timeZone(separator: .omitted))
        let digits = String(rest)
        return text.dropLast() + "." + String(repeating: "0", count: 3 - digits.count) + digits + "Z"
    }
}

extension Int64 {
    /// The whole second at or before it.
    fileprivate var flooring: Int64 { self - ((self % 1_000) + 1_000) % 1_000 }
}
