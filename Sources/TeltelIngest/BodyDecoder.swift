/// Decodes one compressed body, at most 64 KiB at a time, whatever comes in.
import CTeltelCompression
import NIOCore

/// How a body is packed, by the words of `Content-Encoding`.
package enum ContentCoding: String, Sendable {
    case identity, gzip, deflate, zstd
}

/// What one compressed body may become.
package struct DecodingLimits: Sendable {
    package var bytes = 16 << 30
    /// Looked at once so much has come out: short bodies of equal lines are denser than any stream.
    package var ratioFrom = 16 << 20
    package var ratio = 200

    package init(bytes: Int) { self.bytes = bytes }
}

/// Used by one request.
final class BodyDecoder {
    private static let roomBytes = 64 << 10
    private let decoder: OpaquePointer
    private let coding: ContentCoding
    private let limits: DecodingLimits
    private let memory: DecodingMemory
    /// Of `memory`: the room and what the decoder itself has.
    private var memoryTaken: Int
    private var room = ByteBuffer()
    private var taken = 0
    private var written = 0
    /// Damage was met, behind bytes that are good.
    private var damage: BodyProblem?

    /// nil for a body that is not packed.
    init?(_ coding: ContentCoding, limits: DecodingLimits, memory: DecodingMemory) throws(BodyProblem) {
        let kind: teltel_coding
        switch coding {
        case .identity: return nil
        case .gzip: kind = TELTEL_CODING_GZIP
        case .deflate: kind = TELTEL_CODING_DEFLATE
        case .zstd: kind = TELTEL_CODING_ZSTD
        }
        guard let decoder = teltel_decoder_create(kind) else { throw .noMemory }
        let bytes = Self.roomBytes + teltel_decoder_memory(decoder)
        do throws(BodyProblem) { try memory.take(bytes) } catch {
            teltel_decoder_destroy(decoder)
            throw error
        }
        memoryTaken = bytes
        self.memory = memory
        self.decoder = decoder
        self.coding = coding
        self.limits = limits
    }

    deinit {
        teltel_decoder_destroy(decoder)
        memory.giveBack(memoryTaken)
    }

    /// The next decoded bytes of what comes in; nil when `input` is used up and everything is out. Let go of the answer before
    /// the next call: its memory is used again.
    func decode(_ input: inout ByteBuffer) throws(BodyProblem) -> ByteBuffer? {
        if let damage { throw damage }
        var (used, made) = (0, 0)
        var status = TELTEL_DECODE_OK
        room.clear()
        room.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.roomBytes) { room in
            input.withUnsafeReadableBytes { bytes in
                // SAFETY: both buffers hold for the call, and their sizes are given.
                status = teltel_decoder_step(
                    decoder, bytes.baseAddress, bytes.count, &used, room.baseAddress, min(room.count, Self.roomBytes), &made)
            }
            return made
        }
        input.moveReaderIndex(forwardBy: used)
        taken += used
        written += made
        try countMemory()
        switch status {
        case TELTEL_DECODE_OK: break
        case TELTEL_DECODE_WINDOW: damage = .window(Int(TELTEL_ZSTD_WINDOW_BYTES))
        case TELTEL_DECODE_NO_MEMORY: damage = .noMemory
        default: damage = .notWhatItSays(coding)
        }
        if let damage, made == 0 { throw damage }
        if written > limits.bytes { throw .tooLarge(limits.bytes) }
        if written > limits.ratioFrom, written / limits.ratio > taken { throw .tooDense(limits.ratio) }
        return made > 0 ? room : nil
    }

    /// Only a frame's head tells how large its window is, and then the decoder has it already: one window for each thread that
    /// decodes is what the limit may be passed by, for a moment.
    private func countMemory() throws(BodyProblem) {
        let bytes = Self.roomBytes + teltel_decoder_memory(decoder)
        if bytes > memoryTaken { try memory.take(bytes - memoryTaken) } else { memory.giveBack(memoryTaken - bytes) }
        memoryTaken = bytes
    }

    /// The body has ended.
    func finish() throws(BodyProblem) {
        if teltel_decoder_is_complete(decoder) == 0 { throw .truncatedEncoding(coding) }
    }
}
