/// One libcurl handle and the request it carries out.
import CTeltelStorage
import Foundation
import Synchronization

/// Tells transfers to end. Shared by those of one client.
final class CurlInterruption: Sendable {
    let isWanted = Atomic<Bool>(false)
}

/// What to send. Plain values.
struct CurlRequest: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        case file(path: String, bytes: Int)
    }
    var url: String
    var timeout: Duration
    var isPing = false
    var body = Body.none
    var headers: [String] = []
    var user = ""
    var password = ""
    var socket: String?
    var authorities: String?
    /// Asked at least once a second.
    var isUnwanted: (@Sendable () -> Bool)?

    init(url: String, timeout: Duration, isPing: Bool = false) {
        self.url = url
        self.timeout = timeout
        self.isPing = isPing
    }
}

/// Carries out one request after the other over a kept connection.
// @unchecked: the client hands it to one thread at a time, under its lock.
final class CurlTransfer: @unchecked Sendable {
    // SAFETY: made here, freed in deinit, never given away.
    private let handle: OpaquePointer
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    private let interruption: CurlInterruption

    private static let globalResult = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    private static let connectMilliseconds = 5_000
    private static let largestErrorText = 64 << 10

    init(_ interruption: CurlInterruption) {
        self.interruption = interruption
        precondition(Self.globalResult == CURLE_OK, "libcurl cannot start")
        guard let made = curl_easy_init() else { fatalError("no memory for libcurl") }
        handle = OpaquePointer(made)
    }
    deinit {
        curl_easy_cleanup(UnsafeMutableRawPointer(handle))
        errorText.deallocate()
    }
    private var curl: UnsafeMutableRawPointer { UnsafeMutableRawPointer(handle) }

    static func size(ofFile path: String) -> Int? {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(facts.st_size)
    }

    func perform(_ request: CurlRequest, _ sink: ([UInt8]) -> Bool) throws(ClickHouseError) {
        let file = try openBody(request)
        defer { if let file { close(file) } }
        let result = withoutActuallyEscaping(sink) { sink in
            let exchange = Exchange(file: file, sink: sink, isUnwanted: isUnwanted(request))
            let code = withExtendedLifetime(exchange) { run(request, exchange) }
            return Outcome(code: code, exchange: exchange, status: status)
        }
        try check(result, isPing: request.isPing, socket: request.socket)
    }

    private struct Outcome {
        let code: CURLcode
        let errorBody: [UInt8]
        let exceptionCode: Int?
        let isClickHouse: Bool
        let wasStopped: Bool
        let fileFailed: Bool
        let status: Int

        init(code: CURLcode, exchange: Exchange, status: Int) {
            self.code = code
            errorBody = exchange.errorBody
            exceptionCode = exchange.exceptionCode
            isClickHouse = exchange.isClickHouse
            wasStopped = exchange.wasStopped
            fileFailed = exchange.fileFailed
            self.status = status
        }
    }

    private var status: Int {
        var status = 0
        return teltel_curl_get_long(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK ? status : 0
    }

    private func isUnwanted(_ request: CurlRequest) -> () -> Bool {
        { [interruption] in interruption.isWanted.load(ordering: .relaxed) || request.isUnwanted?() ?? false }
    }

    private func openBody(_ request: CurlRequest) throws(ClickHouseError) -> Int32? {
        guard case .file(let path, _) = request.body else { return nil }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw ClickHouseError(.payload, "\(path): \(String(cString: strerror(errno)))") }
        return file
    }

    private func run(_ request: CurlRequest, _ exchange: Exchange) -> CURLcode {
        curl_easy_reset(curl)
        errorText[0] = 0
        // SAFETY: the exchange outlives the call of curl_easy_perform, and so does the list of headers.
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        _ = teltel_curl_set_error_buffer(curl, errorText)
        _ = teltel_curl_set_long(curl, CURLOPT_NOSIGNAL, 1)
        _ = teltel_curl_set_text(curl, CURLOPT_URL, request.url)
        _ = teltel_curl_set_text(curl, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = teltel_curl_set_text(curl, CURLOPT_PROXY, "")
        _ = teltel_curl_set_long(curl, CURLOPT_CONNECTTIMEOUT_MS, Self.connectMilliseconds)
        _ = teltel_curl_set_long(curl, CURLOPT_TIMEOUT_MS, max(1, Int(request.timeout / .milliseconds(1))))
        if let socket = request.socket { _ = teltel_curl_set_text(curl, CURLOPT_UNIX_SOCKET_PATH, socket) }
        if let authorities = request.authorities { _ = teltel_curl_set_text(curl, CURLOPT_CAINFO, authorities) }
        if !request.user.isEmpty {
            _ = teltel_curl_set_text(curl, CURLOPT_USERNAME, request.user)
            _ = teltel_curl_set_text(curl, CURLOPT_PASSWORD, request.password)
        }
        _ = teltel_curl_set_body_sink(curl, receiveBody, context)
        _ = teltel_curl_set_header_sink(curl, receiveHeader, context)
        _ = teltel_curl_set_progress(curl, askWhetherToEnd, context)
        var headers = curl_slist_append(nil, "Expect:")
        for header in request.headers { headers = curl_slist_append(headers, header) }
        defer { curl_slist_free_all(headers) }
        _ = teltel_curl_set_headers(curl, headers)
        switch request.body {
        case .none: return curl_easy_perform(curl)
        case .file(_, let bytes):
            _ = teltel_curl_set_long(curl, CURLOPT_POST, 1)
            _ = teltel_curl_set_size(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes))
            _ = teltel_curl_set_source(curl, sendFile, context)
            return curl_easy_perform(curl)
        case .bytes(let bytes):
            return bytes.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    _ = teltel_curl_set_size(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(text.count))
                    // SAFETY: not copied by libcurl; valid until this closure ends. An empty array may have no address.
                    guard let address = text.baseAddress, !text.isEmpty else {
                        _ = teltel_curl_set_text(curl, CURLOPT_POSTFIELDS, "")
                        return curl_easy_perform(curl)
                    }
                    _ = teltel_curl_set_text(curl, CURLOPT_POSTFIELDS, address)
                    return curl_easy_perform(curl)
                }
            }
        }
    }

    private func check(_ outcome: Outcome, isPing: Bool, socket: String?) throws(ClickHouseError) {
        let reason = errorText[0] == 0 ? String(cString: curl_easy_strerror(outcome.code)) : String(cString: errorText)
        if outcome.wasStopped { throw ClickHouseError(.cancelled, "ended by the caller") }
        if outcome.fileFailed { throw ClickHouseError(.payload, "the payload ended early") }
        switch outcome.code {
        case CURLE_OK: break
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_URL_MALFORMAT:
            // libcurl names a host and a port that a socket has not.
            throw ClickHouseError(
                .unreachable, socket.map { "nothing answers at the embedded ClickHouse's socket \($0)" } ?? reason)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE:
            throw ClickHouseError(.unreachable, reason)
        default: throw ClickHouseError(.interrupted, reason)
        }
        let text = String(decoding: outcome.errorBody, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if let code = outcome.exceptionCode { throw ClickHouseError(.exception(code), String(text.prefix(2_000))) }
        guard outcome.status == 200 else {
            throw ClickHouseError.parse(text)
                ?? ClickHouseError(.unexpectedAnswer, "HTTP status \(outcome.status): \(text.prefix(200))")
        }
        guard outcome.isClickHouse || isPing else {
            throw ClickHouseError(.unexpectedAnswer, "HTTP 200 of something else than ClickHouse")
        }
    }

    /// What the callbacks of one request share. Used by the thread that is inside curl_easy_perform only.
    fileprivate final class Exchange {
        let file: Int32?
        let sink: ([UInt8]) -> Bool
        var status = 0
        var isClickHouse = false
        var exceptionCode: Int?
        var errorBody: [UInt8] = []
        var wasStopped = false
        var fileFailed = false
        let isUnwanted: () -> Bool

        init(file: Int32?, sink: @escaping ([UInt8]) -> Bool, isUnwanted: @escaping () -> Bool) {
            self.file = file
            self.sink = sink
            self.isUnwanted = isUnwanted
        }

        func takeHeader(_ line: String) {
            if line.hasPrefix("HTTP/") {
                status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
                return
            }
            guard let colon = line.firstIndex(of: ":") else { return }
            let name = line[..<colon].lowercased()
            if name.hasPrefix("x-clickhouse-") { isClickHouse = true }
            if name == "x-clickhouse-exception-code" {
                exceptionCode = Int(line[line.index(after: colon)...].trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }

        func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
            if status == 200, exceptionCode == nil {
                let goesOn = sink(Array(bytes))
                wasStopped = !goesOn
                return goesOn ? bytes.count : 0
            }
            errorBody.append(contentsOf: bytes.prefix(max(0, CurlTransfer.largestErrorText - errorBody.count)))
            return bytes.count
        }
    }
}

private func exchange(_ context: UnsafeMutableRawPointer) -> CurlTransfer.Exchange {
    Unmanaged<CurlTransfer.Exchange>.fromOpaque(context).takeUnretainedValue()
}
private func receiveBody(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int
{
    guard let bytes, let context else { return 0 }
    return exchange(context).takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
}
private func askWhetherToEnd(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    guard let context else { return 0 }
    return exchange(context).isUnwanted() ? 1 : 0
}
private func receiveHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int
{
    guard let bytes, let context else { return 0 }
    exchange(context).takeHeader(String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self))
    return size * count
}
private func sendFile(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int
{
    guard let bytes, let context, let file = exchange(context).file else { return Int(CURL_READFUNC_ABORT) }
    let taken = read(file, bytes, size * count)
    // The length was checked before: an end comes only when all is sent, and then this is not called.
    if taken <= 0 {
        exchange(context).fileFailed = true
        return Int(CURL_READFUNC_ABORT)
    }
    return taken
}
