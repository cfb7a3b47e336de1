/// What a browser shows in place of the page while nobody has logged in. Needs no other file, as none would be given.

enum LoginPage {
    static func html(_ message: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark"><title>Log in · teltel</title></head>
        <body>
        <h1>Log in to teltel</h1>
        <p>\(message.prefix(1).uppercased() + message.dropFirst()).</p>
        <p>Where the collector runs, type <code>teltel login-url --token-file FILE</code> with its token file, and open the
        URL that it prints. A URL works once and for ten minutes; the login then lasts twelve hours.</p>
        <p>Just logged in? <a href="/">Open the runs</a></p>
        </body>
        </html>

        """
    }
}
