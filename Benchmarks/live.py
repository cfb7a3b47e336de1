"""The live side: columns at a million events a second, many readers, many idle runs, clients that come and go."""
from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time
from functools import partial
from pathlib import Path

import websockets
from processes import ROOT, Collector, compile_program, cpu_seconds, environment, folders, run, wait_until
from rounds import Measured, in_turn
from sections import Row, Scale, check

HERE = Path(__file__).resolve().parent
PATIENCE = 120


class Readers:
    """Subscribers in processes of their own, in C: what they cost is not the collector's."""

    def __init__(self, collector: Collector, program: Path, subscription: dict, events: int, count: int = 1):
        self.collector = collector
        port = collector.url.rsplit(":", 1)[1]
        command = [str(program), port, json.dumps({**subscription, "notices": True}), str(events)]
        self.processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
        for process in self.processes:
            check(process.stdout.readline() == "ready\n", "a subscriber did not start")
        wait_until(lambda: collector.metric("teltel_live_subscribers") == count, "the subscriptions hold", PATIENCE)

    def results(self) -> list[tuple[int, int]]:
        """Events received and dropped, by reader."""
        texts = [process.communicate(timeout=PATIENCE)[0] for process in self.processes]
        return [tuple(int(number) for number in re.findall(r"\d+", text))[:2] for text in texts]


    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def memory_mib(collector: Collector) -> float:
    status = Path(f"/proc/{collector.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def stream(collector: Collector, shm: Path, engine: Path, reader: Path, subscription: dict, run_id: str, rate: int, seconds: float,
           readers: int = 1) -> float:
    """One engine at a steady rate, everything read by all readers. Returns CPU seconds per million events."""
    events = int(rate * seconds)
    watching = Readers(collector, reader, {**subscription, "runId": run_id}, events + 2, readers)
    before = cpu_seconds(collector.process.pid)
    text, _ = run(shm, engine, run_id, events, rate, 1)
    accepted, refused = (int(number) for number in re.findall(r"\d+", text))
    if refused:
        watching.kill()  # they would wait for what was never accepted
    check((accepted, refused) == (events, 0), f"{run_id}: {text.strip()} of {events}")
    results = watching.results()
    cpu = cpu_seconds(collector.process.pid) - before
    check(results == [(events + 2, 0)] * readers, f"{run_id}: received and dropped: {results}, of {events + 2}")
    check(collector.metric("teltel_live_missed_bytes_total") == 0, "the live reader was lapped")
    return cpu / events * 1e6


COST = "CPU s per million events, collector"


def live(scale: Scale) -> list[Row]:
    seconds = max(1.0, scale.seconds / 6)
    million = 1_000_000 if scale.seconds >= 10 else 20_000  # does it work at all?
    with folders() as (work, shm), Collector(work, shm, "--no-storage") as collector:
        engine = compile_program(ROOT / "Tests/e2e/engine.c", work)
        reader = compile_program(HERE / "subscribe.c", work)
        some = {"format": "columns", "fields": {"test.sample": ["v.a", "v.b"], "run.start": [], "run.end": []}}

        def measure(name: str, subscription: dict, rate: int, readers: int, number: int) -> Measured:
            run_id = re.sub(r"\W", "-", f"{name}-{number}")
            cpu = stream(collector, shm, engine, reader, subscription, run_id, rate, seconds, readers)
            return Measured(f"{name}, {rate:,} events/s", {COST: cpu}, "0 refused, 0 lost")

        rows = in_turn("live", scale.rounds, [
            partial(measure, "columns, all 14 fields", {"format": "columns"}, million, 1),
            partial(measure, "columns, 2 fields", some, million, 1),
            partial(measure, "JSON, one subscriber", {}, million // 10, 1),
            partial(measure, "JSON, ten subscribers", {}, 10_000, 10),
        ])
        rows += come_and_go(collector, shm, engine, reader, 3000 if scale.seconds >= 10 else 100, million // 20)
    return rows + idle(scale, "--no-storage") + idle(scale) + posted(scale)


# ---- clients that come and go ----

def come_and_go(collector: Collector, shm: Path, engine: Path, reader: Path, clients: int, rate: int) -> list[Row]:
    def measure(name: str) -> float:
        return stream(collector, shm, engine, reader, {}, name, rate, 2)

    before, memory = measure("before"), memory_mib(collector)
    asyncio.run(visit(collector, clients))
    wait_until(lambda: collector.metric("teltel_live_clients") == 0, "all clients are gone", PATIENCE)
    check(collector.metric("teltel_live_subscribers") == 0, "subscriptions were left behind")
    grown = memory_mib(collector) - memory
    after = measure("after")
    return [Row("live", f"{clients} clients came and went", f"CPU per event {after / before:.2f} of before, memory {grown:+.0f} MiB")]


async def visit(collector: Collector, clients: int) -> None:
    address = collector.url.replace("http", "ws", 1) + "/ws"

    async def one(number: int) -> None:
        async with websockets.connect(address, compression=None, ping_interval=None) as socket:
            await socket.send(json.dumps({"tail": 5, "types": ["test.sample"]}))
            await socket.recv()

    for begin in range(0, clients, 50):
        await asyncio.gather(*(one(number) for number in range(begin, min(begin + 50, clients))))


# ---- idle runs ----

def idle(scale: Scale, *options: str) -> list[Row]:
    runs = 1000 if scale.seconds >= 10 else 50
    with folders() as (work, shm), Collector(work, shm, *options) as collector:
        if not options:
            wait_until(collector.ready, "storage is ready", PATIENCE)
        program = compile_program(HERE / "idle.c", work)
        with subprocess.Popen([str(program), str(runs)], env=environment(shm), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as engine:
            check(engine.stdout.readline() == b"ready\n", "the idle runs did not start")
            wait_until(lambda: len(json.loads(collector.get("/api/runs"))) == runs, "all runs are known", PATIENCE, 0.5)
            if not options:
                wait_until(lambda: all(run["stored"] for run in json.loads(collector.get("/api/runs"))), "all starts are stored", PATIENCE, 0.5)
            time.sleep(2)  # the readers' naps grow longer by then
            before, begin = cpu_seconds(collector.process.pid), time.monotonic()
            time.sleep(min(10.0, scale.seconds))
            share = (cpu_seconds(collector.process.pid) - before) / (time.monotonic() - begin)
            memory = memory_mib(collector)
            engine.stdin.close()
    return [Row("live", f"{runs} idle runs{' without storage' if options else ''}", f"{100 * share:.1f} % of a core, {memory:.0f} MiB resident")]


# ---- from a POST to a WebSocket client ----

def posted(scale: Scale) -> list[Row]:
    """Sender and reader are one C program: what an interpreter takes to wake up is not the collector's."""
    with folders() as (work, shm), Collector(work, shm, "--no-storage") as collector:
        program = compile_program(HERE / "roundtrip.c", work)
        port = collector.url.rsplit(":", 1)[1]
        count = int(1000 * max(1.0, scale.latency_seconds / scale.rounds))

        def measure(number: int) -> Measured:
            command = [str(program), port, f"posted-{number}", str(count), "1000"]
            done = subprocess.run(command, capture_output=True, text=True)
            check(done.returncode == 0, done.stderr)
            delays = sorted(map(int, done.stdout.split()))
            check(len(delays) == count, f"{len(delays)} of {count} lines came")
            return Measured(
                "POST to WebSocket at 1000 Hz",
                {"ms p50": delays[count // 2] / 1e6, "ms p99": delays[int(count * 0.99)] / 1e6, "ms at most": delays[-1] / 1e6})

        return in_turn("live", scale.rounds, [measure])
