/// Where the embedded host's parts lie.
import CTeltelStorage
import Foundation
import TeltelEvents

/// Paths of the engine library, of the interpreter, of the host program and of its socket.
package struct HostFiles: Sendable {
    /// Below the collector's data folder.
    package let dataDirectory: String
    /// The only folder from which the host reads payloads.
    package let payloadDirectory: String
    package let environment: [String: String]

    package init(
        dataDirectory: String, payloadDirectory: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.dataDirectory = dataDirectory
        self.payloadDirectory = payloadDirectory
        self.environment = environment
    }

    package static let libraryVersion = "26.9.0"
    /// What to tell people when there is no library.
    package static let hint =
        "the embedded ClickHouse is not installed: run scripts/fetch-clickhouse.sh, or give the URL of a server with --clickhouse-url"

    /// The engine library, if it is installed.
    package var library: String? {
        let path: String
        if let given = environment["TELTEL_CLICKHOUSE_LIBRARY"], !given.isEmpty {
            path = given
        } else {
            path = "\(UserFolders.cache(environment))/teltel/chdb-core-\(Self.libraryVersion)/chdb/_chdb.abi3.so"
        }
        return access(path, R_OK) == 0 ? path : nil
    }

    /// Debian's Python, else the first one on the search path.
    package var interpreter: String? {
        let search = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/python3" }
        return (["/usr/bin/python3"] + search).first { access($0, X_OK) == 0 }
    }

    package var databaseDirectory: String { dataDirectory + "/clickhouse" }
    package var errorPath: String { dataDirectory + "/clickhouse-host.log" }

    /// A socket's path is at most 107 bytes long: in a deep data folder it lies elsewhere, in a folder of this user alone.
    package var socket: String {
        let near = databaseDirectory + "/host.sock"
        if near.utf8.count <= 100 { return near }
        let base = environment["XDG_RUNTIME_DIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        return "\(base)/teltel-\(geteuid())/\(InstanceID(StableHash.fnv1a(dataDirectory.utf8))).sock"
    }

    /// Makes the folders, and writes the host program that this binary carries.
    package func prepare() throws(ChildProcess.Failure) -> (program: String, socket: String) {
        for directory in [dataDirectory, databaseDirectory, (socket as NSString).deletingLastPathComponent] {
            try makePrivate(directory)
        }
        let text = Data(bytes: teltel_host_program(), count: teltel_host_program_bytes())
        let program = "\(dataDirectory)/host-\(InstanceID(StableHash.fnv1a(text))).py"
        // Written again each time, so that nobody else's text is ever run; renamed, so that it is whole.
        let fresh = program + ".new"
        unlink(fresh)
        let file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw ChildProcess.Failure(reason: "\(fresh): \(String(cString: strerror(errno)))") }
        let written = text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        close(file)
        guard written == text.count, rename(fresh, program) == 0 else {
            throw ChildProcess.Failure(reason: "\(program) cannot be written: \(String(cString: strerror(errno)))")
        }
        return (program, socket)
    }

    private func makePrivate(_ directory: String) throws(ChildProcess.Failure) {
        if mkdir(directory, 0o700) == 0 { return }
        let reason = errno
        if let problem = reason == EEXIST ? PrivateFolder.problem(directory) : String(cString: strerror(reason)) {
            throw ChildProcess.Failure(reason: reason == EEXIST ? problem : "cannot make \(directory): \(problem)")
        }
    }
}
