/// The rows of groups, and the parts that a group is divided into.
import TeltelEvents

/// One member of a group with its rows at hand.
struct OpenMember {
    let member: GroupMember
    let block: NativeRows
    let identities: [(ring: RingID, sequence: UInt64)]
    let rawBytes: Int

    var selection: [Range<Int>] { member.selection ?? [0..<block.rows] }
}

/// Reads groups back from the spool. Used by the inserter's thread.
struct GroupRows {
    let store: SpoolStore

    func open(_ member: GroupMember) throws(StorageError) -> OpenMember {
        let raw = try store.unpackedFrame(member.frame)
        let block = try NativeRows(raw)
        return OpenMember(member: member, block: block, identities: try block.identities(), rawBytes: raw.count)
    }

    /// Which rows of the members are in `stored`, and which are not.
    func part(_ members: [OpenMember], stored: Set<RowIdentity>) -> (stored: [GroupMember], rest: [(OpenMember, [Range<Int>])]) {
        var present: [GroupMember] = []
        var rest: [(OpenMember, [Range<Int>])] = []
        for member in members {
            var split: [Bool: [Range<Int>]] = [:]
            for range in member.selection {
                for row in range {
                    let (ring, sequence) = member.identities[row]
                    split[stored.contains(RowIdentity(ring: ring, sequence: sequence)), default: []].appendRow(row)
                }
            }
            if let rows = split[true] {
                present.append(GroupMember(frame: member.member.frame, selection: rows, rows: rows.reduce(0) { $0 + $1.count }))
            }
            if let rows = split[false] { rest.append((member, rows)) }
        }
        return (present, rest)
    }

    /// A group of the given rows.
    func manifest(_ name: String, _ layout: TableLayout, _ rows: [(OpenMember, [Range<Int>])]) -> GroupManifest {
        var members: [GroupMember] = []
        var ranges: [RowRange] = []
        var rawBytes = 0
        for (open, selection) in rows {
            let count = selection.reduce(0) { $0 + $1.count }
            members.append(GroupMember(frame: open.member.frame, selection: selection, rows: count))
            rawBytes += open.rawBytes * count / max(1, open.block.rows)
            for range in selection { ranges += Self.ranges(open.identities[range], areJoined: layout.isEvents) }
        }
        return GroupManifest(name: name, layout: layout, members: members, ranges: ranges, rawBytes: rawBytes)
    }

    /// Events that follow each other in one ring become one range; between digests of a ring others may lie.
    private static func ranges(_ rows: ArraySlice<(ring: RingID, sequence: UInt64)>, areJoined: Bool) -> [RowRange] {
        var result: [RowRange] = []
        for (ring, sequence) in rows {
            if areJoined, let last = result.last, last.ring == ring, last.last < sequence {
                result[result.count - 1] = RowRange(ring: ring, first: last.first, last: sequence, rows: last.rows + 1)
            } else {
                result.append(RowRange(ring: ring, first: sequence, last: sequence, rows: 1))
            }
        }
        return result
    }

    /// Two lists with half of the rows each.
    static func halves(_ rows: [(OpenMember, [Range<Int>])]) -> [[(OpenMember, [Range<Int>])]] {
        let total = rows.reduce(0) { $0 + $1.1.reduce(0) { $0 + $1.count } }
        var left = total / 2
        var first: [(OpenMember, [Range<Int>])] = []
        var second: [(OpenMember, [Range<Int>])] = []
        for (member, ranges) in rows {
            var here: [Range<Int>] = []
            var there: [Range<Int>] = []
            for range in ranges {
                let cut = range.lowerBound + min(left, range.count)
                if cut > range.lowerBound { here.append(range.lowerBound..<cut) }
                if cut < range.upperBound { there.append(cut..<range.upperBound) }
                left -= cut - range.lowerBound
            }
            if !here.isEmpty { first.append((member, here)) }
            if !there.isEmpty { second.append((member, there)) }
        }
        return [first, second].filter { !$0.isEmpty }
    }
}

struct RowIdentity: Hashable {
    let ring: RingID
    let sequence: UInt64
}

extension [Range<Int>] {
    fileprivate mutating func appendRow(_ row: Int) {
        if let last, last.upperBound == row { self[count - 1] = last.lowerBound..<row + 1 } else { append(row..<row + 1) }
    }
}
