import CTeltel
import TeltelEvents
import TeltelRings
import TeltelTestSupport
import Testing

import func Glibc.chmod
import func Glibc.mkfifo
import func Glibc.symlink
import func Glibc.unlink

/// What a lying producer can write. Each is a typed fault, or rows that are no lie; never a crash or a hang.
@Suite struct HostileRingTests {
    private func open(_ folder: RingFolder) throws -> RingDirectory {
        let directory = try RingDirectory(path: folder.path, waitsForSpool: false) { description, _ in
            RunKey(runID: description.runID, sourceID: description.sourceID)
        }
        directory.lookAround()
        return directory
    }

    /// The first fault of reading everything that the folder holds.
    private func fault(_ folder: RingFolder) throws -> RingFault.Code? {
        let directory = try open(folder)
        if let found = directory.quarantined.first { return found.fault.code }
        let instance = try #require(directory.instances.first)
        do throws(RingFault) {
            for ring in try instance.rings() {
                var cursor = try RingCursor(ring: ring, instance: instance, position: ring.released)
                var rounds = 0
                while case .batches = try cursor.read() {
                    rounds += 1
                    if rounds > 10_000 {
                        Issue.record("reading does not end")
                        return nil
                    }
                }
            }
            return nil
        } catch { return error.code }
    }

    private static let ring = (
        magic: 0, version: 8, order: 12, instance: 16, dataOffset: 24, dataBytes: 32, counters: 40, rows: 48, writer: 52
    )

    @Test func `broken ring headers are refused`() throws {
        let cases: [(offset: Int, bytes: [UInt8], code: RingFault.Code)] = [
            (Self.ring.magic, [0], .magic), (Self.ring.version, [9], .version), (Self.ring.order, [9], .byteOrder),
            (Self.ring.instance, [1], .instance), (Self.ring.writer, [3], .instance), (Self.ring.dataBytes, [1], .geometry),
            (Self.ring.dataBytes + 4, [1], .geometry), (Self.ring.dataOffset + 7, [0xFF], .geometry),
            (Self.ring.counters + 7, [0x7F], .geometry), (Self.ring.rows + 3, [0xFF], .geometry),
        ]
        for (offset, bytes, code) in cases {
            let folder = try RingFolder()
            folder.poke(.ring, at: offset, bytes)
            #expect(try fault(folder) == code, "byte \(offset)")
        }
    }

    @Test func `broken run headers are quarantined by name`() throws {
        let cases: [(offset: Int, bytes: [UInt8], code: RingFault.Code)] = [
            (0, [0], .magic), (8, [2], .version), (12, [9], .byteOrder), (20, [7], .version), (24, [9], .instance),
            (136, [0], .geometry), (128, [1], .geometry), (135, [0xFF], .geometry), (111, [0xFF], .geometry),
        ]
        for (offset, bytes, code) in cases {
            let folder = try RingFolder()
            folder.poke(.run, at: offset, bytes)
            #expect(try fault(folder) == code, "byte \(offset)")
        }
    }

    @Test func `impossible records are a fault`() throws {
        let cases: [(UInt32, UInt16)] = [
            (0, 1), (23, 1), (1_025, 1), (0xFFFF_FFFF, 1), (32, 7), (40, 1), (32, 0), (8, 0xFFFF), (0, 0xFFFF),
        ]
        for (bytes, type) in cases {
            let folder = try RingFolder()
            folder.defineSample()
            let record = teltel_record(bytes: bytes, type: type, tag_set: 0, frame: 0, sim_time: 0)
            folder.pokeData(withUnsafeBytes(of: record) { Array($0) } + [UInt8](repeating: 0, count: 2_048))
            folder.setHead(2_048)
            #expect(try fault(folder) == .record, "\(bytes) bytes of type \(type)")
        }
    }

    @Test func `an impossible head is a fault`() throws {
        let heads: [UInt64] = [4, 7, UInt64.max, 1 << 63 | 1]
        for head in heads {
            let folder = try RingFolder()
            folder.defineSample()
            folder.setHead(head)
            let code = try fault(folder)
            #expect(code == .head || code == .record, "head \(head): \(String(describing: code))")
        }
        let folder = try RingFolder()
        folder.setHead(32)
        folder.setReleased(64)
        #expect(try fault(folder) == .head)
    }

    @Test func `lying tables are a fault`() throws {
        typealias Make = (RingFolder) -> Void
        let text = RingFolder.text
        let field = { (kind: UInt32, offset: UInt32, count: UInt32) -> [UInt8] in
            withUnsafeBytes(of: teltel_entry_field(kind: kind, offset: offset, count: count, flags: 0)) { Array($0) }
        }
        let lies: [Make] = [
            { $0.appendEntry(kind: TELTEL_ENTRY_TYPE, id: 2, text("c") + text("t")) },
            { $0.appendEntry(kind: TELTEL_ENTRY_TYPE, id: 1, count: 3, text("c") + text("t")) },
            { $0.appendEntry(kind: TELTEL_ENTRY_TYPE, id: 1, count: 2_000, text("c") + text("t")) },
            {
                $0.appendEntry(
                    kind: TELTEL_ENTRY_TYPE, id: 1, recordSize: 8, count: 1,
                    text("c") + text("t") + field(10, 4, 1) + text("x") + text("") + text(""))
            },
            {
                $0.appendEntry(
                    kind: TELTEL_ENTRY_TYPE, id: 1, recordSize: 8, count: 1,
                    text("c") + text("t") + field(10, 0, 0xFFFF_FFFF) + text("x") + text("") + text(""))
            },
            {
                $0.appendEntry(
                    kind: TELTEL_ENTRY_TYPE, id: 1, recordSize: 16, count: 1,
                    text("c") + text("t") + field(10, 0, 2) + text("x,y,z") + text("") + text(""))
            },
            { $0.appendEntry(kind: TELTEL_ENTRY_TAG_SET, id: 1, count: 9, text("k")) },
            { $0.appendEntry(kind: TELTEL_ENTRY_CONFIG, id: 0, [0xFF, 0xFF, 0xFF, 0x7F]) },
            { $0.poke(.run, at: 1_032, value: UInt64(1) << 40) },
            { $0.poke(.run, at: 1_032, value: UInt64(60_000)) },
        ]
        for (index, lie) in lies.enumerated() {
            let folder = try RingFolder()
            lie(folder)
            #expect(try fault(folder) == .table, "lie \(index)")
        }
    }

    @Test func `unknown entries are skipped by their length`() throws {
        let folder = try RingFolder()
        folder.appendEntry(kind: 99, id: 5, [1, 2, 3])
        folder.defineSample()
        folder.appendSample(frame: 1, value: 1)
        #expect(try fault(folder) == nil)
    }

    /// What a definition says of its field, and of `perf.cpu_time_ms` in a `frame.end` with the same flags: key, input, measured.
    @Test(arguments: [
        (0, "---", "--m"), (1, "k--", "k--"), (2, "-i-", "-i-"), (4, "--m", "--m"), (3, "ki-", "ki-"),
        // A library writes none of these: what is compared stays compared.
        (5, "k--", "k--"), (6, "-i-", "-i-"), (7, "ki-", "ki-"),
        // Of a later version.
        (8, "---", "--m"), (UInt32.max & ~7, "---", "--m"), (UInt32.max, "ki-", "ki-"), (0x8000_0004, "--m", "--m"),
    ]) func `flags of fields are read, unknown ones ignored`(flags: UInt32, plain: String, ofFrameEnd: String) throws {
        let folder = try RingFolder()
        let text = RingFolder.text
        let field = withUnsafeBytes(of: teltel_entry_field(kind: 10, offset: 0, count: 2, flags: flags)) { Array($0) }
        for (index, names) in [("t", "x,perf.cpu_time_ms"), ("frame.end", "perf.cpu_time_ms,x"), ("array", "perf.cpu_time_ms")]
            .enumerated()
        {
            folder.appendEntry(
                kind: TELTEL_ENTRY_TYPE, id: UInt32(index + 1), recordSize: 16, count: 1,
                text("c") + text(names.0) + field + text(names.1) + text("") + text(""))
        }
        let instance = try #require(try open(folder).instances.first)
        let said = try instance.table().types.map {
            $0.fields.map { ($0.isKey ? "k" : "-") + ($0.isInput ? "i" : "-") + ($0.isMeasured ? "m" : "-") }
        }
        #expect(said == [[plain, plain], [ofFrameEnd, plain], [plain]])
    }

    /// Seeded: a found case can be run again.
    @Test(arguments: 0..<200) func `any flipped bytes end in a fault or in rows`(seed: Int) throws {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(limit))
        }
        let folder = try RingFolder()
        folder.defineSample()
        for frame in 0..<100 { folder.appendSample(frame: UInt64(frame), value: 1) }
        for _ in 0..<(1 + random(8)) {
            let inRun = random(2) == 0
            // Around the fields that mean something; data and tables included.
            let offset =
                inRun
                ? [random(1_400), RingFolder.tableOffset + random(200)][random(2)]
                : [random(400), 8_192 + random(3_200)][random(2)]
            folder.poke(inRun ? .run : .ring, at: offset, [UInt8(random(256))])
        }
        _ = try fault(folder)
    }

    @Test func `links, pipes and folders of others are not opened`() throws {
        let folder = try RingFolder()
        unlink(folder.ringPath)
        symlink("/etc/passwd", folder.ringPath)
        #expect(try fault(folder) == .foreign)
        unlink(folder.ringPath)
        mkfifo(folder.ringPath, 0o600)
        let code = try fault(folder)
        #expect(code == .foreign || code == nil)
        chmod(folder.path, 0o755)
        #expect(throws: RingDirectoryError.self) { try open(folder) }
    }
}
