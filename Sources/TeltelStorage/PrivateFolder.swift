/// Folders into which nobody else may write: what a collector runs and believes lies in them.
import Foundation

package enum PrivateFolder {
    /// The path behind all links, absolute: a data folder may be a link to another disk. Of what is not there yet, what is there.
    package static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }

    /// Why the folder cannot be used, and what to do; nil: it can. A link is none.
    package static func problem(_ path: String) -> String? {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return "\(path): \(String(cString: strerror(errno)))" }
        if facts.st_mode & S_IFMT == S_IFLNK { return "\(path) is a link; name the folder that it leads to" }
        if facts.st_mode & S_IFMT != S_IFDIR { return "\(path) is not a folder" }
        if facts.st_uid != geteuid() { return "\(path) belongs to another user" }
        if facts.st_mode & 0o022 != 0 { return "others can write to \(path); make it yours alone with `chmod go-w \(path)`" }
        return nil
    }
}
