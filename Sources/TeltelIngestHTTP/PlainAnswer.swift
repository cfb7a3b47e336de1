/// The bytes of answers that are made ahead of the encoder.
import Foundation
import NIOCore
import NIOHTTP1
import TeltelHTTP
import TeltelIngest

/// Keeps the newest one: most answers of a connection are the same for a second.
struct PlainAnswer {
    private var kept = (second: 0, accepted: 0, bytes: ByteBuffer())
    private var date = DateText()

    /// All lines were accepted.
    mutating func bytes(accepted: Int) -> ByteBuffer {
        let second = time(nil)
        if kept.second != second || kept.accepted != accepted {
            kept = (second, accepted, make(IngestAnswer(accepted: accepted, rejected: 0, dropped: 0)))
        }
        return kept.bytes
    }

    mutating func bytes(_ answer: IngestAnswer) -> ByteBuffer { make(answer) }

    private mutating func make(_ answer: IngestAnswer) -> ByteBuffer {
        var headers = HTTPHeaders([
            ("content-type", answer.mediaType), ("content-length", String(answer.body.utf8.count)),
            ("date", date.now()), ("server", "teltel"),
        ])
        SecurityHeaders.add(to: &headers)
        var bytes = ByteBuffer()
        let status = HTTPResponseStatus(statusCode: answer.status)
        bytes.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        for (name, value) in headers { bytes.writeString("\(name): \(value)\r\n") }
        bytes.writeString("\r\n\(answer.body)")
        return bytes
    }
}

/// RFC 9110's format; made once a second.
struct DateText {
    private var kept = (second: 0, text: "")

    mutating func now() -> String {
        var now = time(nil)
        guard now != kept.second else { return kept.text }
        var parts = tm()
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        // The process never sets a locale: days and months are English.
        let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        kept = (now, String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self))
        return kept.text
    }
}
