"""Requests byte by byte, for what no HTTP client would send; and the list of all routes."""
from __future__ import annotations

import http.client
import io
import json
import os
import socket
import struct

from support import PATIENCE

ROUTES = [
    ("GET", "/"), ("GET", "/app.js"), ("GET", "/runs/some-run"), ("GET", "/api/runs"), ("GET", "/api/run?runId=none"),
    ("POST", "/api/ingest"), ("GET", "/ws"), ("GET", "/api/analysis/runs"), ("GET", "/api/analysis/run/none"),
    ("GET", "/api/analysis/series"), ("GET", "/api/ready"), ("GET", "/metrics"), ("POST", "/api/login"), ("PUT", "/api/runs"),
    ("GET", "/nothing"), ("DELETE", "/api/nothing/at/all"),
]
OPEN_ROUTES = [("GET", "/api/health"), ("GET", "/login?code=none"), ("GET", "/login.css"), ("GET", "/icon.svg")]
UPGRADE = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


def names(routes) -> list[str]:
    return [f"{method} {path.split('?')[0]}" for method, path in routes]


class Answer:
    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json["error"]["code"]


class SharedFile(io.BufferedReader):
    """Outlives the answers that are read from it: the next one may be in its buffer already."""

    def makefile(self, *_):
        return self

    def close(self):
        pass


class Wire:
    """One connection whose every byte the test decides. `window`: of a receiver that is soon full."""

    def __init__(self, collector, host: str = "127.0.0.1", window: int | None = None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, collector.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the parts of a request do not wait for each other
        self.file = SharedFile(socket.SocketIO(self.socket, "r"))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data: bytes) -> "Wire":
        self.socket.sendall(data)
        return self

    def half_close(self) -> "Wire":
        self.socket.shutdown(socket.SHUT_WR)
        return self

    # ---- bodies ----

    def post(self, *headers: str) -> "Wire":
        """The head of a POST to /api/ingest; without a Content-Length its body comes in chunks."""
        is_whole = any(header.lower().startswith("content-length") for header in headers)
        return self.send(head("POST", "/api/ingest", *([] if is_whole else ["Transfer-Encoding: chunked"]), *headers))

    def chunk(self, data: bytes) -> "Wire":
        return self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> "Wire":
        return self.send(b"0\r\n\r\n")

    # ---- what comes back ----

    def line(self) -> bytes:
        return self.file.readline()

    def exactly(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            raise EOFError("the collector has closed")
        return data

    def answer(self, method: str = "GET") -> Answer:
        response = http.client.HTTPResponse(self.file, method=method)
        response.begin()
        return Answer(response)

    def rest(self) -> bytes:
        """What comes until the collector has closed."""
        found = b""
        try:
            while piece := self.file.read1(1 << 16):
                found += piece
        except ConnectionResetError:
            pass
        return found

    def is_closed(self) -> bool:
        """Waits for the collector to close, whatever it still sends."""
        self.rest()
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


def websocket(collector, window: int | None = None) -> Wire:
    """An upgraded connection without any library behind it."""
    wire = Wire(collector, window=window)
    assert wire.send(head("GET", "/ws", *UPGRADE)).answer().status == 101
    return wire


def frame(payload: bytes, opcode: int = 1, fin: bool = True) -> bytes:
    """As a client sends it."""
    length = len(payload)
    first = bytes([(0x80 if fin else 0) | opcode])
    second = bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack(">H", length) if length < 65536 else (
        b"\xff" + struct.pack(">Q", length))
    mask = os.urandom(4)
    return first + second + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def receive(wire: Wire) -> tuple[int, bytes]:
    """Opcode and payload of the collector's next frame. Without a library: thousands a second, and many at once."""
    first, length = wire.exactly(2)
    if length > 125:
        length = int.from_bytes(wire.exactly(2 if length == 126 else 8))
    return first & 15, wire.exactly(length)


def close_code(wire: Wire) -> int:
    """Of the close frame that is all that still comes."""
    data = wire.rest()
    assert data[0] == 0x88, data
    return struct.unpack(">H", data[2:4])[0]


def refused(collector, reason: str) -> float:
    text = collector.request("/metrics")[2].decode()
    line = next(line for line in text.splitlines() if line.startswith(f'teltel_http_refused_total{{reason="{reason}"}}'))
    return float(line.rsplit(" ", 1)[1])
