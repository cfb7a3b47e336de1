"""SQL to the embedded ClickHouse of a collector, past the collector: what rows come to on disk is asked of it."""
from __future__ import annotations

import http.client
import json
import socket
import time
from pathlib import Path
from urllib.parse import urlencode

from processes import BenchError

PATIENCE = 1200  # merging millions of rows takes minutes


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class ClickHouse:
    def __init__(self, data: Path):
        self.socket = data / "clickhouse/host.sock"

    def ask(self, query: str) -> list[dict]:
        """Rows of a query or none of a statement, in the collector's database."""
        return [json.loads(line) for line in self.text(query).splitlines()]

    def text(self, query: str, values: dict[str, str] | None = None) -> str:
        """The answer as it comes; values of the query's parameters by their names."""
        connection = _Connection(self.socket)
        parameters = {"database": "teltel", "default_format": "JSONEachRow", "wait_end_of_query": "1",
                      "output_format_json_quote_64bit_integers": "0",
                      **{f"param_{name}": value for name, value in (values or {}).items()}}
        connection.request("POST", "/?" + urlencode(parameters), body=query.encode())
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise BenchError(f"ClickHouse: {text}\n{query}")
        return text

    def table(self, channel: str, type_name: str) -> str:
        """The typed table of an event type."""
        for row in self.ask("SELECT name, comment FROM system.tables WHERE database = 'teltel' AND startsWith(name, 'events_')"):
            if row["comment"] and json.loads(row["comment"]) == {"channel": channel, "type": type_name}:
                return row["name"]
        raise BenchError(f"no table of {channel}/{type_name}")

    def wait_for_merges(self) -> None:
        """Until none has been going on for a second."""
        quiet = 0
        while quiet < 10:
            quiet = 0 if self.ask("SELECT count() AS n FROM system.merges")[0]["n"] else quiet + 1
            time.sleep(0.1)

    def size(self, table: str) -> tuple[int, int]:
        """Rows and bytes on disk after all merges."""
        self.ask(f"OPTIMIZE TABLE `{table}` FINAL")
        parts = self.ask(f"SELECT sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND table = '{table}'")
        return parts[0]["rows"], parts[0]["bytes"]
