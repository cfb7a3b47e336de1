/// Why a question has no answer: one map of what ClickHouse says to what an asker can do.
import TeltelStorage

package enum QueryError: Error, Equatable, Sendable {
    /// So many questions are waiting already.
    case busy
    /// It took longer than it may.
    case tooSlow(seconds: Int)
    case tooMuchMemory(String)
    /// More rows or bytes than an answer may have.
    case tooLarge(String)
    /// ClickHouse does not take the statement.
    case refused(String)
    /// ClickHouse cannot be reached, the connection broke, or teltel's own tables are not there: they are made when the collector
    /// first reaches ClickHouse, and again after somebody dropped them. Worth asking again.
    case away(String)
    /// Whatever else ClickHouse says.
    case failed(String)
    /// The asker has left.
    case cancelled

    /// ClickHouse ended an answer in the middle of a row.
    package static let cutOff = QueryError.failed("ClickHouse's answer was cut off")

    init(_ error: ClickHouseError, seconds: Int) {
        switch error.source {
        case .exception(let code):
            switch code {
            case 159, 160: self = .tooSlow(seconds: seconds)
            case 241: self = .tooMuchMemory(error.description)
            case 158, 307, 396: self = .tooLarge(error.description)
            case 43, 46, 47, 62, 164, 497: self = .refused(error.description)
            case 60, 81, 218: self = .away("ClickHouse has not all of teltel's tables yet, or no longer: \(error.description)")
            case 202, 203, 209, 210, 236, 1_000: self = .away(error.description)
            default: self = .failed(error.description)
            }
        case .cancelled: self = .cancelled
        case .unreachable, .interrupted: self = .away(error.description)
        case .unexpectedAnswer, .payload, .unsupported, .unfitTable, .withoutEffect: self = .failed(error.description)
        }
    }
}
