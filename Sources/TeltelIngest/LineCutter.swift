/// Cuts a body that comes in pieces into lines; copies only those that lie across two pieces.
import Foundation

/// Bounded by the longest line that is allowed.
struct LineCutter {
    enum Next {
        /// All bytes are used.
        case none
        /// Bytes of the piece, without the newline.
        case inPlace(Range<Int>)
        /// Put together from several pieces, see `withCarried`.
        case carried
        case tooLong
    }
    private enum Carry { case open, whole, tooLong }

    let maxLineBytes: Int
    /// How many lines are finished.
    private(set) var lines = 0
    /// The start of a line whose end has not come yet, or a whole line.
    private var carry: [UInt8] = []
    private var state = Carry.open
    /// The line is too long: thrown away up to its end.
    private var skipping = false

    init(maxLineBytes: Int) { self.maxLineBytes = maxLineBytes }

    /// The line at `offset`. The same again until `finish` is called; a line in place is passed by moving `offset` behind it.
    mutating func next(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> Next {
        switch state {
        case .whole: return .carried
        case .tooLong: return .tooLong
        case .open: break
        }
        guard offset < bytes.count else { return .none }
        // SAFETY: offset < count, so the rest is not empty.
        let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        guard let found = memchr(rest.baseAddress.unsafelyUnwrapped, 0x0A, rest.count) else {
            keep(rest)
            offset = bytes.count
            return .none
        }
        let length = UnsafeRawPointer(found) - rest.baseAddress.unsafelyUnwrapped
        if carry.isEmpty, !skipping, length <= maxLineBytes { return .inPlace(offset..<offset + length) }
        keep(UnsafeRawBufferPointer(rebasing: rest[..<length]))
        offset += length + 1
        state = skipping ? .tooLong : .whole
        return skipping ? .tooLong : .carried
    }

    func withCarried<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { carry.withUnsafeBytes(body) }

    /// The line that `next` gave is done with.
    mutating func finish() {
        lines += 1
        if !carry.isEmpty { carry.removeAll(keepingCapacity: true) }
        skipping = false
        state = .open
    }

    /// The body has ended: its last line needs no newline.
    mutating func end() {
        if state == .open, skipping || !carry.isEmpty { state = skipping ? .tooLong : .whole }
    }

    /// A line has begun that is not finished.
    var hasBegun: Bool { skipping || !carry.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        guard !skipping else { return }
        if carry.count + bytes.count > maxLineBytes {
            skipping = true
            carry = []
        } else {
            carry.append(contentsOf: bytes)
        }
    }
}
