// Words that the core shares: statuses of the C interface, parts of a record's first word, typed pointers.
public import CTeltel

/// One writer's private state. SAFETY: memory of a pool that never shrinks (writer_state.h), so the pointer always leads to a
/// writer; one thread at a time uses it, apart from `limit` and `closed`, which are atomic.
@usableFromInline typealias WriterState = UnsafeMutablePointer<ctel_writer>
/// One run's private state. SAFETY: from a pool as well; every access holds the lock, unless it says otherwise.
typealias RunState = UnsafeMutablePointer<ctel_run>

/// The statuses of `teltel.h` as 32-bit numbers; their meaning is documented there.
@usableFromInline enum Status {
    @usableFromInline static var ok: Int32 { Int32(TELTEL_OK) }
    static var refusedFull: Int32 { Int32(TELTEL_REFUSED_FULL) }
    static var refusedSize: Int32 { Int32(TELTEL_REFUSED_SIZE) }
    static var refusedType: Int32 { Int32(TELTEL_REFUSED_TYPE) }
    @usableFromInline static var refusedState: Int32 { Int32(TELTEL_REFUSED_STATE) }
    static var refusedWriter: Int32 { Int32(TELTEL_REFUSED_WRITER) }
    static var skipped: Int32 { Int32(TELTEL_SKIPPED) }
    static var refusedFork: Int32 { Int32(TELTEL_REFUSED_FORK) }
    static var disabled: Int32 { Int32(TELTEL_ERROR_DISABLED) }
    static var argument: Int32 { Int32(TELTEL_ERROR_ARGUMENT) }
    static var mismatch: Int32 { Int32(TELTEL_ERROR_MISMATCH) }
    static var limit: Int32 { Int32(TELTEL_ERROR_LIMIT) }
    static var noSpace: Int32 { Int32(TELTEL_ERROR_NO_SPACE) }
    static var permission: Int32 { Int32(TELTEL_ERROR_PERMISSION) }
    static var system: Int32 { Int32(TELTEL_ERROR_SYSTEM) }
    static var ended: Int32 { Int32(TELTEL_ERROR_ENDED) }
    static var version: Int32 { Int32(TELTEL_ERROR_VERSION) }

    /// The status that a system call's `errno` value becomes.
    static func of(errno error: Int32) -> Int32 {
        switch error {
        case 1, 13, 30, 40: permission  // EPERM, EACCES, EROFS, ELOOP (a symbolic link where the folder should be)
        case 12, 27, 28, 122: noSpace  // ENOMEM, EFBIG (the limit of file sizes), ENOSPC, EDQUOT
        default: system
        }
    }

    /// Notes the reason for `teltel_last_message` and hands the status on.
    static func fail(
        _ status: Int32, _ what: StaticString, _ subject: UnsafePointer<CChar>? = nil, errno error: Int32 = 0
    ) -> Int32 {
        what.withUTF8Buffer { text in
            // SAFETY: a StaticString ends with NUL behind its bytes.
            text.withMemoryRebound(to: CChar.self) { ctel_message($0.baseAddress, subject, error) }
        }
        return status
    }
}

/// The first 8 bytes of a record: bytes (32 bits), type id (16), tag set (16). A type handle is the same word with the run's
/// mark mixed into bits 24 ... 31, which are zero in every record.
@usableFromInline struct RecordWord {
    @usableFromInline let value: UInt64
    @inlinable @inline(__always) init(_ value: UInt64) { self.value = value }
    init(bytes: Int, type: UInt32) { value = UInt64(bytes) | UInt64(type) << 32 }

    /// Header and payload, without padding.
    @inlinable @inline(__always) var bytes: UInt { UInt(truncatingIfNeeded: value & 0xFFFF_FFFF) }
    /// Bytes up to the next record.
    @inlinable @inline(__always) var padded: UInt { (bytes &+ 7) & ~7 }
    /// In a handle: not all events of the type are recorded (Selection.swift). Larger than any limit, so that the hot path needs
    /// no test for it; the second one: none is.
    static var selectedMark: UInt64 { 1 << 23 }
    static var disabledMark: UInt64 { 1 << 22 }
    /// No record is that long, and no handle has both marks and a length: one made of arbitrary bits is refused as foreign.
    @inline(__always) static func isDisabled(_ handle: UInt64) -> Bool { handle & 0xFF_FFFF == disabledHandleBits }
    private static var disabledHandleBits: UInt64 { selectedMark | disabledMark }

    var type: UInt32 { UInt32(truncatingIfNeeded: value >> 32) & 0xFFFF }
    /// Empty handle, or one of another run: its mark does not cancel out.
    var isForeign: Bool { value & 0xFF00_0000 != 0 || type == 0 }
}
