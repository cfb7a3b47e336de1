"""`--no-storage`: events are live only; names, notes, tags, layouts and the ids that were used are kept all the same."""
import json
import shutil
import tempfile

import pytest
from bodies import line
from support import wait_until
from test_ingest import post


def change(collector, run_id: str, **changes):
    status, _, body = collector.request(f"/api/run?runId={run_id}", json.dumps(changes).encode(), method="PATCH")
    assert status == 200, body


def posted(collector, run_id: str, events: int = 3):
    """A whole run, until the collector has counted it."""
    lines = [line(runId=run_id, frameIndex=frame) for frame in range(events)]
    assert post(collector, *lines, line(runId=run_id, type="run.end", frameIndex=events))[1]["accepted"] == events + 1
    return wait_until(lambda: (run := collector.run(run_id)) and run["status"] == "completed" and run, f"{run_id} has ended")


def restart(collector, *arguments: str):
    assert collector.stop() == 0
    collector.arguments = list(arguments)
    collector.start()


def counts(run: dict) -> tuple:
    return run["accepted"], run["stored"], run["lost"], run["unstored"]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_people_said_about_runs_survives(live, end):
    assert counts(posted(live, "kept")) == (4, 0, 0, 4)
    change(live, "kept", name="a good one", note="seen live", tags={"track": "north"})
    assert live.request("/api/layouts/mine", b'{"panels": []}', method="PUT")[0] == 200
    getattr(live, end)()
    live.start()
    run = wait_until(lambda: live.run("kept"), "it is listed")
    assert (run["name"], run["note"], run["status"]) == ("a good one", "seen live", "completed")
    assert counts(run) == (4, 0, 0, 4)
    assert live.json("/api/run?runId=kept")["tags"] == {"track": "north"}
    assert [layout["name"] for layout in live.json("/api/layouts")] == ["mine"]
    # Its id is taken: another run of that id is another run.
    posted(live, "kept")
    assert counts(wait_until(lambda: live.run("kept~2"), "the second one")) == (4, 0, 0, 4)
    assert live.run("kept")["name"] == "a good one"


def test_an_engines_run_is_counted_once(live, vehicle):
    vehicle("engine", 1, False).wait()
    ended = live.wait_status("engine", "completed")
    assert ended["accepted"] == ended["unstored"] > 0
    restart(live, "--no-storage")
    assert counts(live.run("engine")) == counts(ended)


def test_with_storage_again_nothing_is_missing(live):
    """What was live only is neither on its way nor lost, is none of ClickHouse's, and can be deleted; what comes now is stored."""
    posted(live, "only-live")
    restart(live)
    posted(live, "stored-now")
    wait_until(lambda: counts(live.run("stored-now")) == (4, 4, 0, 0), "the new run is stored")
    assert counts(live.run("only-live")) == (4, 0, 0, 4)

    def listed():
        status, _, body = live.request("/api/analysis/runs")
        rows = [json.loads(row) for row in body.splitlines()] if status == 200 else []
        return [row["run_id"] for row in rows if row["is_final"]]

    assert wait_until(listed, "ClickHouse lists the stored run") == ["stored-now"]
    assert live.request("/api/run?runId=only-live", method="DELETE")[0] == 200
    assert live.run("only-live") is None


def test_a_stored_run_is_not_forgotten_without_its_rows(collector):
    """Without storage its rows cannot be removed, and so its record stays."""
    posted(collector, "has-rows")
    wait_until(lambda: counts(collector.run("has-rows")) == (4, 4, 0, 0), "it is stored")
    restart(collector, "--no-storage")
    assert counts(collector.run("has-rows")) == (4, 4, 0, 0)
    change(collector, "has-rows", name="renamed")
    status, _, body = collector.request("/api/run?runId=has-rows", method="DELETE")
    assert (status, json.loads(body)["code"]) == (503, "storage-off")
    restart(collector)
    assert collector.run("has-rows")["name"] == "renamed"


def test_a_run_that_waits_in_the_spool_is_not_forgotten(make_collector):
    """The next collector with storage will store its rows, and they need their record."""
    collector = make_collector("--clickhouse-url", "http://127.0.0.1:1/")
    posted(collector, "waits")
    restart(collector, "--no-storage")
    status, _, body = collector.request("/api/run?runId=waits", method="DELETE")
    assert (status, json.loads(body)["code"]) == (503, "storage-off")
    assert counts(collector.run("waits")) == (4, 0, 0, 0)
    restart(collector)
    wait_until(lambda: counts(collector.run("waits")) == (4, 4, 0, 0), "its rows are stored", 60)


def test_a_folder_that_cannot_be_used_is_said_and_live_goes_on(live, make_collector, tmp_path, tmp_path_factory):
    """Another collector's folder, or none: whoever keeps no events need not have one."""
    (tmp_path / "file").touch()
    for place, word in ((live.data, "in use by another collector"), (tmp_path / "file" / "data", "cannot make the data folder")):
        second = make_collector("--no-storage", start=False)
        second.data, second.shm = place, tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
        second.start()
        assert counts(posted(second, "somewhere")) == (4, 0, 0, 4)
        assert word in second.output() and "will be forgotten at the end" in second.output()
        assert json.loads(second.request("/api/layouts")[2])["code"] == "storage-off"
        assert second.stop() == 0
        shutil.rmtree(second.shm)
