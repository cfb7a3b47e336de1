"""SQL to the ClickHouse of a running collector, past the collector: the tests' view from outside."""
import http.client
import json
import os
import socket
from pathlib import Path
from urllib.parse import urlencode


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def sql(collector, query: str) -> list[dict]:
    """Rows of a query that only reads, in the database of the collector. Raises while ClickHouse is away.

    `collector.server` is its ClickHouse if that is not the embedded one.
    """
    if server := getattr(collector, "server", None):
        return server.ask(query, readonly="1")
    connection = UnixConnection(socket_path(collector))
    parameters = {"database": "teltel", "readonly": "1", "default_format": "JSONEachRow", "wait_end_of_query": "1"}
    connection.request("POST", "/?" + urlencode(parameters), body=query.encode())
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, text
    return [json.loads(line) for line in text.splitlines()]


def change(collector, *statements: str):
    """Statements that change what is stored, past the collector; each has been carried out when it returns."""
    for statement in statements:
        connection = UnixConnection(socket_path(collector))
        connection.request("POST", "/?" + urlencode({"database": "teltel", "mutations_sync": "2"}), body=statement.encode())
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == 200, text


def socket_path(collector) -> Path:
    # Named, not searched for: files of the database come and go under a search.
    path = collector.data / "clickhouse/host.sock"
    if path.exists():
        return path
    # A path that is too long for a socket: then it lies elsewhere, as the host was told.
    if host := host_pid(collector):
        arguments = Path(f"/proc/{host}/cmdline").read_bytes().split(b"\0")
        return Path(os.fsdecode(arguments[arguments.index(b"--socket") + 1]))
    raise OSError("no embedded ClickHouse yet")


def table_of(collector, channel: str, type_name: str) -> str:
    """The typed table of an event type."""
    rows = sql(collector, "SELECT name, comment FROM system.tables WHERE database = 'teltel' AND startsWith(name, 'events_')")
    for row in rows:
        if row["comment"] and json.loads(row["comment"]) == {"channel": channel, "type": type_name}:
            return row["name"]
    raise OSError(f"no table of {channel}/{type_name} yet")


def host_pid(collector) -> int | None:
    """The process that runs the embedded ClickHouse: a child of the collector."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == collector.process.pid and b"host-" in command:
            return int(status.parent.name)
    return None
