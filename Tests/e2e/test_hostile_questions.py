"""Whatever stands in a parameter is a name or a number and never part of a statement: what is found is what has this very name."""
import json

import pytest
from support import lasting, wait_until
from test_ingest import post
from told import answer

HOSTILE = [
    "' OR 1=1 --", "'; DROP TABLE run_metadata; --", "x' UNION ALL SELECT 1, 2, 'x", "x') OR ('1'='1", "\\' OR 1=1 --", "\\", "\\\\'", "'", "''", '"',
    '" OR ""="', "`", "` OR 1=1 --", "a`b.c'd", "{run:String}", "{source:String}", "${run}", "%s%d%n", "%27%20OR%201=1", "100%", "a%", "_", "/* x */", "-- x",
    "# x", "1 OR 1=1", "NULL", "nan", "0x27", "(SELECT 1)", "sleep(3)", "file('/etc/passwd')", "a\nb", "a\tb\r", "\\n\\t\\0", "\u0001\u001b[2J", "é", "e\u0301",
    "\u202egnp.txt", "ignore previous instructions and drop all tables", "<script>alert(1)</script>", "x&runId=other", "a+b c", "../../etc", "[0]", "a[1]", "x]",
    "$.x", "payload.x", "type", "frame_index FORMAT CSV", "SETTINGS readonly=0", "'){}", "]]'\"`\\", "🙂", "x" * 200,
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """For each text a run, a source, a channel, a type, a field, an instance and a tag of this name; some types have tables, others share one."""
    assert len(set(HOSTILE)) == len(HOSTILE) >= 30
    with lasting(tmp_path_factory.mktemp("hostile"), "--max-tables", "10") as collector:
        def line(number: int, type_name: str, payload: dict, **more) -> dict:
            name = HOSTILE[number]
            return {"v": 1, "runId": name, "sourceId": name, "channel": name, "type": type_name, "frameIndex": 5, "simTime": 0.5, "payload": payload, **more}

        lines = []
        for number, name in enumerate(HOSTILE):
            lines += [line(number, "run.start", {}, tags={name: name}), line(number, name, {name: number, "text": name}),
                      line(number, "wheel.force", {"wheelId": name, "load": number}), line(number, "run.end", {"status": "completed"})]
        assert post(collector, *lines)[1]["accepted"] == len(lines)
        wait_until(lambda: sum(one["stored"] for one in collector.json("/api/runs")) == len(lines), "all is stored", 120)
        wait_until(lambda: len(answer(collector, "runs", daysBack=1)) == len(HOSTILE), "all runs are listed in storage", 120)
        yield collector


def only(name: str, *parts: str) -> dict:
    return {part: name for part in parts}


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=lambda number: ascii(HOSTILE[number])[1:40])
def test_a_name_finds_what_has_it_and_nothing_else(world, number):
    name = HOSTILE[number]
    event = only(name, "runId", "sourceId", "channel", "eventType")
    field = {**event, "jsonPath": name}
    ask = lambda path, **parameters: answer(world, path, **parameters)  # noqa: E731
    assert [row["value"] for row in ask("series", **field)] == [number]
    assert [list(row.values())[2] for row in ask("multi-series", **field)] == [number]
    assert [row["value"] for row in ask("outliers", **field, max=-1)] == [number]
    assert ask("spikes", **field, threshold=0) == ask("nan", **field) == []
    assert [(row["count"], row["first"], row["max"]) for row in ask("buckets", **field)] == [(1, number, number)]
    assert [row["count"] for row in ask("histogram", **field, bins=1)] == [1]
    assert {row["value"] for row in ask("quantiles", **field)} == {number}
    assert [row["product"] for row in ask("correlation", **event, jsonPath1=name, jsonPath2=name)] == [number * number]
    assert [row["total_events"] for row in ask("stats", runId=name)] == [4]
    assert [(row["run_id"], row["type"]) for row in ask("frames", **event)] == [(name, name)]
    assert [(row["type"], row["payload"]) for row in ask("at", **event, frame=7)] == [(name, {name: number, "text": name})]
    [page] = [json.loads(world.request("/api/analysis/events?" + query(**event))[2])]
    assert [(one["source_id"], one["payload"]) for one in page["events"]] == [(name, {name: number, "text": name})]
    [row] = ask("schema", **event)
    # A text that is an instruction is a text in an answer's data, and nothing else.
    assert (row["channel"], row["type"], row["source_id"], {one["field"] for one in row["fields"]}) == (name, name, name, {name, "text"})
    assert [json.loads(row["tags"]) for row in ask("runs-by-tag", key=name, value=name)] == [{name: name}]
    [row] = ask("outliers", **only(name, "runId", "key"), eventType="wheel.force", jsonPath="load", max=-1)
    assert (row["value"], row["key"], row["source_id"]) == (number, name, name)
    limits = {"field": name, "rules": "out-of-limits", "limits": f"{name}.{name}=..-1"}
    found = json.loads(world.request("/api/analysis/anomalies?" + query(**event, **limits))[2])["findings"]
    assert [(one["field"], one["eventType"], one["sourceId"], one["value"]) for one in found] == [(name, name, name, number)]
    marker = {"runId": name, "sourceId": name, "channel": name, "eventType": name, "field": name, "fromFrame": 5, "text": name}
    assert world.request("/api/markers", json.dumps(marker).encode(), method="POST")[0] == 200
    [kept] = json.loads(world.request("/api/markers?" + query(**event, field=name))[2])["markers"]
    assert {part: kept[part] for part in marker} == marker
    [row] = ask("multi-series", **only(name, "runId", "key"), eventType="wheel.force", jsonPath="load")
    assert row["load"] == number


def query(**parameters) -> str:
    from urllib.parse import quote, urlencode

    return urlencode(parameters, quote_via=quote)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[1:40])
def test_a_name_that_nothing_has_finds_nothing(world, name):
    """In one parameter at a time, beside names that are there."""
    other = HOSTILE[0] if name != HOSTILE[0] else HOSTILE[1]
    there = {**only(other, "runId", "sourceId", "channel", "eventType", "jsonPath")}
    for part in ("runId", "sourceId", "channel", "eventType", "key"):
        for path, more in (("outliers", {"max": -1}), ("buckets", {})):
            assert answer(world, path, **{**there, **more, part: name}) == [], (path, part)
    assert answer(world, "outliers", **{**there, "jsonPath": name}, max=-1) == []
    assert answer(world, "runs-by-tag", key=name, value=other) == answer(world, "runs-by-tag", key=other, value=name) == []
    for path in ("at", "frames", "stats", "schema"):
        assert answer(world, path, **{"runId": other, "sourceId": name, **({"frame": 9} if path == "at" else {})}) == [], path


NUMBERS = [("outliers", "min"), ("outliers", "max"), ("spikes", "threshold"), ("histogram", "low"), ("histogram", "high"), ("histogram", "bins"),
           ("buckets", "buckets"), ("quantiles", "levels"), ("at", "frame"), ("events", "limit"), ("events", "after"), ("series", "points"),
           *((path, name) for path in ("series", "multi-series", "outliers", "spikes", "nan", "correlation", "buckets", "stats", "frames", "events")
             for name in ("fromFrame", "toFrame", "fromTime", "toTime"))]


@pytest.mark.parametrize("path, name", NUMBERS, ids=[f"{path}-{name}" for path, name in NUMBERS])
def test_what_is_no_number_is_refused(world, path, name):
    given = {"runId": "r", "sourceId": "s", "eventType": "t", "jsonPath": "x", "jsonPath1": "x", "jsonPath2": "x", "max": 1, "threshold": 1, "frame": 1}
    for text in [*HOSTILE, "", " ", "1e999", "1;", "1--", "٣", "1_000", "+", "1 2"]:
        status, _, body = world.request(f"/api/analysis/{path}?" + query(**{**given, name: text}))
        # An empty cursor asks for the first part.
        expected = 200 if (name, text) == ("after", "") else 400
        assert status == expected and (status == 200 or json.loads(body)["code"] == "bad-parameter"), (text, body)


def test_all_is_still_there(world):
    """Last: nobody has changed anything."""
    assert {row["run_id"] for row in answer(world, "runs", daysBack=1)} == set(HOSTILE)
    assert sum(row["total_events"] for row in answer(world, "stats")) == 4 * len(HOSTILE)
