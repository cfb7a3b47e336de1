"""What the tests of /api/ingest share: lines, a socket whose every byte the test decides, packed bodies."""
from __future__ import annotations

import ctypes
import http.client
import io
import json
import socket
import zlib

from support import PATIENCE


def line(**changes) -> dict:
    event = {
        "v": 1, "runId": "posted", "sourceId": "flight-engine", "channel": "physics", "type": "body.state", "frameIndex": 1,
        "simTime": 0.5, "payload": {"pos": {"x": 1.0}},
    }
    return {**event, **changes}


def ndjson(*events) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def frames(count: int, **changes) -> bytes:
    return ndjson(*(line(frameIndex=index, **changes) for index in range(count)))


class _Reader(io.BufferedReader):
    """One for all answers of a connection: two may come at once."""

    def makefile(self, *_):
        return self

    def close(self):
        pass


class RawPost:
    """One connection. `chunked=False` sends no Transfer-Encoding: the caller gives a Content-Length."""

    def __init__(self, collector, headers: dict | None = None, chunked: bool = True):
        self.connect(collector)
        self.head({"Transfer-Encoding": "chunked", **(headers or {})} if chunked else headers or {})

    @classmethod
    def nothing_yet(cls, collector) -> "RawPost":
        request = cls.__new__(cls)
        request.connect(collector)
        return request

    def connect(self, collector):
        self.socket = socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the parts of a request do not wait for each other
        self.reader = _Reader(socket.SocketIO(self.socket, "r"))

    def head(self, headers: dict):
        lines = ["POST /api/ingest HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    def send(self, data: bytes) -> "RawPost":
        self.socket.sendall(data)
        return self

    def chunk(self, data: bytes) -> "RawPost":
        return self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> "RawPost":
        return self.send(b"0\r\n\r\n")

    def half_close(self) -> "RawPost":
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self):
        """Status, headers, body."""
        response = http.client.HTTPResponse(self.reader, method="POST")
        response.begin()
        return response.status, response.headers, response.read()

    def rest(self) -> bytes:
        """What comes until the other side has closed."""
        try:
            return self.reader.read()
        except ConnectionResetError:
            return b""

    def close(self):
        self.socket.close()


def gzipped(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def deflated(data: bytes) -> bytes:
    return zlib.compress(data)


def deflated_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _zstd():
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_createCCtx.restype = ctypes.c_void_p
    library.ZSTD_CCtx_setParameter.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    library.ZSTD_compress2.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.ZSTD_freeCCtx.argtypes = [ctypes.c_void_p]
    for name in ("ZSTD_CCtx_setParameter", "ZSTD_compress2", "ZSTD_compressBound"):
        getattr(library, name).restype = ctypes.c_size_t
    library.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    return library


def zstd(data: bytes, window_log: int = 0) -> bytes:
    """One frame; the standard library has no zstd, its C library is there anyway."""
    library = _zstd()
    context = library.ZSTD_createCCtx()
    library.ZSTD_CCtx_setParameter(context, 101, window_log)  # ZSTD_c_windowLog
    library.ZSTD_CCtx_setParameter(context, 201, 1)  # ZSTD_c_checksumFlag
    room = ctypes.create_string_buffer(library.ZSTD_compressBound(len(data)))
    size = library.ZSTD_compress2(context, room, len(room), data, len(data))
    library.ZSTD_freeCCtx(context)
    assert size <= len(room), "zstd failed"
    return room.raw[:size]
