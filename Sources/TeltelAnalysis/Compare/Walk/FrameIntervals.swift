/// In which stretches something differs.

/// Frames come in order; each has an ordinal, and those whose ordinals follow each other are one stretch.
package struct FrameIntervals: Sendable, Equatable {
    package private(set) var stretches: [ClosedRange<UInt64>] = []
    /// Stretches beyond those that are kept.
    package private(set) var leftOut = 0
    /// The first stretch that has so many ordinals, by the frame in which it began.
    package private(set) var persistentFrom: UInt64?
    private var last: (ordinal: UInt64, begin: UInt64, length: Int, isKept: Bool)?
    private let most: Int
    private let persistence: Int

    package init(most: Int = 32, persistence: Int = 10) {
        self.most = most
        self.persistence = persistence
    }

    package mutating func add(frame: UInt64, ordinal: UInt64) {
        if var stretch = last, ordinal <= stretch.ordinal &+ 1 {
            // Several rows of one frame are one.
            if ordinal != stretch.ordinal { stretch.length += 1 }
            stretch.ordinal = ordinal
            last = stretch
            if stretch.isKept { stretches[stretches.count - 1] = stretch.begin...max(stretch.begin, frame) }
        } else {
            let isKept = stretches.count < most
            if isKept { stretches.append(frame...frame) } else { leftOut += 1 }
            last = (ordinal, frame, 1, isKept)
        }
        if persistentFrom == nil, let last, last.length >= persistence { persistentFrom = last.begin }
    }

    package static func == (a: FrameIntervals, b: FrameIntervals) -> Bool {
        a.stretches == b.stretches && a.leftOut == b.leftOut && a.persistentFrom == b.persistentFrom
    }
}
