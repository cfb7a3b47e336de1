/// Why a line is not an event.
import CTeltelJSON

struct LineProblem: Error, Sendable, Equatable {
    let code: String
    let message: String

    static func tooLong(_ limit: Int) -> LineProblem {
        LineProblem(code: "line-too-long", message: "the line is longer than \(limit) bytes")
    }
    static let tooLarge = LineProblem(code: "event-too-large", message: "the event does not fit into a ring")
    static let nameTooLong = LineProblem(
        code: "name-too-long", message: "runId, sourceId, channel and type may have at most 255 bytes")

    static let incomplete = LineProblem(
        code: "incomplete-line", message: "the body broke off in the middle of this line")

    init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// nil if there is none.
    init?(_ error: teltel_json_event_error) {
        switch error {
        case TELTEL_JSON_EVENT_OK: return nil
        case TELTEL_JSON_EVENT_NOT_AN_OBJECT: self.init(code: "not-an-object", message: "the line is not a JSON object")
        case TELTEL_JSON_EVENT_VERSION: self.init(code: "bad-version", message: "v must be an integer other than 0")
        case TELTEL_JSON_EVENT_RUN_ID: self.init(code: "bad-run-id", message: "runId must be a string that is not empty")
        case TELTEL_JSON_EVENT_SOURCE_ID: self.init(code: "bad-source-id", message: "sourceId must be a string that is not empty")
        case TELTEL_JSON_EVENT_CHANNEL: self.init(code: "bad-channel", message: "channel must be a string")
        case TELTEL_JSON_EVENT_TYPE: self.init(code: "bad-type", message: "type must be a string")
        case TELTEL_JSON_EVENT_FRAME_INDEX: self.init(code: "bad-frame-index", message: "frameIndex must be an integer from 0")
        case TELTEL_JSON_EVENT_FRAME_TOO_LARGE:
            self.init(code: "frame-index-too-large", message: "frameIndex is above 4294967295; send larger ones through a ring")
        case TELTEL_JSON_EVENT_SIM_TIME: self.init(code: "bad-sim-time", message: "simTime must be a number from 0")
        case TELTEL_JSON_EVENT_WALL_TIME: self.init(code: "bad-wall-time", message: "wallTimeMs must be an integer or null")
        case TELTEL_JSON_EVENT_TAGS: self.init(code: "bad-tags", message: "tags must be an object of strings, or null")
        case TELTEL_JSON_EVENT_NO_MEMORY: self.init(code: "no-memory", message: "the collector has no memory for this line")
        default: self.init(code: "invalid-json", message: "the line is not valid JSON")
        }
    }
}
