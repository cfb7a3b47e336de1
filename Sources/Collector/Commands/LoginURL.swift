/// `teltel login-url`: a way into the page of a collector with a token.
import ArgumentParser
import TeltelAPI
import TeltelHTTP

struct LoginURL: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login-url", abstract: "Prints a URL that logs a browser in, once and within ten minutes.",
        discussion: "With --url http://NAME:PORT for browsers on other machines: the URL has the same name and port.")

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.talk { client in
            let answer = try await client.post("/api/login", as: LoginAnswer.self)
            Terminal.say(Terminal.printable(answer.url))
        }
    }
}
