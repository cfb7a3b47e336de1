/// Files with secrets: tokens and passwords. Only such that their user alone can read.
import Foundation

/// Why a secret cannot be read; names the file, never what is in it.
package struct SecretFileError: Error, CustomStringConvertible {
    package let description: String
}

package enum SecretFile {
    /// The text in the file, without white space around it. What is checked is the file that was opened, not what its name points to
    /// a moment later.
    /// - Parameters:
    ///   - kind: what people call the file, e.g. "token file".
    ///   - limit: more bytes are not read.
    ///   - hint: how to make such a file.
    package static func read(_ path: String, kind: String, limit: Int, hint: String) throws(SecretFileError) -> String {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw SecretFileError(description: "\(kind) \(path): \(String(cString: strerror(errno))); \(hint)")
        }
        var facts = stat()
        guard fstat(file.fileDescriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw SecretFileError(description: "\(kind) \(path): not a file")
        }
        guard facts.st_mode & 0o077 == 0, facts.st_uid == geteuid() || facts.st_uid == 0 else {
            throw SecretFileError(
                description: "\(kind) \(path): others can read or change it; make it yours alone with `chmod 600 \(path)`")
        }
        let data: Data
        do { data = try file.read(upToCount: limit) ?? Data() } catch {
            throw SecretFileError(description: "\(kind) \(path): cannot be read: \(error.localizedDescription)")
        }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
