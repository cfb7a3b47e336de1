/// Why a body could not be read to its end.

/// Lines that came before it are taken all the same.
package struct BodyProblem: Error, Sendable, Equatable {
    package let code: String
    package let message: String
    package var kind = Kind.notAsAnnounced

    package enum Kind: Sendable {
        case notAsAnnounced
        /// Somebody sends more than the limits let in.
        case tooMuch
        /// Nothing is wrong with the body: later there may be room for it.
        case busy
    }

    package static func notWhatItSays(_ coding: ContentCoding) -> BodyProblem {
        BodyProblem(code: "bad-encoding", message: "the body is not \(coding.rawValue), or was damaged on its way")
    }
    package static func window(_ bytes: Int) -> BodyProblem {
        BodyProblem(
            code: "bad-encoding",
            message: "the zstd frame needs a window of more than \(bytes >> 20) MiB; compress without --long or --ultra")
    }
    package static func truncatedEncoding(_ coding: ContentCoding) -> BodyProblem {
        BodyProblem(code: "truncated-body", message: "the \(coding.rawValue) data has no end")
    }
    package static let silent = BodyProblem(code: "truncated-body", message: "the body did not go on in time")
    package static let cutOff = BodyProblem(code: "truncated-body", message: "the connection ended before the body did")
    package static let stopping = BodyProblem(
        code: "truncated-body", message: "the collector stops: send the rest to the next one")
    package static let badFraming = BodyProblem(code: "bad-framing", message: "the body's chunks are malformed")
    package static func tooDense(_ ratio: Int) -> BodyProblem {
        BodyProblem(
            code: "too-dense", message: "the body decodes to more than \(ratio) times its size", kind: .tooMuch)
    }
    package static func tooLarge(_ limit: Int) -> BodyProblem {
        BodyProblem(
            code: "body-too-large",
            message:
                "the body decodes to more than \(limit >> 20) MiB; send several, or start the collector with a higher --max-body-mib",
            kind: .tooMuch)
    }
    package static func decodersBusy(_ limit: Int) -> BodyProblem {
        BodyProblem(
            code: "decoders-busy",
            message:
                "other compressed bodies use the \(limit >> 20) MiB that there are for decoding; repeat it, send it as it is, or start the collector with a higher --decoder-memory-mib",
            kind: .busy)
    }
    package static let noMemory = BodyProblem(code: "no-memory", message: "the collector has no memory to decode this body")
}
