"""Bodies for /api/ingest: lines, and ways to pack them."""
from __future__ import annotations

import ctypes
import json
import zlib


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


def zstd_frame(text: bytes, window_log: int, last: bool = True) -> bytes:
    """A frame of one block that is not compressed, with a window of any size; `last`: nothing follows."""
    assert len(text) < 1 << 17
    head = b"\x28\xb5\x2f\xfd\x00" + bytes([(window_log - 10) << 3])
    return head + (len(text) << 3 | last).to_bytes(3, "little") + text
