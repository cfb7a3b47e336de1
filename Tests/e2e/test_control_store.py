"""The control store's two files: what is lost with either of them, and what comes back."""
import json
import os

import pytest
from analysis import all_stored, fields, series
from clickhouse import Server
from control import RUNS, WORDS, delete, opened, parts
from support import wait_until
from test_ingest import post
from test_spool_faults import gated, server  # noqa: F401 (fixtures)
from test_stored_fields import end, event

NAME, NOTE = "the good one", "look at frame 3"


def change(collector, run: str, **what):
    body = json.dumps(what).encode()
    status, _, answer = collector.request(f"/api/run?runId={run}", body, {"Content-Type": "application/json"}, method="PATCH")
    assert status == 200, answer


def described(collector, run: str = "kept"):
    """A run of two types with name, note and changed tags, and a layout; stored and recorded to its end."""
    lines = [event(run, "t", {"x": frame, "y": {"z": 0.5}}, frame, simTime=frame / 4) for frame in range(5)]
    assert post(collector, *lines, event(run, "u", {"text": "a"}, 7), end(run, 9))[1]["accepted"] == 7
    collector.wait_status(run, "completed")
    change(collector, run, name=NAME, note=NOTE, tags={"track": "north"})
    assert collector.request("/api/layouts/mine", b'{"panels": []}', {"Content-Type": "application/json"}, method="PUT")[0] == 200
    all_stored(collector, run, 7)
    wait_until(lambda: (found := parts(collector, run)) and found["lifecycle"]["isRecorded"], "it is recorded to its end", 60)


def shown(run: dict) -> dict:
    """Without what moves, and milliseconds of times, of which storage has none."""
    short = {key: run[key][:19] for key in ("created", "endedAt", "receivedAt")}
    return {key: value for key, value in run.items() if key not in ("size", "ratePerSecond")} | short


def listed(collector, run: str) -> dict:
    return wait_until(lambda: collector.run(run), f"{run} is listed", 60)


def restart(collector, *lost: str):
    assert collector.stop() == 0
    for name in lost:
        delete(collector, name)
    collector.start()


@pytest.mark.parametrize("how", ["deleted", "damaged"])
def test_runs_come_back_from_storage(collector, how):
    described(collector)
    before = collector.run("kept")
    assert collector.stop() == 0
    delete(collector, RUNS)
    if how == "damaged":
        (collector.data / RUNS).write_bytes(os.urandom(20_000))
    collector.start()
    if how == "damaged":
        assert f"{RUNS} was no database: it is kept as" in collector.output() and (collector.data / f"{RUNS}.damaged").exists()
    first = collector.json("/api/runs?after=")
    after = listed(collector, "kept")
    assert shown(after) == shown(before)
    assert (after["name"], after["note"], after["accepted"], after["stored"], after["status"]) == (NAME, NOTE, 7, 7, "completed")
    # Who asks what has changed is told, too.
    told = first["runs"] or collector.json(f"/api/runs?after={first['cursor']}")["runs"]
    assert [run["runId"] for run in told] == ["kept"]
    detail = collector.json("/api/run?runId=kept")
    assert detail["tags"]["track"] == "north"
    assert [(one["type"], one["accepted"]) for one in detail["types"]] == [("t", 5), ("u", 1), ("run.end", 1)]
    assert [layout["name"] for layout in collector.json("/api/layouts")] == ["mine"]
    assert [row["value"] for row in series(collector, "kept", "t", "x")] == [0, 1, 2, 3, 4] and "y.z" in fields(collector, "kept", "t")
    # Its id is taken.
    assert post(collector, event("kept", "t", {"x": 1}), end("kept", 1))[1]["accepted"] == 2
    assert listed(collector, "kept~2")["accepted"] == 2
    assert shown(collector.run("kept")) == shown(before)
    # And it stays: nothing is made again at the next start.
    all_stored(collector, "kept~2", 2)
    restart(collector)
    assert shown(collector.run("kept")) == shown(before)
    assert "made again" not in collector.output().split("stopped")[-1]


def test_with_the_words_only_words_are_lost(collector):
    described(collector)
    before = collector.run("kept")
    restart(collector, WORDS)
    after = collector.run("kept")
    assert shown(after) == {key: value for key, value in shown(before).items() if key not in ("name", "note")}
    assert collector.json("/api/layouts") == []


def test_all_runs_of_a_server_come_back_part_by_part(make_collector, tmp_path):
    """Names of any bytes; and of a run that another collector has there, nothing is written."""
    server = Server(tmp_path / "server")
    collector = make_collector("--clickhouse-url", server.url)
    names = ["it's", "a\\b", "tab\tand\nline", "R_\u03a9", "R_\u2126", '"[1]', "'"]
    reason = "Traceback:\n\tfile(x) failed"
    ends = [event(name, "run.end", {"status": "failed", "reason": reason}, 1) for name in names]
    assert post(collector, *[event(name, "t", {"x": 1}) for name in names], *ends)[1]["accepted"] == 2 * len(names)
    for name in names:
        wait_until(lambda: (found := parts(collector, name)) and found["lifecycle"]["isRecorded"], f"{name!r} is recorded", 60)
    assert collector.stop() == 0
    server.ask("INSERT INTO run_metadata (run_id, started_at, status, total_events, total_frames, source_id, inserted_at, updated_at) "
               "SELECT format('far-{}', toString(number)), now() - 9, 'failed', 5, 1, 's', now() - 1000 - number, now() FROM numbers(450)")
    server.ask("INSERT INTO run_metadata (run_id, started_at, status, inserted_at, updated_at) VALUES ('theirs', now(), 'running', now(), now())")
    delete(collector, RUNS)
    collector.start()
    wait_until(lambda: len(collector.json("/api/runs")) == 450 + len(names), "all are listed", 60)
    runs = {run["runId"]: run for run in collector.json("/api/runs")}
    # What goes on there nobody knows here: it is no run that failed.
    assert set(runs) == {*names, *(f"far-{number}" for number in range(450))}
    assert all((runs[name]["accepted"], runs[name]["stored"], runs[name]["status"]) == (2, 2, "failed") for name in names)
    assert {runs[name]["endReason"] for name in names} == {reason}
    assert runs["far-3"]["accepted"] == 5
    order = [run["runId"] for run in collector.json("/api/runs") if run["runId"].startswith("far-")]
    assert order == [f"far-{number}" for number in range(450)]
    # Whatever becomes of a new run: nothing is written about theirs.
    assert post(collector, event("new", "t", {"x": 1}), end("new", 1))[1]["accepted"] == 2
    wait_until(lambda: (found := parts(collector, "new")) and found["lifecycle"]["isRecorded"], "a new run is recorded", 60)
    assert server.ask("SELECT status FROM run_metadata FINAL WHERE run_id = 'theirs'") == [{"status": "running"}]
    server.kill()


def test_a_run_that_waits_in_the_spool_comes_back(gated):
    collector = gated()
    assert post(collector, event("waits", "t", {"x": 1}), end("waits", 1))[1]["accepted"] == 2
    collector.wait_status("waits", "completed")
    change(collector, "waits", name=NAME)
    restart(collector, RUNS)
    collector.gate.open()
    run = wait_until(lambda: (run := collector.run("waits")) and run["stored"] == 2 and run, "it is listed, and stored", 60)
    assert (run["name"], run["accepted"], run["lost"]) == (NAME, 2, 0) and run["status"] != "running"
    wait_until(lambda: (found := parts(collector, "waits")) and found["lifecycle"]["isRecorded"], "it is recorded", 60)


def test_a_run_that_is_there_already_is_not_replaced(gated):
    """While ClickHouse is away nobody knows that the id was used: the run goes on, with what was said about it."""
    collector = gated()
    collector.gate.open()
    described(collector)
    assert collector.stop() == 0
    collector.gate.close()
    delete(collector, RUNS)
    collector.start()
    assert post(collector, event("kept", "t", {"x": 1}))[1]["accepted"] == 1
    wait_until(lambda: (run := collector.run("kept")) and run.get("name") == NAME, "its words are there")
    change(collector, "kept", note="another note")
    collector.gate.open()
    wait_until(lambda: collector.request("/api/ready")[0] == 200 and is_complete(collector), "what was lost has been made again", 60)
    run = collector.run("kept")
    assert (run["status"], run["accepted"], run["name"], run["note"]) == ("running", run["accepted"], NAME, "another note")


def is_complete(collector) -> bool:
    with opened(collector, RUNS) as database:
        return database.execute("SELECT count(*) FROM meta WHERE key = 'is_complete'").fetchone()[0] == 1


def test_a_run_that_was_removed_does_not_come_back(collector):
    described(collector)
    assert collector.request("/api/run?runId=kept", method="DELETE")[0] == 200
    restart(collector, RUNS)
    wait_until(lambda: is_complete(collector), "what was lost has been made again", 60)
    assert collector.json("/api/runs") == []


@pytest.mark.parametrize("name", [WORDS, RUNS])
def test_a_store_of_a_later_version_is_refused(offline, name):
    assert offline.stop() == 0
    with opened(offline, name) as database:
        database.execute("UPDATE meta SET value = 9 WHERE key = 'min_writer'")
    with pytest.raises(AssertionError, match=f"format 9 or later, and this version knows {3 if name == WORDS else 1}"):
        offline.start()


def test_what_cannot_be_read_of_a_record_is_named_and_kept(offline):
    assert post(offline, event("odd", "t", {"x": 1}), end("odd", 1))[1]["accepted"] == 2
    offline.wait_status("odd", "completed")
    change(offline, "odd", note=NOTE)
    assert offline.stop() == 0
    with opened(offline, RUNS) as database:
        database.execute("UPDATE run_parts SET content = '{\"types\": 7}' WHERE run_id = 'odd' AND part = 'schema'")
    offline.start()
    run = offline.run("odd")
    assert (run["status"], run["accepted"], run["note"]) == ("completed", 2, NOTE)
    line = "the schema of run odd cannot be read"
    wait_until(lambda: offline.output().count(line) == 1, "the log names it")
    with opened(offline, RUNS) as database:
        assert database.execute("SELECT part, content FROM unreadable_parts").fetchall() == [("schema", '{"types": 7}')]
    restart(offline)
    assert offline.run("odd")["accepted"] == 2
