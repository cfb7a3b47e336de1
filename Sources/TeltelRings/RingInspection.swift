/// A look into a shared-memory folder by somebody who is not its collector: nothing is locked, written or removed.
import Foundation
import TeltelEvents

/// The instances in a folder as it is now. It may be the copy of one.
package struct RingInspection: Sendable {
    /// Something in the folder that cannot be read.
    package struct Unreadable: Sendable {
        package let name: String
        package let fault: RingFault
    }
    /// Oldest first.
    package let instances: [RingInstance]
    package let unreadable: [Unreadable]

    package init(path: String) throws(RingDirectoryError) {
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            throw RingDirectoryError(description: "cannot read the folder \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(folder) }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw RingDirectoryError(description: "cannot read the folder \(path): \(error.localizedDescription)")
        }
        var instances: [RingInstance] = []
        var unreadable: [Unreadable] = []
        for name in names.sorted() where InstanceID(text: name) != nil {
            do throws(RingFault) {
                let opened = try OpenedFolder(parent: folder, name: name)
                let instance = RingInstance(opened, run: Self.name(of: opened), access: .readOnly)
                instance.checkProducer()
                instances.append(instance)
            } catch { unreadable.append(Unreadable(name: name, fault: error)) }
        }
        self.instances = instances.sorted { $0.description.startWall < $1.description.startWall }
        self.unreadable = unreadable
    }

    /// As a collector has shown it, if there was one.
    private static func name(of opened: OpenedFolder) -> RunKey {
        let description = opened.file.description
        guard description.kind == .engine else { return RunKey(runID: "", sourceID: "") }
        let noted = RunNote.read(folder: opened.descriptor.number).flatMap { $0.isEmpty ? nil : $0 }
        return RunKey(runID: noted ?? description.runID, sourceID: description.sourceID)
    }
}
