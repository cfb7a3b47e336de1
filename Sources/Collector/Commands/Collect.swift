/// `teltel collect`: the daemon.
import ArgumentParser
import Foundation
import Logging

struct Collect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drains the rings, takes NDJSON, serves the page, and stores runs.",
        discussion: "Stops with SIGTERM or Ctrl-C: what was accepted is drained, then it exits with 0.")

    @OptionGroup(title: "PLACES") var places: PlaceOptions
    @OptionGroup(title: "LIMITS") var tuning: TuningOptions

    func validate() throws { _ = try CollectorSettings(places, tuning) }

    func run() async throws {
        let settings = try CollectorSettings(places, tuning)
        var logger = Logger(label: "teltel") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: ProcessInfo.processInfo.environment["TELTEL_LOG_LEVEL"] ?? "info") ?? .info
        // Who reads its lines may leave: it goes on.
        signal(SIGPIPE, SIG_IGN)
        do {
            let port = try Port(settings)
            if let problem = await PortProbe.problem(settings) { throw problem }
            if tuning.bufferCleanupInterval != nil {
                logger.notice(
                    "--buffer-cleanup-interval changes nothing: --live-mib and --live-max-runs say what the live buffer keeps")
            }
            let collector = try Collector(settings, port: port, logger: logger)
            try await collector.run()
        } catch let error as CollectorError {
            Terminal.complain(error.description)
            throw ExitCode(1)
        }
    }
}
