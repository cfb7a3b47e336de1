import CTeltel
import Glibc

/// Why a file in shared memory is not read (any further). The instance is quarantined: left in place, named and counted.
package struct RingFault: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A system call failed.
        case system
        /// This process has no memory or no descriptors left for it: it is tried again, nothing is put aside.
        case shortage
        /// Not a regular file of this user with mode 0600, or too small.
        case foreign
        /// No ring file of any version.
        case magic
        /// Written by a library that this collector does not know.
        case version
        case byteOrder
        /// Offsets or sizes point outside the file or contradict each other.
        case geometry
        /// The file belongs to another instance than its folder.
        case instance
        /// The table of types, tags or streams is broken.
        case table
        /// The marks contradict each other: head outside [released, released + size].
        case head
        /// A record's header is impossible.
        case record
    }
    package let code: Code
    /// What and where, in one line.
    package let detail: String

    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
    /// A system call on a file failed.
    static func ofSystem(_ number: Int32, _ what: String) -> RingFault {
        let code: Code = [ENOMEM, EMFILE, ENFILE, EAGAIN].contains(number) ? .shortage : .system
        return RingFault(code, "\(what): \(String(cString: strerror(number)))")
    }
    package var description: String { "\(code.rawValue): \(detail)" }

    /// A file of the layout's version `found`, which is none that is known here.
    static func unknownVersion(_ found: UInt32, _ file: String) -> RingFault {
        let advice =
            found > TELTEL_ABI_VERSION
            ? "the engine's libteltel is newer than this collector: install a newer teltel" : "no such version exists"
        return RingFault(.version, "\(file): version \(found) of the ring files, known is \(TELTEL_ABI_VERSION); \(advice)")
    }
}
