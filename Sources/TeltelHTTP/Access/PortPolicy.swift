/// Who may ask, and what a request must look like before anything else sees it. One place for HTTP and WebSocket alike.
import HTTPTypes
import NIOCore
import NIOHTTP1

/// A request that is not answered: why, for the client and for the counters.
package struct Refusal: Error, Sendable {
    package enum Reason: String, CaseIterable, Sendable { case limit, user, host, origin, token, timeout, request }
    package let reason: Reason
    package let error: APIError
    package let headers: HTTPHeaders
    /// For browsers, in place of JSON.
    package var page: String?

    package init(_ reason: Reason, _ error: APIError, headers: HTTPHeaders = [:]) {
        self.reason = reason
        self.error = error
        self.headers = headers
    }
}

package struct PortPolicy: Sendable {
    package static let targetBytesMax = 8 << 10

    package let hosts: AllowedHosts
    /// nil: whoever reaches the port may ask.
    package let access: PortAccess?
    /// nil: other local users may ask.
    package let owners: PeerOwners?
    package let revision = AccessRevision()

    package init(hosts: AllowedHosts, access: PortAccess?, owners: PeerOwners?) {
        self.hosts = hosts
        self.access = access
        self.owners = owners
    }

    /// Asked once per connection.
    package func isOtherUser(_ channel: any Channel) -> Bool { owners?.isOtherUser(channel) ?? false }

    /// Lets the request in, or throws why not.
    package func admit(_ head: HTTPRequestHead, isOtherUser: Bool) throws(Refusal) -> Identity {
        // Before the answer: what changes meanwhile makes it one of an earlier revision.
        let revision = revision.current
        if isOtherUser { throw Self.otherUser }
        if head.uri.utf8.count > Self.targetBytesMax { throw Self.targetTooLong }
        guard head.uri.utf8.first == UInt8(ascii: "/") else { throw Self.badTarget }
        let named = head.headers["host"]
        guard named.count == 1, hosts.allows(host: named[0]) else { throw Self.foreignHost(named) }
        let origins = head.headers["origin"]
        guard origins.count <= 1, origins.allSatisfy({ hosts.allows(origin: $0, host: named[0]) }) else {
            throw Self.foreignOrigin
        }
        return Identity(try access?.admit(head, host: named[0]) ?? .local, revision: revision)
    }

    /// Whether a request with the same head would be let in as it was then.
    package func stillHolds(_ identity: Identity) -> Bool { identity.revision == revision.current }

    private static var otherUser: Refusal {
        Refusal(
            .user,
            APIError(
                .forbidden, "other-user", "this connection belongs to another user of this machine than the collector",
                hint: "start the collector with --allow-local-users to let all of them in"))
    }
    private static var badTarget: Refusal {
        Refusal(.request, APIError(.badRequest, "bad-target", "the request's target must be a path", hint: "GET /api/runs"))
    }
    package static var targetTooLong: Refusal {
        Refusal(.request, APIError(.uriTooLong, "target-too-long", "path and query may have \(targetBytesMax) bytes"))
    }
    private static func foreignHost(_ named: [String]) -> Refusal {
        let host = named.count == 1 ? String(named[0].prefix(255)) : "(\(named.count) of them)"
        return Refusal(
            .host,
            APIError(
                .forbidden, "foreign-host", "this collector does not answer to the host \(host)",
                hint: "use localhost, or start the collector with --allow-host"))
    }
    package static var foreignOrigin: Refusal {
        Refusal(
            .origin,
            APIError(
                .forbidden, "foreign-origin", "requests from other web pages are refused", hint: "open the collector's own page"))
    }
}
