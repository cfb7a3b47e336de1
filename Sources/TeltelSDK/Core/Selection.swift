// Which types of events a run records: TELTEL_ENABLE, read when the run starts.
//
//     TELTEL_ENABLE='aero.*,physics/wheel.*:10,debug.*:0'
//
// Entries are separated by commas: a pattern, and after a colon n for the events of each n-th frame (frame % n == 0), 0 for none.
// The last entry that matches a type decides; a type that none matches is not recorded. `*` stands for any text; a pattern with a
// slash is compared with "channel/name", others with the name. run.start and run.end are always recorded.
//
// Handles of types that are not recorded in full bear a mark that sends each emit to the slow path, so that all others pay
// nothing.
import CTeltel

enum Selection {
    /// In place of n: no event of the type.
    static let none = UInt32.max
    private static let bytesMax = 64 << 10

    /// Keeps the rules for a run that starts. What cannot be understood is said, and nothing is left out. Lock held.
    static func read(_ run: RunState) {
        guard let text = ctel_environment("TELTEL_ENABLE") else { return }
        let rules = cStringBytes(text)
        guard rules.count <= bytesMax, UTF8Check.isValid(rules) else { return refuse(nil) }
        for entry in entries(rules) where Rule(entry) == nil { return refuse(text) }
        guard let copy = ctel_zeroed(UInt64(rules.count) + 1) else { return refuse(text) }
        memcpy(copy, text, rules.count)
        run.pointee.selection = copy.assumingMemoryBound(to: CChar.self)
    }

    private static func refuse(_ text: UnsafePointer<CChar>?) {
        _ = Status.fail(Status.argument, "TELTEL_ENABLE is not understood, all types are recorded", text)
    }

    static func forget(_ run: RunState) {
        if let rules = run.pointee.selection { ctel_free(rules) }
        run.pointee.selection = nil
    }

    /// 1: all events of the type; n: those of each n-th frame; `none`. Lock held.
    static func every(
        _ run: RunState, _ channel: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?
    ) -> UInt32 {
        guard let rules = run.pointee.selection else { return 1 }
        var result = none
        for entry in entries(cStringBytes(rules)) {
            if let rule = Rule(entry), rule.matches(cStringBytes(channel), cStringBytes(name)) { result = rule.every }
        }
        return result
    }

    /// Notes what `every` said about a new type. False: no memory. Lock held.
    static func note(_ run: RunState, type: UInt32, every: UInt32) -> Bool {
        if every == 1 { return true }
        if run.pointee.every == nil {
            let bytes = (Int(TELTEL_MAX_TYPES) + 1) * MemoryLayout<UInt32>.stride
            run.pointee.every = ctel_zeroed(UInt64(bytes))?.assumingMemoryBound(to: UInt32.self)
        }
        run.pointee.every?[Int(type)] = every
        return run.pointee.every != nil
    }

    /// The marks in a handle of this type. Lock held.
    static func marks(_ run: RunState, type: UInt32) -> UInt64 {
        switch run.pointee.every?[Int(type)] ?? 0 {
        case 0: 0
        case none: RecordWord.selectedMark | RecordWord.disabledMark
        default: RecordWord.selectedMark
        }
    }

    /// Whether the event of a type with the mark is to be recorded. No lock: the entry was written before the handle was made.
    static func wants(_ run: RunState?, _ type: UInt64, _ frame: UInt64) -> Bool {
        if RecordWord.isDisabled(type) { return false }
        // A handle of another run may have any number: the record is refused later.
        let id = RecordWord(type).type
        guard let list = run?.pointee.every, id <= TELTEL_MAX_TYPES, list[Int(id)] > 1 else { return true }
        return frame % UInt64(list[Int(id)]) == 0
    }

    // MARK: Rules

    private static func entries(_ rules: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
        var found: [UnsafeRawBufferPointer] = []
        var start = 0
        for at in 0...rules.count where at == rules.count || rules[at] == UInt8(ascii: ",") {
            var (first, end) = (start, at)
            while first < end, rules[first] == UInt8(ascii: " ") { first += 1 }
            while first < end, rules[end - 1] == UInt8(ascii: " ") { end -= 1 }
            if first < end { found.append(UnsafeRawBufferPointer(rebasing: rules[first..<end])) }
            start = at + 1
        }
        return found
    }

    private struct Rule {
        let pattern: UnsafeRawBufferPointer
        let every: UInt32

        /// nil: no pattern, or what follows the colon is no number up to 1,000,000.
        init?(_ entry: UnsafeRawBufferPointer) {
            var colon = entry.count
            while colon > 0, entry[colon - 1] != UInt8(ascii: ":") { colon -= 1 }
            pattern = UnsafeRawBufferPointer(rebasing: entry[0..<(colon == 0 ? entry.count : colon - 1)])
            var number: UInt32 = colon == 0 ? 1 : 0
            guard !pattern.isEmpty, colon < entry.count || colon == 0 else { return nil }
            for digit in entry[(colon == 0 ? entry.count : colon)...] {
                guard (0x30...0x39).contains(digit), number <= 100_000 else { return nil }
                number = number * 10 + UInt32(digit - 0x30)
            }
            guard number <= 1_000_000 else { return nil }
            every = number == 0 ? none : number
        }

        func matches(_ channel: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
            guard pattern.contains(UInt8(ascii: "/")) else { return Self.matches(pattern) { $0 < name.count ? name[$0] : nil } }
            return Self.matches(pattern) { at in
                if at < channel.count { return channel[at] }
                if at == channel.count { return UInt8(ascii: "/") }
                return at - channel.count - 1 < name.count ? name[at - channel.count - 1] : nil
            }
        }

        /// `text` gives a byte, or nil behind the last one. After a mismatch the last `*` takes one byte more: no recursion.
        private static func matches(_ pattern: UnsafeRawBufferPointer, _ text: (Int) -> UInt8?) -> Bool {
            var (at, place) = (0, 0)
            var star: (pattern: Int, text: Int)?
            while let byte = text(place) {
                if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                    star = (at, place)
                    at += 1
                } else if at < pattern.count, pattern[at] == byte {
                    at += 1
                    place += 1
                } else if let last = star {
                    star = (last.pattern, last.text + 1)
                    (at, place) = (last.pattern + 1, last.text + 1)
                } else {
                    return false
                }
            }
            while at < pattern.count, pattern[at] == UInt8(ascii: "*") { at += 1 }
            return at == pattern.count
        }
    }
}
