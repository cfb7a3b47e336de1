/// The embedded host is there when it is needed.
import Foundation
import TeltelEvents
import TeltelStorage
import Testing

struct HostSupervisorTests {
    private static func files(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> HostFiles {
        let directory = NSTemporaryDirectory() + "teltel-test-" + UUID().uuidString
        return HostFiles(dataDirectory: directory, payloadDirectory: directory + "/payloads", environment: environment)
    }

    private static func wait(_ supervisor: HostSupervisor, until condition: (HostSupervisor.State) -> Bool)
        -> HostSupervisor.State
    {
        let deadline = ContinuousClock.now + .seconds(90)
        while !condition(supervisor.current), ContinuousClock.now < deadline { sched_yield() }
        return supervisor.current
    }
    private static func isReady(_ state: HostSupervisor.State) -> Bool { if case .ready = state { true } else { false } }
    private static func isFailed(_ state: HostSupervisor.State) -> Bool { if case .failed = state { true } else { false } }

    @Test(.enabled(if: TestClickHouse.library != nil, "the engine library is not installed"))
    func itComesBackAfterItWasKilled() throws {
        let files = Self.files()
        let supervisor = HostSupervisor(files: files)
        supervisor.start()
        #expect(Self.isReady(Self.wait(supervisor, until: Self.isReady)))
        let client = ClickHouseClient(supervisor.endpoint)
        try client.ping()
        try ClickHouseTables(client: client, catalog: TableCatalog()).connect()
        #expect(try String(decoding: client.run(ClickHouseQuery("SELECT 1")), as: UTF8.self) == "1\n")

        // A second one on the same folder finds the first.
        let second = HostSupervisor(files: files)
        second.start()
        #expect(Self.isFailed(Self.wait(second, until: Self.isFailed)))
        second.stop()

        let found = try #require(supervisor.processID)
        kill(found, SIGKILL)
        _ = Self.wait(supervisor) { !Self.isReady($0) }
        #expect(Self.isReady(Self.wait(supervisor, until: Self.isReady)))
        #expect(supervisor.processID != found)
        try client.ping()
        let facts = try FileManager.default.attributesOfItem(atPath: files.socket)
        #expect(facts[.posixPermissions] as? Int == 0o700)
        supervisor.stop()
        #expect(supervisor.current == .stopped)
        #expect(throws: ClickHouseError.self) { try client.ping() }
        try FileManager.default.removeItem(atPath: files.dataDirectory)
    }

    @Test func withoutTheLibraryItSaysWhatToDo() throws {
        let supervisor = HostSupervisor(files: Self.files(["TELTEL_CLICKHOUSE_LIBRARY": "/nowhere", "PATH": "/usr/bin"]))
        supervisor.start()
        #expect(Self.wait(supervisor) { $0 != .starting } == .missing(HostFiles.hint))
        supervisor.stop()
    }

    @Test func aLibraryThatIsNoneIsReported() throws {
        let files = Self.files(["TELTEL_CLICKHOUSE_LIBRARY": "/bin/sh", "PATH": "/usr/bin"])
        let supervisor = HostSupervisor(files: files)
        supervisor.start()
        guard case .failed(let reason) = Self.wait(supervisor, until: Self.isFailed) else {
            Issue.record("\(supervisor.current)")
            return
        }
        #expect(reason.contains("cannot be loaded"))
        supervisor.stop()
        try FileManager.default.removeItem(atPath: files.dataDirectory)
    }

    @Test func aFolderThatOthersMayWriteToIsRefused() throws {
        let files = Self.files()
        try FileManager.default.createDirectory(atPath: files.dataDirectory, withIntermediateDirectories: true)
        chmod(files.dataDirectory, 0o777)
        #expect(throws: ChildProcess.Failure.self) { try files.prepare() }
        try FileManager.default.removeItem(atPath: files.dataDirectory)
    }

    @Test func theSocketsPathIsNeverTooLong() {
        let long = HostFiles(dataDirectory: "/" + String(repeating: "x", count: 200), payloadDirectory: "", environment: [:])
        #expect(long.socket.utf8.count <= 107)
        #expect(HostFiles(dataDirectory: "/a", payloadDirectory: "", environment: [:]).socket == "/a/clickhouse/host.sock")
    }
}
