/// Small services: what has a begin and an end.
import Foundation
import ServiceLifecycle
import TeltelRings
import TeltelStorage

/// Runs `body` on a thread of its own, because it may block; `stop` makes it return.
struct ThreadService: Service {
    let name: String
    let body: @Sendable () -> Void
    let stop: @Sendable () -> Void

    func run() async throws {
        await withGracefulShutdownHandler {
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                let thread = Thread {
                    body()
                    done.resume()
                }
                thread.name = "teltel-\(name)"
                thread.stackSize = 1 << 20
                thread.start()
            }
        } onGracefulShutdown: {
            stop()
        }
    }
}

/// Storage has threads of its own: started here, drained at the end.
struct StorageService: Service {
    let storage: Storage?
    let directory: RingDirectory
    /// How long ClickHouse gets to take what waits; the rest stays in the spool for the next start.
    static let patience: Duration = .seconds(8)

    func run() async throws {
        storage?.start(directory)
        // Cancelled by the shutdown: that is what is waited for.
        try? await gracefulShutdown()
        guard let storage else { return }
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            let thread = Thread {
                storage.stop(patience: Self.patience)
                done.resume()
            }
            thread.start()
        }
    }
}

/// Does something when it is its turn to stop.
struct EndService: Service {
    let end: @Sendable () -> Void

    func run() async throws {
        // Cancelled by the shutdown: that is what is waited for.
        try? await gracefulShutdown()
        end()
    }
}
