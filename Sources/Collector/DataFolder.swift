/// The data folder: opened by one collector at a time.
import Foundation
import TeltelControl
import TeltelRings
import TeltelStorage

/// What is kept on disk.
struct DataFolder {
    let storage: Storage
    let control: ControlStore

    /// So many runs are in memory from the start; older ones are looked up when somebody asks.
    private static let runsInMemory = 1_000

    static func open(_ settings: CollectorSettings, registry: RunRegistry) throws -> DataFolder {
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
        var options = StorageOptions(
            dataDirectory: path, clickHouse: settings.clickHouse,
            spoolLimitBytes: settings.spoolBytes ?? spoolLimit(path), bootID: HostIdentity.current.bootID)
        options.rules.rows = settings.segmentEvents
        options.maxTables = settings.maxTables
        options.rules.ageNs = UInt64(settings.flushMilliseconds) * 1_000_000
        // It holds the folder against a second collector.
        let storage = try Storage(options)
        do throws(ControlStoreError) {
            let control = try ControlStore(path: path + "/control.sqlite")
            registry.adopt(try control.recentRuns(runsInMemory))
            // What cannot be read now is as good as unknown: it is asked for again.
            registry.look { try? control.run($0) }
            return DataFolder(storage: storage, control: control)
        } catch { throw CollectorError(description: error.description) }
    }

    /// 4 GiB, or a tenth of the free disk if that is less.
    private static func spoolLimit(_ path: String) -> Int {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return 4 << 30 }
        let tenth = UInt64(facts.f_bavail) * UInt64(facts.f_frsize) / 10
        return Int(min(4 << 30, max(256 << 20, tenth)))
    }
}
