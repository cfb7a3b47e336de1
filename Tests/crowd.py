"""Very many runs in no time: one is posted, the others are copies of what the control store knows of it."""
import json
import sqlite3
import time

from support import Collector, wait_until


def crowd(collector: Collector, runs: int) -> float:
    """`run-0`, the oldest, up to `run-{runs - 1}`, all ended and stored; how many seconds the collector then took to start."""
    event = {"v": 1, "runId": "run-0", "sourceId": "crowd", "channel": "physics", "type": "t", "simTime": 0.0, "payload": {"x": 1}}
    end = {**event, "channel": "run", "type": "run.end", "frameIndex": 9, "payload": {"status": "completed"}}
    lines = [*({**event, "frameIndex": frame} for frame in range(9)), end]
    assert collector.request("/api/ingest", "".join(json.dumps(line) + "\n" for line in lines).encode())[0] == 202
    wait_until(lambda: (run := collector.run("run-0")) and run["stored"] == run["accepted"] == 10, "it is stored", 60)
    store = collector.data / "control.sqlite"

    def rows():
        with sqlite3.connect(store) as database:
            return database.execute("SELECT source_id, status, started_ms, ended_ms, record FROM runs").fetchall()

    # Recorded to its end: nothing is left to be done about it.
    wait_until(lambda: rows() and json.loads(rows()[0][4])["isRecorded"], "the control store has it", 60)
    assert collector.stop() == 0
    with sqlite3.connect(store) as database:
        source, status, started, ended, text = rows()[0]
        record = json.loads(text)
        for number in range(1, runs):
            # Texts of times may be a millisecond early.
            record |= {"runID": f"run-{number}", "receivedMs": record["receivedMs"] + 2}
            database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)", (f"run-{number}", source, status, record["receivedMs"], ended, json.dumps(record)))
    begin = time.monotonic()
    collector.start()
    return time.monotonic() - begin
