/// What the client makes of servers that are not as they should be, and of queries that are.
import Foundation
import Synchronization
import TeltelEvents
import TeltelStorage
import Testing

/// Accepts one connection after the other, reads a request's head and answers with the given bytes.
private final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: Int32

    init(_ answer: String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(bound)
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    close(listener)
                    return
                }
                var bytes = [UInt8](repeating: 0, count: 65_536)
                _ = recv(client, &bytes, bytes.count, 0)
                _ = answer.utf8.withContiguousStorageIfAvailable { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                close(client)
            }
        }
    }
    /// Ends `accept`; its thread closes the descriptor, so that the number is not another's by then.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }
}

struct ClickHouseClientTests {
    private static let head = "HTTP/1.1 200 OK\r\nX-ClickHouse-Query-Id: 1\r\n"

    @Test(arguments: [
        ("", ClickHouseError.Source.interrupted), ("garbage\r\n\r\n", .interrupted),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", .unexpectedAnswer),
        (head + "Content-Length: 10\r\n\r\n1\n", .interrupted),
        (head + "Transfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n", .interrupted),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad", .unexpectedAnswer),
        ("HTTP/1.1 500 X\r\nContent-Length: 38\r\n\r\nCode: 252. DB::Exception: Too many part", .exception(252)),
        ("HTTP/1.1 500 X\r\nX-ClickHouse-Exception-Code: 241\r\nContent-Length: 1\r\n\r\nx", .exception(241)),
        (head + "X-ClickHouse-Exception-Code: 159\r\nContent-Length: 1\r\n\r\nx", .exception(159)),
    ])
    func oddAnswersAreErrors(_ answer: String, _ source: ClickHouseError.Source) throws {
        let server = try ScriptedServer(answer)
        let client = ClickHouseClient(try ClickHouseEndpoint(url: "http://127.0.0.1:\(server.port)"))
        for _ in 0..<2 {
            let error = #expect(throws: ClickHouseError.self) { try client.run(ClickHouseQuery("SELECT 1")) }
            #expect(error?.source == source, "\(String(describing: error))")
        }
    }

    @Test func silenceEndsByTime() throws {
        let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(silent) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(silent, $0, length)
                _ = listen(silent, 1)
                _ = getsockname(silent, $0, &length)
            }
        }
        let client = ClickHouseClient(try ClickHouseEndpoint(url: "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"))
        var query = ClickHouseQuery("SELECT 1")
        query.timeout = .milliseconds(50)
        let error = #expect(throws: ClickHouseError.self) { try client.run(query) }
        #expect(error?.source == .interrupted)
    }

    @Test func nobodyThereIsNotAmbiguous() throws {
        for endpoint in [try ClickHouseEndpoint(url: "http://127.0.0.1:1"), ClickHouseEndpoint(socket: "/nowhere/at/all.sock")] {
            let error = #expect(throws: ClickHouseError.self) { try ClickHouseClient(endpoint).ping() }
            #expect(error?.source == .unreachable)
            #expect(error?.isAmbiguous == false)
            // Of a socket libcurl says that nobody is at port 80.
            #expect(error?.message.contains("port 80") == false)
            if let socket = endpoint.socket { #expect(error?.message.contains("embedded ClickHouse's socket \(socket)") == true) }
        }
    }

    @Test func aServerThatIsTooOldIsNamed() throws {
        let server = try ScriptedServer(Self.head + "Content-Length: 10\r\n\r\n18.16.1.2\n")
        let tables = ClickHouseTables(
            client: ClickHouseClient(try ClickHouseEndpoint(url: "http://127.0.0.1:\(server.port)")), catalog: TableCatalog())
        let error = #expect(throws: ClickHouseError.self) { try tables.connect() }
        #expect(error?.source == .unsupported)
        #expect(error?.message.contains("18.16") == true)
    }
}

@Suite(.enabled(if: TestClickHouse.library != nil, "the engine library is not installed"))
struct ClickHouseQueryTests {
    @Test(arguments: TestClickHouse.Way.allCases)
    func parametersAreValuesAndNothingElse(_ way: TestClickHouse.Way) throws {
        let house = try TestClickHouse(way)
        try house.tables.connect()
        let texts = ["", "a'b\"c`", "tab\tline\nback\\slash\\n\r", "'; DROP TABLE x --", "{x:String}", "é😀%+& =", "\\N", "\\"]
        for text in texts {
            let sql = "SELECT hex({x:String})"
            #expect(
                try house.lines(sql, ["x": text]) == (text.isEmpty ? [] : [text.utf8.map { String(format: "%02X", $0) }.joined()])
            )
        }
        #expect(try house.lines("SELECT {n:UInt64} + 1", ["n": "41"]) == ["42"])
        try house.removeFiles()
    }

    @Test func readingQueriesCannotWrite() throws {
        let house = try TestClickHouse(.file)
        try house.tables.connect()
        for sql in [
            "CREATE TABLE x (a UInt8) ENGINE = Memory", "DROP TABLE run_metadata",
            "SELECT 1 INTO OUTFILE '\(house.directory)/out'",
            "SELECT * FROM file('/etc/hostname', 'LineAsString')", "SELECT 1 SETTINGS readonly = 0", "SELECT 1; SELECT 2",
            "INSERT INTO run_metadata (run_id) SELECT 'x'", "SELECT * FROM `python`('x')", "SET readonly = 0", "SYSTEM SHUTDOWN",
        ] {
            #expect(throws: ClickHouseError.self, "\(sql)") { try house.lines(sql) }
        }
        #expect(!FileManager.default.fileExists(atPath: house.directory + "/out"))
        try house.removeFiles()
    }

    @Test func anAnswerThatBreaksIsAnError() throws {
        let house = try TestClickHouse(.file)
        try house.tables.connect()
        var query = ClickHouseQuery(
            "SELECT throwIf(number = 5000000) FROM numbers(10000000)", settings: ["max_block_size": "65536"])
        query.waitsForEnd = false
        var pieces = 0
        let error = #expect(throws: ClickHouseError.self) {
            try house.client.stream(query) { _ in
                pieces += 1
                return true
            }
        }
        #expect(error?.source == .interrupted)
        #expect(pieces > 0)
        try house.removeFiles()
    }

    @Test func aClientThatGoesAwayEndsItsQuery() throws {
        let house = try TestClickHouse(.file)
        try house.tables.connect()
        var query = ClickHouseQuery(
            "SELECT number, sleepEachRow(0.001) FROM numbers(10000000)", settings: ["max_block_size": "1000"])
        query.waitsForEnd = false
        let error = #expect(throws: ClickHouseError.self) { try house.client.stream(query) { _ in false } }
        #expect(error?.source == .cancelled)
        let running =
            "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%system.processes%'"
        let deadline = ContinuousClock.now + .seconds(30)
        while try house.lines(running) != ["0"], ContinuousClock.now < deadline {}
        #expect(try house.lines(running) == ["0"])
        try house.removeFiles()
    }

    @Test func anAnswerHasALimit() throws {
        let house = try TestClickHouse(.file)
        try house.tables.connect()
        let error = #expect(throws: ClickHouseError.self) {
            try house.client.run(
                ClickHouseQuery("SELECT number FROM numbers(1000000)", settings: ["readonly": "1"]), limit: 1_000)
        }
        #expect(error?.source == .cancelled)
        try house.removeFiles()
    }

    @Test func aWrongPasswordWaitsForSomebody() throws {
        let house = try TestClickHouse(.body, credentials: "me:right")
        try house.tables.connect()
        #expect(try house.lines("SELECT 1") == ["1"])
        let url = house.client.endpoint.url.replacing("http://", with: "http://me:wrong@")
        let tables = ClickHouseTables(client: ClickHouseClient(try ClickHouseEndpoint(url: url)), catalog: TableCatalog())
        let error = #expect(throws: ClickHouseError.self) { try tables.connect() }
        #expect(error?.code == 516)
        #expect(error?.advice == .wait)
        try house.removeFiles()
    }
}
