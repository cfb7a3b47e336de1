"""What rules find in a run: told by an engine and posted, whatever table its types are in; and markers that are made of it."""
import json
import math
import random
from urllib.parse import quote, urlencode

import pytest
from analysis import all_stored
from support import lasting
from test_ingest import post
from told import Told

FRAMES = 2_000
NAN, INF = math.nan, math.inf


def wave(frame: int) -> float:
    return math.sin(frame / 40)


def told(change=lambda values, frame: values) -> Told:
    made = Told(
        body_state={"x": "f64", "still": "f64", "noise": "f64", "gear": "i32", "constant": "f64"}, wheel_force={"wheelId": "i32*", "load": "f64"})
    noise = random.Random(7)
    for frame in range(FRAMES):
        time = frame / 100
        values = {"x": wave(frame), "still": wave(frame + 9), "noise": noise.gauss(0, 1), "gear": frame // 500, "constant": 4.0}
        made.add("body.state", frame, time, **change(values, frame))
        for wheel in range(2):
            made.add("wheel.force", frame, time, wheelId=wheel, load=100.0 + wave(frame + 100 * wheel))
    return made


def broken(values: dict, frame: int) -> dict:
    if 300 <= frame <= 309:
        values["x"] = NAN
    if frame == 700:
        values["x"] = INF
    if 1_000 <= frame < 1_200:
        values["still"] = 0.123
    if frame == 1_500:
        values["x"] = 90.0
    if frame == 42:
        values["noise"] = -500.0
    return values


@pytest.fixture(scope="module", params=["tables", "shared"])
def world(request, tmp_path_factory, programs):
    """Types in tables of their own, and in the one that types share."""
    with lasting(tmp_path_factory.mktemp("anomalies"), *(["--max-tables", "1"] if request.param == "shared" else [])) as collector:
        told().emit(collector, programs, "good")
        told(broken).emit(collector, programs, "bad-engine")
        told(broken).post(collector, "bad-posted")
        yield collector


def anomalies(collector, run: str, *pairs, method: str = "GET", **parameters) -> dict:
    query = urlencode([*pairs, *{"runId": run, **parameters}.items()], quote_via=quote)
    status, _, body = collector.request("/api/analysis/anomalies?" + query, method=method)
    assert status == 200, body
    return json.loads(body)


def found(answer: dict, *kinds: str) -> set[tuple]:
    return {(one["kind"], one["eventType"], one.get("field"), one["fromFrame"], one["toFrame"]) for one in answer["findings"] if not kinds or one["kind"] in kinds}


@pytest.fixture(params=["bad-engine", "bad-posted"])
def bad(request):
    return request.param


def test_nothing_is_found_where_nothing_is_wrong(world):
    answer = anomalies(world, "good")
    assert answer["findings"] == [] and answer["more"] == [] and answer["complete"]
    # begin, end, and what was emitted.
    coverage = answer["coverage"]
    assert coverage["rows"] == 3 * FRAMES + 2 and coverage["series"] >= 3 and coverage["fields"] >= 6


def test_each_thing_that_is_wrong_is_found_where_it_is(world, bad):
    answer = anomalies(world, bad)
    assert found(answer, "nan", "infinity", "frozen") == {
        ("nan", "body.state", "x", 300, 309), ("infinity", "body.state", "x", 700, 700), ("frozen", "body.state", "still", 1_000, 1_199)}
    jumps = {one for one in found(answer, "jump") if one[2] == "x"}
    assert jumps == {("jump", "body.state", "x", 1_500, 1_500), ("jump", "body.state", "x", 1_501, 1_501)}
    assert found(answer, "deviation") >= {("deviation", "body.state", "noise", 42, 42), ("deviation", "body.state", "x", 1_500, 1_500)}
    assert {one["field"] for one in answer["findings"]} == {"x", "still", "noise"}
    frames = [one["fromFrame"] for one in answer["findings"]]
    assert frames == sorted(frames) and answer["sql"] and all("SELECT" in text for text in answer["sql"])
    nan = next(one for one in answer["findings"] if one["kind"] == "nan")
    assert nan["text"] == "body.state.x is NaN from frame 300 to frame 309" and (nan["value"], nan["events"], nan["severity"]) == ("NaN", 10, "error")
    assert nan["simTime"] == 3.0 and nan["sourceId"] == "s"


def test_what_is_asked_for_is_looked_at_and_no_more(world, bad):
    assert found(anomalies(world, bad, rules="nan,frozen")) == {("nan", "body.state", "x", 300, 309), ("frozen", "body.state", "still", 1_000, 1_199)}
    assert found(anomalies(world, bad, field="still", rules="nan,frozen")) == {("frozen", "body.state", "still", 1_000, 1_199)}
    assert found(anomalies(world, bad, eventType="wheel.force")) == set()
    assert found(anomalies(world, bad, rules="nan", fromFrame=305)) == {("nan", "body.state", "x", 305, 309)}
    assert found(anomalies(world, bad, rules="frozen", frozenEvents=201)) == set()
    answer = anomalies(world, bad, ("limits", "wheel.force.load=..100.5"), rules="out-of-limits", most=2, eventType="wheel.force")
    assert {(one["key"], one["other"]) for one in answer["findings"]} == {("0", 100.5), ("1", 100.5)} and len(answer["findings"]) == 4
    assert {(one["key"], one["kind"]) for one in answer["more"]} == {("0", "out-of-limits"), ("1", "out-of-limits")} and all(one["count"] > 0 for one in answer["more"])


def test_against_a_baseline_what_differs_from_it_is_found(world, bad):
    answer = anomalies(world, bad, baseline="good", rules="baseline-nan,baseline-deviation")
    assert answer["baseline"] == "good" and found(answer, "baseline-nan") == {("baseline-nan", "body.state", "x", 300, 309), ("baseline-nan", "body.state", "x", 700, 700)}
    assert found(answer, "baseline-deviation") == {
        ("baseline-deviation", "body.state", "x", 1_500, 1_500), ("baseline-deviation", "body.state", "noise", 42, 42),
        ("baseline-deviation", "body.state", "still", 1_000, 1_199)}
    assert anomalies(world, "good", baseline="good")["findings"] == []


def test_findings_are_kept_as_markers_once(world, bad):
    def markers(**more):
        return world.json("/api/markers?" + urlencode({"runId": bad, **more}))["markers"]

    by_hand = {"runId": bad, "fromFrame": 300, "text": "see there", "kind": "nan"}
    assert world.request("/api/markers", json.dumps(by_hand).encode(), method="POST")[0] == 200
    first = anomalies(world, bad, method="POST")
    kept = markers(origin="rule")
    assert first["kept"] == len(first["findings"]) == len(kept)
    assert {(one["kind"], one["eventType"], one["field"], one["fromFrame"], one["toFrame"]) for one in kept} == found(first)
    assert anomalies(world, bad, method="POST")["kept"] == first["kept"]
    # The same finding is the same marker; what a person has said stays.
    assert [one["id"] for one in markers(origin="rule")] == [one["id"] for one in kept]
    assert len(markers(origin="person")) == 1
    # Those of other rules stay, too.
    anomalies(world, bad, method="POST", rules="nan", fromFrame=1_000)
    assert {one["kind"] for one in markers(origin="rule")} == {one["kind"] for one in kept} - {"nan"}
    world.request("/api/markers?" + urlencode({"runId": bad, "kind": "nan"}), method="DELETE")


def test_frames_that_are_missing_or_there_twice_and_times_that_go_back(world):
    def line(type_name: str, frame: int, time: float, payload: dict) -> dict:
        return {"v": 1, "runId": "odd", "sourceId": "s", "channel": "c", "type": type_name, "frameIndex": frame, "simTime": time, "payload": payload}

    frames = [*range(100), *range(110, 150), 150, 150, *range(151, 200), 195]
    lines = [line("t", frame, frame, {"x": 1}) for frame in frames]
    lines[20]["simTime"] = 5
    assert post(world, line("run.start", 0, 0, {}), *lines, line("run.end", 200, 200, {}))[1]["accepted"] == len(lines) + 2
    all_stored(world, "odd", len(lines) + 2)
    answer = anomalies(world, "odd", eventType="t")
    assert found(answer, "gap") == {("gap", "t", None, 100, 109)}
    assert found(answer, "duplicate") == {("duplicate", "t", None, 150, 150), ("duplicate", "t", None, 195, 195)}
    assert found(answer, "time-reset") == {("time-reset", "t", None, 20, 20)}
    assert found(answer, "frame-reset") == {("frame-reset", "t", None, 195, 195)}


def test_a_run_that_comes_in_parts_is_looked_at_as_one(module_collector, start_engine, programs):
    """More rows than are read at a time, of two series: a stretch goes on over the borders of parts, and nothing is there twice."""
    engine = start_engine(
        programs / "engine", "long", 600_000, 0, 2, TELTEL_SHM_DIR=module_collector.shm, ENGINE_OVERFLOW="block", ENGINE_BLOCK_MS="60000")
    assert engine.communicate(timeout=120)[0] == "accepted 1200000 refused 0\n"
    all_stored(module_collector, "long", 1_200_002)
    answer = anomalies(module_collector, "long", ("limits", "test.sample.v.a=75000..", ), eventType="test.sample")
    assert answer["coverage"]["rows"] == 1_200_000 and answer["coverage"]["series"] == 2 and answer["more"] == []
    stretches = [(one["kind"], one["key"], one["fromFrame"], one["toFrame"], one["events"]) for one in answer["findings"]]
    assert stretches == [("out-of-limits", key, 0, 299_999, 300_000) for key in ("0", "1")]
    borders = [text for text in answer["sql"] if "param_to=18446744073709551615" not in text and "param_from=0" in text]
    assert borders, "it was read in parts"


@pytest.mark.parametrize("query, code", [
    ("", "missing-parameter"), ("runId=nobody", "unknown-run"), ("runId=good&baseline=nobody", "unknown-run"), ("runId=good&rules=magic", "bad-parameter"),
    ("runId=good&limits=body.state.x", "bad-parameter"), ("runId=good&limits=body.state.x=2..1", "bad-parameter"), ("runId=good&limits=body.state.x=nan..1", "bad-parameter"),
    ("runId=good&limits=body.state.nothing=0..1", "unknown-field"), ("runId=good&nominal=body.state.x=-1", "bad-parameter"), ("runId=good&most=0", "bad-parameter"),
    ("runId=good&jumpFactor=inf", "bad-parameter"), ("runId=good&frozenEvents=1", "bad-parameter"), ("runId=good&fromFrame=2&toFrame=1", "bad-parameter"),
])
def test_what_cannot_be_asked_is_said(world, query, code):
    assert json.loads(world.request("/api/analysis/anomalies?" + query)[2])["code"] == code
