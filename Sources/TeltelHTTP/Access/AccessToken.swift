/// The secret that opens the port: from a file that only its user can read, or from TELTEL_TOKEN.
import Foundation

/// Why there is no token; says what the user can do.
package struct AccessTokenError: Error, CustomStringConvertible {
    package let description: String
}

package struct AccessToken: Sendable {
    private static let lengths = 16...512
    private let bytes: [UInt8]
    /// As it goes into an Authorization header.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package init(_ text: String, from place: String) throws(AccessTokenError) {
        bytes = Array(text.utf8)
        guard Self.lengths.contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw AccessTokenError(
                description: "\(place): a token is \(Self.lengths.lowerBound) to \(Self.lengths.upperBound) visible ASCII "
                    + "characters; `teltel token new FILE` makes one")
        }
    }

    /// The file before the environment; nil when neither is given.
    package static func find(
        file: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(AccessTokenError) -> AccessToken? {
        func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let file = file ?? given("TELTEL_TOKEN_FILE") { return try read(file) }
        return try given("TELTEL_TOKEN").map { text throws(AccessTokenError) in try AccessToken(text, from: "TELTEL_TOKEN") }
    }

    private static func read(_ path: String) throws(AccessTokenError) -> AccessToken {
        let text: String
        do throws(SecretFileError) {
            text = try SecretFile.read(
                path, kind: "token file", limit: lengths.upperBound + 2, hint: "`teltel token new \(path)` makes one")
        } catch { throw AccessTokenError(description: error.description) }
        return try AccessToken(text, from: "token file \(path)")
    }

    /// Takes the same time wherever the first difference is. The length is no secret.
    package func matches(_ other: some StringProtocol) -> Bool {
        let other = Array(other.utf8)
        guard other.count == bytes.count else { return false }
        return zip(bytes, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Names that nobody can guess.
package enum RandomName {
    /// 64 hexadecimal digits: 256 bits from the kernel.
    package static func make() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
