/// The parameters of a request, as forms, browsers, Go and Python write them: `+` is a blank (HTML, application/x-www-form-urlencoded).
import HummingbirdCore

package struct FormQuery {
    private let parameters: URI

    package init(_ query: String?) {
        // Hummingbird decodes percent signs only. A plus that is meant comes as %2B.
        let blanks = (query ?? "").utf8.map { $0 == UInt8(ascii: "+") ? [UInt8]("%20".utf8) : [$0] }
        parameters = URI("/?" + String(decoding: blanks.joined(), as: UTF8.self))
    }

    /// Decoded; the first of several. nil: it is not there.
    package func value(of name: String) -> String? { parameters.queryParameters[Substring(name)].map(String.init) }

    /// Decoded, in their order.
    package func values(of name: String) -> [String] { parameters.queryParameters[values: Substring(name)].map(String.init) }
}
