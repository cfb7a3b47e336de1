/// A disk in memory that fails, crashes and forgets on command.
///
/// Every file has the bytes that processes see and the bytes that survive a power loss; every folder likewise has its names.
/// `sync` and `syncFolder` carry the one over to the other. After a crash all operations fail until `restart`.
import Synchronization
import TeltelStorage

package final class FaultyFiles: FileLayer {
    private final class Node {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
    }
    private enum NameChange {
        case set(String, Node)
        case remove(String)
        case move(String, String)
    }
    private struct State {
        var names: [String: Node] = [:]
        var durableNames: [String: Node] = [:]
        /// Changes of names since their folder was synced, by folder, in order.
        var changes: [String: [NameChange]] = [:]
        var open: [Int32: Node] = [:]
        var nextNumber: Int32 = 3
        var operations = 0
        var crashAt: Int?
        var crashesWholly = false
        var failures: [Int: Int32] = [:]
        var failAll: Int32?
        var failWrites: Int32?
        var isCrashed = false
        var random: SeededRandom
    }
    // Node is only touched under the lock.
    private let state: Mutex<State>

    package init(seed: UInt64 = 1) { state = Mutex(State(random: SeededRandom(seed: seed))) }

    // MARK: for tests

    package var operations: Int { state.withLock { $0.operations } }
    package var hasCrashed: Bool { state.withLock { $0.isCrashed } }

    /// The process ends in the middle of the `count`-th operation from now, which is done by half; or right after it.
    package func crash(after count: Int?, wholly: Bool = false) {
        state.withLock { state in
            state.crashAt = count.map { state.operations + $0 }
            state.crashesWholly = wholly
        }
    }
    /// That operation fails, and does nothing.
    package func fail(operation count: Int, errno: Int32) { state.withLock { $0.failures[$0.operations + count] = errno } }
    /// All writes fail until told otherwise.
    package func failWrites(errno: Int32?) { state.withLock { $0.failWrites = errno } }

    /// A new process on the same machine, or on one that lost its power: then what was not synced is there, or not, or torn.
    package func restart(powerLoss: Bool) {
        state.withLock { state in
            state.isCrashed = false
            state.crashAt = nil
            state.open = [:]
            guard powerLoss else { return }
            for (_, changes) in state.changes.sorted(by: { $0.key < $1.key }) {
                // Names change in order: some first part of the changes reached the disk.
                for change in changes.prefix(Int(state.random.next() % UInt64(changes.count + 1))) {
                    Self.apply(change, to: &state.durableNames)
                }
            }
            state.changes = [:]
            state.names = state.durableNames
            for name in state.names.keys.sorted() { Self.tear(state.names[name]!, &state.random) }
        }
    }

    /// Pages that were not synced are as they were, or new, each by chance.
    private static func tear(_ node: Node, _ random: inout SeededRandom) {
        var result = node.durable
        if node.bytes.count > result.count, random.next() & 1 == 0 {
            result += [UInt8](repeating: 0, count: node.bytes.count - result.count)
        }
        var at = 0
        while at < min(result.count, node.bytes.count) {
            let end = min(at + 512, result.count, node.bytes.count)
            if random.next() & 1 == 0 { result.replaceSubrange(at..<end, with: node.bytes[at..<end]) }
            at = end
        }
        node.bytes = result
        node.durable = result
    }

    package func contents(_ path: String) -> [UInt8]? { state.withLock { $0.names[path]?.bytes } }
    package var paths: [String] { state.withLock { $0.names.keys.sorted() } }
    package func change(_ path: String, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard let node = state.names[path] else { return }
            change(&node.bytes)
            node.durable = node.bytes
        }
    }
    package func place(_ path: String, _ bytes: [UInt8]) {
        state.withLock { state in
            let node = Node()
            node.bytes = bytes
            node.durable = bytes
            state.names[path] = node
            state.durableNames[path] = node
        }
    }

    // MARK: the layer

    private static func folder(_ path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }

    private static func apply(_ change: NameChange, to names: inout [String: Node]) {
        switch change {
        case .set(let path, let node): names[path] = node
        case .remove(let path): names[path] = nil
        case .move(let old, let new): if let node = names.removeValue(forKey: old) { names[new] = node }
        }
    }

    private static func rename(_ change: NameChange, _ path: String, _ state: inout State) {
        apply(change, to: &state.names)
        state.changes[folder(path), default: []].append(change)
    }

    /// `half` does part of the operation before a crash.
    private func operate<R>(
        _ name: String, _ path: String, isWrite: Bool = false, half: (inout State) -> Void = { _ in },
        _ body: (inout State) throws(FileError) -> sending R
    ) throws(FileError) -> R {
        try state.withLock { state throws(FileError) in
            func failure(_ number: Int32, _ reason: String) -> FileError { FileError(name, path, number: number, reason: reason) }
            guard !state.isCrashed else { throw failure(FileError.crashed, "after a crash") }
            state.operations += 1
            if state.operations == state.crashAt {
                if state.crashesWholly { _ = try body(&state) } else { half(&state) }
                state.isCrashed = true
                throw failure(FileError.crashed, "crash")
            }
            if let number = state.failures.removeValue(forKey: state.operations) ?? (isWrite ? state.failWrites : nil) {
                throw failure(number, "errno \(number)")
            }
            return try body(&state)
        }
    }

    private static func node(_ file: OpenFile, _ state: State) throws(FileError) -> Node {
        guard let node = state.open[file.number] else {
            throw FileError("use", "file \(file.number)", number: 9, reason: "not open")
        }
        return node
    }

    package func makeFolder(_ path: String) throws(FileError) { try operate("make folder", path) { _ in } }

    package func list(_ folder: String) throws(FileError) -> [String] {
        try operate("list", folder) { state in
            state.names.keys.filter { Self.folder($0) == folder }.map { String($0.dropFirst(folder.count + 1)) }.sorted()
        }
    }

    package func open(_ path: String, _ mode: OpenMode) throws(FileError) -> OpenFile {
        try operate("open", path, isWrite: mode == .create) { state throws(FileError) in
            let found = state.names[path]
            let node: Node
            switch mode {
            case .read, .readWrite:
                guard let found else { throw FileError("open", path, number: 2, reason: "no such file") }
                node = found
            case .create, .replace:
                guard mode == .replace || found == nil else { throw FileError("open", path, number: 17, reason: "exists") }
                if let found {
                    node = found
                    node.bytes = []
                } else {
                    node = Node()
                    Self.rename(.set(path, node), path, &state)
                }
            }
            state.nextNumber += 1
            state.open[state.nextNumber] = node
            return OpenFile(number: state.nextNumber)
        }
    }

    package func close(_ file: OpenFile) { state.withLock { _ = $0.open.removeValue(forKey: file.number) } }

    package func size(_ file: OpenFile) throws(FileError) -> Int {
        try operate("size", "file") { state throws(FileError) in try Self.node(file, state).bytes.count }
    }

    package func read(_ file: OpenFile, at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        try operate("read", "file") { state throws(FileError) in
            let bytes = try Self.node(file, state).bytes
            guard offset < bytes.count else { return [] }
            return Array(bytes[offset..<min(bytes.count, offset + count)])
        }
    }

    package func write(_ file: OpenFile, at offset: Int, _ bytes: RawSpan) throws(FileError) {
        let all = bytes.withUnsafeBytes { Array($0) }
        try operate(
            "write", "file", isWrite: true,
            half: { state in
                // A file that is not open would fail below; here it is no matter.
                if let node = state.open[file.number] { Self.put(all[..<(all.count / 2)], at: offset, node) }
            }
        ) { state throws(FileError) in Self.put(all[...], at: offset, try Self.node(file, state)) }
    }

    private static func put(_ bytes: ArraySlice<UInt8>, at offset: Int, _ node: Node) {
        if node.bytes.count < offset + bytes.count {
            node.bytes += [UInt8](repeating: 0, count: offset + bytes.count - node.bytes.count)
        }
        node.bytes.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    package func sync(_ file: OpenFile) throws(FileError) {
        try operate("sync", "file") { state throws(FileError) in
            let node = try Self.node(file, state)
            node.durable = node.bytes
        }
    }

    package func rename(_ old: String, to new: String) throws(FileError) {
        try operate("rename", old) { state throws(FileError) in
            guard state.names[old] != nil else { throw FileError("rename", old, number: 2, reason: "no such file") }
            Self.rename(.move(old, new), new, &state)
        }
    }

    package func remove(_ path: String) throws(FileError) {
        try operate("remove", path) { state in Self.rename(.remove(path), path, &state) }
    }

    package func syncFolder(_ path: String) throws(FileError) {
        try operate("sync folder", path) { state in
            for change in state.changes.removeValue(forKey: path) ?? [] { Self.apply(change, to: &state.durableNames) }
        }
    }

    package func freeBytes(_ folder: String) throws(FileError) -> Int { try operate("free bytes", folder) { _ in 1 << 40 } }
}
