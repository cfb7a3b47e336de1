// Names of one definition: is one given twice?
import CTeltel

/// Open addressing, at most half full. SAFETY: the texts must live as long as the set is used.
struct NameSet {
    private var names: [UnsafeRawBufferPointer] = []
    /// Places in `names`, plus 1; 0 is free.
    private var slots = [UInt32](repeating: 0, count: 16)

    /// False: it is there already.
    mutating func insert(_ name: UnsafeRawBufferPointer) -> Bool {
        if names.count * 2 >= slots.count { grow() }
        let place = find(name)
        guard slots[place] == 0 else { return false }
        names.append(name)
        slots[place] = UInt32(names.count)
        return true
    }

    private func find(_ name: UnsafeRawBufferPointer) -> Int {
        var hash: UInt32 = 2_166_136_261
        for byte in name { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        var at = Int(hash) & (slots.count - 1)
        while slots[at] != 0, !sameText(names[Int(slots[at]) - 1], name) { at = (at + 1) & (slots.count - 1) }
        return at
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for i in 0..<names.count { slots[find(names[i])] = UInt32(i + 1) }
    }
}

extension Status {
    /// The same as `fail` for a text that does not end with NUL.
    static func fail(_ status: Int32, _ what: StaticString, _ subject: UnsafeRawBufferPointer) -> Int32 {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(TELTEL_MAX_NAME_BYTES) + 1) { copy in
            copyText(subject, to: copy.baseAddress.unsafelyUnwrapped, capacity: copy.count)
            return fail(status, what, UnsafePointer(copy.baseAddress))
        }
    }
}
