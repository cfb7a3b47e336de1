"""Engines, each with a follower that reconnects with its cursor; both are checked against the engine's own file."""
from __future__ import annotations

import json
import os
import struct
import subprocess
import time
from pathlib import Path

from support import BUILD
from wire import frame, receive, websocket
from world import World

THREADS, RATE, SECONDS = 2, 500, (8, 25)
THREADS_MAX, RECORD_BYTES = 64, 128  # of engine.c
TEXT, PING, PONG = 1, 9, 10
QUIET = 20.0  # seconds without a message, long after the engine's end: nothing more will come


class EngineRun:
    def __init__(self, program: Path, folder: Path, shm: str, run_id: str, events: int):
        self.run_id, self.events, self.path = run_id, events, folder / run_id
        variables = {**os.environ, "TELTEL_SHM_DIR": shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
        command = [program, run_id, events, RATE, THREADS, self.path]
        self.process = subprocess.Popen([str(part) for part in command], env=variables, stdout=subprocess.DEVNULL)
        self.killed = False

    def truth(self) -> tuple[list[int], int]:
        """Accepted events per thread, and all that were refused."""
        words = struct.unpack("<128Q", self.path.read_bytes())
        return list(words[:THREADS]), sum(words[THREADS_MAX:])


def drive(world: World, lane: int, program: Path, folder: Path, shm: str, runs: list[EngineRun]):
    """One engine from its start to its end, or to its death."""
    events = RATE * world.random.randint(*SECONDS)
    with world.lock:
        run = EngineRun(program, folder, shm, f"soak-{lane}-{len(runs)}", events)
        runs.append(run)
    doomed = world.random.random() < 0.3
    Follower(world, run)
    try:
        run.process.wait(world.random.uniform(1, events / RATE) if doomed else None)
    except subprocess.TimeoutExpired:
        run.killed = True
        run.process.kill()
        run.process.wait()
        world.count("engines killed")
    world.count("engines run")


class Follower:
    """Hears everything of one run, whoever is restarted meanwhile: no gap and no repeat, but what it was told of."""

    def __init__(self, world: World, run: EngineRun):
        self.run, self.cursor = run, None
        self.heard: list[list[int]] = [[] for _ in range(THREADS)]
        self.excused, self.excused_wholly, self.finished = 0, False, False
        self.last = time.monotonic()
        world.followers.append(self)
        world.act(self.turn)

    def turn(self, world: World):
        if self.finished:
            world.over.wait(1)
            return
        more = {"after": self.cursor} if self.cursor else {"tail": 1_000_000}
        with websocket(world.collector) as wire:
            world.count("follower connections")
            wire.socket.settimeout(QUIET / 4)
            wire.send(frame(json.dumps({"runId": self.run.run_id, "cursor": True, "notices": True, **more}).encode()))
            # Now and then it goes by itself.
            for _ in range(world.random.randint(100, 100_000)):
                try:
                    opcode, payload = receive(wire)
                except TimeoutError:
                    ended = self.run.process.poll() is not None
                    self.finished = ended and time.monotonic() - self.last > QUIET
                    return
                if opcode == PING:
                    wire.send(frame(payload, PONG))
                elif opcode == TEXT:
                    self.hear(json.loads(payload), world)
                else:
                    return
                if self.finished:
                    return

    def hear(self, message: dict, world: World):
        self.last = time.monotonic()
        if message.get("notice") == "dropped":
            self.excused += message["count"]
            world.count("announced: dropped events", message["count"])
        elif message.get("notice") == "gap":
            self.excused_wholly |= "bytes" not in message
            self.excused += message.get("bytes", 0) // RECORD_BYTES + 1
            world.count("announced: gaps" if "bytes" in message else "announced: gaps of unknown size")
        elif message.get("type") == "test.sample":
            self.heard[message["payload"]["thread"]].append(message["payload"]["index"])
        self.cursor = message.get("cursor", self.cursor)
        self.finished = message.get("type") == "run.end"

    def check(self, world: World):
        name = self.run.run_id
        accepted, _ = self.run.truth()
        missing = 0
        for thread, heard in enumerate(self.heard):
            world.require(all(a < b for a, b in zip(heard, heard[1:])), f"{name}: thread {thread} was heard twice or out of order")
            missing += max(0, accepted[thread] - len(heard))
        world.require(self.excused_wholly or missing <= self.excused, f"{name}: {missing} events are missing, {self.excused} were announced")
        world.count("followed events", sum(map(len, self.heard)))
        world.count("events missed, each announced", missing)
