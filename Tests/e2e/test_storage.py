"""From the ring to ClickHouse: nothing missing, nothing twice, whoever is killed."""
import json
import os
import random
import re
import signal
import threading

import pytest
from clickhouse import LIBRARY
from database import host_pid, sql
from invariants import assert_accounted, assert_exactly_once, assert_goes_on, attempt, stored, truth
from support import wait_until

from test_ingest import line, post

def test_a_finished_run_loads_from_storage(collector, vehicle):
    vehicle("stored", 3).wait()
    run = collector.wait_status("stored", "completed")
    wait_until(lambda: collector.run("stored")["stored"] == run["accepted"] == 360 * 7 + 2, "everything is stored")
    status, headers, body = collector.request(
        "/api/analysis/series?runId=stored&eventType=body.state&sourceId=drive-engine&jsonPath=pos.z")
    rows = [json.loads(text) for text in body.splitlines()]
    assert status == 200 and [row["frame_index"] for row in rows] == list(range(360))
    assert "SELECT" in headers["X-Teltel-SQL"] and rows[-1]["value"] > rows[0]["value"]
    wheels = collector.request(
        "/api/analysis/series?runId=stored&eventType=wheel.force&sourceId=drive-engine&jsonPath=normalLoad")[2].splitlines()
    assert len(wheels) == 1440 and {json.loads(row)["key"] for row in wheels} == {"0", "1", "2", "3"}
    one = collector.request(
        "/api/analysis/series?runId=stored&eventType=wheel.force&sourceId=drive-engine&jsonPath=normalLoad&key=2&points=100")[2].splitlines()
    assert 50 <= len(one) <= 110 and {json.loads(row)["key"] for row in one} == {"2"}
    marks = collector.json("/api/run?runId=stored")["writers"]
    assert marks and all(mark["head"] == mark["spooled"] == mark["stored"] for mark in marks)


def test_what_counts_as_stored_can_be_asked_for(collector):
    """Also rows of types that were never seen before, which come one after the other."""
    for number in range(4):
        run_id = f"shown-{number}"
        names = [f"new.{number}.{name}" for name in "abc"]
        posted = [line(runId=run_id, type=name, channel="test", frameIndex=index) for index, name in enumerate(names)]
        end = line(runId=run_id, type="run.end", channel="test", frameIndex=len(names))
        assert post(collector, *posted, end)[1]["accepted"] == len(names) + 1
        wait_until(lambda: collector.run(run_id)["stored"] == len(names) + 1, f"{run_id} is stored")
        shown = sql(collector, f"SELECT type FROM telemetry_events WHERE run_id = '{run_id}' AND type != 'run.end' ORDER BY type")
        assert [row["type"] for row in shown] == names


def test_stored_runs_are_listed_with_final_totals(collector, vehicle):
    vehicle("listed", 2).wait()

    def row():
        status, _, body = collector.request("/api/analysis/runs")
        rows = [json.loads(text) for text in body.splitlines()] if status == 200 else []  # 503 until ClickHouse is there
        return next((row for row in rows if row["run_id"] == "listed" and row["total_events"] == 240 * 7 + 2), None)

    found = wait_until(row, "run_metadata has the final totals")
    assert (found["status"], found["source_id"], found["total_frames"]) == ("completed", "drive-engine", 240)
    detail = json.loads(collector.request("/api/analysis/run/listed")[2])
    assert detail["end_reason"] == "drive cycle done" and detail["max_frame_index"] == 239
    assert collector.request("/api/analysis/run/none")[0] == 404
    assert collector.request("/api/analysis/runs?daysBack=x")[0] == 400
    for missing in ("runId", "eventType", "sourceId", "jsonPath"):
        parameters = [f"{name}=x" for name in ("runId", "eventType", "sourceId", "jsonPath") if name != missing]
        assert collector.request("/api/analysis/series?" + "&".join(parameters))[0] == 400


def test_a_reduced_series_is_as_long_as_its_instances(collector):
    """Neither the first nor the last value of either key is the smallest or largest of its stretch of frames."""
    ends = {"0": (0, 999), "1": (103, 907)}
    posted = [line(runId="long", sourceId="long", frameIndex=frame, type="wheel.force", payload={"wheelId": int(key), "load": (frame - ends[key][0] + 5) % 10})
              for frame in range(1_000) for key in ends if ends[key][0] <= frame <= ends[key][1]]
    assert post(collector, *posted)[1]["accepted"] == len(posted)
    wait_until(lambda: collector.run("long")["stored"] == len(posted), "everything is stored")
    _, _, body = collector.request("/api/analysis/series?runId=long&eventType=wheel.force&sourceId=long&jsonPath=load&points=20")
    rows = [json.loads(text) for text in body.splitlines()]
    for key in ends:
        frames = [row["frame_index"] for row in rows if row["key"] == key]
        assert (frames[0], frames[-1]) == ends[key] and len(frames) == len(set(frames)) <= 22
        assert {row["value"] for row in rows if row["key"] == key} >= {0, 9}


def test_ndjson_is_stored_and_its_view_gives_the_payload_back(collector):
    payloads = [{"pos": {"x": 1.5, "y": 2}, "n": 7}, {"text": "a<b", "list": [1, None, True]}, {"x": "NaN"}, None, [1, 2]]
    assert post(collector, *(line(frameIndex=i, payload=payload) for i, payload in enumerate(payloads)))[1]["accepted"] == 5
    rows = wait_until(
        lambda: (found := attempt(lambda: sql(
            collector, "SELECT * FROM telemetry_events WHERE run_id = 'posted' ORDER BY frame_index"))) and len(found) == 5 and found,
        "all are stored")
    assert [json.loads(row["payload"]) for row in rows] == payloads
    assert list(rows[0]) == ["run_id", "source_id", "channel", "type", "frame_index", "sim_time", "wall_time_ms", "tags", "payload", "inserted_at"]
    series = collector.request("/api/analysis/series?runId=posted&eventType=body.state&sourceId=flight-engine&jsonPath=pos.x")[2]
    assert [json.loads(row)["value"] for row in series.splitlines()] == [1.5, None, None, None, None]
    series = collector.request("/api/analysis/series?runId=posted&eventType=body.state&sourceId=flight-engine&jsonPath=x")[2]
    assert [json.loads(row)["value"] for row in series.splitlines()] == [None, None, "NaN", None, None]


def test_killed_collector_goes_on_where_it_was(collector, programs, start_engine, tmp_path):
    # However slow all else is, the engine lives until the last of three kills.
    hold, go = 59_990, tmp_path / "go"
    engine = start_engine(
        programs / "engine", "survivor", 60_000, 20_000, 2, tmp_path / "truth", ENGINE_HOLD_AT=str(hold), ENGINE_HOLD_UNTIL=str(go))
    for _ in range(3):
        collector.wait_status("survivor", "running")
        before = collector.run("survivor")["accepted"]
        wait_until(lambda: (now := collector.run("survivor")["accepted"]) > before or now >= 2 * hold, "events come in, or all are there")
        collector.kill()
        collector.start()
    go.touch()
    assert "refused 0" in engine.communicate()[0] and engine.returncode == 0
    assert_exactly_once(collector, "survivor", truth(tmp_path / "truth")[0])
    assert collector.wait_status("survivor", "completed")["lost"] == 0
    assert_accounted(collector, "survivor", truth(tmp_path / "truth")[0])
    assert_goes_on(collector)


def test_killed_engine_loses_nothing_that_was_accepted(collector, programs, start_engine, tmp_path):
    engine = start_engine(programs / "engine", "cut", 10_000_000, 20_000, 2, tmp_path / "truth")
    wait_until(lambda: stored(collector, "cut") > 0, "some are stored", 60)
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    accepted = truth(tmp_path / "truth")[0]
    collector.wait_status("cut", "failed")
    # The engine's own count may lack the one event of each thread between emit and count.
    wait_until(lambda: stored(collector, "cut") >= accepted, "all that was accepted is stored", 60)
    final = stored(collector, "cut")
    assert accepted <= final <= accepted + 2
    assert_exactly_once(collector, "cut", final)
    # There is a run.start, and no run.end.
    assert_accounted(collector, "cut", final, others=1)
    assert_goes_on(collector)


def test_killed_host_is_started_again_and_nothing_is_doubled(collector, programs, start_engine, tmp_path):
    engine = start_engine(programs / "engine", "host", 100_000, 20_000, 1, tmp_path / "truth")
    for _ in range(4):
        pid = wait_until(lambda: host_pid(collector), "a host runs", 60)
        before = stored(collector, "host")
        wait_until(lambda: stored(collector, "host") > before, "rows come in", 60)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: host_pid(collector) not in (None, pid), "another host runs", 60)
    assert "accepted 100000 refused 0" in engine.communicate()[0] and engine.returncode == 0
    assert_exactly_once(collector, "host", 100_000)
    assert_accounted(collector, "host", 100_000)
    assert "the embedded ClickHouse ended with" in collector.output()
    assert_goes_on(collector)


def test_control_store_deleted_changes_no_row(collector, programs, start_engine, tmp_path):
    engine = start_engine(programs / "engine", "forgotten", 40_000, 20_000, 1, tmp_path / "truth")
    wait_until(lambda: stored(collector, "forgotten") > 0, "some are stored", 60)
    collector.kill()
    removed = [path for path in collector.data.glob("control/*")]
    assert removed
    for path in removed:
        path.unlink()
    collector.start()
    assert "accepted 40000 refused 0" in engine.communicate()[0] and engine.returncode == 0
    assert_exactly_once(collector, "forgotten", 40_000)
    assert_goes_on(collector)


def test_sigterm_drains_and_the_next_start_finds_everything(collector, programs, start_engine, tmp_path):
    start_engine(programs / "engine", "drained", 30_000, 0, 1, tmp_path / "truth").communicate()
    collector.wait_status("drained", "completed")
    assert collector.stop() == 0
    collector.start()
    assert_exactly_once(collector, "drained", truth(tmp_path / "truth")[0])
    assert collector.run("drained")["status"] == "completed"
    assert_accounted(collector, "drained", truth(tmp_path / "truth")[0])
    assert_goes_on(collector)


def test_second_collector_on_the_same_data_folder_leaves(collector, make_collector, tmp_path_factory):
    other = make_collector("--data-dir", str(collector.data), "--shm-dir", str(tmp_path_factory.mktemp("rings")), start=False)
    with pytest.raises(AssertionError, match=f"pid {collector.process.pid}"):
        other.start()


KILLED = ("engine", "host", "collector", "engine and collector")


def test_everything_killed_at_random(collector, programs, start_engine, tmp_path, amount):
    """Engines, host and collector die in any order; what the engines know to be accepted is stored once."""
    seed = int(os.environ.get("TELTEL_SEED", "7"))
    dice = random.Random(seed)
    pause = threading.Event()
    engines: list = []
    # Each of them as often as the others, in any order.
    for victim in [victim for _ in range(amount(2, whole=12)) for victim in dice.sample(KILLED, len(KILLED))]:
        name = f"chaos-{len(engines)}"
        path = tmp_path / name
        engines.append((name, path, start_engine(programs / "engine", name, 10_000_000, 5_000, 2, path)))
        pause.wait(dice.uniform(0.3, 1.5))
        match victim:
            case "host":
                if pid := host_pid(collector):
                    os.kill(pid, signal.SIGKILL)
            case "collector":
                collector.kill()
                collector.start()
            case what:
                engines[-1][2].kill()
                if "collector" in what:
                    collector.kill()
                    collector.start()
        if len(engines) > 4:
            engines[-4][2].kill()
    for name, path, engine in engines:
        engine.kill()
        engine.wait()
    for name, path, _ in engines:
        if not path.exists():
            continue  # killed before it had begun
        accepted = truth(path)[0]
        if not accepted:
            continue
        wait_until(lambda: stored(collector, name) >= accepted, f"seed {seed}: {accepted} rows of {name}, {stored(collector, name)} there", 90)
        final = stored(collector, name)
        assert accepted <= final <= accepted + 2, f"seed {seed}, {name}"
        assert_exactly_once(collector, name, final)
    assert_goes_on(collector)


def test_an_embedded_clickhouse_that_starts_slowly_is_named_and_forgiven(make_collector, tmp_path, monkeypatch):
    """What could not be inserted before it was there says which ClickHouse that is, and says it no longer than it is true."""
    library = tmp_path / "late" / "chdb"
    monkeypatch.setenv("TELTEL_CLICKHOUSE_LIBRARY", str(library / LIBRARY.name))
    collector = make_collector()
    assert post(collector, line(runId="early"), line(runId="early", type="run.end"))[1]["accepted"] == 2
    said = wait_until(lambda: collector.json("/api/storage")["inserts"].get("lastError"), "the insert failed")
    assert "embedded ClickHouse" in said
    assert "localhost" not in said and "port" not in said
    wait_until(lambda: "they wait in the spool" in collector.output(), "the log says that storage takes no rows")
    library.parent.symlink_to(LIBRARY.parent.parent)
    wait_until(lambda: (run := collector.run("early")) and run["stored"] == 2, "it has started, and all is stored", 60)
    wait_until(lambda: "lastError" not in collector.json("/api/storage")["inserts"], "nothing is wrong any more")
    wait_until(lambda: "storage takes rows again: embedded ClickHouse" in collector.output(), "the log says that it is well again")
    # What is wrong is said; a version is no reason.
    reasons = re.findall(r"storage takes no rows, they wait in the spool: (.*)", collector.output())
    assert reasons and not [reason for reason in reasons if re.fullmatch(r"embedded ClickHouse [\d.]+", reason.strip())], reasons
