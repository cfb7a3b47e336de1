"""Names, notes, and runs that are deleted."""
import json
import signal
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
from bodies import frames, line, ndjson
from database import sql
from support import BUILD, wait_until
from test_ingest import post

JSON = {"Content-Type": "application/json"}


def change(collector, run_id: str, **what):
    status, _, body = collector.request("/api/run?" + urlencode({"runId": run_id}), json.dumps(what).encode(), JSON, method="PATCH")
    return status, json.loads(body)


def delete(collector, run_id: str):
    status, headers, body = collector.request("/api/run?" + urlencode({"runId": run_id}), method="DELETE")
    return status, json.loads(body), headers


def post_run(collector, run_id: str, events: int = 100, end: bool = True):
    last = ndjson(line(runId=run_id, type="run.end", frameIndex=events, payload={"status": "completed"})) if end else b""
    assert post(collector, raw=frames(events, runId=run_id) + last)[0] == 202


def ids(collector) -> list[str]:
    return [run["runId"] for run in collector.json("/api/runs")]


def is_ready(collector) -> bool:
    return collector.request("/api/ready")[0] == 200


def is_final(collector, run_id: str) -> bool:
    rows = [json.loads(row) for row in collector.request("/api/analysis/runs")[2].splitlines()]
    return any(row["run_id"] == run_id and row["is_final"] for row in rows)


def stored_rows(collector, run_id: str) -> tuple[int, int]:
    """In the view, in run_metadata."""
    return tuple(int(sql(collector, f"SELECT {what} AS n FROM {table} WHERE run_id = '{run_id}'")[0]["n"])
                 for what, table in (("count()", "telemetry_events"), ("uniqExact(run_id)", "run_metadata")))


def teltel(collector, *arguments, **options):
    return subprocess.run([BUILD / "bin/teltel", *arguments, "--url", collector.url], capture_output=True, text=True, timeout=60, **options)


def test_a_deleted_run_is_nowhere(collector):
    wait_until(lambda: is_ready(collector), "storage is ready", 60)
    for run_id in ("goes", "stays"):
        post_run(collector, run_id)
        collector.wait_status(run_id, "completed")
        wait_until(lambda: stored_rows(collector, run_id) == (101, 1), f"{run_id} is stored", 60)
    assert delete(collector, "goes")[:2] == (200, {"runId": "goes"})
    assert ids(collector) == ["stays"]
    assert collector.request("/api/run?runId=goes")[0] == 404
    assert stored_rows(collector, "goes") == (0, 0)
    assert stored_rows(collector, "stays")[0] == 101
    assert delete(collector, "goes")[0] == 404

    collector.stop()
    collector.start()
    wait_until(lambda: is_ready(collector), "storage is ready", 60)
    assert ids(collector) == ["stays"] and collector.run("stays")["stored"] == 101
    # The id is free again, and its counts begin anew.
    post_run(collector, "goes", 7)
    wait_until(lambda: stored_rows(collector, "goes")[0] == 8, "it is stored again", 60)
    run = wait_until(lambda: (run := collector.run("goes"))["stored"] == 8 and run, "8 rows are counted")
    assert (run["accepted"], run["lost"]) == (8, 0)


def test_an_engines_run_is_deleted_while_its_last_rows_come(collector, vehicle):
    vehicle("driven", 2).wait()
    collector.wait_status("driven", "completed")
    assert delete(collector, "driven")[0] == 200
    assert ids(collector) == [] and stored_rows(collector, "driven") == (0, 0)
    collector.kill()
    collector.start()
    wait_until(lambda: is_ready(collector), "storage is ready", 60)
    assert ids(collector) == [] and stored_rows(collector, "driven") == (0, 0)


def test_runs_that_are_deleted_as_they_end_leave_no_row(collector):
    """Their last row in `run_metadata` is due at just that moment; none may come behind the removal."""
    post_run(collector, "first", 1)
    wait_until(lambda: collector.run("first")["stored"] == 2, "storage takes rows", 60)
    names = [f"brief-{number}" for number in range(16)]

    def come_and_go(name):
        post_run(collector, name, 3)
        collector.wait_status(name, "completed")
        # 409: a slow machine has not stored its last rows yet.
        wait_until(lambda: delete(collector, name)[0] == 200, f"{name} is deleted", 120)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, names))
    # Whatever was being written then is there when a run that came later has its last row.
    post_run(collector, "last", 1)
    wait_until(lambda: is_final(collector, "last"), "the last run is recorded")
    assert [row["run_id"] for row in sql(collector, "SELECT DISTINCT run_id FROM run_metadata ORDER BY run_id")] == ["first", "last"]


def test_a_run_whose_rings_were_put_aside_is_deleted(collector, vehicle, shm):
    """What lies in them will never come: nothing is to be waited for."""
    engine = vehicle("spoiled", 3600)
    wait_until(lambda: (run := collector.run("spoiled")) and run["stored"] > 0, "some of it is stored", 60)
    (ring,) = (path for path in Path(shm).glob("*/ring-0") if b"spoiled" in (path.parent / "run").read_bytes()[:8192])
    engine.send_signal(signal.SIGSTOP)  # it would write its head anew with its next event, perhaps before anybody has looked
    with ring.open("r+b") as file:
        file.seek(128)
        file.write(struct.pack("<Q", 2**64 - 8))
    wait_until(lambda: collector.metric("teltel_rings_quarantined") == 1, "its rings are put aside")
    engine.kill()
    engine.wait()
    collector.wait_status("spoiled", "failed")
    assert delete(collector, "spoiled")[:2] == (200, {"runId": "spoiled"})
    assert ids(collector) == [] and stored_rows(collector, "spoiled") == (0, 0)
    collector.stop()
    collector.start()
    wait_until(lambda: is_ready(collector), "storage is ready", 60)
    assert ids(collector) == [] and stored_rows(collector, "spoiled") == (0, 0)


def test_late_events_are_accepted(collector):
    """After run.end: they belong to the run, which stays ended; totals follow, and say how many they are."""
    post_run(collector, "late", 10)
    collector.wait_status("late", "completed")
    assert collector.run("late")["lateEvents"] == 0
    assert post(collector, line(runId="late", frameIndex=99))[1]["accepted"] == 1
    wait_until(lambda: collector.run("late")["stored"] == 12, "it is stored", 60)
    run = collector.run("late")
    assert (run["status"], run["accepted"], run["lost"], run["lateEvents"]) == ("completed", 12, 0, 1)
    wait_until(lambda: totals(collector, "late") == (12, 99), "final totals follow", 60)


def test_events_behind_an_end_in_the_same_post_are_late(live):
    end = line(runId="same", type="run.end", frameIndex=5, payload={"status": "completed"})
    assert post(live, raw=ndjson(line(runId="same", frameIndex=1), end, line(runId="same", frameIndex=6), line(runId="same", frameIndex=7)))[0] == 202
    run = wait_until(lambda: (run := live.run("same")) and run["accepted"] == 4 and run, "all are counted")
    assert (run["status"], run["lateEvents"]) == ("completed", 2)


def test_several_sources_in_one_run(collector):
    for source, events in (("flight-engine", 30), ("drive-engine", 20)):
        end = ndjson(line(runId="both", sourceId=source, type="run.end", frameIndex=events, payload={"status": "completed"}))
        assert post(collector, raw=frames(events, runId="both", sourceId=source) + end)[0] == 202
    run = wait_until(lambda: (run := collector.run("both")) and run["stored"] == 52 and run, "both are stored", 60)
    # The end of one source is none of the other's.
    assert (run["accepted"], run["lateEvents"]) == (52, 0) and len(ids(collector)) == 1
    wait_until(lambda: totals(collector, "both") == (52, 30), "final totals are those of both", 60)
    question = "SELECT source_id, count() AS n FROM telemetry_events WHERE run_id = 'both' GROUP BY source_id ORDER BY source_id"
    wait_until(lambda: [(row["source_id"], int(row["n"])) for row in sql(collector, question)] == [
        ("drive-engine", 21), ("flight-engine", 31)], "the view shows both")


def totals(collector, run_id: str) -> tuple[int, int] | None:
    """Events and highest frame of the one row in run_metadata."""
    answer = collector.request(f"/api/analysis/run/{run_id}")
    row = json.loads(answer[2]) if answer[0] == 200 else {}
    return (int(row["total_events"]), row["max_frame_index"]) if row else None


def test_a_running_run_is_not_deleted(offline):
    post_run(offline, "busy", end=False)
    wait_until(lambda: "busy" in ids(offline), "the run is listed")
    status, body, _ = delete(offline, "busy")
    assert (status, body["error"]["code"]) == (409, "run-is-running")
    assert body["error"]["hint"]
    assert ids(offline) == ["busy"]


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_an_unknown_run(offline, method):
    status, _, body = offline.request("/api/run?runId=nobody", b'{"name":"x"}' if method == "PATCH" else None, JSON, method=method)
    assert (status, json.loads(body)["error"]["code"]) == (404, "unknown-run")


def test_names_and_notes_stay(offline):
    post_run(offline, "first")
    wait_until(lambda: "first" in ids(offline), "the run is listed")
    assert change(offline, "first", name="Slow <b>lap</b>", note="wet\ntrack") == (
        200, {"runId": "first", "name": "Slow <b>lap</b>", "note": "wet\ntrack", "tags": {}})
    assert change(offline, "first", note="dry track")[1]["name"] == "Slow <b>lap</b>"
    offline.wait_status("first", "completed")
    offline.stop()
    offline.start()
    run = offline.json("/api/runs")[0]
    assert (run["name"], run["note"]) == ("Slow <b>lap</b>", "dry track")
    assert "name" not in change(offline, "first", name="")[1]
    assert "name" not in offline.json("/api/run?runId=first")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"name":7}', b'{"name":"' + b"x" * 256 + b'"}', b'{"note":"' + b"x" * 20_000 + b'"}',
                                  b" " * 70_000], ids=["empty", "list", "nothing", "number", "long-name", "long-note", "large"])
def test_a_bad_change(offline, body):
    post_run(offline, "kept", 1)
    wait_until(lambda: "kept" in ids(offline), "the run is listed")
    status, _, answer = offline.request("/api/run?runId=kept", body, JSON, method="PATCH")
    assert status in (400, 413) and json.loads(answer)["error"]["hint"]
    assert "name" not in offline.json("/api/runs")[0]


def test_from_the_terminal(collector):
    post_run(collector, "a b/c")
    wait_until(lambda: "a b/c" in ids(collector), "the run is listed")
    assert teltel(collector, "run", "name", "a b/c", "Lap 1").returncode == 0
    assert teltel(collector, "run", "note", "a b/c", "first try").returncode == 0
    wait_until(lambda: "Lap 1" in teltel(collector, "runs").stdout, "the name is listed")
    assert collector.json("/api/runs")[0]["note"] == "first try"
    collector.wait_status("a b/c", "completed")
    refused = teltel(collector, "run", "delete", "a b/c", input="n\n")
    assert refused.returncode == 1 and "nothing was deleted" in refused.stderr and ids(collector) == ["a b/c"]
    done = teltel(collector, "run", "delete", "a b/c", input="y\n")
    assert (done.returncode, done.stdout) == (0, "deleted a b/c\n"), done.stderr
    again = teltel(collector, "run", "delete", "a b/c", "--yes")
    assert again.returncode == 1 and "no run a b/c is known" in again.stderr


def test_a_posted_run_that_falls_silent_has_failed_until_more_comes(make_collector):
    collector = make_collector("--no-storage", "--silence-timeout", "1s")
    post_run(collector, "quiet", 3, end=False)
    run = collector.wait_status("quiet", "failed")
    assert run["endReason"] == "fell silent without run.end" and run["endedAt"] >= run["created"]
    post_run(collector, "quiet", 1, end=False)
    assert "endReason" not in collector.wait_status("quiet", "running")
    collector.wait_status("quiet", "failed")
    post_run(collector, "quiet", 1)
    assert collector.wait_status("quiet", "completed")["accepted"] == 6


def test_an_engine_may_be_silent(make_collector, programs, start_engine, tmp_path):
    collector = make_collector("--no-storage", "--silence-timeout", "1s")
    hold = tmp_path / "go"
    engine = start_engine(programs / "engine", "held", 2, 1_000, 1, tmp_path / "truth", ENGINE_HOLD_AT="1", ENGINE_HOLD_UNTIL=str(hold))
    collector.wait_status("held", "running")
    post_run(collector, "quiet", 1, end=False)
    collector.wait_status("quiet", "failed")  # so much time has passed
    assert collector.run("held")["status"] == "running"
    hold.touch()
    assert engine.wait() == 0
    collector.wait_status("held", "completed")


def test_tags_are_changed_while_a_run_goes_on(collector, programs, start_engine, tmp_path):
    """What people say about a run's tags holds, also over what its engine says again after a restart of the collector."""
    go_on = tmp_path / "go-on"
    start_engine(programs / "engine", "tagged", 100, 0, 1, ENGINE_HOLD_AT="50", ENGINE_HOLD_UNTIL=str(go_on))
    wait_until(lambda: collector.run("tagged"), "the run is there")
    assert change(collector, "tagged", tags={"track": "wet", "lap": "1"})[1]["tags"] == {"track": "wet", "lap": "1"}
    assert change(collector, "tagged", tags={"lap": None})[1]["tags"] == {"track": "wet"}
    collector.kill()
    collector.start()
    wait_until(lambda: (run := collector.run("tagged")) and run["tags"] == {"track": "wet"}, "they stay")
    wait_until(lambda: is_ready(collector), "storage is ready", 60)
    go_on.touch()
    collector.wait_status("tagged", "completed")
    assert change(collector, "tagged", tags={"verdict": "good"})[0] == 200
    wait_until(lambda: [json.loads(row["tags"]) for row in sql(collector, "SELECT tags FROM run_metadata FINAL WHERE run_id = 'tagged'")]
               == [{"track": "wet", "verdict": "good"}], "storage has them", 60)
    for bad in ({"": "x"}, {"k": "v" * 256}, {"k": 1}, ["k"]):
        assert change(collector, "tagged", tags=bad)[0] == 400, bad
