"""Twenty thousand runs: all are listed, in parts too, and the collector holds the newest of them only."""
import json
import shutil
import tempfile
import time

import pytest
from crowd import crowd
from support import Collector
from test_ingest import post

RUNS = 20_000


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    collector = Collector(tmp_path_factory.mktemp("crowded"), shm, []).start()
    collector.started_within = crowd(collector, RUNS)
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


def test_the_first_page_says_what_runs_still_and_is_followed_by_changes(crowded):
    """A list with running runs on top needs no more than this page, and hears of what happens from then on."""
    oldest = {"v": 1, "runId": "still-running", "sourceId": "s", "channel": "physics", "type": "t", "frameIndex": 1, "simTime": 0.0, "payload": {}}
    assert post(crowded, oldest)[0] == 202
    newer = [{**oldest, "runId": f"newer-{number}"} for number in range(3)]
    assert post(crowded, *newer, *({**line, "channel": "run", "type": "run.end", "payload": {"status": "completed"}} for line in newer))[0] == 202
    first = page(crowded, 2)
    assert [run["runId"] for run in first["running"]] == ["still-running"] and first["running"][0]["status"] == "running"
    assert {run["runId"] for run in first["runs"]} < {line["runId"] for line in newer}
    assert page(crowded, 2, first["before"])["running"] == []
    assert "still-running" in {run["runId"] for run in page(crowded, 5)["runs"]}, "they come in their own place, too"
    assert crowded.request("/api/run?runId=run-5", b'{"note": "seen"}', {"Content-Type": "application/json"}, method="PATCH")[0] == 200
    changes = crowded.json(f"/api/runs?after={first['cursor']}")
    assert not changes["complete"] and "run-5" in {run["runId"] for run in changes["runs"]} and len(changes["runs"]) < 10


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=5&before=nonsense", "limit=5&before=12xzz", "limit=5&before=x"])
def test_other_pages_are_refused(crowded, query):
    status, _, body = crowded.request(f"/api/runs?{query}")
    assert (status, json.loads(body)["code"]) == (400, "bad-parameter")
