"""Requests byte by byte, for what no HTTP client would send; and the list of all routes."""
from __future__ import annotations

import http.client
import io
import json
import socket

from support import PATIENCE

ROUTES = [
    ("GET", "/"), ("GET", "/app.js"), ("GET", "/runs/some-run"), ("GET", "/api/runs"), ("GET", "/api/run?runId=none"),
    ("POST", "/api/ingest"), ("GET", "/ws"), ("GET", "/api/analysis/runs"), ("GET", "/api/analysis/run/none"),
    ("GET", "/api/analysis/series"), ("GET", "/api/ready"), ("GET", "/metrics"), ("POST", "/api/login"), ("PUT", "/api/runs"),
    ("GET", "/nothing"), ("DELETE", "/api/nothing/at/all"),
]
OPEN_ROUTES = [("GET", "/api/health"), ("GET", "/login?code=none")]
UPGRADE = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


def names(routes) -> list[str]:
    return [f"{method} {path.split('?')[0]}" for method, path in routes]


class Answer:
    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def code(self) -> str:
        return json.loads(self.body)["error"]["code"]


class SharedFile(io.BufferedReader):
    """Outlives the answers that are read from it: the next one may be in its buffer already."""

    def makefile(self, *_):
        return self

    def close(self):
        pass


class Wire:
    """One connection."""

    def __init__(self, collector, host: str = "127.0.0.1"):
        self.socket = socket.create_connection((host, collector.port), timeout=PATIENCE)
        self.file = SharedFile(socket.SocketIO(self.socket, "r"))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> "Wire":
        self.socket.sendall(data)
        return self

    def answer(self, method: str = "GET") -> Answer:
        response = http.client.HTTPResponse(self.file, method=method)
        response.begin()
        return Answer(response)

    def is_closed(self) -> bool:
        """Waits for the collector to close, whatever it still sends."""
        try:
            while self.file.read1(1 << 16):
                pass
        except ConnectionResetError:
            pass
        return True


def head(method: str, path: str, *headers: str, host: str | None = "localhost", version: str = "HTTP/1.1") -> bytes:
    lines = [f"{method} {path} {version}", *([f"Host: {host}"] if host is not None else []), *headers]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"


def ask(collector, method: str, path: str, *headers: str, body: bytes = b"", **more) -> Answer:
    """The last answer of a connection of its own."""
    length = [f"Content-Length: {len(body)}"] if body or method == "POST" else []
    with Wire(collector) as wire:
        return wire.send(head(method, path, *headers, *length, **more) + body).answer(method)


def upgrade(collector, path: str = "/ws", *headers: str, **more) -> Answer:
    """The answer to a well-formed WebSocket request."""
    with Wire(collector) as wire:
        return wire.send(head("GET", path, *UPGRADE, *headers, **more)).answer()


def refused(collector, reason: str) -> float:
    text = collector.request("/metrics")[2].decode()
    line = next(line for line in text.splitlines() if line.startswith(f'teltel_http_refused_total{{reason="{reason}"}}'))
    return float(line.rsplit(" ", 1)[1])
