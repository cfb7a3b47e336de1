"""A ClickHouse server of the tests' own, and a gate before it that spoils requests as a test says."""
from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

from support import ROOT

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
LIBRARY = Path(os.environ.get("TELTEL_CLICKHOUSE_LIBRARY") or CACHE / "teltel/chdb-core-26.9.0/chdb/_chdb.abi3.so")


class Server:
    """The program of the embedded ClickHouse on a TCP port: to a collector with its URL it is a server like others."""

    def __init__(self, folder: Path, credentials: str | None = None):
        self.folder = folder
        self.credentials = credentials
        self.start()

    def start(self):
        command = [sys.executable, "-I", "-S", ROOT / "embedded-clickhouse/host.py", "--library", LIBRARY]
        command += ["--data", self.folder / "clickhouse", "--port", "0", "--nice", "0"]
        variables = {**os.environ, **({"TELTEL_HOST_CREDENTIALS": self.credentials} if self.credentials else {})}
        self.process = subprocess.Popen(
            [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=variables)
        words = self.process.stdout.readline().split()
        assert len(words) == 3 and words[0] == b"ready", f"the server does not start: {words}"
        self.port = int(words[2])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self):
        """Killed, and there again: what it acknowledged is there, what it did not may be."""
        self.kill()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, query: str, database: str = "teltel", **settings) -> list[dict]:
        """Rows of a query, or nothing for a statement without any."""
        headers = {"Authorization": "Basic " + base64.b64encode(self.credentials.encode()).decode()} if self.credentials else {}
        parameters = {"database": database, "default_format": "JSONEachRow", "wait_end_of_query": "1", **settings}
        connection = self.connect()
        connection.request("POST", "/?" + urlencode(parameters), body=query.encode(), headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == 200, text
        return [json.loads(line) for line in text.splitlines()]


@dataclass
class Request:
    """What a collector wants."""

    method: str
    target: str
    headers: dict
    body: bytes

    @property
    def parameters(self) -> dict:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def sql(self) -> str:
        return self.parameters.get("query") or self.body.decode(errors="replace")

    @property
    def table(self) -> str:
        """Of an insert of events; otherwise empty."""
        found = re.match(r"INSERT INTO `\w+`\.`(events_\w+)`", self.parameters.get("query", ""))
        return found[1] if found else ""


@dataclass
class Reply:
    status: int
    body: bytes
    headers: dict

    @property
    def bytes(self) -> bytes:
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\n"
        return (head + "".join(f"{name}: {value}\r\n" for name, value in self.headers.items()) + "\r\n").encode() + self.body


RESET = b""  # as an answer: the connection is reset


def refusal(code: int, name: str, text: str = "scripted") -> Reply:
    """An exception as ClickHouse says it."""
    body = f"Code: {code}. DB::Exception: {text}. ({name}) (version 26.9.2.1)\n".encode()
    return Reply(500, body, {"X-ClickHouse-Exception-Code": code, "X-ClickHouse-Server-Display-Name": "gate"})


# What becomes of a request: given the request and how to ask ClickHouse, an answer, or the very bytes on the wire.
Rule = Callable[[Request, Callable[[], Reply]], "Reply | bytes"]


class Gate:
    """Listens like ClickHouse; lets requests through, or does with them what `rule` says.

    - Parameter connect: a connection to the ClickHouse behind.
    - Parameter socket_path: listens there instead of on a TCP port.
    - Parameter tls: speaks https, with this.
    """

    def __init__(
            self, connect: Callable[[], http.client.HTTPConnection], socket_path: Path | None = None, tls: ssl.SSLContext | None = None):
        self.connect = connect
        self.tls = tls
        self.rule: Rule | None = None
        self.requests: list[Request] = []
        self.address = str(socket_path) if socket_path else ("127.0.0.1", 0)
        self.server: ThreadingHTTPServer | None = None
        self.open()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.address[1]}/"

    @property
    def inserts(self) -> list[Request]:
        return [request for request in self.requests if request.table]

    def open(self):
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                gate.serve(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            address_family = socket.AF_UNIX if isinstance(gate.address, str) else socket.AF_INET

            def get_request(self):
                connection, address = super().get_request()
                # The handshake is the handler's: one that fails must not hold up the others.
                if gate.tls:
                    connection = gate.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                return connection, address

            def server_bind(self):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self.socket.bind(self.server_address)
                self.server_address = self.socket.getsockname()

            def handle_error(self, *_):
                pass  # the collector was killed, or the gate closed

        self.server = Listener(self.address, Handler)
        self.address = self.server.server_address
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        """Nobody listens any more; connections that are open end with their next request."""
        self.server.shutdown()
        self.server.server_close()
        self.server = None

    def forward(self, request: Request) -> Reply:
        connection = self.connect()
        try:
            headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "connection")}
            connection.request(request.method, request.target, body=request.body, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        kept = {name: value for name, value in answer.getheaders() if name.lower().startswith(("x-clickhouse", "content-type"))}
        return Reply(answer.status, body, kept)

    def serve(self, handler: BaseHTTPRequestHandler):
        if self.server is None:
            handler.close_connection = True
            return self.reset(handler)
        length = int(handler.headers.get("Content-Length") or 0)
        request = Request(handler.command, handler.path, dict(handler.headers), handler.rfile.read(length))
        self.requests.append(request)
        rule = self.rule
        try:
            answer = rule(request, lambda: self.forward(request)) if rule else self.forward(request)
        except ConnectionError:
            answer = RESET
        if answer == RESET:
            return self.reset(handler)
        handler.wfile.write(answer.bytes if isinstance(answer, Reply) else answer)
        handler.wfile.flush()
        if not isinstance(answer, Reply):
            handler.close_connection = True

    @staticmethod
    def reset(handler: BaseHTTPRequestHandler):
        handler.close_connection = True
        if handler.connection.family == socket.AF_INET:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            handler.connection.shutdown(socket.SHUT_RDWR)


def spoil(what: "Reply | bytes") -> Rule:
    """Inserts of events get this answer and do not reach ClickHouse."""
    return lambda request, forward: what if request.table else forward()


def spoil_after(change: Callable[[Reply], "Reply | bytes"]) -> Rule:
    """Inserts of events reach ClickHouse; its answer is changed on the way back."""
    return lambda request, forward: change(forward()) if request.table else forward()


def half(reply: Reply) -> bytes:
    """An answer that breaks off within its body."""
    longer = Reply(reply.status, reply.body + b"x" * 20, reply.headers)
    return longer.bytes[:-10]
