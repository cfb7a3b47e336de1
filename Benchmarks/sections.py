"""The measurements. Each returns its rows of the table; counts that do not add up are a BenchError."""
from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import websockets
from processes import (
    ROOT, BenchError, Collector, children, compile_program, cpu_seconds, environment, folders, run, wait_until)

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    seconds: float       # of the steady load
    emit_rounds: int
    engine_pairs: int
    engine_frames: int
    latency_seconds: float
    rounds: int          # of what is measured in turn


@dataclass(frozen=True)
class Row:
    section: str
    what: str
    value: str


def check(condition: bool, what: str) -> None:
    if not condition:
        raise BenchError(what)


def spread(values: list[float]) -> str:
    return f"min {min(values):.1f}, median {statistics.median(values):.1f}"


# ---- stored: a steady load into storage ----

RATE = 100_000


def stored(scale: Scale) -> list[Row]:
    events = int(RATE * scale.seconds)
    with folders() as (work, shm):
        program = compile_program(ROOT / "Tests/e2e/engine.c", work)
        with Collector(work, shm) as collector:
            wait_until(collector.ready, "storage is ready", 120)
            parts = {"collector": [collector.process.pid], "embedded ClickHouse": children(collector.process.pid)}
            begin, before = time.monotonic(), {name: sum(map(cpu_seconds, ids)) for name, ids in parts.items()}
            text, engine_cpu = run(shm, program, "steady", events, RATE, 1)
            engine_end = time.monotonic()
            accepted, refused = (int(number) for number in re.findall(r"\d+", text))
            # The run's own run.start and run.end are events, too.
            entry = wait_until(lambda: settled(collector, accepted + 2), "all accepted events are stored or lost", 120)
            end = time.monotonic()
            cpu = {name: sum(map(cpu_seconds, ids)) - before[name] for name, ids in parts.items()}
    check(accepted + refused == events, f"the engine tried {events}, but counted {accepted} + {refused}")
    check(entry["accepted"] == accepted + 2, f"the engine says {accepted} + 2 accepted, the collector {entry['accepted']}")
    check(entry["refused"] == refused, f"the engine says {refused} refused, the collector {entry['refused']}")
    rows = [
        Row("stored", "offered", f"{events} events of 128 bytes, {events / (engine_end - begin):,.0f}/s"),
        Row("stored", "refused, lost, stored", f"{entry['refused']}, {entry['lost']}, {entry['stored']}"),
        Row("stored", "all stored after the engine's end", f"{end - engine_end:.1f} s"),
        Row("stored", "engine", f"{100 * engine_cpu / (engine_end - begin):.1f} % of a core, pacing included"),
    ]
    for name, seconds in cpu.items():
        share = 100 * seconds / (end - begin)
        rows.append(Row("stored", name, f"{share:.1f} % of a core, {seconds / events * 1e6:.2f} CPU s per million events"))
    return rows


def settled(collector: Collector, accepted: int) -> dict | None:
    entry = collector.ended("steady")
    return entry if entry and entry["stored"] + entry["lost"] == accepted else None


# ---- latency: from emit to a WebSocket client ----

WARM_UP_SECONDS = 0.5  # until the collector has found the run and reads it steadily


def latency(scale: Scale) -> list[Row]:
    rows = []
    with folders() as (work, shm), Collector(work, shm, "--no-storage") as collector:
        program = compile_program(HERE / "latency.c", work)
        for rate in (1000, 60):
            warm_up = int(rate * WARM_UP_SECONDS)
            events = warm_up + int(rate * scale.latency_seconds)
            delays = asyncio.run(receive(collector, shm, program, f"latency-{rate}", events, rate))
            check(len(delays) == events, f"{events} events were sent, {len(delays)} were received")
            steady = sorted(delays[warm_up:])
            p50, p99 = (steady[int(len(steady) * part)] / 1e6 for part in (0.50, 0.99))
            rows += [
                Row("latency", f"emit to WebSocket at {rate} Hz", f"p50 {p50:.2f}, p99 {p99:.2f}, max {steady[-1] / 1e6:.2f} ms"),
                Row("latency", f"first event of the run at {rate} Hz", f"{delays[0] / 1e6:.1f} ms"),
                Row("latency", f"received of sent at {rate} Hz", f"{len(delays)} of {events}"),
            ]
    return rows


async def receive(collector: Collector, shm: Path, program: Path, run_id: str, events: int, rate: int) -> list[int]:
    """Nanoseconds from each emission to its arrival in this program, which is part of what is measured."""
    address = collector.url.replace("http", "ws", 1) + "/ws"
    async with websockets.connect(address, compression=None, ping_interval=None) as socket:
        await socket.send(json.dumps({"runId": run_id, "types": ["bench.mark", "run.end"]}))
        wait_until(lambda: collector.metric("teltel_live_subscribers") == 1, "the subscription holds", 30)
        engine = await asyncio.create_subprocess_exec(
            str(program), run_id, str(events), str(rate), env=environment(shm), stdout=asyncio.subprocess.PIPE)
        delays: list[int] = []
        while True:
            text = await asyncio.wait_for(socket.recv(), timeout=60)
            arrived = time.monotonic_ns()
            event = json.loads(text)
            if event["type"] == "run.end":
                break
            delays.append(arrived - event["payload"]["emitted"])
        output, _ = await engine.communicate()
    check(output.decode().split() == ["sent", str(events), "refused", "0"], f"the engine says: {output.decode()}")
    wait_until(lambda: collector.metric("teltel_live_subscribers") == 0, "the subscription is gone", 30)
    return delays


SECTIONS = {"stored": stored, "latency": latency}
