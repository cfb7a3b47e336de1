"""The stored side: from the ring to the spool and to ClickHouse at full rate, a disk that pauses, many types, many runs."""
from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from layouts import OF_RUN, layouts
from processes import ROOT, Collector, children, compile_program, cpu_seconds, folders, run, wait_until
from rounds import Measured, in_turn
from sections import Row, Scale, check

HERE = Path(__file__).resolve().parent
PATIENCE = 1200
NOWHERE = "http://127.0.0.1:9/teltel"  # a ClickHouse that is away: everything stays in the spool


def storage(scale: Scale) -> list[Row]:
    full = scale.seconds >= 10  # else: does it work at all?
    return (
        layouts(scale) + [spooled(scale, 1_000_000 if full else 50_000), at_full_rate(scale, 500_000 if full else 20_000)]
        + [stalls(scale, 100_000 if full else 10_000)] + many_types(scale, 100_000 if full else 5_000)
        + [many_runs(1000 if full else 20, 50 if full else 5)])


class Load:
    """What an engine emitted into a collector, and what that cost."""

    def __init__(self, collector: Collector):
        self.collector = collector
        self.parts = {"collector": [collector.process.pid], "ClickHouse": children(collector.process.pid)}
        self.before = self.cpu()

    def cpu(self) -> dict[str, float]:
        return {name: sum(map(cpu_seconds, processes)) for name, processes in self.parts.items() if processes}

    def cost(self, events: int) -> dict[str, float]:
        return {name: (seconds - self.before[name]) / events * 1e6 for name, seconds in self.cpu().items()}

    def memory_mib(self) -> float:
        """The collector's most so far."""
        status = Path(f"/proc/{self.collector.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


@dataclass(frozen=True)
class Emitted:
    accepted: int
    refused: int


def emit(shm: Path, *command) -> Emitted:
    text, _ = run(shm, *command)
    return Emitted(*(int(number) for number in re.findall(r"\d+", text)))


def as_text(cost: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in cost.items()) + " CPU s per million"


def settled(collector: Collector, run_id: str, emitted: Emitted, frames: int = 0) -> dict:
    """The run when all that was accepted is stored or lost. frames: how many frame.start there are besides."""
    def whole() -> dict | None:
        entry = collector.ended(run_id)
        return entry if entry and entry["stored"] + entry["lost"] == entry["accepted"] else None

    entry = wait_until(whole, f"all of {run_id} is stored", PATIENCE, 0.05)
    tried, counted = emitted.accepted + emitted.refused + frames + OF_RUN, entry["accepted"] + entry["refused"]
    check(tried == counted, f"the engine tried {tried} events, the collector counts {counted}")
    return entry


# ---- from the ring to the spool, and to ClickHouse ----

def spooled(scale: Scale, rate: int) -> Row:
    events = int(rate * scale.seconds)
    spool_mib = max(1024, events * 160 >> 20)
    with folders() as (work, shm), Collector(
            work, shm, "--clickhouse-url", NOWHERE, "--spool-mib", str(spool_mib), "--live-mib", "64") as collector:
        engine = compile_program(ROOT / "Tests/e2e/engine.c", work)
        load = Load(collector)
        emitted = emit(shm, engine, "spooled", events, rate, 1)
        end = time.monotonic()
        check(emitted.accepted + emitted.refused == events, f"{emitted} of {events}")
        wait_until(lambda: collector.ended("spooled"), "the run has ended", PATIENCE)
        wait_until(lambda: waiting_rows(collector) + collector.run("spooled")["lost"] == emitted.accepted + OF_RUN,
                   "all is spooled", PATIENCE, 0.05)
        after = time.monotonic() - end
        cost, lost, memory = load.cost(events), collector.run("spooled")["lost"], load.memory_mib()
        size = json.loads(collector.get("/api/storage"))["spool"]["waitingBytes"]
    return Row("storage", f"ring to spool, {rate:,} events/s for {scale.seconds:.0f} s",
               f"{emitted.refused:,} refused, {lost:,} lost; all on disk {after:.1f} s after the end; {as_text(cost)}; "
               f"{size / emitted.accepted:.0f} bytes an event; {memory:.0f} MiB at most")


def waiting_rows(collector: Collector) -> int:
    return json.loads(collector.get("/api/storage"))["spool"]["waitingRows"]


def at_full_rate(scale: Scale, rate: int) -> Row:
    events = int(rate * scale.seconds)
    with folders() as (work, shm), Collector(work, shm, "--live-mib", "64") as collector:
        wait_until(collector.ready, "storage is ready", PATIENCE)
        engine = compile_program(ROOT / "Tests/e2e/engine.c", work)
        load = Load(collector)
        emitted = emit(shm, engine, "stored", events, rate, 1)
        end = time.monotonic()
        entry = settled(collector, "stored", emitted)
        after, cost, memory = time.monotonic() - end, load.cost(events), load.memory_mib()
    return Row("storage", f"ring to ClickHouse, {rate:,} events/s for {scale.seconds:.0f} s",
               f"{entry['refused']:,} refused, {entry['lost']:,} lost; all stored {after:.1f} s after the end; {as_text(cost)}; "
               f"collector {memory:.0f} MiB at most")


def stalls(scale: Scale, rate: int) -> Row:
    events = int(rate * scale.seconds)
    with folders() as (work, shm):
        library = work / "stall.so"
        subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", str(HERE / "stall.c"), "-o", str(library), "-ldl"], check=True)
        with Collector(work, shm, "--live-mib", "64", variables={"LD_PRELOAD": str(library)}) as collector:
            wait_until(collector.ready, "storage is ready", PATIENCE)
            engine = compile_program(ROOT / "Tests/e2e/engine.c", work)
            emitted = emit(shm, engine, "stalls", events, rate, 1)
            entry = settled(collector, "stalls", emitted)
    return Row("storage", f"the disk takes nothing for 100 ms every 2 s, {rate:,} events/s for {scale.seconds:.0f} s",
               f"{entry['refused']:,} refused, {entry['lost']:,} lost")


# ---- many types ----

def many_types(scale: Scale, rate: int) -> list[Row]:
    """The same events of one type and of fifty in turn; the ratio is between neighbours."""
    seconds, costs = max(1.0, scale.seconds / 3), {1: [], 50: []}  # long enough for tables to take turns
    with folders() as (work, shm), Collector(work, shm, "--live-mib", "64") as collector:
        wait_until(collector.ready, "storage is ready", PATIENCE)
        engine = compile_program(HERE / "channels.c", work)
        settled(collector, "made", emit(shm, engine, "made", 50, 10, 10, 1), 10)  # the tables are made once in a life

        def measure(types: int, number: int) -> Measured:
            run_id = f"types-{types}-{number}"
            load = Load(collector)
            emitted = emit(shm, engine, run_id, types, 10, rate // 50, seconds, 50)
            entry = settled(collector, run_id, emitted, int(rate // 50 * seconds))
            cost = load.cost(entry["accepted"])
            costs[types].append(sum(cost.values()))
            return Measured(f"{types} types in turn, {rate:,} events/s", {f"CPU s per million, {name}": value for name, value in cost.items()},
                            f"{entry['refused']:,} refused, {entry['lost']:,} lost")

        rows = in_turn("storage", scale.rounds, [partial(measure, 1), partial(measure, 50)])
    ratio = statistics.median(fifty / one for one, fifty in zip(costs[1], costs[50]))
    return rows + [Row("storage", "50 types to one type", f"{ratio:.2f} of its cost an event")]


# ---- many runs ----

def many_runs(runs: int, types: int) -> Row:
    with folders() as (work, shm):
        with Collector(work, shm) as collector:
            wait_until(collector.ready, "storage is ready", PATIENCE)
            for begin in range(0, runs, 10):
                post(collector, [line for number in range(begin, min(begin + 10, runs)) for line in posted_run(number, types)])
            events = runs * (types + 1)
            wait_until(lambda: collector.metric("teltel_storage_stored_rows_total") >= events, f"{events} events are stored", PATIENCE, 0.1)
            running = statistics.median(seconds(collector, "/api/runs", runs) for _ in range(9))
        begin = time.monotonic()
        with Collector(work, shm) as collector:
            started = time.monotonic() - begin
            wait_until(collector.ready, "storage is ready", PATIENCE)
            ready = time.monotonic() - begin
            stored = statistics.median(seconds(collector, "/api/analysis/runs", runs) for _ in range(9))
    return Row("storage", f"{runs:,} runs of {types} types",
               f"start: answers after {started:.1f} s, storage ready after {ready:.1f} s; run list {1000 * running:.0f} ms, "
               f"from ClickHouse {1000 * stored:.0f} ms")


def posted_run(number: int, types: int) -> list[dict]:
    common = {"v": 1, "runId": f"run-{number}", "sourceId": "bench", "channel": "bench"}
    events = [
        {**common, "type": f"bench.t{index}", "frameIndex": index, "simTime": index / 100, "payload": {"a": index, "b": number / 7}}
        for index in range(types)]
    return events + [{**common, "type": "run.end", "frameIndex": types, "simTime": types / 100, "payload": {"status": "completed"}}]


def post(collector: Collector, events: list[dict]) -> None:
    body = "".join(json.dumps(event) + "\n" for event in events).encode()
    with urllib.request.urlopen(urllib.request.Request(collector.url + "/api/ingest", data=body), timeout=60) as answer:
        taken = json.loads(answer.read())["accepted"]
    check(taken == len(events), f"{taken} of {len(events)} lines were taken")


def seconds(collector: Collector, path: str, rows: int) -> float:
    """How long the answer takes, which must have so many rows: a JSON array or a line each."""
    begin = time.monotonic()
    text = collector.get(path)
    took = time.monotonic() - begin
    found = len(json.loads(text)) if text.startswith("[") else len(text.splitlines())
    check(found == rows, f"{path} has {found} rows of {rows}")
    return took
