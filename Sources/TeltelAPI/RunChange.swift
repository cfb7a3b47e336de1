/// PATCH and DELETE /api/run.
import TeltelEvents

/// What is not there stays as it is; "", and null for a tag, takes it away.
package struct RunChange: Codable, Sendable, Equatable {
    package var name: String?
    package var note: String?
    package var tags: [Name: Name?]?

    package var isEmpty: Bool { name == nil && note == nil && tags == nil }

    package init(name: String? = nil, note: String? = nil, tags: [Name: Name?]? = nil) {
        self.name = name
        self.note = note
        self.tags = tags
    }
}

/// Its tags stand behind it in the same object.
package struct RunChangedAnswer: Codable, Sendable, Equatable {
    package let runId: Name
    package let name, note: String?

    package init(runId: Name, name: String? = nil, note: String? = nil) {
        self.runId = runId
        self.name = name
        self.note = note
    }
}

package struct RunRemovedAnswer: Codable, Sendable, Equatable {
    package let runId: Name

    package init(runId: Name) {
        self.runId = runId
    }
}
