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

    /// - Throws: `bad-parameter` if it is no finite number, or none of the table's range.
    package func number(_ parameter: Parameter) throws -> Double? {
        guard case .number(let range) = parameter.kind else { preconditionFailure("\(parameter.name) is no number") }
        guard let text = text(parameter) else { return nil }
        guard let value = Self.finiteNumber(text), range?.contains(value) ?? true else {
            let limits = range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? ""
            throw APIError(.badRequest, "bad-parameter", "\(parameter.name)=\(text) is not a finite number\(limits)")
        }
        return value
    }

    /// As JSON writes numbers: `Double` takes hexadecimal ones, NaN and infinities besides.
    package static func finiteNumber(_ text: some StringProtocol) -> Double? {
        let isDecimal = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || byte | 0x20 == UInt8(ascii: "e") || "+-.".utf8.contains(byte)
        }
        return isDecimal ? Double(text).flatMap { $0.isFinite ? $0 : nil } : nil
    }

    /// Each time that it stands there.
    package func texts(_ parameter: Parameter) -> [String] { FormQuery(uri.query).values(of: parameter.name) }

    /// Two parameters that are the ends of a range; what is not there is open.
    ///
    /// - Throws: `bad-parameter` if it ends before it begins.
    package func range<Value: Comparable>(
        _ first: Parameter, _ from: Value?, _ last: Parameter, _ to: Value?, in all: ClosedRange<Value>
    ) throws -> ClosedRange<Value>? {
        guard from != nil || to != nil else { return nil }
        let (from, to) = (from ?? all.lowerBound, to ?? all.upperBound)
        guard from <= to else {
            throw APIError(.badRequest, "bad-parameter", "\(first.name)=\(from) is greater than \(last.name)=\(to)")
        }
        return from...to
    }
}
