/// Where the live reader is: in each ring, and in its round of all of them.
import CTeltelRings
import TeltelEvents

/// One instance, as the live reader goes through its rings.
struct LiveWalk {
    let instance: RingInstance
    var cursors: [RingCursor] = []
    /// By cursor.
    var trails: [LiveTrail] = []
    var finished = false
    /// The number of the first cursor in the watch of heads; the others follow.
    var watched = 0
    /// Of the instance: what it was when its rings were asked for last.
    var seenNews: UInt64?
    /// Time will not change its marks.
    var isLasting = false
    /// When its rings were read last.
    var passedAt: UInt64 = 0
    private let news: SharedWord

    init(_ instance: RingInstance) {
        self.instance = instance
        news = instance.newsWord
    }

    /// There may be new rings, or an end.
    var hasNews: Bool { !finished && (seenNews != news.loadAcquire() || instance.isOver) }
    /// Before its rings are asked for.
    mutating func noteNews() { seenNews = news.loadAcquire() }
}

/// Where the reader is.
struct Tour {
    var walks: [LiveWalk] = []
    var version: UInt64 = 0
    var heads = HeadWatch()
    /// `heads` does not know all rings.
    var isStale = true
    var due: [Int] = []
    /// Times of the last look at all heads, at all run files, of the last marks and the last rows.
    var looked: UInt64 = 0
    var askedNews: UInt64 = 0
    var marked: UInt64 = 0
    var lastRows: UInt64 = 0
    /// How much of its ring came in the last look, of the ring of which most did.
    var fill = 0.0
    /// The last look found something of an engine, which tells nobody when it writes.
    var foundUntold = false
}
