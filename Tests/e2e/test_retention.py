"""Runs that are not to be kept any longer."""
import json
import subprocess
import time

import pytest
from bodies import frames, line, ndjson
from database import sql
from support import BUILD, wait_until
from test_ingest import post

DAY_MS = 86_400_000


def post_run(collector, run_id: str, status: str | None, days_ago: float, events: int = 100):
    """A run that ended so long ago, or (status None) did not end."""
    ended = int(time.time() * 1000 - days_ago * DAY_MS)
    body = frames(events, runId=run_id, wallTimeMs=ended)
    if status:
        body += ndjson(line(runId=run_id, type="run.end", frameIndex=events, wallTimeMs=ended, payload={"status": status}))
    assert post(collector, raw=body)[0] == 202
    rows = events + (status is not None)
    wait_until(lambda: (run := collector.run(run_id)) and run["stored"] == rows, f"{run_id} is stored", 60)
    if status:
        # Both the collector and run_metadata have seen the end.
        wait_until(lambda: sql(collector, f"SELECT status FROM run_metadata FINAL WHERE run_id = '{run_id}'") == [{"status": status}],
                   f"{run_id} is recorded", 60)


def runs(collector) -> set[str]:
    return {run["runId"] for run in collector.json("/api/runs")}


def stored_runs(collector) -> set[str]:
    return {row["run_id"] for row in sql(collector, "SELECT DISTINCT run_id FROM telemetry_events")}


def prune(collector, **limits):
    status, _, body = collector.request("/api/storage/prune", json.dumps(limits).encode(), method="POST")
    return status, json.loads(body)


def teltel(collector, *arguments):
    command = [BUILD / "bin/teltel", "storage", "prune", *map(str, arguments), "--url", collector.url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_runs_go_by_status_and_age(collector):
    wait_until(lambda: collector.request("/api/ready")[0] == 200, "storage is ready", 60)
    post_run(collector, "failed-old", "failed", 8)
    post_run(collector, "failed-new", "failed", 1)
    post_run(collector, "completed-old", "completed", 8)
    post_run(collector, "going-on", None, 8)
    everything = {"failed-old", "failed-new", "completed-old", "going-on"}

    status, answer = prune(collector, retain="failed=7d", dryRun=True)
    assert status == 200 and answer["dryRun"]
    assert [(run["runId"], run["status"], run["rows"], run["reason"]) for run in answer["runs"]] == [
        ("failed-old", "failed", 101, "failed 8 days ago")]
    assert runs(collector) == stored_runs(collector) == everything

    gone = teltel(collector, "--retain", "failed=7d")
    assert gone.returncode == 0 and "1 runs of " in gone.stdout and "were removed" in gone.stdout, gone
    assert runs(collector) == stored_runs(collector) == everything - {"failed-old"}
    assert teltel(collector, "--retain", "failed=7d,cancelled=0s", "--dry-run").stdout == "nothing to remove\n"
    # Without limits nothing goes: the collector has none.
    assert prune(collector) == (200, {"dryRun": False, "runs": []})
    assert "removed run failed-old: failed 8 days ago" in collector.output()


def test_the_oldest_go_beyond_a_size(collector):
    wait_until(lambda: collector.request("/api/ready")[0] == 200, "storage is ready", 60)
    for days, run_id in ((3, "third"), (1, "first"), (2, "second")):
        post_run(collector, run_id, "completed", days)
    post_run(collector, "going-on", None, 4)
    status, answer = prune(collector, retainMib=0)
    assert status == 200 and [run["runId"] for run in answer["runs"]] == ["third", "second", "first"]
    assert runs(collector) == stored_runs(collector) == {"going-on"}
    assert prune(collector, retainMib=1024)[1]["runs"] == []


def test_a_collector_prunes_by_itself(make_collector):
    collector = make_collector("--retain", "completed=1d")
    wait_until(lambda: collector.request("/api/ready")[0] == 200, "storage is ready", 60)
    post_run(collector, "old", "completed", 2)
    post_run(collector, "new", "completed", 0)
    # Its own limits, at once.
    assert [run["runId"] for run in prune(collector)[1]["runs"]] == ["old"]
    post_run(collector, "old-again", "completed", 2)
    collector.stop()
    collector.start()
    wait_until(lambda: runs(collector) == {"new"}, "the old run is gone after the start", 120)
    assert stored_runs(collector) == {"new"}


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"retain":"failed"}', b'{"retain":"running=7d"}', b'{"retain":"failed=7"}',
                                  b'{"retain":"failed=-1d"}', b'{"retainMib":-1}'],
                         ids=["list", "half", "no-time", "running", "no-unit", "negative", "negative-size"])
def test_limits_that_are_none(collector, body):
    status, _, answer = collector.request("/api/storage/prune", body, method="POST")
    error = json.loads(answer)["error"]
    assert (status, error["code"]) == (400, "bad-retention") and error["hint"]


def test_a_collector_does_not_start_with_limits_that_are_none(tmp_path):
    command = [BUILD / "bin/teltel", "collect", "--port", "0", "--data-dir", tmp_path, "--retain", "failed=soon"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "failed=soon is not a status and a time such as failed=7d" in done.stderr
