/// The file with a group's rows, as they are sent.
import TeltelEvents

/// Used by the inserter's thread; keeps its memory from group to group.
final class PayloadWriter {
    private let store: SpoolStore
    /// What it packs is unpacked a moment later: fast rather than small.
    private let packer = ZstdPacker(level: -100)
    /// Small blocks one behind the other, and where each is.
    private var small = ReusedBytes()
    private var places: [Range<Int>] = []
    private var joined = NativeOutput()
    private var packed = ReusedBytes()

    init(_ store: SpoolStore) { self.store = store }

    /// A block takes ClickHouse 0.2 ms before its first row: those with fewer rows are joined.
    private static let rowsOfSmallBlocks = 2_000
    /// Most bytes of blocks that become one, unless a single one is larger.
    private static let joinedBytes = 4 << 20

    /// The file that is sent; made anew for every try.
    var path: String { store.options.folder + "/payload.native.zst" }

    /// Writes the group's rows as concatenated frames. Returns the file's size.
    func write(_ manifest: GroupManifest) throws(StorageError) -> Int {
        var output = try Output(store.files, path)
        defer { output.close() }
        forgetSmall()
        for member in manifest.members {
            if member.rows < Self.rowsOfSmallBlocks {
                try take(member, &output)
            } else {
                try writeSmall(to: &output)
                try write(member, to: &output)
            }
        }
        try writeSmall(to: &output)
        return output.size
    }

    private func write(_ member: GroupMember, to output: inout Output) throws(StorageError) {
        guard let selection = member.selection else {
            let frame = try store.existingFrame(member.frame).bytes
            return try output.append(frame.span.bytes)
        }
        let block = try NativeRows(try store.unpackedFrame(member.frame)).select(selection)
        try pack(block.span.bytes, to: &output)
    }

    /// Unpacks a small block behind those that wait.
    private func take(_ member: GroupMember, _ output: inout Output) throws(StorageError) {
        if let selection = member.selection {
            let block = try NativeRows(try store.unpackedFrame(member.frame)).select(selection)
            try makeRoom(block.count, &output)
            let begin = small.used
            small.append(block)
            places.append(begin..<small.used)
        } else {
            let (record, bytes) = try store.existingFrame(member.frame)
            try makeRoom(record.rawBytes, &output)
            let begin = small.used
            guard ZstdPacker.unpack(bytes.span.bytes, rawBytes: record.rawBytes, to: &small) else {
                throw StorageError(.corrupt, "frame \(member.frame) cannot be unpacked")
            }
            places.append(begin..<small.used)
        }
    }

    private func makeRoom(_ bytes: Int, _ output: inout Output) throws(StorageError) {
        if small.used + bytes > Self.joinedBytes { try writeSmall(to: &output) }
    }

    private func writeSmall(to output: inout Output) throws(StorageError) {
        defer { forgetSmall() }
        if places.count > 1, join() { return try pack(joined.bytes.span.bytes, to: &output) }
        for place in places {
            try small.withSpan(place) { block throws(StorageError) in try pack(block, to: &output) }
        }
    }

    /// false: they cannot be joined, and are sent as they are.
    private func join() -> Bool {
        joined.bytes.removeAll(keepingCapacity: true)
        do throws(StorageError) {
            try BlockJoin.join(small.shared(), places, to: &joined)
            return true
        } catch { return false }
    }

    private func forgetSmall() {
        places.removeAll(keepingCapacity: true)
        small.clear(keeping: 0)
    }

    private func pack(_ block: RawSpan, to output: inout Output) throws(StorageError) {
        packed.clear(keeping: 0)
        let count = packer.append(block, to: &packed)
        try packed.withSpan(0..<count) { frame throws(StorageError) in try output.append(frame) }
    }

    private struct Output {
        private let files: any FileLayer
        private let file: OpenFile
        private(set) var size = 0

        init(_ files: any FileLayer, _ path: String) throws(StorageError) {
            self.files = files
            do throws(FileError) { file = try files.open(path, .replace) } catch { throw StorageError(error) }
        }
        mutating func append(_ bytes: RawSpan) throws(StorageError) {
            do throws(FileError) { try files.write(file, at: size, bytes) } catch { throw StorageError(error) }
            size += bytes.byteCount
        }
        func close() { files.close(file) }
    }
}

extension SpoolStore {
    /// The packed bytes of a frame that a group names.
    func existingFrame(_ id: FrameID) throws(StorageError) -> (record: FrameRecord, bytes: [UInt8]) {
        guard let found = try frame(id) else { throw StorageError(.corrupt, "segment \(id.segment) is gone") }
        return found
    }

    func unpackedFrame(_ id: FrameID) throws(StorageError) -> [UInt8] {
        let (record, bytes) = try existingFrame(id)
        guard let raw = ZstdPacker.unpack(bytes.span.bytes, rawBytes: record.rawBytes) else {
            throw StorageError(.corrupt, "frame \(id) cannot be unpacked")
        }
        return raw
    }
}
