/// The bytes of a column message: docs/live-protocol.md says the same in words.
import Foundation
import NIOCore
import TeltelBus
import TeltelEvents

enum ColumnMessage {
    private static let version: UInt8 = 1
    private static let columns: UInt8 = 1
    static let headBytes = 16
    static let blockHeadBytes = 32

    /// One binary message, as a whole frame.
    static func append(_ blocks: [ColumnBlock], cursor: StreamCursor?, to piece: inout ByteBuffer) {
        var cursorText: [UInt8] = []
        cursor?.append(to: &cursorText)
        let count = headBytes + padded(cursorText.count) + blocks.reduce(0) { $0 + $1.encodedBytes }
        var head: [UInt8] = []
        MessageFrame.appendHead(.binary, count: count, to: &head)
        piece.reserveCapacity(minimumWritableBytes: head.count + count)
        piece.writeBytes(head)
        piece.writeInteger(version)
        piece.writeInteger(columns)
        piece.writeInteger(UInt16(cursorText.count), endianness: .little)
        piece.writeInteger(UInt32(blocks.count), endianness: .little)
        piece.writeInteger(Int64(Date().timeIntervalSince1970 * 1e6), endianness: .little)
        write(cursorText, to: &piece)
        for block in blocks { append(block, to: &piece) }
    }

    private static func append(_ block: ColumnBlock, to piece: inout ByteBuffer) {
        piece.writeInteger(UInt32(block.encodedBytes), endianness: .little)
        piece.writeInteger(block.schema.id, endianness: .little)
        piece.writeInteger(block.ring.instance.value, endianness: .little)
        piece.writeInteger(block.ring.writer, endianness: .little)
        piece.writeInteger(UInt16(block.isReduced ? 1 : 0), endianness: .little)
        piece.writeInteger(UInt32(block.rows), endianness: .little)
        piece.writeInteger(UInt32(block.sourceRows), endianness: .little)
        piece.writeInteger(UInt32(0), endianness: .little)
        for column in block.columns {
            write(column.bytes, to: &piece)
            if !column.presence.isEmpty { write(column.presence, to: &piece) }
            if !column.notFinite.isEmpty { write(column.notFinite, to: &piece) }
        }
    }

    /// With zeros up to a multiple of 8.
    private static func write(_ bytes: [UInt8], to piece: inout ByteBuffer) {
        piece.writeBytes(bytes)
        piece.writeRepeatingByte(0, count: padded(bytes.count) - bytes.count)
    }
    static func padded(_ count: Int) -> Int { (count + 7) & ~7 }
}

extension ColumnBlock {
    var encodedBytes: Int {
        columns.reduce(ColumnMessage.blockHeadBytes) { sum, column in
            sum + [column.bytes, column.presence, column.notFinite].reduce(0) { $0 + ColumnMessage.padded($1.count) }
        }
    }
}
