/// A group: the frames that are sent to ClickHouse as one insert. Its manifest is on disk before the first byte is sent,
/// so that after any crash the same rows are sent again under the same token.
import TeltelEvents

/// A frame of a segment, or some of its rows.
package struct GroupMember: Hashable, Sendable {
    package let frame: FrameID
    /// Row numbers inside the frame; nil = all.
    package let selection: [Range<Int>]?
    package let rows: Int
    package init(frame: FrameID, selection: [Range<Int>]? = nil, rows: Int) {
        self.frame = frame
        self.selection = selection
        self.rows = rows
    }
}

package struct GroupManifest: Sendable, Equatable {
    /// Unique for ever: a random number of the collector's start, and a counter. Children of a divided group are called
    /// `G.0`, `G.1`. It is the deduplication token too.
    package let name: String
    package let layout: TableLayout
    package let members: [GroupMember]
    package let ranges: [RowRange]
    package let rawBytes: Int
    /// Some of its rows may have been sent under another name: look which are there before sending.
    package var provesFirst = false
    /// Its parent is divided when all of them are on disk.
    package var siblings = 0
    /// Rows of its parent that were in ClickHouse already when the parent was divided.
    package var storedElsewhere: [GroupMember] = []
    /// Its rows are given up: who they were, and why.
    package var isLost = false
    package var losses: [RowKey: Int] = [:]
    package var lossReason = LossReason.refusedByStorage

    package init(name: String, layout: TableLayout, members: [GroupMember], ranges: [RowRange], rawBytes: Int) {
        self.name = name
        self.layout = layout
        self.members = members
        self.ranges = ranges
        self.rawBytes = rawBytes
    }

    package var rows: Int { members.reduce(0) { $0 + $1.rows } }
    /// As far as they are events: others are not counted.
    package var events: Int { layout.isEvents ? rows : 0 }
    package var logs: Set<UInt64> { Set(members.map(\.frame.segment.log)) }
    /// nil for a group that is no part of another.
    package var parent: String? { name.lastIndex(of: ".").map { String(name[..<$0]) } }

    /// "TLTLgrp1"
    package static let magic: UInt64 = 0x3170_7267_4C54_4C54
    /// 2: of rows that are no events. Others are written as 1.
    package static let version: UInt32 = 2

    package func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(Self.magic)
        writer.put(layout.isEvents ? 1 : Self.version)
        writer.put(name)
        writer.put(layout)
        writer.put(members) { $0.put($1) }
        writer.put(storedElsewhere) { $0.put($1) }
        writer.put(ranges) { $0.put($1) }
        writer.put(UInt64(rawBytes))
        writer.put(UInt8((provesFirst ? 1 : 0) | (isLost ? 2 : 0)))
        writer.put(UInt32(siblings))
        writer.put(losses.sorted { $0.key < $1.key }) { writer, loss in
            writer.put(loss.key)
            writer.put(UInt64(loss.value))
        }
        writer.put(lossReason.rawValue)
        writer.put(Checksum.crc32c(writer.bytes))
        return writer.bytes
    }

    package static func decode(_ bytes: [UInt8]) throws(StorageError) -> GroupManifest {
        guard bytes.count > 16 else { throw StorageError(.corrupt, "group manifest of \(bytes.count) bytes") }
        var reader = ByteReader(bytes, to: bytes.count - 4)
        var tail = ByteReader(bytes, from: bytes.count - 4)
        guard try reader.take(UInt64.self) == magic else { throw StorageError(.foreign, "no group manifest") }
        guard (1...version).contains(try reader.take(UInt32.self)) else {
            throw StorageError(.future, "group manifest of another version")
        }
        guard try tail.take(UInt32.self) == Checksum.crc32c(bytes.span.bytes.extracting(0..<bytes.count - 4)) else {
            throw StorageError(.corrupt, "group manifest")
        }
        let name = try reader.takeText()
        let layout = try reader.takeLayout()
        let members = try reader.takeList { reader throws(StorageError) in try takeMember(&reader) }
        let storedElsewhere = try reader.takeList { reader throws(StorageError) in try takeMember(&reader) }
        let ranges = try reader.takeList { reader throws(StorageError) in try reader.takeRange() }
        var manifest = GroupManifest(name: name, layout: layout, members: members, ranges: ranges, rawBytes: try reader.takeInt())
        manifest.storedElsewhere = storedElsewhere
        let flags: UInt8 = try reader.take()
        manifest.provesFirst = flags & 1 != 0
        manifest.isLost = flags & 2 != 0
        manifest.siblings = Int(try reader.take(UInt32.self))
        let losses = try reader.takeList { reader throws(StorageError) in (try reader.takeRowKey(), try reader.takeInt()) }
        manifest.losses = Dictionary(losses, uniquingKeysWith: +)
        manifest.lossReason = LossReason(rawValue: try reader.takeText()) ?? .spoolDamaged
        return manifest
    }

    private static func takeMember(_ reader: inout ByteReader) throws(StorageError) -> GroupMember {
        let segment = SegmentID(log: try reader.take(), offset: try reader.take())
        let index = Int(try reader.take(UInt32.self))
        let rows = try reader.takeInt()
        let isPart = try reader.take(UInt8.self) != 0
        let ranges = try reader.takeList { reader throws(StorageError) in
            let lower = try reader.takeInt()
            let upper = try reader.takeInt()
            guard lower <= upper else { throw StorageError(.corrupt, "rows \(lower)..<\(upper)") }
            return lower..<upper
        }
        return GroupMember(frame: FrameID(segment: segment, index: index), selection: isPart ? ranges : nil, rows: rows)
    }
}

extension ByteWriter {
    fileprivate mutating func put(_ member: GroupMember) {
        put(member.frame.segment.log)
        put(member.frame.segment.offset)
        put(UInt32(member.frame.index))
        put(UInt64(member.rows))
        put(UInt8(member.selection == nil ? 0 : 1))
        put(member.selection ?? []) { writer, range in
            writer.put(UInt64(range.lowerBound))
            writer.put(UInt64(range.upperBound))
        }
    }
}

/// Manifests on disk. The ending says how far a group is: `.group` to be sent, `.done` stored, `.dead` given up.
struct GroupFiles: Sendable {
    let folder: String
    let files: any FileLayer

    enum Stage: String, CaseIterable, Sendable { case group, done, dead }

    func path(_ name: String, _ stage: Stage) -> String { "\(folder)/\(name).\(stage.rawValue)" }

    /// On return it would survive a power loss.
    func write(_ manifest: GroupManifest) throws(StorageError) {
        do throws(FileError) {
            try files.writeDurably(manifest.encode(), to: path(manifest.name, manifest.isLost ? .dead : .group), inFolder: folder)
        } catch { throw StorageError(error) }
    }

    func markDone(_ name: String) throws(StorageError) {
        do throws(FileError) {
            try files.rename(path(name, .group), to: path(name, .done))
            try files.syncFolder(folder)
        } catch { throw StorageError(error) }
    }

    func remove(_ name: String, _ stage: Stage) throws(StorageError) {
        do throws(FileError) { try files.remove(path(name, stage)) } catch { throw StorageError(error) }
    }
}
