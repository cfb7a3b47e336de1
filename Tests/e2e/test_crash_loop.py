"""A collector that is killed again and again as soon as it is ready: what was taken is known, with everything it said about its run."""
import json

import pytest
from bodies import frames, line, ndjson
from database import sql
from support import wait_until
from test_ingest import post

EVENTS = 20
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("kills", [1, 3])
def test_a_posted_run_stays_in_the_lists(collector, kills):
    begin = ndjson(line(runId="a", type="run.start", frameIndex=0, tags={"branch": "main"}, payload={"seed": 7, "mass": 3}))
    finish = ndjson(line(runId="a", type="run.end", frameIndex=EVENTS, payload={"status": "failed", "reason": "broke"}))
    assert post(collector, raw=begin + frames(EVENTS, runId="a") + finish)[1]["accepted"] == EVENTS + 2
    for _ in range(kills):
        collector.kill()
        collector.start()
    wait_until(lambda: (run := collector.run("a")) and run["stored"] == EVENTS + 2, "all of it is stored, and known", 60)
    run = collector.run("a")
    assert (run["status"], run["endReason"], run["seed"], run["tags"]) == ("failed", "broke", 7, {"branch": "main"})
    assert run["accepted"] == EVENTS + 2 and run["lost"] == 0
    wait_until(lambda: sql(collector, "SELECT status FROM run_metadata FINAL WHERE run_id = 'a'") == [{"status": "failed"}], "and recorded", 60)
    collector.stop()
    collector.start()
    assert json.loads(collector.json("/api/run?runId=a")["config"]) == {"seed": 7, "mass": 3}


def test_names_notes_and_tags_are_kept_once_they_are_answered(collector):
    assert post(collector, raw=frames(1, runId="a"))[0] == 202
    wait_until(lambda: collector.run("a"), "it is known")
    change = {"name": "first try", "note": "wet", "tags": {"keep": "yes"}}
    assert collector.request("/api/run?runId=a", json.dumps(change).encode(), JSON, method="PATCH")[0] == 200
    collector.kill()
    collector.start()
    run = wait_until(lambda: collector.run("a"), "it is known")
    assert (run["name"], run["note"], run["tags"]) == ("first try", "wet", {"keep": "yes"})
