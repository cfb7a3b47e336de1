/// Names come from engines and from anybody who posts: what they hold must not reach a terminal or a log as it is.

/// The text with another sign in place of each control character but the tab.
package func printable(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
}
