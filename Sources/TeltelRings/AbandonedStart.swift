/// Removes what is left of an engine that died while it made its run: rings and a run file that never got its name.
import Foundation
import Glibc

/// Nobody will ever read such a folder, and its rings hold shared memory until the next boot.
enum AbandonedStart {
    /// A start takes milliseconds. One that goes on after a stop this long finds its folder gone: `run_start` says so and
    /// leaves nothing behind.
    static let ageSeconds = 60

    /// Removes the folder `name` if nothing has been made in it for a minute. Returns whether it is gone.
    static func remove(parent: Int32, name: String) -> Bool {
        let folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        var facts = stat()
        guard fstat(folder, &facts) == 0, facts.st_uid == geteuid(), time(nil) - facts.st_mtim.tv_sec >= ageSeconds,
            fstatat(folder, "run", &facts, AT_SYMLINK_NOFOLLOW) != 0
        else { return false }
        // Never opened: closing a file drops the locks that this process may hold on it.
        unlinkat(folder, "run.new", 0)
        removeRings(in: folder)
        return unlinkat(parent, name, AT_REMOVEDIR) == 0
    }

    /// All rings, also one that its engine had not finished making.
    static func removeRings(in folder: Int32) {
        // A folder that cannot be listed has been removed by somebody else.
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd/\(folder)")) ?? []
        for entry in entries where entry.hasPrefix("ring-") { unlinkat(folder, entry, 0) }
    }
}
