/// All endpoints of a port.

package struct EndpointTable: Sendable {
    package let endpoints: [Endpoint]

    /// No method stands twice for one path.
    package init(_ groups: [Endpoint]...) {
        endpoints = groups.flatMap { $0 }
        let places = endpoints.map { "\($0.method.rawValue) \($0.path.text)" }
        precondition(Set(places).count == places.count, "an endpoint is in the table twice: \(places)")
    }

    /// Paths in the order in which they first appear, each with its endpoints.
    package var paths: [(path: PathTemplate, endpoints: [Endpoint])] {
        var order: [PathTemplate] = []
        var found: [PathTemplate: [Endpoint]] = [:]
        for endpoint in endpoints {
            if found[endpoint.path] == nil { order.append(endpoint.path) }
            found[endpoint.path, default: []].append(endpoint)
        }
        return order.map { ($0, found[$0] ?? []) }
    }

    /// Methods as the header `Allow` has them.
    package static func allowed(_ endpoints: [Endpoint]) -> String {
        endpoints.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }.joined(separator: ", ")
    }

    /// Paths that everybody may ask.
    package var open: Set<String> {
        Set(endpoints.filter { $0.access == .everybody && $0.path.isLiteral }.map(\.path.text))
    }

    /// Requests whose bodies have another limit than the port's own.
    package struct BodyLimit: Sendable {
        package let method: Endpoint.Method
        package let prefix: String
        package let isWhole: Bool
        /// nil: none.
        package let bytesMax: Int?

        /// - Parameter target: path and query.
        package func applies(to target: some StringProtocol) -> Bool {
            guard target.hasPrefix(prefix) else { return false }
            guard isWhole else { return true }
            let rest = target.utf8.dropFirst(prefix.utf8.count).first
            return rest == nil || rest == UInt8(ascii: "?")
        }
    }
    package func bodyLimits(otherThan bytes: Int) -> [BodyLimit] {
        endpoints.filter { $0.body != nil && $0.body?.bytesMax != bytes }.map { endpoint in
            BodyLimit(
                method: endpoint.method, prefix: endpoint.path.literalPrefix, isWhole: endpoint.path.isLiteral,
                bytesMax: endpoint.body?.bytesMax)
        }
    }
}
