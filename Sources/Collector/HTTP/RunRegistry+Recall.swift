/// Runs of long ago are asked for off the event loops: they are on disk.
import NIOPosix
import TeltelEvents
import TeltelRuns

extension RunRegistry {
    func recall(_ runID: Name) async -> Snapshot? {
        if let known = snapshot(runID) { return known }
        return (try? await NIOThreadPool.singleton.runIfActive { self.recalled(runID) }) ?? nil
    }
}
