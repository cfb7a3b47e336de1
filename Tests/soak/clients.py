"""Posters that repeat until they are answered, subscribers of all kinds, and clients that mean no good."""
from __future__ import annotations

import http.client
import json
import socket
import struct
import uuid

from bodies import gzipped, ndjson, zstd_frame
from test_columns import Stream
from websockets.exceptions import WebSocketException
from wire import UPGRADE, Wire, frame, head, websocket
from world import AWAY, World

LINES = 50


class Poster:
    """Knows of each batch how often it was sent without an answer: each time it may have been taken."""

    def __init__(self, name: str):
        self.name = name
        self.unanswered: list[int] = []

    def turn(self, world: World):
        number, tries = len(self.unanswered), 0
        key = str(uuid.uuid4())
        body = ndjson(*(
            {"v": 1, "runId": self.name, "sourceId": "poster", "channel": "soak", "type": "soak.post", "frameIndex": number,
             "payload": {"batch": number, "line": index}} for index in range(LINES)))
        packed, coding = world.random.choice([(body, "identity"), (gzipped(body), "gzip"), (zstd_frame(body, 17), "zstd")])
        # Answered or not: a batch that was begun is brought to its end.
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", world.collector.port, timeout=30)
                connection.request("POST", "/api/ingest", packed, {"Idempotency-Key": key, "Content-Encoding": coding})
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                if answer.status == 202 and json.loads(text)["accepted"] == LINES:
                    break
            except (*AWAY, http.client.HTTPException):
                pass
            tries += 1
            world.count("posts repeated")
            if world.over.wait(0.05) and tries > 1000:
                world.require(False, f"{self.name}: batch {number} was never answered")
                return
        self.unanswered.append(tries)
        world.count("posted events", LINES)
        world.over.wait(0.02)


def watch_columns(world: World):
    """All runs as columns; within one connection no row comes twice."""
    newest: dict[tuple, int] = {}
    try:
        with Stream(world.collector, messagesPerSecond=10) as stream:
            world.count("column connections")
            while not world.over.is_set() and world.random.random() > 0.002:
                for schema, block, columns in stream.receive():
                    place = (schema["id"], block["instance"], block["writer"])
                    world.require(columns["sequence"][0] > newest.get(place, -1), f"columns: {place} was sent twice")
                    newest[place] = columns["sequence"][-1]
                    world.count("column rows", block["rows"])
                stream.blocks.clear()
    except WebSocketException as error:
        raise OSError("the collector is away") from error


def never_read(world: World):
    with websocket(world.collector, window=4096) as wire:
        wire.send(frame(b'{"tail":100000}'))
        world.count("clients that never read")
        world.over.wait(world.random.uniform(1, 20))


def vanish(world: World):
    """Reads a little, then is gone without a word."""
    with websocket(world.collector) as wire:
        wire.send(frame(world.random.choice([b"{}", b'{"tail":1000}', b'{"format":"columns","tail":1000}', b'{"cursor":true}'])))
        wire.socket.settimeout(2)
        wire.file.read1(1000)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        world.count("clients that vanish")


BOMB = gzipped(b" " * (32 << 20))
HOSTILE = [
    b"GET /api/runs HTTP/1.1\r\nHo", b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\r\n" * 1000,
    head("POST", "/api/ingest", "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB,
    head("POST", "/api/ingest", "Content-Length: 1000") + b'{"v":1,', head("POST", "/api/ingest", "Transfer-Encoding: chunked") + b"zz\r\n",
    head("POST", "/api/ingest", "Content-Encoding: zstd", "Transfer-Encoding: chunked") + b"400\r\n" + zstd_frame(b" " * 900, 23, False),
    head("POST", "/api/ingest", "Transfer-Encoding: chunked") + b"4000000\r\n" + b"x" * (4 << 20),
    head("GET", "/ws", *UPGRADE) + b"\x81\xff" + struct.pack(">Q", 1 << 30), head("GET", "/ws", *UPGRADE) + frame(b"{")[:4],
    head("GET", "/ws", *UPGRADE) + frame(b'{"types":7}'), head("GET", "/ws", *UPGRADE) + frame(b"{}", fin=False) * 100,
    head("GET", "/ws", *UPGRADE) + frame(b"{}") * 200, head("GET", "/runs/" + "../" * 2000),
]


def harm(world: World):
    with Wire(world.collector) as wire:
        wire.socket.settimeout(world.random.uniform(0.1, 5))
        world.count("hostile connections")
        wire.send(world.random.choice(HOSTILE))
        wire.rest()
