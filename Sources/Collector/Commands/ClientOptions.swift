/// What every command that talks to a collector takes.
import ArgumentParser
import Foundation
import TeltelHTTP

struct ClientOptions: ParsableArguments {
    @Option(help: "URL of the collector. (default: http://127.0.0.1:8080) [TELTEL_BASE_URL]")
    var url: String?

    @Option(help: "File with the collector's token, if it has one. (default: none) [TELTEL_TOKEN_FILE; TELTEL_TOKEN: the token]")
    var tokenFile: String?

    private func client() throws -> CollectorClient {
        let url = url ?? ProcessInfo.processInfo.environment["TELTEL_BASE_URL"] ?? "http://127.0.0.1:8080"
        return try CollectorClient(url: url, token: try AccessToken.find(file: tokenFile))
    }

    /// Says what went wrong in one line, and ends the command with 1 then.
    func talk(_ body: (CollectorClient) async throws -> Void) async throws {
        do {
            try await body(try client())
        } catch let error as ClientError {
            Terminal.complain(error.description)
            throw ExitCode(1)
        } catch let error as AccessTokenError {
            Terminal.complain(error.description)
            throw ExitCode(1)
        }
    }
}
