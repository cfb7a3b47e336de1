/// Whether a collector is there and ready, and the way into its page.

package struct HealthAnswer: Codable, Sendable, Equatable {
    package var status: String = "ok"

    package init(status: String = "ok") {
        self.status = status
    }
}

/// GET /api/ready.
package struct ReadyAnswer: Codable, Sendable, Equatable {
    package struct Storage: Codable, Sendable, Equatable {
        package enum State: String, Codable, Sendable {
            case ok, connecting, off, failed

            /// A state that this version does not know is none in which events are stored.
            package init(from decoder: any Decoder) throws {
                self = State(rawValue: try String(from: decoder)) ?? .failed
            }
        }
        package let state: State
        package let detail: String

        package init(state: State, detail: String) {
            self.state = state
            self.detail = detail
        }
    }
    /// "ready" or "degraded".
    package let status: String
    package let storage: Storage

    package init(status: String, storage: Storage) {
        self.status = status
        self.storage = storage
    }
}

/// POST /api/login.
package struct LoginAnswer: Codable, Sendable, Equatable {
    package let url: String
    package let expiresInSeconds: Int64

    package init(url: String, expiresInSeconds: Int64) {
        self.url = url
        self.expiresInSeconds = expiresInSeconds
    }
}

/// GET /api/layouts, and what saving one answers.
package struct LayoutAnswer: Codable, Sendable, Equatable {
    package let name: String
    /// Bytes of its JSON text.
    package let size: Int
    /// RFC 3339.
    package let savedAt: String

    package init(name: String, size: Int, savedAt: String) {
        self.name = name
        self.size = size
        self.savedAt = savedAt
    }
}

/// DELETE /api/layouts/….
package struct LayoutRemovedAnswer: Codable, Sendable, Equatable {
    package let name: String

    package init(name: String) {
        self.name = name
    }
}
