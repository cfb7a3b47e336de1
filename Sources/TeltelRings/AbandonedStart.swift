/// Removes what is left of an engine that died while it made its run: rings and a run file that never got its name.
import Foundation
import Glibc

/// Nobody will ever read such a folder, and its rings hold shared memory until the next boot.
enum AbandonedStart {
    /// A start takes milliseconds. One that goes on after a stop this long finds its folder gone: `run_start` says so and
    /// leaves nothing behind.
    static let ageSeconds = 60

    /// Removes the folder `name` if nothing has been made in it for a minute. Returns whether it is gone.
    ///
    /// - Parameter isLeaving: nobody will come back to it in a minute, and this process makes no runs any more: a second must do, if
    ///   the run file is there and its engine, which locks it at once, is not.
    static func remove(parent: Int32, name: String, isLeaving: Bool = false) -> Bool {
        let folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        var facts = stat()
        guard fstat(folder, &facts) == 0, facts.st_uid == geteuid(), isOld(facts.st_mtim.tv_sec, folder, isLeaving),
            fstatat(folder, "run", &facts, AT_SYMLINK_NOFOLLOW) != 0
        else { return false }
        // Never opened: closing a file drops the locks that this process may hold on it.
        unlinkat(folder, "run.new", 0)
        removeRings(in: folder)
        return unlinkat(parent, name, AT_REMOVEDIR) == 0
    }

    private static func isOld(_ seconds: Int, _ folder: Int32, _ isLeaving: Bool) -> Bool {
        let age = time(nil) - seconds
        if age >= ageSeconds { return true }
        guard isLeaving, age >= 1 else { return false }
        let file = openat(folder, "run.new", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var range = flock()
        range.l_type = Int16(F_WRLCK)
        range.l_whence = Int16(SEEK_SET)
        range.l_len = 1
        return fcntl(file, F_GETLK, &range) == 0 && range.l_type == Int16(F_UNLCK)
    }

    /// All rings, also one that its engine had not finished making.
    static func removeRings(in folder: Int32) {
        // A folder that cannot be listed has been removed by somebody else.
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd/\(folder)")) ?? []
        for entry in entries where entry.hasPrefix("ring-") { unlinkat(folder, entry, 0) }
    }
}
