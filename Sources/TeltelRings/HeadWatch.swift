/// Which of thousands of rings have been written to.

/// The heads of many rings side by side: most have not moved, most of the time, and to find that out takes one load of each
/// that waits for no other. Used by one thread.
///
/// Whoever adds a ring keeps its mapping until `removeAll`.
struct HeadWatch {
    private struct Entry {
        var head: SharedWord
        /// Up to where its reader has come.
        var position: UInt64
        /// Of the reader's list of instances.
        var instance: Int
    }
    private var entries: [Entry] = []

    var count: Int { entries.count }
    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    /// Returns the number under which the ring's position is set.
    mutating func add(_ head: SharedWord, readTo position: UInt64, instance: Int) -> Int {
        entries.append(Entry(head: head, position: position, instance: instance))
        return entries.count - 1
    }
    mutating func set(_ number: Int, readTo position: UInt64) { entries[number].position = position }

    /// Whether any of `count` rings from `first` on has more than was read.
    func hasMoved(_ first: Int, count: Int) -> Bool {
        entries[first..<first + count].contains { $0.head.loadAcquire() != $0.position }
    }

    /// Instances with rings that have more than was read, each once if its rings were added one after another.
    func moved(into instances: inout [Int]) {
        for entry in entries where entry.head.loadAcquire() != entry.position && instances.last != entry.instance {
            instances.append(entry.instance)
        }
    }
}
