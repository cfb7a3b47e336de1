/// The file layer on the real system.
import Glibc

package struct SystemFiles: FileLayer {
    package init() {}

    private func failure(_ operation: String, _ path: String) -> FileError {
        let number = errno
        return FileError(operation, path, number: number, reason: String(cString: strerror(number)))
    }

    package func makeFolder(_ path: String) throws(FileError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("make folder", path) }
    }

    package func list(_ folder: String) throws(FileError) -> [String] {
        guard let stream = opendir(folder) else { throw failure("list", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            // SAFETY: d_name is NUL-terminated inside the entry, which lives until the next readdir of this stream.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func open(_ path: String, _ mode: OpenMode) throws(FileError) -> OpenFile {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            }
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        return OpenFile(number: descriptor)
    }

    package func close(_ file: OpenFile) { _ = Glibc.close(file.number) }

    package func size(_ file: OpenFile) throws(FileError) -> Int {
        var facts = stat()
        guard fstat(file.number, &facts) == 0 else { throw failure("stat", "file") }
        return Int(facts.st_size)
    }

    package func read(_ file: OpenFile, at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var failed: FileError?
        // SAFETY: pread gets the array's own memory and at most the room behind `filled`.
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(file.number, buffer.baseAddress! + filled, count - filled, offset + filled)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failed = failure("read", "file at \(offset)") }
                if got <= 0 { return }
                filled += got
            }
        }
        if let failed { throw failed }
        return bytes
    }

    package func write(_ file: OpenFile, at offset: Int, _ bytes: RawSpan) throws(FileError) {
        // SAFETY: the span's memory is valid inside the closure; pwrite reads at most what is left of it.
        let failed = bytes.withUnsafeBytes { bytes -> FileError? in
            var done = 0
            while done < bytes.count {
                let written = pwrite(file.number, bytes.baseAddress! + done, bytes.count - done, offset + done)
                if written < 0, errno == EINTR { continue }
                if written <= 0 { return failure("write", "file at \(offset)") }
                done += written
            }
            return nil
        }
        if let failed { throw failed }
    }

    package func sync(_ file: OpenFile) throws(FileError) {
        guard fdatasync(file.number) == 0 else { throw failure("sync", "file") }
    }

    package func rename(_ old: String, to new: String) throws(FileError) {
        guard Glibc.rename(old, new) == 0 else { throw failure("rename", old) }
    }

    package func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
    }

    package func syncFolder(_ path: String) throws(FileError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open folder", path) }
        defer { _ = Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync folder", path) }
    }

    package func freeBytes(_ folder: String) throws(FileError) -> Int {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { throw failure("free space of", folder) }
        return Int(facts.f_bavail) * Int(facts.f_frsize)
    }
}
