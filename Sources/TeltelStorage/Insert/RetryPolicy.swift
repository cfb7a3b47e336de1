/// How long to wait before the next try.

/// Pauses grow from try to try up to a limit, and differ a little, so that several collectors do not come back at once.
package struct RetryPolicy: Sendable, Equatable {
    package var firstMs: UInt64
    package var largestMs: UInt64

    package init(firstMs: UInt64, largestMs: UInt64) {
        self.firstMs = firstMs
        self.largestMs = largestMs
    }

    /// Something passing: a restart, a broken connection, overload.
    package static let passing = RetryPolicy(firstMs: 100, largestMs: 3_000)
    /// Somebody must do something first. No longer than this, because who has repaired it wants to see rows within five seconds.
    package static let waiting = RetryPolicy(firstMs: 2_000, largestMs: 3_000)
    /// It will not work as it is; looked at again all the same, because people repair things.
    package static let hopeless = RetryPolicy(firstMs: 10_000, largestMs: 60_000)

    /// - Parameters:
    ///   - failures: failed tries so far, at least 1.
    ///   - random: any number.
    package func pauseMs(failures: Int, random: UInt64) -> UInt64 {
        let doubled = firstMs << UInt64(min(max(failures - 1, 0), 20))
        let pause = min(doubled, largestMs)
        return pause - pause / 4 + random % (pause / 2 + 1)
    }
}
