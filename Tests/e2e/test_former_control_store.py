"""The one file of former versions, of thousands of runs: carried over whenever the collector is killed meanwhile."""
import json
import os
import sqlite3
import subprocess
import time

from control import RUNS, WORDS

RUN_COUNT = 2_000
FORMER = """
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES ('runs'), ('rejected lines'), ('counts that a restart does not repeat'), ('answers'), ('removed runs'), ('layouts');
CREATE TABLE "runs" ("run_id" TEXT PRIMARY KEY NOT NULL, "source_id" TEXT NOT NULL, "status" TEXT NOT NULL, "started_ms" INTEGER NOT NULL,
    "ended_ms" INTEGER, "record" TEXT NOT NULL);
CREATE INDEX "runs_on_started_ms" ON "runs"("started_ms");
CREATE TABLE "answers" ("key" TEXT PRIMARY KEY NOT NULL, "status" INTEGER NOT NULL, "body" TEXT NOT NULL, "answered_ms" INTEGER NOT NULL);
CREATE TABLE "removed_runs" ("run_id" TEXT PRIMARY KEY NOT NULL, "counted" TEXT NOT NULL);
CREATE TABLE "layouts" ("name" TEXT PRIMARY KEY NOT NULL, "layout" TEXT NOT NULL, "saved_ms" INTEGER NOT NULL);
"""


def record(number: int) -> dict:
    """As the version before wrote it."""
    return {
        "runID": f"run-{number}", "sourceID": "s", "sources": ["s"], "status": "completed", "startedMs": 1_700_000_000_000 + number,
        "endedMs": 1_700_000_009_000, "receivedMs": 1_700_000_000_000 + number, "engineVersion": "", "tags": ["track", "north"], "config": "",
        "types": [{"sourceID": "s", "channel": "c", "type": f"t{kind}", "accepted": 2, "fields": []} for kind in range(20)], "lastFrame": 9,
        "lastSimTime": 0.5, "refusedByInstance": {}, "refusedTypesByInstance": {}, "lost": {}, "losses": [], "placedByRing": {}, "warnings": [],
        "changedTags": ["track", "north"], "startedSources": [], "rejectedLines": {}, "counted": {}, "instances": [], "storedEvents": 40,
        "unstoredEvents": 0, "lateEvents": 0, "endedSources": ["s"], "isRecorded": True, "acceptedAtLeast": 40, "name": f"named {number}"}


def make_former(collector):
    collector.data.mkdir()
    os.chmod(collector.data, 0o700)
    with sqlite3.connect(collector.data / "control.sqlite") as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(FORMER)
        database.executemany("INSERT INTO runs VALUES (?, 's', 'completed', ?, 1700000009000, ?)",
                             [(f"run-{number}", 1_700_000_000_000 + number, json.dumps(record(number))) for number in range(RUN_COUNT)])
        database.execute("INSERT INTO layouts VALUES ('mine', '{}', 5)")
    database.close()


def is_written(collector, name: str, size: int) -> bool:
    wal = collector.data / f"{name}-wal"
    return wal.exists() and wal.stat().st_size >= size


def kill_when(collector, reached) -> bool:
    """Returns whether the former file was still there."""
    command = [collector.program, "collect", "--port", "0", "--shm-dir", collector.shm, "--data-dir", collector.data, "--no-storage"]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not reached() and (collector.data / "control.sqlite").exists():
            assert process.poll() is None and time.monotonic() < deadline
        process.kill()
    return (collector.data / "control.sqlite").exists()


def test_it_is_carried_over_whenever_the_collector_is_killed(make_collector):
    collector = make_collector("--no-storage", start=False)
    make_former(collector)
    moments = [(WORDS, 1), (RUNS, 1), (RUNS, 200_000), (RUNS, 1_000_000), (WORDS, 100_000)]
    early = [kill_when(collector, lambda: is_written(collector, name, size)) for name, size in moments]
    assert early[0] and sum(early) >= 3, "it was killed while it carried over"
    collector.start()
    runs = collector.json("/api/runs")
    assert [run["runId"] for run in runs] == [f"run-{number}" for number in reversed(range(RUN_COUNT))]
    assert all((run["name"], run["accepted"], run["stored"], len(run["types"])) == (f"named {run['runId'][4:]}", 40, 40, 20) for run in runs)
    assert collector.json("/api/run?runId=run-7")["tags"] == {"track": "north"}
    assert [layout["name"] for layout in collector.json("/api/layouts")] == ["mine"]
    assert {path.name for path in collector.data.glob("control*")} == {"control", "control.sqlite.carried-over"}
    assert "carried over" in collector.output() or not early[-1]
