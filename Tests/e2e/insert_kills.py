"""Kills between an insert and its answer, and what must be true of the rows afterwards."""
from __future__ import annotations

import random
import signal
import threading
from collections import Counter

from bodies import line, ndjson
from clickhouse import RESET, Gate, Server
from support import Collector, wait_until

TYPES, FRAMES = 6, 40  # of one posted run; each type is an insert of its own
WAYS = ("connection before", "connection after", "answer after", "server after", "server during", "collector after")


class Killer:
    """Decides at the gate what becomes of each insert, until there were enough kills."""

    def __init__(self, collector: Collector, server: Server, gate: Gate, kills: int, seed: int):
        self.collector, self.server, self.gate = collector, server, gate
        self.left = kills
        self.dice = random.Random(seed)
        self.ways: Counter = Counter()
        self.collector_died = threading.Event()
        self.coming: list[str] = []
        self.alone = threading.Lock()  # one request at a time while something dies

    def rule(self, request, forward):
        if not request.table:
            return forward()
        with self.alone:
            if self.left == 0 or self.collector_died.is_set() or self.dice.random() < 0.25:
                return forward()
            self.left -= 1
            way = self.next_way()
            self.ways[way] += 1
            return self.kill(way, forward)

    def next_way(self) -> str:
        """Each of them before one comes again, in any order."""
        if not self.coming:
            self.coming = self.dice.sample(WAYS, len(WAYS))
        return self.coming.pop()

    def kill(self, way: str, forward):
        if way == "connection before":
            return RESET
        if way == "server during":
            # While the server works at it: somewhere in its time, as chance has it.
            killer = threading.Timer(self.dice.uniform(0, 0.02), self.server.process.send_signal, [signal.SIGKILL])
            killer.start()
            try:
                forward()
            except ConnectionError:
                pass
            killer.join()
            self.server.restart()
            return RESET
        answer = forward()
        if way == "answer after":
            return answer.bytes[: self.dice.randrange(1, len(answer.bytes))] if len(answer.bytes) > 1 else RESET
        if way == "server after":
            self.server.restart()
        if way == "collector after":
            self.collector.kill()
            self.collector_died.set()
        return RESET


def post_and_kill(collector: Collector, server: Server, gate: Gate, kills: int, seed: int) -> tuple[dict, list[str]]:
    """Posts runs and kills while they are stored. Figures, and what is wrong."""
    killer = Killer(collector, server, gate, kills, seed)
    gate.rule = killer.rule
    accepted: dict[str, int] = {}
    while killer.left > 0:
        run_id = f"run-{len(accepted)}"
        events = [line(runId=run_id, type=f"kind.{kind}", frameIndex=frame, payload={"x": frame})
                  for kind in range(TYPES) for frame in range(FRAMES)]
        body = ndjson(*events, line(runId=run_id, type="run.end", frameIndex=FRAMES, payload={"status": "completed"}))
        # What is answered is in a ring: no kill may touch it any more.
        status, _, answer = collector.request("/api/ingest", data=body)
        assert status == 202, answer
        accepted[run_id] = len(events) + 1
        wait_until(lambda: settled(killer, collector, run_id, accepted[run_id]), f"seed {seed}: {run_id} is stored", 120)
    gate.rule = None
    wait_until(lambda: stored(collector, list(accepted)[-1]) == accepted[list(accepted)[-1]], "all is stored", 120)
    # The view shows a new table within a second or two.
    wait_until(lambda: total(server) >= sum(accepted.values()), f"seed {seed}: the view shows all", 60)
    problems = check(collector, server, accepted)
    figures = {"seed": seed, "kills": kills, **dict(sorted(killer.ways.items())), "runs": len(accepted),
               "accepted": sum(accepted.values()), "stored": total(server)}
    if figures["stored"] != figures["accepted"]:
        problems.append(f"{figures['stored']} rows are stored, {figures['accepted']} were accepted")
    return figures, problems


def settled(killer: Killer, collector: Collector, run_id: str, accepted: int) -> bool:
    if killer.collector_died.is_set():
        collector.start()
        killer.collector_died.clear()
    return stored(collector, run_id) >= accepted


def stored(collector: Collector, run_id: str) -> int:
    try:
        run = collector.run(run_id)
    except OSError:  # killed
        return 0
    return run["stored"] if run else 0


def total(server: Server) -> int:
    return int(server.ask("SELECT count() AS n FROM telemetry_events", readonly="1")[0]["n"])


def check(collector: Collector, server: Server, accepted: dict[str, int]) -> list[str]:
    """Each accepted row is there, once, with its own value; and the collector says so."""
    question = """SELECT run_id, count() AS rows, uniqExact(type, frame_index) AS events,
        countIf(type != 'run.end' AND JSONExtractFloat(payload, 'x') != frame_index) AS wrong FROM telemetry_events GROUP BY run_id"""
    found = {row["run_id"]: tuple(int(row[name]) for name in ("rows", "events", "wrong")) for row in server.ask(question, readonly="1")}
    problems = [f"{run_id}: {found.get(run_id)} rows, events, wrong ones; {count} were accepted"
                for run_id, count in accepted.items() if found.get(run_id) != (count, count, 0)]
    runs = {run["runId"]: run for run in collector.json("/api/runs")}
    problems += [f"{run_id}: the collector says {runs[run_id]['stored']} stored, {runs[run_id]['lost']} lost of {count}"
                 for run_id, count in accepted.items() if (runs[run_id]["stored"], runs[run_id]["lost"]) != (count, 0)]
    return problems
