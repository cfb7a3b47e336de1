"""NDJSON over HTTP: how much is taken, and what it costs the collector. Used by bench.py."""
from __future__ import annotations

import json
import re
import subprocess
from functools import partial
from pathlib import Path

from clickhouse import ClickHouse
from processes import BenchError, Collector, children, compile_program, cpu_seconds, folders, wait_until
from rounds import Measured, in_turn
from sections import Row, Scale, check

HERE = Path(__file__).resolve().parent
LINE_BYTES = 500
PATIENCE = 120


class Load:
    """Posts to a collector and reads what it cost."""

    def __init__(self, collector: Collector, program: Path):
        self.collector = collector
        self.program = program
        self.parts = {"collector": [collector.process.pid], "ClickHouse": children(collector.process.pid)}

    def cpu(self) -> dict:
        return {name: sum(map(cpu_seconds, processes)) for name, processes in self.parts.items() if processes}

    def post(self, run_id: str, connections: int, events: int, lines: int, rate: int = 0) -> tuple[int, float, float]:
        """Events, seconds, CPU seconds of the sender."""
        posts = max(1, events // connections // lines)
        events = posts * connections * lines
        port = self.collector.url.rsplit(":", 1)[1]
        done = subprocess.run(
            [str(part) for part in (self.program, port, run_id, connections, posts, lines, LINE_BYTES, rate)],
            capture_output=True, text=True)
        check(done.returncode == 0, done.stderr.strip())
        words = done.stdout.split()
        check(int(words[5]) == events, f"{events} were posted, the answers say {words[5]}")
        return events, float(words[1]), float(words[3])

    def check_counts(self, run_id: str, events: int) -> dict:
        """All are live and none is lost, by the collector's own counters."""
        run = wait_until(lambda: self.whole(run_id, events), f"{events} events of {run_id} are counted", PATIENCE)
        lost = {name: run[name] for name in ("refused", "lost", "rejected")}
        check(not any(lost.values()), f"{run_id}: {lost}")
        check(self.collector.metric("teltel_ingest_dropped_events_total") == 0, "lines found no room")
        check(self.collector.metric("teltel_live_missed_bytes_total") == 0, "the live reader was lapped")
        return run

    def whole(self, run_id: str, events: int) -> dict | None:
        run = self.collector.run(run_id)
        return run if run and run["accepted"] == events else None


def cost(load: Load, before: dict, events: int) -> dict[str, float]:
    return {f"CPU s per million events, {name}": (seconds - before[name]) / events * 1e6 for name, seconds in load.cpu().items()}


def ingest(scale: Scale) -> list[Row]:
    """Without storage; with one subscriber; with storage."""
    with folders() as (work, shm), Collector(work, shm, "--no-storage") as collector:
        load = Load(collector, compile_program(HERE / "post.c", work))
        load.post("warm-up", 1, 20_000, 1000)
        shapes = ((1, 1000, 20_000), (4, 1000, 20_000), (1, 1, 500), (4, 1, 1000))
        measurements = [partial(posted, load, scale, *shape) for shape in shapes] + [partial(subscribed, load, work, scale)]
        rows = in_turn("ingest", scale.rounds, measurements)
    return rows + stored(scale)


def posted(load: Load, scale: Scale, connections: int, lines: int, share: int, number: int) -> Measured:
    what = f"{lines} line{'s' if lines > 1 else ''} a POST, {connections} connection{'s' if connections > 1 else ''}"
    run_id = f"ingest-{connections}-{lines}-{number}"
    before = load.cpu()
    events, seconds, sender = load.post(run_id, connections, int(share * max(scale.seconds / scale.rounds, 4)), lines)
    load.check_counts(run_id, events)
    spent = {**cost(load, before, events), "sender": sender / events * 1e6}
    return Measured(what, {"events/s": events / seconds, **spent})


STEADY_RATE = 100_000


def subscribed(load: Load, work: Path, scale: Scale, number: int) -> Measured:
    """At a rate that one subscriber can take whole."""
    program = compile_program(HERE / "subscribe.c", work)
    run_id = f"subscribed-{number}"
    events = int(STEADY_RATE * max(2.0, scale.seconds / 6)) // 400 * 400
    port = load.collector.url.rsplit(":", 1)[1]
    command = [str(program), port, json.dumps({"runId": run_id, "notices": True}), str(events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        try:
            check(reader.stdout.readline() == "ready\n", "the subscriber did not start")
            wait_until(lambda: load.collector.metric("teltel_live_subscribers") == 1, "the subscription holds", PATIENCE)
            before = load.cpu()
            sent, seconds, _ = load.post(run_id, 4, events, 100, STEADY_RATE)
            check(sent == events, f"{sent} instead of {events}")
            output, _ = reader.communicate(timeout=PATIENCE)
        except (BenchError, subprocess.TimeoutExpired):
            reader.kill()
            raise
    received, dropped = (int(found) for found in re.findall(r"\d+", output))
    load.check_counts(run_id, events)
    check((received, dropped) == (events, 0), f"the subscriber got {received} of {events}, {dropped} were given up")
    values = {"events/s": events / seconds, **cost(load, before, events)}
    wait_until(lambda: load.collector.metric("teltel_live_subscribers") == 0, "the subscriber is gone", PATIENCE)
    return Measured("+ 1 subscriber that takes all", values, "0 lost")


def stored(scale: Scale) -> list[Row]:
    def measure(number: int) -> Measured:
        """A collector of its own for each round: what ClickHouse merges is of this round."""
        with folders() as (work, shm), Collector(work, shm) as collector:
            wait_until(collector.ready, "storage is ready", PATIENCE)
            load = Load(collector, compile_program(HERE / "post.c", work))
            run_id = f"stored-{number}"
            before = load.cpu()
            events, seconds, _ = load.post(run_id, 4, int(STEADY_RATE * scale.seconds), 1000, STEADY_RATE)
            load.check_counts(run_id, events)
            wait_until(lambda: collector.run(run_id)["stored"] == events, "all events are stored", PATIENCE)
            ClickHouse(work / "data").wait_for_merges()
            values = cost(load, before, events)
            both = {"of both": sum(values.values())}
            return Measured("+ storage, until all is stored and merges rest", {"events/s": events / seconds, **values, **both}, "0 lost")

    return in_turn("ingest", scale.rounds, [measure])
