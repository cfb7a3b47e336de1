/// The data folder: opened by one collector at a time.
import Foundation
import TeltelControl
import TeltelRings
import TeltelRuns
import TeltelStorage

/// What is kept on disk.
struct DataFolder {
    /// nil: events are live only (`--no-storage`).
    let storage: Storage?
    let control: ControlStore
    /// Without storage, which holds the folder itself.
    private let hold: FolderHold?

    /// So many runs are in memory from the start; older ones are looked up when somebody asks.
    private static let runsInMemory = 1_000

    /// nil: without storage, and with a folder that cannot be used, which `warn` is told of. Whoever keeps no events need not have one.
    static func open(_ settings: CollectorSettings, registry: RunRegistry, warn: (String) -> Void) throws -> DataFolder? {
        let path: String
        let storage: Storage?
        let hold: FolderHold?
        do {
            path = try folder(settings)
            // Either holds the folder against a second collector.
            storage = settings.storage ? try Storage(options(settings, path)) : nil
            hold = settings.storage ? nil : try FolderHold(path)
        } catch  where !settings.storage {
            let reason = (error as? StorageError)?.detail ?? "\(error)"
            warn("names, notes, tags and layouts will be forgotten at the end: \(reason)")
            return nil
        }
        do throws(ControlStoreError) {
            let control = try ControlStore(dataFolder: path)
            registry.adopt(try control.recentRuns(runsInMemory))
            // What cannot be read now is as good as unknown: it is asked for again.
            registry.look { try? control.run($0) }
            return DataFolder(storage: storage, control: control, hold: hold)
        } catch { throw CollectorError(description: error.description) }
    }

    /// The path of the folder, which is made if it is not there.
    private static func folder(_ settings: CollectorSettings) throws(CollectorError) -> String {
        let given = URL(fileURLWithPath: settings.dataDirectory).standardizedFileURL.path
        do {
            try FileManager.default.createDirectory(
                atPath: given, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CollectorError(
                description:
                    "cannot make the data folder \(given): \(Terminal.text(of: Terminal.reason(error))); choose another with --data-dir"
            )
        }
        // Once and for all: whatever the link leads to later, this collector keeps its folder.
        let path = PrivateFolder.resolved(given)
        if settings.clickHouse == nil, let problem = PrivateFolder.problem(path) {
            throw CollectorError(description: "data folder: \(problem), or choose another with --data-dir")
        }
        return path
    }

    private static func options(_ settings: CollectorSettings, _ path: String) -> StorageOptions {
        var options = StorageOptions(
            dataDirectory: path, clickHouse: settings.clickHouse,
            spoolLimitBytes: settings.spoolBytes ?? spoolLimit(path), bootID: HostIdentity.current.bootID)
        options.rules.rows = settings.segmentEvents
        options.maxTables = settings.maxTables
        options.rules.ageNs = UInt64(settings.flushMilliseconds) * 1_000_000
        return options
    }

    /// 4 GiB, or a tenth of the free disk if that is less.
    private static func spoolLimit(_ path: String) -> Int {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return 4 << 30 }
        let tenth = UInt64(facts.f_bavail) * UInt64(facts.f_frsize) / 10
        return Int(min(4 << 30, max(256 << 20, tenth)))
    }
}
