/// What every answer carries, whoever made it.
import NIOHTTP1

package enum SecurityHeaders {
    private static let all: [(name: String, value: String)] = [
        (
            "content-security-policy",
            "default-src 'self'; connect-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
                + "form-action 'self'; frame-ancestors 'none'"
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ]

    /// Nothing is kept by browsers and proxies, except what says otherwise: the files of the page.
    package static func add(to headers: inout HTTPHeaders) {
        for header in all { headers.replaceOrAdd(name: header.name, value: header.value) }
        if !headers.contains(name: "cache-control") { headers.add(name: "cache-control", value: "no-store") }
    }
}
