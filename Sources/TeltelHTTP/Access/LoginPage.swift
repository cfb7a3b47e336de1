/// What a browser shows in place of the page while nobody has logged in. It has one other file, its style sheet, which is free to all.

package enum LoginPage {
    /// Files that are given without a login.
    package static let files: Set<String> = ["/login.css", "/icon.svg"]

    /// - Parameters:
    ///   - message: why the page is shown; without a full stop.
    ///   - next: where the login leads.
    package static func html(_ message: String, next: LoginTarget) -> String {
        let path = escaped(next.path)
        return """
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>Log in · teltel</title>
            <link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/login.css"></head>
            <body>
            <main>
            <p class="brand"><img src="/icon.svg" alt="" width="20" height="20">teltel</p>
            <h1>Log in to teltel</h1>
            <p role="status">\(escaped(message.prefix(1).uppercased() + message.dropFirst())).</p>
            <ol>
            <li>Where the collector runs, type <code>teltel login-url --token-file FILE</code> with its token file.</li>
            <li>Open the URL that it prints, or paste it here:</li>
            </ol>
            <form action="/login" method="get">
            <label for="code">Login URL or code</label>
            <div class="field"><input id="code" name="code" type="text" required autofocus autocomplete="off" spellcheck="false">
            <input type="hidden" name="next" value="\(path)"><button type="submit">Log in</button></div>
            </form>
            <p class="note">A URL works once and for ten minutes; the login then lasts twelve hours.
            Logged in by now? <a href="\(path)">\(next == .home ? "Open the runs" : "Go on to the page you asked for")</a></p>
            </main>
            </body>
            </html>

            """
    }

    private static func escaped(_ text: some StringProtocol) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }
}
