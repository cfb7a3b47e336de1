"""Twenty thousand runs: all are listed, in parts too, and the collector holds the newest of them only."""
import json
import shutil
import tempfile
import time

import pytest
from control import RUNS as RUNS_FILE, opened, parts
from support import Collector, wait_until
from test_ingest import post
from test_stored_fields import end, event

RUNS = 20_000


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """One run was posted; the others are copies of what the control store knows of it."""
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    collector = Collector(tmp_path_factory.mktemp("crowded"), shm, []).start()
    assert post(collector, *[event("run-0", "t", {"x": frame}, frame) for frame in range(9)], end("run-0", 9))[0] == 202
    wait_until(lambda: (run := collector.run("run-0")) and run["stored"] == run["accepted"] == 10, "it is stored", 60)
    # Recorded to its end: nothing is left to be done about it.
    record = wait_until(lambda: (found := parts(collector, "run-0")) and found["lifecycle"]["isRecorded"] and found, "the control store has it", 60)
    assert collector.stop() == 0
    with opened(collector, RUNS_FILE) as database:
        [[status, is_open]] = database.execute("SELECT status, is_open FROM runs").fetchall()
        for number in range(1, RUNS):
            record["identity"]["receivedMs"] += 1
            database.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", (f"run-{number}", record["identity"]["receivedMs"], status, is_open))
            database.executemany("INSERT INTO run_parts VALUES (?, ?, ?)", [(f"run-{number}", part, json.dumps(content)) for part, content in record.items()])
    begin = time.monotonic()
    collector.start()
    collector.started_within = time.monotonic() - begin
    yield collector
    collector.kill()
    shutil.rmtree(shm, ignore_errors=True)


def anonymous_mib(collector) -> float:
    with open(f"/proc/{collector.process.pid}/status") as status:
        return next(int(text.split()[1]) / 1024 for text in status if text.startswith("RssAnon"))


def page(collector, limit: int, before: str = "") -> dict:
    return collector.json(f"/api/runs?limit={limit}" + (f"&before={before}" if before else ""))


def test_it_starts_at_once(crowded):
    print(f"started within {crowded.started_within:.2f} s")
    assert crowded.started_within < 5  # 1 s on a machine that does nothing else


def test_all_are_listed_newest_first(crowded):
    before = anonymous_mib(crowded)
    names = [run["runId"] for run in crowded.json("/api/runs")]
    assert names == [f"run-{number}" for number in reversed(range(RUNS))]
    answer = crowded.json("/api/runs?after=")
    assert answer["complete"] and [run["runId"] for run in answer["runs"]] == names
    assert crowded.json(f"/api/runs?after={answer['cursor']}")["runs"] == []
    print(f"anonymous memory {before:.1f} MiB, {anonymous_mib(crowded):.1f} MiB after two lists of all")
    assert anonymous_mib(crowded) - before < 30


def test_pages_lead_through_all_of_them(crowded):
    begin = time.monotonic()
    part = page(crowded, 200)
    print(f"first page after {1000 * (time.monotonic() - begin):.0f} ms")
    names = [run["runId"] for run in part["runs"]]
    assert len(names) == 200
    while part["before"]:
        part = page(crowded, 900, part["before"])
        names += [run["runId"] for run in part["runs"]]
    assert names == [f"run-{number}" for number in reversed(range(RUNS))]


def test_a_run_of_long_ago_is_in_the_list_once_whether_it_is_in_memory_or_not(crowded):
    assert crowded.request("/api/run?runId=run-3", b'{"note": "look again"}', {"Content-Type": "application/json"}, method="PATCH")[0] == 200
    everything = crowded.json("/api/runs")
    assert [run["runId"] for run in everything].count("run-3") == 1 and len(everything) == RUNS
    part = page(crowded, 5, page(crowded, 1000)["before"])
    assert [run["runId"] for run in part["runs"]] == [f"run-{RUNS - 1001 - number}" for number in range(5)]
    last = {"before": ""}
    while (further := page(crowded, 1000, last["before"]))["before"]:
        last = further
    assert [run.get("note") for run in further["runs"] if run["runId"] == "run-3"] == ["look again"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=5&before=nonsense", "limit=5&before=12xzz", "limit=5&before=x"])
def test_other_pages_are_refused(crowded, query):
    status, _, body = crowded.request(f"/api/runs?{query}")
    assert (status, json.loads(body)["code"]) == (400, "bad-parameter")
