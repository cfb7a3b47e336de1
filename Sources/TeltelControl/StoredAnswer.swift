/// Answers that were given to requests with a key: a repeated request is answered as before, also by the next collector.
import GRDB

package struct StoredAnswer: Sendable, Equatable {
    package var key: String
    package var status: Int
    package var body: String
    /// Milliseconds since 1970.
    package var answeredMs: Int64

    package init(key: String, status: Int, body: String, answeredMs: Int64) {
        self.key = key
        self.status = status
        self.body = body
        self.answeredMs = answeredMs
    }
}

extension ControlStore {
    /// First removes, then inserts or replaces; in one transaction.
    package func save(_ answers: [StoredAnswer], removing gone: [String]) throws(ControlStoreError) {
        try runs.write { database in
            for key in gone { try database.execute(sql: "DELETE FROM answers WHERE key = ?", arguments: [key]) }
            for answer in answers {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO answers (key, status, body, answered_ms) VALUES (?, ?, ?, ?)",
                    arguments: [answer.key, answer.status, answer.body, answer.answeredMs])
            }
        }
    }

    /// The newest `limit`, newest first; all others are removed.
    package func newestAnswers(_ limit: Int, notBefore: Int64) throws(ControlStoreError) -> [StoredAnswer] {
        try runs.write { database in
            try database.execute(
                sql: """
                    DELETE FROM answers WHERE answered_ms < ? OR key NOT IN
                        (SELECT key FROM answers ORDER BY answered_ms DESC LIMIT ?)
                    """, arguments: [notBefore, limit])
            let rows = try Row.fetchAll(database, sql: "SELECT * FROM answers ORDER BY answered_ms DESC")
            return rows.map {
                StoredAnswer(key: $0["key"], status: $0["status"], body: $0["body"], answeredMs: $0["answered_ms"])
            }
        }
    }
}
