"""A collector through which more runs pass than it holds in memory: the oldest leave it, and nobody notices."""
import json

import pytest
from support import wait_until
from test_ingest import post
from test_stored_fields import end, event

HELD, RUNS = 1_000, 1_400


def name(number: int) -> str:
    return f"run-{number:04}"


@pytest.fixture
def passed(make_collector):
    """The first run has a note, and fell silent; all others have ended."""
    collector = make_collector("--silence-timeout", "1s")
    assert post(collector, *[event(name(0), "t", {"x": frame}, frame) for frame in range(5)])[0] == 202
    wait_until(lambda: collector.run(name(0))["status"] == "failed", "it fell silent", 60)
    change = json.dumps({"note": "the first"}).encode()
    assert collector.request(f"/api/run?runId={name(0)}", change, {"Content-Type": "application/json"}, method="PATCH")[0] == 200
    collector.cursor = collector.json("/api/runs?after=")["cursor"]
    assert post(collector, *[line for number in range(1, RUNS) for line in (event(name(number), "t", {"x": number}, 3), end(name(number), 4))])[0] == 202
    wait_until(lambda: collector.metric("teltel_runs") == RUNS, "all of them were read", 60)
    wait_until(lambda: collector.metric("teltel_runs_in_memory") <= HELD, "the oldest have left", 120)
    return collector


def test_runs_that_have_left_the_memory_are_still_there(passed):
    assert sorted(run["runId"] for run in passed.json("/api/runs")) == [name(number) for number in range(RUNS)]
    wait_until(lambda: all(run["accepted"] == run["stored"] for run in passed.json("/api/runs")), "all is stored", 60)
    # Whoever has not heard since hears everything, and not that they were removed.
    changes = passed.json(f"/api/runs?after={passed.cursor}")
    assert changes["complete"] and len(changes["runs"]) == RUNS and not changes["removed"]
    assert passed.metric("teltel_runs") == RUNS
    assert passed.metric("teltel_runs_in_memory") <= HELD  # listing them has not brought them back
    first = passed.json(f"/api/run?runId={name(0)}")
    assert (first["note"], first["accepted"], first["stored"], first["status"]) == ("the first", 5, 5, "failed")
    assert passed.metric("teltel_runs_in_memory") <= HELD + 1


def test_a_run_that_goes_on_after_it_has_left_the_memory_is_the_same_run(passed):
    assert post(passed, *[event(name(0), "t", {"x": frame}, frame) for frame in range(5, 9)])[0] == 202
    first = passed.json(f"/api/run?runId={name(0)}")
    assert (first["note"], first["accepted"], first["lastFrame"]) == ("the first", 9, 8)
    wait_until(lambda: passed.json(f"/api/run?runId={name(0)}")["stored"] == 9, "all is stored", 60)
    assert post(passed, event(name(1), "t", {"x": 1}, 3))[0] == 202
    assert passed.json(f"/api/run?runId={name(1)}~2")["accepted"] == 1  # as of any run that has ended
    assert passed.request(f"/api/run?runId={name(2)}", method="DELETE")[0] == 200
    assert name(2) not in {run["runId"] for run in passed.json("/api/runs")}
    passed.kill()
    passed.start()
    everything = {run["runId"]: run for run in passed.json("/api/runs")}
    assert len(everything) == RUNS and everything[name(0)]["accepted"] == 9 and everything[name(0)]["note"] == "the first"
