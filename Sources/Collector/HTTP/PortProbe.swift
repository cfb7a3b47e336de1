/// Can the port be listened on? Asked before anything is made or touched.
import Foundation
import NIOCore
import NIOPosix

enum PortProbe {
    enum Answer {
        case free
        case taken
        /// In the system's words.
        case refused(String)
    }

    static func ask(_ settings: CollectorSettings) async -> Answer {
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: settings.bind, port: settings.port).get()
            try await channel.close().get()
            return .free
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            return .taken
        } catch {
            return .refused(reason(error))
        }
    }

    /// Without the names of functions that a library puts in front.
    static func reason(_ error: any Error) -> String {
        if let error = error as? IOError { return Terminal.text(of: error.errnoCode) }
        if error is SocketAddressError { return "there is no such address" }
        return "\(error)"
    }

    /// Why a collector cannot start; nil: it can.
    static func problem(_ settings: CollectorSettings) async -> CollectorError? {
        let place = "\(settings.bind):\(settings.port)"
        switch await ask(settings) {
        case .free: return nil
        case .taken:
            let who =
                await hasCollector(settings)
                ? "a collector is running there; a second one also needs a --shm-dir and a --data-dir of its own"
                : "another program listens there"
            return CollectorError(description: "port \(settings.port) is taken: \(who); choose another port with --port")
        case .refused(let reason):
            return CollectorError(description: "cannot listen at \(place): \(reason); choose another with --port and --bind")
        }
    }

    /// Whether what listens there is a collector. It may be no HTTP server: then it answers nothing.
    static func hasCollector(_ settings: CollectorSettings) async -> Bool {
        guard let client = try? CollectorClient(url: url(settings)) else { return false }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                // No answer, or another one: no collector.
                guard let answer = try? await client.get("/api/health") else { return false }
                // 403: it belongs to another user, and lets nobody else in.
                return answer.status == 200 && String(buffer: answer.body).contains("ok")
                    || answer.status == 403 && String(buffer: answer.body).contains("other-user")
            }
            group.addTask {
                // Cancelled by an answer.
                try? await Task.sleep(for: .seconds(5))
                return false
            }
            let answer = await group.next() ?? false
            group.cancelAll()
            return answer
        }
    }

    static func url(_ settings: CollectorSettings) -> String {
        let anywhere = settings.bind == "0.0.0.0" || settings.bind == "::"
        let host = anywhere ? "127.0.0.1" : settings.bind.contains(":") ? "[\(settings.bind)]" : settings.bind
        return "http://\(host):\(settings.port)"
    }
}
