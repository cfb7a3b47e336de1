/// Small services: a thread with a begin and an end, and what happens regularly.
import CTeltelRings
import Foundation
import ServiceLifecycle
import TeltelRings

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

/// Four times a second: samples for the rates.
struct TickService: Service {
    let registry: RunRegistry

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Cancelled by the shutdown: then the loop ends.
                try? await Task.sleep(for: .milliseconds(250))
                _ = registry.tick(now: teltel_monotonic_ns())
            }
        }
    }
}
