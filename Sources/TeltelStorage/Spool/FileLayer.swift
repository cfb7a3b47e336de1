/// The file operations that the spool is made of, and nothing else: tests replace them to fail, crash and forget at will.

/// An open file: a number that only its layer understands.
package struct OpenFile: Hashable, Sendable {
    package let number: Int32
    package init(number: Int32) { self.number = number }
}

package enum OpenMode: Sendable {
    case read
    case readWrite
    /// Makes the file; fails if there is one.
    case create
    /// Makes the file, or empties the one that is there.
    case replace
}

/// A failed operation. `number` is the system's errno.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let number: Int32
    package let reason: String

    package init(_ operation: String, _ path: String, number: Int32, reason: String) {
        self.operation = operation
        self.path = path
        self.number = number
        self.reason = reason
    }
    /// The number of operations after a simulated crash; no errno.
    package static let crashed: Int32 = -1
    /// No space, quota used up, or file too large.
    package var isFull: Bool { number == 28 || number == 122 || number == 27 }
    package var isUnreadable: Bool { number == 5 }
    package var isMissing: Bool { number == 2 }
    package var description: String { "\(operation) \(path): \(reason)" }
}

/// All calls block. Any thread. Paths are absolute. Files are made 0600, folders 0700.
package protocol FileLayer: Sendable {
    /// Does nothing if the folder is there.
    func makeFolder(_ path: String) throws(FileError)
    /// Names of the entries, sorted.
    func list(_ folder: String) throws(FileError) -> [String]
    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> OpenFile
    func close(_ file: OpenFile)
    func size(_ file: OpenFile) throws(FileError) -> Int
    /// Fewer bytes than `count` only at the file's end.
    func read(_ file: OpenFile, at offset: Int, count: Int) throws(FileError) -> [UInt8]
    /// Writes all bytes or throws; then some of them may have been written.
    func write(_ file: OpenFile, at offset: Int, _ bytes: RawSpan) throws(FileError)
    /// Returns when the file's bytes and size would survive a power loss.
    func sync(_ file: OpenFile) throws(FileError)
    /// Replaces `new` if it is there, in one step.
    func rename(_ old: String, to new: String) throws(FileError)
    func remove(_ path: String) throws(FileError)
    /// Returns when the folder's entries would survive a power loss.
    func syncFolder(_ path: String) throws(FileError)
    /// Bytes that this user may still write there.
    func freeBytes(_ folder: String) throws(FileError) -> Int
}

extension FileLayer {
    func sizeOrZero(_ file: OpenFile) -> Int {
        // A file whose size cannot be told is treated as empty.
        (try? size(file)) ?? 0
    }

    /// The whole file; empty if it is longer than `limit`.
    func contents(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let file = try open(path, .read)
        defer { close(file) }
        let bytes = try size(file)
        return bytes <= limit ? try read(file, at: 0, count: bytes) : []
    }

    /// Writes a file so that it is whole or not there at all, also after a power loss.
    func writeDurably(_ bytes: [UInt8], to path: String, inFolder folder: String) throws(FileError) {
        let file = try open(path + ".new", .replace)
        do throws(FileError) {
            try write(file, at: 0, bytes.span.bytes)
            try sync(file)
        } catch {
            close(file)
            throw error
        }
        close(file)
        try rename(path + ".new", to: path)
        try syncFolder(folder)
    }
}
