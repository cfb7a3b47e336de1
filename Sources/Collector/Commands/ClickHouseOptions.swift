/// Which ClickHouse, and with what password: the same for all commands that talk to it themselves.
import ArgumentParser
import Foundation
import TeltelHTTP
import TeltelStorage

struct ClickHouseOptions: ParsableArguments, Sendable {
    @Option(
        name: [.customLong("clickhouse-url")],
        help: "URL of a ClickHouse server, http or https; none: the embedded one. [TELTEL_CLICKHOUSE_URL]"
    )
    var url: String?

    @Option(name: .customLong("clickhouse-user"), help: "User at that server. [TELTEL_CLICKHOUSE_USER]")
    var user: String?

    @Option(
        name: .customLong("clickhouse-password-file"),
        help:
            "File with its password, readable by its user alone: others see command lines. [TELTEL_CLICKHOUSE_PASSWORD_FILE; TELTEL_CLICKHOUSE_PASSWORD: the password]"
    )
    var passwordFile: String?

    @Option(
        name: .customLong("clickhouse-ca-file"),
        help: "File with the certificates to trust for https, in PEM; none: the system's. [TELTEL_CLICKHOUSE_CA_FILE]")
    var authorities: String?

    /// nil: the embedded ClickHouse.
    func server(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(SecretFileError)
        -> ClickHouseServer?
    {
        func given(_ flag: String?, _ name: String) -> String? { flag ?? environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let url = given(url, "TELTEL_CLICKHOUSE_URL") else { return nil }
        var password = given(nil, "TELTEL_CLICKHOUSE_PASSWORD")
        if let file = given(passwordFile, "TELTEL_CLICKHOUSE_PASSWORD_FILE") {
            password = try SecretFile.read(
                file, kind: "password file", limit: 4_096, hint: "write ClickHouse's password into it, with `chmod 600`")
        }
        return ClickHouseServer(
            url: url, user: given(user, "TELTEL_CLICKHOUSE_USER"), password: password,
            authorities: given(authorities, "TELTEL_CLICKHOUSE_CA_FILE"))
    }
}
