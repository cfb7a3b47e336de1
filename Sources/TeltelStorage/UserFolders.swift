/// Where a user's files lie, as the XDG base directory specification says.
import Foundation

package enum UserFolders {
    /// `$HOME`: containers and services set it for users whose entry in passwd names none. A relative path counts as not set.
    package static func home(_ environment: [String: String]) -> String { absolute(environment["HOME"]) ?? NSHomeDirectory() }

    package static func data(_ environment: [String: String]) -> String {
        absolute(environment["XDG_DATA_HOME"]) ?? home(environment) + "/.local/share"
    }
    package static func cache(_ environment: [String: String]) -> String {
        absolute(environment["XDG_CACHE_HOME"]) ?? home(environment) + "/.cache"
    }

    private static func absolute(_ path: String?) -> String? { path.flatMap { $0.hasPrefix("/") ? $0 : nil } }
}
