/// A request's parameters, read as the table says.
import Hummingbird

extension Request {
    /// nil: it is not there.
    package func text(_ name: String) -> String? { FormQuery(uri.query).value(of: name) }

    package func text(_ parameter: Parameter) -> String? { text(parameter.name) }

    /// - Throws: `missing-parameter` if it is not there or, unless it may be, empty.
    package func required(_ parameter: Parameter, mayBeEmpty: Bool = false) throws -> String {
        guard let value = text(parameter), mayBeEmpty || !value.isEmpty else {
            throw APIError.missingParameter(parameter.name)
        }
        return value
    }

    package func flag(_ parameter: Parameter) -> Bool { text(parameter) == "1" }

    /// - Throws: `bad-parameter` if it is no number, or none of the table's range.
    package func integer(_ parameter: Parameter) throws -> Int? {
        guard case .integer(let range) = parameter.kind else { preconditionFailure("\(parameter.name) is no integer") }
        guard let text = text(parameter) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw APIError(
                .badRequest, "bad-parameter",
                "\(parameter.name)=\(text) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// - Throws: `bad-parameter` if it is not the number of a frame.
    package func frame(_ parameter: Parameter) throws -> UInt64? {
        guard let text = text(parameter) else { return nil }
        guard let frame = UInt64(text) else {
            throw APIError(.badRequest, "bad-parameter", "\(parameter.name)=\(text) is not the number of a frame")
        }
        return frame
    }

    /// Both belong to it. nil: neither is given.
    /// - Throws: `bad-parameter` if one is no frame, or the last comes before the first.
    package func frames(from first: Parameter, to last: Parameter) throws -> ClosedRange<UInt64>? {
        let ends = (try frame(first), try frame(last))
        guard ends.0 != nil || ends.1 != nil else { return nil }
        let (from, to) = (ends.0 ?? 0, ends.1 ?? .max)
        guard from <= to else {
            throw APIError(.badRequest, "bad-parameter", "\(first.name)=\(from) is greater than \(last.name)=\(to)")
        }
        return from...to
    }
}
