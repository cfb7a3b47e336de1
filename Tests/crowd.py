"""Very many runs in no time: one is posted, the others are copies of what the control store knows of it."""
import json
import time

from control import RUNS, opened, parts
from support import Collector, wait_until


def crowd(collector: Collector, runs: int) -> float:
    """`run-0`, the oldest, up to `run-{runs - 1}`, all ended and stored; how many seconds the collector then took to start."""
    event = {"v": 1, "runId": "run-0", "sourceId": "crowd", "channel": "physics", "type": "t", "simTime": 0.0, "payload": {"x": 1}}
    end = {**event, "channel": "run", "type": "run.end", "frameIndex": 9, "payload": {"status": "completed"}}
    lines = [*({**event, "frameIndex": frame} for frame in range(9)), end]
    assert collector.request("/api/ingest", "".join(json.dumps(line) + "\n" for line in lines).encode())[0] == 202
    wait_until(lambda: (run := collector.run("run-0")) and run["stored"] == run["accepted"] == 10, "it is stored", 60)
    # Recorded to its end: nothing is left to be done about it.
    record = wait_until(lambda: (found := parts(collector, "run-0")) and found["lifecycle"]["isRecorded"] and found, "the control store has it", 60)
    assert collector.stop() == 0
    with opened(collector, RUNS) as database:
        [[status, is_open]] = database.execute("SELECT status, is_open FROM runs").fetchall()
        # All of them in the past, a millisecond apart: what is posted from now on is newer.
        record["identity"]["receivedMs"] -= runs
        for number in range(runs):
            record["identity"]["receivedMs"] += 1
            database.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", (f"run-{number}", record["identity"]["receivedMs"], status, is_open))
            rows = [(f"run-{number}", part, json.dumps(content)) for part, content in record.items()]
            database.executemany("INSERT OR REPLACE INTO run_parts VALUES (?, ?, ?)", rows)
    begin = time.monotonic()
    collector.start()
    return time.monotonic() - begin
