"""The contract's helpers over HTTP, on one run told by an engine and posted: the same rows, with the contract's columns."""
import json
import math
from urllib.parse import unquote, urlencode

import pytest
from support import wait_until
from told import Told, answer, spelled

NAN, INF = math.nan, math.inf
FRAMES = 40


def value(frame: int) -> float:
    """Somewhere a spike, a NaN and both infinities."""
    return {7: NAN, 20: 1000.0, 30: INF, 31: -INF}.get(frame, frame / 4)


@pytest.fixture(scope="module")
def world(module_collector, programs):
    told = Told(
        body_state={"pos.x": "f64", "count": "i64"}, wheel_force={"wheelId": "i64*", "load": "f64", "slip": "f64"},
        frame_end={"dt": "f64", "substeps": "i32", "perf.cpu_time_ms": "f64"})
    for frame in range(FRAMES):
        time = frame / 100
        told.add("body.state", frame, time, pos__x=value(frame), count=2**60 + frame)
        for wheel in range(2):
            told.add("wheel.force", frame, time, wheelId=wheel, load=100.0 * wheel + frame, slip=-2.0 * frame if wheel else float(frame % 2))
        told.add("frame.end", frame, time, dt=0.01, substeps=4, perf__cpu_time_ms=0.5 + frame)
    told.emit(module_collector, programs, "engine")
    told.post(module_collector, "posted")
    return module_collector


@pytest.fixture(params=["engine", "posted"])
def ask(world, request):
    def ask(path: str, *pairs, **parameters):
        return answer(world, path, *pairs, **{"runId": request.param, **parameters})

    ask.run = request.param
    return ask


BODY = {"eventType": "body.state", "jsonPath": "pos.x", "sourceId": "s"}
WHEEL = {"eventType": "wheel.force", "jsonPath": "load", "sourceId": "s"}


def test_multi_series_has_a_column_for_each_path(ask):
    rows = ask("multi-series", ("jsonPath", "pos.x"), ("jsonPath", "pos/x"), ("jsonPath", "count"), ("jsonPath", "sim time"),
               eventType="body.state", sourceId="s")
    assert [list(row) for row in rows[:1]] == [["frame_index", "sim_time", "pos_x", "pos_x_2", "count", "sim_time_2"]]
    assert [row["frame_index"] for row in rows] == list(range(FRAMES)) and rows[3]["sim_time"] == 0.03
    assert [row["pos_x"] for row in rows] == [spelled(value(frame)) for frame in range(FRAMES)]
    # What is missing is not 0; an integer that no double holds has its digits.
    assert {row["pos_x_2"] for row in rows} == {None} and {row["sim_time_2"] for row in rows} == {None}
    assert [row["count"] for row in rows] == [str(2**60 + frame) for frame in range(FRAMES)]


def test_a_column_may_have_any_of_the_rows_own_names(ask):
    names = ["key", "writer", "v0", "v1", "sequence", "event_type", "source_id", "count", ""]
    rows = ask("multi-series", *[("jsonPath", name) for name in names], eventType="body.state", sourceId="s")
    assert list(rows[0]) == ["frame_index", "sim_time", *names[:-1], "_"]
    assert [row["count"] for row in rows] == [str(2**60 + frame) for frame in range(FRAMES)]


def test_instances_are_told_apart_and_asked_for(ask):
    rows = ask("multi-series", ("jsonPath", "load"), ("jsonPath", "slip"), eventType="wheel.force")
    assert list(rows[0]) == ["frame_index", "sim_time", "load", "slip", "source_id", "key"] and len(rows) == 2 * FRAMES
    one = ask("multi-series", ("jsonPath", "load"), eventType="wheel.force", sourceId="s", key="1")
    assert [(row["load"], row["key"]) for row in one] == [(100.0 + frame, "1") for frame in range(FRAMES)]


def test_outliers_are_values_and_not_what_is_missing(ask):
    rows = ask("outliers", **BODY, min=1, max=9)
    found = {row["frame_index"]: row["value"] for row in rows}
    assert list(rows[0]) == ["frame_index", "sim_time", "value"]
    assert found == {frame: spelled(value(frame)) for frame in range(FRAMES) if value(frame) < 1 or value(frame) > 9}
    assert 7 not in found and found[30] == "Infinity"
    # Each bound works alone, and nothing is an outlier where nothing is.
    assert [row["frame_index"] for row in ask("outliers", **BODY, max=500)] == [20, 30]
    assert [row["frame_index"] for row in ask("outliers", **BODY, min=0)] == [31]
    assert ask("outliers", **{**BODY, "jsonPath": "pos.y"}, min=1) == []
    assert [row["value"] for row in ask("outliers", **{**BODY, "jsonPath": "count"}, min=0, toFrame=1, max=1)] == [str(2**60), str(2**60 + 1)]


def test_buckets_show_all_digits_of_an_integer(ask):
    rows = ask("buckets", **{**BODY, "jsonPath": "count"}, buckets=2)
    assert [(row["first"], row["last"]) for row in rows] == [(str(2**60), str(2**60 + 19)), (str(2**60 + 20), str(2**60 + 39))]
    assert {row["min"] for row in ask("buckets", **{**BODY, "jsonPath": "count"}, fromFrame=9, toFrame=9)} == {str(2**60 + 9)}


def test_spikes_are_steps_from_one_number_to_the_next(ask):
    rows = ask("spikes", **BODY, threshold=0.3)
    assert list(rows[0]) == ["frame_index", "value", "prev_value", "delta"]
    # Over the NaN from 1.5 to 2; the first value is no step from 0.
    assert [(row["frame_index"], row["prev_value"], row["value"]) for row in rows] == [
        (8, 1.5, 2.0), (20, 4.75, 1000.0), (21, 1000.0, 5.25), (30, 7.25, "Infinity"), (31, "Infinity", "-Infinity"), (32, "-Infinity", 8.0)]
    assert [row["delta"] for row in rows] == [0.5, 995.25, -994.75, "Infinity", "-Infinity", "Infinity"]
    # Each wheel has its own steps.
    assert ask("spikes", **WHEEL, threshold=1) == [] and len(ask("spikes", **WHEEL, threshold=0.5)) == 2 * (FRAMES - 1)


def test_nan_and_infinities_are_found(ask):
    rows = ask("nan", **BODY)
    assert list(rows[0]) == ["frame_index", "sim_time", "type", "payload", "value"]
    assert [(row["frame_index"], row["type"], row["value"]) for row in rows] == [
        (7, "body.state", "NaN"), (30, "body.state", "Infinity"), (31, "body.state", "-Infinity")]
    assert [json.loads(row["payload"]) for row in rows[:1]] == [{"pos": {"x": "NaN"}, "count": 2**60 + 7}]
    assert ask("nan", **{**BODY, "jsonPath": "pos.y"}) == [] and ask("nan", **WHEEL) == []


def test_stats_of_one_run_and_of_all(ask, world):
    [row] = ask("stats")
    assert list(row) == ["run_id", "total_events", "min_frame", "max_frame", "frame_range", "min_sim_time", "max_sim_time", "sim_duration"]
    assert (row["run_id"], row["total_events"], row["min_frame"], row["max_frame"], row["frame_range"]) == (ask.run, 4 * FRAMES + 2, 0, 39, 39)
    assert (row["min_sim_time"], row["max_sim_time"], row["sim_duration"]) == (0, 0.39, 0.39)
    [row] = ask("stats", eventType="wheel.force", fromFrame=10, toFrame=19)
    assert (row["total_events"], row["min_frame"], row["max_frame"]) == (20, 10, 19)
    assert {row["run_id"] for row in answer(world, "stats")} >= {"engine", "posted"}
    assert [row["total_events"] for row in ask("stats", sourceId="s")] == [4 * FRAMES + 2] and ask("stats", sourceId="nobody") == []


def test_frames_count_events_by_type(ask):
    rows = [row for row in ask("frames") if row["type"] not in ("run.start", "run.end")]
    assert list(rows[0]) == ["run_id", "frame_index", "type", "events_count"]
    wanted = [("body.state", 1), ("frame.end", 1), ("wheel.force", 2)]
    assert [(row["frame_index"], row["type"], row["events_count"]) for row in rows] == [
        (frame, name, count) for frame in range(FRAMES) for name, count in wanted]
    assert [row["events_count"] for row in ask("frames", eventType="wheel.force", fromTime=0.1, toTime=0.12)] == [2, 2, 2]


def test_frame_end_has_the_metrics_of_frames(ask):
    rows = ask("frame-end", sourceId="s")
    assert rows == [{"frame_index": frame, "sim_time": frame / 100, "dt": 0.01, "substeps": 4, "cpu_time_ms": 0.5 + frame} for frame in range(FRAMES)]
    assert {row["source_id"] for row in ask("frame-end")} == {"s"}


def test_correlation_has_pairs_and_a_coefficient(ask):
    pair = {"eventType": "wheel.force", "sourceId": "s", "jsonPath1": "load", "jsonPath2": "slip"}
    rows = ask("correlation", **pair, key="1")
    assert [list(row) for row in rows[:1]] == [["frame_index", "value1", "value2", "product", "key"]]
    assert [(row["value1"], row["value2"], row["product"]) for row in rows] == [
        (100.0 + frame, -2.0 * frame, (100.0 + frame) * -2.0 * frame) for frame in range(FRAMES)]
    first, second = ask("correlation", **pair, coefficient=1)
    assert list(first) == ["count", "pearson", "key"] and (first["count"], second["count"]) == (FRAMES, FRAMES)
    assert second["pearson"] == pytest.approx(-1) and 0 < first["pearson"] < 0.2
    # Without pairs there is no coefficient, and none of what never changes; what is missing is null and no pair.
    assert ask("correlation", **{**pair, "jsonPath2": "grip"}, coefficient=1) == []
    assert {row["product"] for row in ask("correlation", **{**pair, "jsonPath2": "grip"})} == {None}
    [row] = ask("correlation", **{**pair, "jsonPath2": "wheelId"}, key="1", coefficient=1)
    assert (row["count"], row["pearson"]) == (FRAMES, None)
    body = {"eventType": "body.state", "sourceId": "s", "jsonPath1": "pos.x", "jsonPath2": "pos.x", "coefficient": 1}
    [row] = ask("correlation", **body)
    assert row["count"] == FRAMES - 3 and row["pearson"] == pytest.approx(1)


def test_runs_by_tag(world):
    from test_ingest import post

    def start(run: str, tags: dict) -> dict:
        return {"v": 1, "runId": run, "sourceId": "s", "type": "run.start", "tags": tags, "payload": {}}

    post(world, start("red", {"car": "red", "a.b": "1"}), start("blue", {"car": "blue", "1": "one"}), start("bare", {"car": ""}), start("none", {"cars": "x"}))

    def found(**parameters):
        return {row["run_id"] for row in answer(world, "runs-by-tag", **parameters)}

    wait_until(lambda: found(key="car") == {"red", "blue", "bare"} and found(key="cars"), "the runs are listed in storage", 60)
    assert found(key="car", value="red") == {"red"} and found(key="car", value="") == {"bare"} and found(key="a.b") == {"red"}
    assert found(key="1", value="one") == {"blue"} and found(key="ca") == found(key="") == found(key="car", value="re%") == set()
    [row] = answer(world, "runs-by-tag", key="cars")
    assert list(row) == ["run_id", "started_at", "status", "tags"] and json.loads(row["tags"]) == {"cars": "x"}


RANGED = [("series", BODY), ("summary", BODY), ("multi-series", BODY), ("outliers", {**BODY, "min": 1e9}), ("spikes", {**BODY, "threshold": 0}),
          ("correlation", {**BODY, "jsonPath1": "pos.x", "jsonPath2": "count"}), ("frames", {"eventType": "body.state"}), ("frame-end", {"sourceId": "s"}),
          ("stats", {"eventType": "body.state"}), ("buckets", {**BODY, "buckets": 1000}), ("quantiles", {**BODY, "levels": "0,1"}), ("histogram", BODY)]


@pytest.mark.parametrize("path, parameters", RANGED, ids=[path for path, _ in RANGED])
def test_ranges_are_of_frames_or_of_time(ask, path, parameters):
    frames = ask(path, **parameters, fromFrame=10, toFrame=19)
    assert frames and frames == ask(path, **parameters, fromTime=0.1, toTime=0.19)
    assert frames == ask(path, **parameters, fromFrame=10, fromTime=0.001, toTime=0.19)
    assert frames != ask(path, **parameters) and ask(path, **parameters, fromTime=0.1) != frames
    for found in [[row["frame_index"] for row in frames if "frame_index" in row]]:
        assert found in ([], list(range(11 if path == "spikes" else 10, 20)))


@pytest.mark.parametrize("path, parameters", [*RANGED, ("nan", BODY), ("at", {"frame": 5}), ("events", {}), ("schema", {}), ("runs-by-tag", {"key": "a"})],
                         ids=[path for path, _ in RANGED] + ["nan", "at", "events", "schema", "runs-by-tag"])
def test_every_answer_shows_its_sql(world, path, parameters):
    asked = f"/api/analysis/{path}?" + urlencode({"runId": "engine", **parameters})
    _, headers, _ = world.request(asked)
    sql = unquote(headers["X-Teltel-SQL"]) if "X-Teltel-SQL" in headers else world.request(f"/api/analysis/sql/{headers['X-Teltel-SQL-Id']}")[2].decode()
    explained = world.json(asked + "&explain=1")
    # A schema asks for fields besides.
    assert explained["sql"] in sql and "SELECT" in explained["sql"] and explained["parameters"]
    assert all(f"-- param_{name}=" in sql for name in explained["parameters"])


@pytest.mark.parametrize("path, code", [
    ("outliers?runId=r&eventType=t&jsonPath=x", "missing-parameter"), ("outliers?runId=r&eventType=t&jsonPath=x&min=2&max=1", "bad-parameter"),
    ("outliers?runId=r&eventType=t&jsonPath=x&min=nan", "bad-parameter"), ("outliers?runId=r&eventType=t&jsonPath=x&max=1e400", "bad-parameter"),
    ("spikes?runId=r&eventType=t&jsonPath=x", "missing-parameter"), ("spikes?runId=r&eventType=t&jsonPath=x&threshold=-1", "bad-parameter"),
    ("spikes?runId=r&eventType=t&jsonPath=x&threshold=", "bad-parameter"), ("nan?runId=r&jsonPath=x", "missing-parameter"),
    ("multi-series?runId=r&eventType=t", "missing-parameter"), ("multi-series?runId=r&jsonPath=x", "missing-parameter"),
    ("multi-series?runId=r&eventType=t&eventType=u&jsonPath=x&jsonPath=y&jsonPath=z", "bad-parameter"),
    ("multi-series?runId=r&eventType=t" + "&jsonPath=x" * 65, "bad-parameter"), ("frames", "missing-parameter"), ("frame-end", "missing-parameter"),
    ("runs-by-tag", "missing-parameter"), ("correlation?runId=r&eventType=t&jsonPath1=x", "missing-parameter"),
    ("series?runId=r&sourceId=s&eventType=t&jsonPath=x&fromTime=2&toTime=1", "bad-parameter"), ("stats?fromTime=inf", "bad-parameter"),
    ("quantiles?runId=r&eventType=t&jsonPath=x&levels=2", "bad-parameter"), ("quantiles?runId=r&eventType=t&jsonPath=x&levels=", "bad-parameter"),
    ("histogram?runId=r&eventType=t&jsonPath=x&low=1&high=0", "bad-parameter"), ("histogram?runId=r&eventType=t&jsonPath=x&bins=0", "bad-parameter"),
    ("buckets?runId=r&eventType=t&jsonPath=x&buckets=0", "bad-parameter"), ("at?runId=r", "missing-parameter"), ("at?runId=r&frame=-1", "bad-parameter"),
    ("events?runId=r&limit=0", "bad-parameter"), ("events?runId=r&after=x", "bad-parameter"), ("events?runId=r&after=5.-1", "bad-parameter"),
    ("events?runId=r&after=5.0&fromFrame=6", "bad-parameter"), ("events", "missing-parameter"), ("schema", "missing-parameter"),
])
def test_what_is_missing_or_no_such_value_is_said(world, path, code):
    status, _, body = world.request("/api/analysis/" + path)
    assert (status, json.loads(body)["code"]) == (400, code)


def test_a_type_that_was_never_stored_has_no_rows(world):
    for path in ("multi-series", "outliers", "spikes", "nan", "buckets", "histogram", "quantiles"):
        assert answer(world, path, runId="engine", eventType="nothing", jsonPath="x", min=1, threshold=1) == []
