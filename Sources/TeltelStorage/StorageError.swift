/// What can go wrong with the spool's files.

/// An error of the disk side of storage. New codes may be added.
package struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The spool's limit, or the disk, is used up.
        case full
        /// A file operation failed.
        case disk
        /// Bytes read back are not the bytes written.
        case corrupt
        /// A file or record that is none of teltel's.
        case foreign
        /// Written by a later version.
        case future
        /// Another collector uses the folder.
        case inUse
        /// ClickHouse refused or could not be asked.
        case clickHouse
        /// A simulated crash, or the storage was stopped.
        case stopped
    }
    package let code: Code
    /// What and where, in one line.
    package let detail: String

    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    init(_ error: FileError) {
        code = error.isFull ? .full : error.number == FileError.crashed ? .stopped : .disk
        detail = error.description
    }
    package var description: String { "\(code.rawValue): \(detail)" }
}
