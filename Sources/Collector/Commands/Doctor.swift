/// `teltel doctor`: what is installed, writable and reachable.
import ArgumentParser
import CTeltelPort
import Foundation
import TeltelHTTP
import TeltelStorage

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks what teltel needs on this machine.",
        discussion: """
            Takes the options of `teltel collect`, so that it looks where that will. Exit code 0 when everything needed is there \
            (warnings allowed), 1 when something is missing.
            """)

    @OptionGroup var places: PlaceOptions
    @OptionGroup(visibility: .hidden) var tuning: TuningOptions

    func validate() throws { _ = try CollectorSettings(places, tuning) }

    func run() async throws {
        let settings = try CollectorSettings(places, tuning)
        var findings = [
            DoctorChecks.sharedMemory(settings.shmDirectory), DoctorChecks.removeIPC(), DoctorChecks.descriptors(),
        ]
        if settings.storage {
            findings.append(DoctorChecks.dataFolder(settings.dataDirectory, isEmbedded: settings.clickHouse == nil))
            if let server = settings.clickHouse {
                findings.append(DoctorChecks.server(server))
            } else {
                findings += DoctorChecks.embeddedEngine(PrivateFolder.resolved(settings.dataDirectory))
            }
        }
        findings.append(DoctorChecks.whoMayAsk(settings))
        findings.append(await Self.port(settings))
        for finding in findings {
            Terminal.say("\(finding.state.rawValue)  \(finding.what)")
            if let hint = finding.hint { Terminal.say("         \(hint)") }
        }
        if findings.contains(where: { $0.state == .missing }) { throw ExitCode(1) }
    }

    private static func port(_ settings: CollectorSettings) async -> DoctorChecks.Finding {
        switch await PortProbe.ask(settings) {
        case .free: return .init(state: .ok, what: "port \(settings.port): free, no collector is running")
        case .taken where await PortProbe.hasCollector(settings):
            return .init(
                state: .ok, what: "port \(settings.port): a collector is running at \(PortProbe.url(settings))",
                hint: "a second one needs another --port, --shm-dir and --data-dir")
        case .taken:
            return .init(
                state: .missing, what: "port \(settings.port): something else listens there", hint: "choose another with --port")
        case .refused(let reason):
            return .init(
                state: .missing, what: "port \(settings.port) at \(settings.bind): \(reason)",
                hint: "choose others with --port and --bind")
        }
    }
}

/// The single checks.
enum DoctorChecks {
    struct Finding: Sendable {
        enum State: String, Sendable {
            case ok = "ok     "
            case warning = "warning"
            case missing = "MISSING"
        }
        let state: State
        let what: String
        var hint: String?
    }

    private static func space(_ path: String) -> (free: UInt64, size: UInt64)? {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return nil }
        return (UInt64(facts.f_bavail) * UInt64(facts.f_frsize), UInt64(facts.f_blocks) * UInt64(facts.f_frsize))
    }
    private static func mebibytes(_ bytes: UInt64) -> String { "\(bytes >> 20) MiB" }

    private static func existingParent(_ path: String) -> String {
        var path = path
        while !FileManager.default.fileExists(atPath: path), path.count > 1 {
            path = (path as NSString).deletingLastPathComponent
        }
        return path
    }

    static func sharedMemory(_ path: String) -> Finding {
        let parent = existingParent(path)
        var facts = stat()
        // As engines and collector look at it: a link is no folder.
        if lstat(path, &facts) == 0 {
            let isFolder = facts.st_mode & S_IFMT == S_IFDIR
            if isFolder, facts.st_uid == geteuid(), facts.st_mode & 0o077 != 0 {
                return Finding(
                    state: .missing, what: "shared memory: others can look into \(path)", hint: "chmod 700 \(path)")
            }
            if !isFolder || facts.st_uid != geteuid() {
                return Finding(
                    state: .missing, what: "shared memory: \(path) is \(isFolder ? "a folder of another user" : "no folder")",
                    hint: "choose another with --shm-dir")
            }
        }
        guard access(parent, W_OK | X_OK) == 0, let space = space(parent) else {
            return Finding(
                state: .missing, what: "shared memory: \(path) cannot be written", hint: "choose a folder with --shm-dir")
        }
        let what = "shared memory: \(path), \(mebibytes(space.free)) free of \(mebibytes(space.size))"
        // An engine's ring takes a 64th of what is free, the collector's own 32 MiB a core.
        let ring = space.free / 64
        guard ring >= 8 << 20 else {
            let size = ring >= 1 << 20 ? mebibytes(ring) : "\(max(256, ring >> 10)) KiB"
            return Finding(
                state: .warning, what: what,
                hint:
                    "engines' rings have about \(size) instead of 8 MiB: a container gets more with --shm-size, a host with mount -o remount,size=… /dev/shm"
            )
        }
        return Finding(state: .ok, what: what)
    }

    /// systemd removes a user's files from /dev/shm at logout, unless told otherwise.
    static func removeIPC() -> Finding {
        let files = ["/etc/systemd/logind.conf"] + folderEntries("/etc/systemd/logind.conf.d")
        let lines = files.flatMap { path -> [Substring] in
            // A file that is not there says nothing.
            ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
        }
        let off = lines.last { $0.hasPrefix("RemoveIPC=") }.map { $0.hasSuffix("no") || $0.hasSuffix("false") } ?? false
        let running = FileManager.default.fileExists(atPath: "/run/systemd/seats")
        if off || getuid() == 0 || !running { return Finding(state: .ok, what: "RemoveIPC: rings survive a logout") }
        return Finding(
            state: .warning, what: "RemoveIPC: systemd removes this user's rings when the last session ends",
            hint: "for engines that outlive a login: RemoveIPC=no in /etc/systemd/logind.conf, or `loginctl enable-linger`")
    }

    private static func folderEntries(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().map { "\(path)/\($0)" }  // missing: none
    }

    static func descriptors() -> Finding {
        // The collector lifts its own limit to the hard one.
        let files = teltel_raise_file_limit()
        let what = "open files: limit \(files)"
        return files >= 1_024
            ? Finding(state: .ok, what: what) : Finding(state: .warning, what: what, hint: "raise it with ulimit -Hn 4096")
    }

    /// Who will be let in.
    static func whoMayAsk(_ settings: CollectorSettings) -> Finding {
        let users = settings.allowLocalUsers ? "all users of this machine" : "this user and root"
        do throws(AccessTokenError) {
            if try AccessToken.find(file: settings.tokenFile) != nil {
                return Finding(state: .ok, what: "access: \(settings.bind), who has the token; on this machine \(users)")
            }
        } catch { return Finding(state: .missing, what: "access: \(error.description)") }
        guard AllowedHosts.isLoopback(settings.bind) else {
            return Finding(
                state: .missing, what: "access: \(settings.bind) can be reached from other machines and has no token",
                hint: "`teltel token new FILE`, then --token-file FILE")
        }
        return Finding(state: .ok, what: "access: this machine only, \(users)")
    }

    static func dataFolder(_ given: String, isEmbedded: Bool) -> Finding {
        let path = PrivateFolder.resolved(given)
        let parent = existingParent(path)
        if parent == path, isEmbedded, let problem = PrivateFolder.problem(path) {
            return Finding(state: .missing, what: "data folder: \(problem)", hint: "or choose another with --data-dir")
        }
        guard access(parent, W_OK | X_OK) == 0, let space = space(parent) else {
            return Finding(
                state: .missing, what: "data folder: \(path) cannot be written", hint: "choose another with --data-dir")
        }
        let what = "data folder: \(path), \(mebibytes(space.free)) free"
        return space.free >= 1 << 30
            ? Finding(state: .ok, what: what) : Finding(state: .warning, what: what, hint: "less than 1 GiB is left for runs")
    }

    /// The engine library, and the Python that hosts it.
    static func embeddedEngine(_ dataDirectory: String) -> [Finding] {
        let files = HostFiles(dataDirectory: dataDirectory, payloadDirectory: dataDirectory + "/spool")
        let python =
            files.interpreter.map { Finding(state: .ok, what: "Python: \($0)") }
            ?? Finding(
                state: .missing, what: "Python: no python3 on PATH, the embedded ClickHouse needs it", hint: "apt install python3"
            )
        let library =
            files.library.map { Finding(state: .ok, what: "embedded ClickHouse: \($0)") }
            ?? Finding(state: .missing, what: "embedded ClickHouse: not installed", hint: HostFiles.hint)
        return [python, library]
    }

    /// Blocks for up to 5 seconds.
    static func server(_ server: ClickHouseServer) -> Finding {
        do throws(ClickHouseError) {
            let endpoint = try ClickHouseEndpoint(server)
            try ClickHouseClient(endpoint).ping()
            return Finding(state: .ok, what: "ClickHouse: answers at \(endpoint.description)")
        } catch {
            return Finding(
                state: .missing, what: "ClickHouse: \(error.description)",
                hint: "the collector keeps runs in its spool until the server answers")
        }
    }
}
