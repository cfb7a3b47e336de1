"""Engines that are killed at random moments, and what must be true of them afterwards, compared with what they know themselves."""
from __future__ import annotations

import random
import struct
import subprocess
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fault_support import environment
from support import Collector, wait_until

THREADS, WORDS = 2, 8  # of struct truth in many_runs.c
STARTING, STARTED, ENDING, ENDED = 1, 2, 3, 4
RUNS, EVENTS = 10, 800  # of one engine; a run takes about 30 ms
LONGEST = 0.3  # seconds that an engine lives: longer than all of its runs, so that some ends are not the killer's


@dataclass
class Truth:
    """What one run's engine knows."""

    run_id: str
    stage: int
    attempted: tuple[int, ...]
    accepted: tuple[int, ...]
    refused: tuple[int, ...]


@dataclass
class Found:
    """What the collector stored of one thread of one run."""

    rows: int = 0
    events: int = 0  # different ones
    wrong: int = 0   # with other values than emitted


def read_truth(name: str, path: Path) -> list[Truth]:
    words = struct.unpack(f"<{RUNS * WORDS}Q", path.read_bytes().ljust(RUNS * WORDS * 8, b"\0"))
    runs = [words[at:at + WORDS] for at in range(0, len(words), WORDS)]
    return [Truth(f"{name}.{k}", w[0], w[1:3], w[3:5], w[5:7]) for k, w in enumerate(runs) if w[0]]


def kill_one(program: Path, shm, folder: Path, name: str, dice: random.Random) -> bool:
    """One engine from its start to its death; whether the kill was what ended it."""
    engine = subprocess.Popen(
        [str(program), name, str(folder / name), str(RUNS), str(EVENTS)], env=environment(shm), stderr=subprocess.PIPE)
    try:
        engine.wait(dice.uniform(0, LONGEST))
    except subprocess.TimeoutExpired:
        pass
    engine.kill()
    _, said = engine.communicate()
    assert engine.returncode in (-9, 0), said.decode()
    return engine.returncode != 0


def kill_many(program: Path, shm, folder: Path, kills: int, seed: int, at_a_time: int = 4) -> list[str]:
    """Kills so many engines. Returns the names of all that were started."""
    names: list[str] = []
    problems: list[BaseException] = []
    left, lock = [kills], threading.Lock()

    def lane(number: int):
        dice = random.Random(seed * 1000 + number)
        try:
            while True:
                with lock:
                    if left[0] <= 0 or problems:
                        return
                    name = f"killed-{len(names)}"
                    names.append(name)
                if kill_one(program, shm, folder, name, dice):
                    with lock:
                        left[0] -= 1
        except BaseException as problem:
            problems.append(problem)

    lanes = [threading.Thread(target=lane, args=(number,)) for number in range(at_a_time)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    if problems:
        raise problems[0]
    return names


def truths(names: list[str], folder: Path) -> list[Truth]:
    return [truth for name in names if (folder / name).exists() for truth in read_truth(name, folder / name)]


def judge(truth: Truth, told: dict | None, found: list[Found]) -> list[str]:
    """What is wrong about one run: `told` is its entry in /api/runs, `found` what is stored of each thread."""
    wrong = []

    def require(holds: bool, what: str):
        if not holds:
            wrong.append(f"{truth.run_id}: {what}; {truth}, told {told}, found {found}")

    if told is None:
        require(truth.stage == STARTING, "is not listed")
        require(not any(thread.rows for thread in found), "is not listed, but has rows")
        return wrong
    allowed = {STARTING: {"failed"}, STARTED: {"failed"}, ENDING: {"failed", "completed"}, ENDED: {"completed"}}
    require(told["status"] in allowed[truth.stage], f"is {told['status']}")
    require(told["accepted"] == told["stored"] + told["lost"], "accepted is not stored + lost")
    require(told["lost"] == 0, "events were lost")
    for thread, rows in enumerate(found):
        # One event of each thread may have been under way, between the two times that the engine wrote down.
        flying = truth.attempted[thread] - truth.accepted[thread] - truth.refused[thread]
        require(flying in (0, 1), f"thread {thread} has counted wrongly")
        require(truth.accepted[thread] <= rows.rows <= truth.accepted[thread] + flying, f"thread {thread} has {rows.rows} rows")
        require(rows.events == rows.rows, f"thread {thread} has an event twice")
        require(rows.wrong == 0, f"thread {thread} has events that were never emitted")
    refused = sum(truth.refused)
    require(refused <= told["refused"] <= refused + THREADS, "refused events are counted wrongly")
    return wrong


def stored_of(collector: Collector) -> dict[tuple[str, int], Found]:
    from database import sql, table_of
    from invariants import attempt

    table = wait_until(lambda: attempt(lambda: table_of(collector, "test", "test.sample")), "the table is there", 120)
    rows = sql(collector, f"""
        SELECT run_id, `payload.thread` AS thread, count() AS rows, uniqExact(`payload.index`) AS events,
            countIf(frame_index != `payload.index` OR sim_time != `payload.index` * 0.001
                OR `payload.v/a` != `payload.index` * 0.25 OR `payload.v/k` != `payload.index` * 0.25 + 10) AS wrong
        FROM {table} GROUP BY run_id, thread""")
    return {(row["run_id"], int(row["thread"])): Found(int(row["rows"]), int(row["events"]), int(row["wrong"])) for row in rows}


def settle(collector: Collector, runs: list[Truth], patience: float = 300):
    """Waits until every run has ended and everything of it is stored."""
    expected = {truth.run_id for truth in runs if truth.stage >= STARTED}

    def done():
        told = {run["runId"]: run for run in collector.json("/api/runs")}
        return expected <= told.keys() and all(
            run["status"] != "running" and run["accepted"] == run["stored"] + run["lost"] for run in told.values()) and told

    return wait_until(done, "every run has ended and is stored", patience)


def check(collector: Collector, names: list[str], folder: Path) -> tuple[Counter, list[str]]:
    """Compares everything with the engines' truth: sums, and what is wrong."""
    runs = truths(names, folder)
    told, found = settle(collector, runs), stored_of(collector)
    sums: Counter = Counter()
    problems: list[str] = []
    for truth in runs:
        entry = told.pop(truth.run_id, None)
        rows = [found.pop((truth.run_id, thread), Found()) for thread in range(THREADS)]
        problems += judge(truth, entry, rows)
        sums["runs"] += 1
        sums[f"runs that are {entry['status'] if entry else 'not listed'}"] += 1
        for name in ("attempted", "accepted", "refused"):
            sums[name] += sum(getattr(truth, name))
        sums["stored"] += sum(row.rows for row in rows)
        sums["lost"] += entry["lost"] if entry else 0
    problems += [f"{run_id}: nobody has started this run" for run_id in told] + [f"{key}: rows of no run" for key in found]
    return sums, problems
