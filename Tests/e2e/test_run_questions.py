"""What a run is made of, what holds at a frame, and its events one by one: of a run with tables of its own, and of one without."""
import json
from urllib.parse import quote

import pytest
from support import lasting, wait_until
from test_stored_fields import end, event, store
from told import Told, answer

BIG = 2**53 + 1


@pytest.fixture(scope="module", params=["own-table", "shared-table"])
def world(request, tmp_path_factory, programs):
    """One run each way; with one table only, nearly all is kept as text."""
    more = [] if request.param == "own-table" else ["--max-tables", "1"]
    with lasting(tmp_path_factory.mktemp(request.param), *more) as collector:
        if more:
            store(collector, event("first", "taken", {"x": 1}), end("first"))
        told = Told(**{"body.state": {"pos.x": "f64", "id": "i64"}, "wheel.force": {"wheelId": "i64*", "load": "f64"}, "slow": {"t": "f32"}})
        for frame in range(100):
            time = frame / 100
            told.add("body.state", frame, time, **{"pos.x": frame / 4 if frame != 42 else float("nan"), "id": BIG})
            for wheel in range(3):
                # The third wheel is lost at frame 50.
                if wheel < 2 or frame < 50:
                    told.add("wheel.force", frame, time, wheelId=wheel, load=float(100 * wheel + frame))
            if frame % 40 == 0:
                told.add("slow", frame, time, t=frame / 2)
        told.emit(collector, programs, "engine")
        told.post(collector, "posted")
        collector.told = told
        yield collector


@pytest.fixture(params=["engine", "posted"])
def ask(world, request):
    return lambda path, *pairs, **parameters: answer(world, path, *pairs, **{"runId": request.param, **parameters})


def document(collector, **parameters) -> dict:
    status, _, body = collector.request("/api/analysis/events?" + "&".join(f"{name}={quote(str(value))}" for name, value in parameters.items()))
    assert status == 200, body
    return json.loads(body)


@pytest.fixture(params=["engine", "posted"])
def events(world, request):
    return lambda **parameters: document(world, **{"runId": request.param, **parameters})


def state(rows: list[dict]) -> dict[tuple, tuple]:
    return {(row["type"], row["key"]): (row["frame_index"], row["is_at_frame"], row["payload"]) for row in rows if not row["type"].startswith("run.")}


def test_what_holds_at_a_frame(ask):
    rows = ask("at", frame=60)
    assert list(rows[0]) == ["channel", "type", "source_id", "key", "frame_index", "is_at_frame", "sim_time", "wall_time_ms", "payload"]
    assert {(row["channel"], row["source_id"]) for row in rows if row["type"] in ("slow", "body.state")} == {("c", "s")}
    assert state(rows) == {
        # An integer that no double holds has its digits, whichever way it is stored.
        ("body.state", ""): (60, 1, {"pos": {"x": 15}, "id": str(BIG)}),
        ("slow", ""): (40, 0, {"t": 20}),
        ("wheel.force", "0"): (60, 1, {"wheelId": 0, "load": 60}),
        ("wheel.force", "1"): (60, 1, {"wheelId": 1, "load": 160}),
        ("wheel.force", "2"): (49, 0, {"wheelId": 2, "load": 249}),
    }
    assert [row["sim_time"] for row in rows if row["key"] == "2"] == [0.49]


def test_at_the_first_frame_beyond_the_last_and_at_a_nan(ask):
    assert {name: row[:2] for name, row in state(ask("at", frame=0)).items()} == {
        name: (0, 1) for name in [("body.state", ""), ("slow", ""), ("wheel.force", "0"), ("wheel.force", "1"), ("wheel.force", "2")]}
    assert {name: row[0] for name, row in state(ask("at", frame=2**64 - 1)).items()} == {
        ("body.state", ""): 99, ("slow", ""): 80, ("wheel.force", "0"): 99, ("wheel.force", "1"): 99, ("wheel.force", "2"): 49}
    assert state(ask("at", frame=42))["body.state", ""][2] == {"pos": {"x": "NaN"}, "id": str(BIG)}


def test_each_source_has_its_own_and_the_last_of_a_frame_counts(world):
    told = [event("several", "state", {"x": source * 100 + step}, frame, sourceId=f"source-{source}")
            for frame in (3, 5) for step in range(3) for source in range(2)]
    store(world, *told, event("several", "state", {"x": -1}, 9, sourceId="source-0"), end("several", 9))
    for frame, frames in ((2, []), (4, [3, 3]), (8, [5, 5]), (9, [9, 5])):
        rows = answer(world, "at", runId="several", frame=frame, eventType="state")
        assert [(row["source_id"], row["frame_index"]) for row in rows] == [(f"source-{number}", found) for number, found in enumerate(frames)]
        assert [row["payload"]["x"] for row in rows if row["frame_index"] < 9] == [number * 100 + 2 for number, found in enumerate(frames) if found < 9]
    [one] = answer(world, "at", runId="several", frame=8, sourceId="source-1")
    assert (one["type"], one["payload"]) == ("state", {"x": 102})


def test_what_holds_is_asked_of_a_type_or_a_source(ask):
    assert set(state(ask("at", frame=10, eventType="slow"))) == {("slow", "")}
    assert set(state(ask("at", frame=10, eventType="wheel.force"))) == {("wheel.force", str(wheel)) for wheel in range(3)}
    assert ask("at", frame=10, sourceId="nobody") == ask("at", frame=10, channel="d") == ask("at", frame=10, runId="nothing") == []


def test_events_between_two_frames(events):
    page = events(fromFrame=40, toFrame=41)
    assert list(page) == ["events", "truncated", "next"] and (page["truncated"], page["next"]) == (False, "")
    assert [(one["frame_index"], one["type"], one["payload"]) for one in page["events"]] == [
        (40, "body.state", {"pos": {"x": 10}, "id": str(BIG)}), *((40, "wheel.force", {"wheelId": wheel, "load": 100 * wheel + 40}) for wheel in range(3)),
        (40, "slow", {"t": 20}),
        (41, "body.state", {"pos": {"x": 10.25}, "id": str(BIG)}), *((41, "wheel.force", {"wheelId": wheel, "load": 100 * wheel + 41}) for wheel in range(3))]
    assert list(page["events"][0]) == ["frame_index", "sim_time", "wall_time_ms", "channel", "type", "source_id", "payload"]
    assert {(one["channel"], one["source_id"]) for one in page["events"]} == {("c", "s")}


def test_events_come_in_parts_none_twice_and_none_left_out(events, world):
    whole = events(limit=100_000)
    assert not whole["truncated"] and len(whole["events"]) == len(world.told.events) + 2
    for limit in (7, 100, len(whole["events"]) - 1):
        found, after, pages = [], "", 0
        while True:
            page = events(limit=limit, after=after)
            found += page["events"]
            pages += 1
            assert len(page["events"]) == limit or not page["truncated"]
            if not page["truncated"]:
                break
            after = page["next"]
        assert found == whole["events"] and pages == -(-len(found) // limit)


def test_a_part_that_is_just_full_is_not_cut_off(events):
    exact = events(eventType="slow", limit=3)
    assert len(exact["events"]) == 3 and (exact["truncated"], exact["next"]) == (False, "")
    cut = events(eventType="slow", limit=2)
    assert len(cut["events"]) == 2 and cut["truncated"] is True
    rest = events(eventType="slow", limit=2, after=cut["next"])
    assert [one["frame_index"] for one in cut["events"] + rest["events"]] == [0, 40, 80] and not rest["truncated"]


def test_no_events_are_an_answer(events, world):
    for nothing in ({"sourceId": "nobody"}, {"eventType": "nothing"}, {"fromFrame": 5_000}):
        assert events(**nothing) == {"events": [], "truncated": False, "next": ""}, nothing
    assert document(world, runId="nothing") == {"events": [], "truncated": False, "next": ""}


def test_the_schema_of_a_run(ask):
    types = {row["type"]: row for row in ask("schema")}
    assert set(types) == {"body.state", "wheel.force", "slow", "run.start", "run.end"}
    body, wheel = types["body.state"], types["wheel.force"]
    assert list(body) and {name: body[name] for name in ("channel", "source_id", "count", "first_frame", "last_frame", "first_sim_time", "last_sim_time")} == {
        "channel": "c", "source_id": "s", "count": 100, "first_frame": 0, "last_frame": 99, "first_sim_time": 0, "last_sim_time": 0.99}
    assert (wheel["count"], types["slow"]["count"], types["slow"]["last_frame"]) == (250, 3, 80)
    assert {one["field"] for one in body["fields"]} == {"pos.x", "id"}
    assert {one["field"]: one["key"] for one in wheel["fields"]} == {"wheelId": True, "load": False}
    assert [row["type"] for row in ask("schema", eventType="slow")] == ["slow"] and ask("schema", sourceId="nobody") == []


def test_the_schema_has_kinds_and_units(world, programs):
    told = Told(**{"unit": {"speed": "f32=m/s", "n": "u64"}})
    told.add("unit", 1, 0, **{"speed": 1.5, "n": 1})
    told.events[0] = ("unit", 1, 0.0, {"speed": 1.5, "n": 1})
    told.emit(world, programs, "units")
    [fields] = [row["fields"] for row in answer(world, "schema", runId="units", eventType="unit")]
    assert fields == [
        {"field": "speed", "kind": "f32", "unit": "m/s", "key": False, "declared": True, "labels": []},
        {"field": "n", "kind": "u64", "unit": "", "key": False, "declared": True, "labels": []}]
    [posted] = [row["fields"] for row in answer(world, "schema", runId="posted", eventType="slow")]
    assert posted == [{"field": "t", "kind": "f64", "unit": "", "key": False, "declared": False, "labels": []}]


def test_explained_questions_are_not_asked(ask, world):
    for path, more in (("at", {"frame": 1}), ("events", {}), ("schema", {}), ("stats", {}), ("frames", {})):
        [explained] = ask(path, explain=1, **more)
        assert explained["sql"].count("SELECT") and "run" in explained["parameters"], path


def test_a_question_may_name_thousands_of_fields(module_collector):
    """ClickHouse takes statements of 256 KiB, unless it is told otherwise."""
    types, names = 12, [f"field-{number:04}" for number in range(800)]
    store(module_collector, *(event("wide", f"wide-{number}", dict.fromkeys(names, number), 3) for number in range(types)), end("wide", 4))
    wait_until(lambda: module_collector.run("wide")["stored"] == types + 1, "all is stored", 120)
    rows = {row["type"]: row["payload"] for row in answer(module_collector, "at", runId="wide", frame=3)}
    assert rows == {f"wide-{number}": dict.fromkeys(names, number) for number in range(types)}
    [explained] = answer(module_collector, "at", runId="wide", frame=3, explain=1)
    assert len(explained["sql"]) > 1 << 18
    assert len(document(module_collector, runId="wide")["events"]) == types + 1
    assert {len(row["fields"]) for row in answer(module_collector, "schema", runId="wide") if row["type"] != "run.end"} == {len(names)}
