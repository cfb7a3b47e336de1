"""Runs that are not to be kept any longer."""
import json
import subprocess
import time
from dataclasses import dataclass

import pytest
from bodies import frames, line, ndjson
from database import change, sql
from support import BUILD, wait_until
from test_ingest import post


EVENTS = 100


@dataclass
class Posted:
    """A run whose newest event was stored so long ago; (status None) it did not end. `wall_ms`: what its sender says."""

    run_id: str
    status: str | None
    days_ago: int
    wall_ms: int | None = None

    @property
    def rows(self) -> int:
        return EVENTS + (self.status is not None)

    @property
    def body(self) -> bytes:
        said = {"wallTimeMs": self.wall_ms} if self.wall_ms is not None else {}
        end = line(runId=self.run_id, type="run.end", frameIndex=EVENTS, payload={"status": self.status}, **said)
        return frames(EVENTS, runId=self.run_id, **said) + (ndjson(end) if self.status else b"")


def post_runs(collector, *posted: Posted):
    """Stored, and recorded as ended, in their order; then made older."""
    for run in posted:
        assert post(collector, raw=run.body)[0] == 202
    for run in posted:
        wait_until(lambda: (known := collector.run(run.run_id)) and known["stored"] == run.rows, f"{run.run_id} is stored", 60)
        # Both the collector and run_metadata have seen the end.
        question = f"SELECT status FROM run_metadata FINAL WHERE run_id = '{run.run_id}'"
        wait_until(lambda: not run.status or sql(collector, question) == [{"status": run.status}], f"{run.run_id} is recorded", 60)
    make_older(collector, {run.run_id: run.days_ago for run in posted if run.days_ago})


def make_older(collector, days_by_run: dict[str, int]):
    """As if they had been stored so long ago: nobody waits for days."""
    seconds = ", ".join(f"run_id = '{run_id}', {days * 86_400}" for run_id, days in days_by_run.items())
    tables = sql(collector, "SELECT name FROM system.tables WHERE database = 'teltel' AND startsWith(name, 'events_')")
    change(collector, *(f"ALTER TABLE {row['name']} UPDATE inserted_at = inserted_at - multiIf({seconds}, 0) WHERE true" for row in tables))


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
    post_runs(collector, Posted("failed-old", "failed", 8), Posted("failed-new", "failed", 1), Posted("completed-old", "completed", 8),
              Posted("going-on", None, 8))
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
    post_runs(collector, *(Posted(run_id, "completed", days) for days, run_id in ((3, "third"), (1, "first"), (2, "second"))),
              Posted("going-on", None, 4))
    status, answer = prune(collector, retainMib=0)
    assert status == 200 and [run["runId"] for run in answer["runs"]] == ["third", "second", "first"]
    assert runs(collector) == stored_runs(collector) == {"going-on"}
    assert prune(collector, retainMib=1024)[1]["runs"] == []


def test_a_collector_prunes_by_itself(make_collector):
    collector = make_collector("--retain", "completed=1d")
    wait_until(lambda: collector.request("/api/ready")[0] == 200, "storage is ready", 60)
    post_runs(collector, Posted("old", "completed", 2), Posted("new", "completed", 0))
    # Its own limits, at once.
    assert [run["runId"] for run in prune(collector)[1]["runs"]] == ["old"]
    post_runs(collector, Posted("old-again", "completed", 2))
    collector.stop()
    collector.start()
    wait_until(lambda: runs(collector) == {"new"}, "the old run is gone after the start", 120)
    assert stored_runs(collector) == {"new"}


def test_a_senders_clock_removes_nothing_and_keeps_nothing(collector):
    """Seconds instead of milliseconds would be 1970, nanoseconds the year 506,713; and files of last year may be posted today."""
    wait_until(lambda: collector.request("/api/ready")[0] == 200, "storage is ready", 60)
    now = int(time.time())
    said = {"seconds": now, "nanoseconds": now * 10**9, "last-year": (now - 365 * 86_400) * 1000}
    post_runs(collector, *(Posted(f"{name}-{age}", "completed", days, wall_ms)
                           for name, wall_ms in said.items() for age, days in (("new", 0), ("old", 8))))
    answer = prune(collector, retain="completed=7d", dryRun=True)[1]
    assert {run["runId"] for run in answer["runs"]} == {"seconds-old", "nanoseconds-old", "last-year-old"}


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"retain":"failed"}', b'{"retain":"running=7d"}', b'{"retain":"failed=7"}',
                                  b'{"retain":"failed=-1d"}', b'{"retainMib":-1}'],
                         ids=["list", "half", "no-time", "running", "no-unit", "negative", "negative-size"])
def test_limits_that_are_none(offline, body):
    status, _, answer = offline.request("/api/storage/prune", body, method="POST")
    error = json.loads(answer)["error"]
    assert (status, error["code"]) == (400, "bad-retention") and error["hint"]


def test_a_collector_does_not_start_with_limits_that_are_none(tmp_path):
    command = [BUILD / "bin/teltel", "collect", "--port", "0", "--data-dir", tmp_path, "--retain", "failed=soon"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "failed=soon is not a status and a time such as failed=7d" in done.stderr
