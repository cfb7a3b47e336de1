/// /api/storage: what is stored, what waits, and what was removed or taken over.

package struct StorageAnswer: Codable, Sendable, Equatable {
    package struct Table: Codable, Sendable, Equatable {
        package let name: String
        /// Of `events_other` none.
        package let channel, type: String?
        package let rows, bytes, parts: UInt64

        package init(name: String, channel: String? = nil, type: String? = nil, rows: UInt64, bytes: UInt64, parts: UInt64) {
            self.name = name
            self.channel = channel
            self.type = type
            self.rows = rows
            self.bytes = bytes
            self.parts = parts
        }
    }
    package struct Spool: Codable, Sendable, Equatable {
        package let waitingSegments, waitingRows, waitingBytes, fileBytes, limitBytes, damaged: Int
        package let lastError: String?

        package init(
            waitingSegments: Int, waitingRows: Int, waitingBytes: Int, fileBytes: Int, limitBytes: Int, damaged: Int,
            lastError: String? = nil
        ) {
            self.waitingSegments = waitingSegments
            self.waitingRows = waitingRows
            self.waitingBytes = waitingBytes
            self.fileBytes = fileBytes
            self.limitBytes = limitBytes
            self.damaged = damaged
            self.lastError = lastError
        }
    }
    /// A type whose rows were given up, because ClickHouse never takes them.
    package struct GivenUp: Codable, Sendable, Equatable {
        package let channel, type: String
        package let rows: Int
        package let reason: String

        package init(channel: String, type: String, rows: Int, reason: String) {
            self.channel = channel
            self.type = type
            self.rows = rows
            self.reason = reason
        }
    }
    package struct Inserts: Codable, Sendable, Equatable {
        package let storedRows, storedGroups, waitingGroups, refusedRows, surplusRows: Int
        /// Tables whose rows wait, and how many of them are still to be made.
        package let waitingTables, missingTables: Int
        package let lastError: String?
        /// Part of `refusedRows`, and the types that they were of, as far as these are named.
        package let givenUpRows: Int
        package let givenUp: [GivenUp]

        package init(
            storedRows: Int, storedGroups: Int, waitingGroups: Int, refusedRows: Int, surplusRows: Int, waitingTables: Int,
            missingTables: Int, lastError: String? = nil, givenUpRows: Int, givenUp: [GivenUp]
        ) {
            self.storedRows = storedRows
            self.storedGroups = storedGroups
            self.waitingGroups = waitingGroups
            self.refusedRows = refusedRows
            self.surplusRows = surplusRows
            self.waitingTables = waitingTables
            self.missingTables = missingTables
            self.lastError = lastError
            self.givenUpRows = givenUpRows
            self.givenUp = givenUp
        }
    }
    package let state, detail: String
    package let spool: Spool
    package let inserts: Inserts
    /// Types that have come since the start and share the table `events_other`.
    package let sharingTypes: Int
    /// None while ClickHouse is away.
    package let tables: [Table]

    package init(state: String, detail: String, spool: Spool, inserts: Inserts, sharingTypes: Int, tables: [Table]) {
        self.state = state
        self.detail = detail
        self.spool = spool
        self.inserts = inserts
        self.sharingTypes = sharingTypes
        self.tables = tables
    }
}

/// Runs that were removed, or would be.
package struct PruneAnswer: Codable, Sendable, Equatable {
    package struct Run: Codable, Sendable, Equatable {
        package let runId, status, reason: String
        package let rows, bytes: UInt64
        /// Why it is still there.
        package let problem: String?

        package init(runId: String, status: String, reason: String, rows: UInt64, bytes: UInt64, problem: String? = nil) {
            self.runId = runId
            self.status = status
            self.reason = reason
            self.rows = rows
            self.bytes = bytes
            self.problem = problem
        }
    }
    package let dryRun: Bool
    package let runs: [Run]

    package init(dryRun: Bool, runs: [Run]) {
        self.dryRun = dryRun
        self.runs = runs
    }
}

/// What brings the reference's tables under the view, or did.
package struct MigrationAnswer: Codable, Sendable, Equatable {
    package let dryRun: Bool
    package let events, runs: UInt64
    package let statements: [String]

    package init(dryRun: Bool, events: UInt64, runs: UInt64, statements: [String]) {
        self.dryRun = dryRun
        self.events = events
        self.runs = runs
        self.statements = statements
    }
}

/// What POST /api/storage/prune and /api/storage/migrate take; without limits those that the collector was started with.
package struct StorageRequest: Codable, Sendable, Equatable {
    package var retain: String?
    package var retainMib: Int?
    package var dryRun: Bool?

    package init(retain: String? = nil, retainMib: Int? = nil, dryRun: Bool? = nil) {
        self.retain = retain
        self.retainMib = retainMib
        self.dryRun = dryRun
    }
}
