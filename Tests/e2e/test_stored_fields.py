"""What is stored can be asked for, whatever it is called and however it is kept, and nothing else is named."""
import json
import math
import os
import subprocess

import pytest
from analysis import all_stored, fields, lines, series, values
from database import sql, table_of
from test_columns import Stream
from test_ingest import post
from support import BUILD, lasting, wait_until


def event(run: str, type_name: str, payload, frame: int = 0, **more) -> dict:
    return {"v": 1, "runId": run, "sourceId": "s", "channel": "c", "type": type_name, "frameIndex": frame, "payload": payload, **more}


def end(run: str, frame: int = 1_000) -> dict:
    return event(run, "run.end", {"status": "completed"}, frame)


def store(collector, *events):
    assert post(collector, *events)[1]["accepted"] == len(events)
    for run in {one["runId"] for one in events}:
        all_stored(collector, run, 1)


ODD = {
    "": 1, "a b": 2, "train/loss": 3, "fps:render": 4, "x[0]": 5, "x]": 6, ".lead": 7, "tail.": 8, "two..dots": 9, "pos.x": 10,
    "new\nline": 11, "tab\tbell\u0007": 12, "100%": 13, "%2F": 14, "k:i64": 15, "q'`\"\\": 16, "é": 17, "{run:String}": 18, "a/b.c:d[1]": 19,
}


@pytest.fixture(scope="module")
def without_tables(tmp_path_factory):
    """A collector whose only typed table is taken: for all tests of this file, which have runs of their own."""
    with lasting(tmp_path_factory.mktemp("without-tables"), "--max-tables", "1") as collector:
        store(collector, event("first", "taken", {"x": 1}), end("first"))
        yield collector


@pytest.fixture(params=["own-table", "shared-table"])
def either(request):
    """A collector that makes tables, and one that makes no more."""
    return request.getfixturevalue("module_collector" if request.param == "own-table" else "without_tables")


def engine(collector, programs, *arguments):
    """Tests/e2e/shape.c, to its end."""
    variables = {**os.environ, "TELTEL_SHM_DIR": collector.shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
    subprocess.run([programs / "shape", *map(str, arguments)], env=variables, check=True, capture_output=True, timeout=60)


def test_numbers_of_any_name_can_be_asked_for(either):
    """Posted keys are read live, listed and answered alike, as an engine's fields are; beside a text, too, which is kept as text."""
    collector = either
    with Stream(collector, runId="odd") as stream:
        store(collector, event("odd", "t", ODD), event("odd", "t", {**ODD, "text": "x", "in": ODD}, 1), end("odd"))
        stream.until(stream.has_end)
        for name, value in ODD.items():
            assert stream.column("t", name)[:1] == [value], name
            assert stream.column("t", f"in.{name}")[-1] == value, name
    named = fields(collector, "odd", "t")
    for name, value in ODD.items():
        assert values(collector, "odd", "t", name) == [value, value], name
        assert values(collector, "odd", "t", f"in.{name}") == [None, value], name
        assert named[name] == named[f"in.{name}"] == "Float64"
    assert set(named) == {*ODD, *(f"in.{name}" for name in ODD), "text"} and named["text"] == "String"


PAYLOAD = {"x": 1, "a.b": 2, "n": "NaN", "s": "12.5", "v": [3, 4], "o": {"y": 5, "deep": {"t": "text"}}, "on": True, "off": False,
           "big": 9007199254740993, "huge": 10**20, "u": 2**64 - 1, "i": -(2**63), "l": list(range(20)), "m": [1, "x"], "flags": [True, False],
           "empty": {}, "none": None, "inf": "-Infinity", "dots": {"a": {"b.c": 7}}}
SERIES = {"x": 1, "a.b": 2, "n": "NaN", "s": None, "v[0]": 3, "v[1]": 4, "v[2]": None, "v": None, "o.y": 5, "o": None, "o[1]": None, "on": 1,
          "off": 0, "huge": 1e20, "l[0]": 0, "l[19]": 19, "flags[0]": 1, "none": None, "inf": "-Infinity", "dots.a.b.c": 7,
          "big": 9007199254740993, "u": 2**64 - 1, "i": -(2**63), "nothing": None}
FIELDS = {name: "Float64" for name, value in SERIES.items() if value is not None} | {f"l[{index}]": "Float64" for index in range(20)} | {
    "flags[1]": "Float64", "s": "String", "o.deep.t": "String"}


def test_a_type_beyond_the_tables_is_answered_as_one_with_a_table(make_collector, amount):
    collector = make_collector("--max-tables", "1")
    store(collector, event("o", "first", PAYLOAD), end("before"))
    store(collector, event("o", "second", PAYLOAD, 1), end("o"))
    assert table_of(collector, "c", "first")
    assert sql(collector, "SELECT type, count() AS n FROM events_other WHERE type = 'second' GROUP BY type")

    def check(paths):
        for path in paths:
            value = SERIES[path]
            first, second = (values(collector, "o", name, path) for name in ("first", "second"))
            assert first == second == [value], path
        for kind in ("summary", "texts"):
            for path in (*paths, "o.deep.t"):
                first, second = (series(collector, "o", name, path, kind=kind) for name in ("first", "second"))
                for row in second:
                    if "frame_index" in row:
                        row["frame_index"] = first[0]["frame_index"]
                assert first == second, (kind, path)
        assert fields(collector, "o", "first") == fields(collector, "o", "second") == FIELDS

    check(SERIES)
    assert collector.stop() == 0
    collector.start()
    wait_until(lambda: collector.json("/api/ready")["status"] == "ready" if collector.request("/api/ready")[0] == 200 else False, "it is ready")
    check(amount(["x", "a.b", "s", "v[1]", "o.y", "huge", "u"], whole=SERIES))


ENGINE = ["single:f32=0.1", "array:f32:20=0.3", "pos.x:f64=1.5", "id:i64=-9223372036854775807", "u:u64=18446744073709551615", "on:bool=1", "n:u8=7",
          "word:text:8=hello", "left:text*:8=x,y", "right:text*:8=z", "few:u8:3=4", "odd/name:f64=2"]


def test_an_engines_type_beyond_the_tables_is_answered_as_one_with_a_table(make_collector, start_engine, programs):
    collector = make_collector("--max-tables", "2")  # run.start takes the other one
    for run in ("first", "second"):
        start_engine(programs / "shape", run, run, 0, 3, *ENGINE).communicate()
        all_stored(collector, run, 5)
    assert table_of(collector, "test", "first") and collector.json("/api/run?runId=second")["types"]
    paths = {"single": 0.10000000149011612, "array[2]": 2.299999952316284, "array[20]": None, "pos.x": 1.5, "id": -9223372036854775807,
             "u": 2**64 - 1, "on": 1, "n": 7, "word": None, "few[2]": 6, "odd/name": 2, "few[3]": None}
    for path, value in paths.items():
        for run in ("first", "second"):
            found = series(collector, run, run, path, "engine")
            assert [row["value"] for row in found] == [value] * 3, (run, path)
            assert {row["key"] for row in found} == {r"x\,y,z"}
            assert values(collector, run, run, path, "engine", key=r"x\,y,z") == [value] * 3
    assert [series(collector, run, run, "word", "engine", kind="texts")[0]["value"] for run in ("first", "second")] == ["hello"] * 2
    assert fields(collector, "first", "first") == fields(collector, "second", "second")
    assert fields(collector, "second", "second")["array[19]"] == "Float32"


def test_sources_that_share_a_type_have_their_own_fields(either):
    collector = either
    store(collector, event("sources", "state", {"speed": 1, "word": "text"}), {**event("sources", "state", {"rudder": 2, "list": [1, 2]}), "sourceId": "boat"},
          {**event("sources", "wind", {"x": 1}), "sourceId": "boat"}, end("sources"))
    mine = {"speed": "Float64", "word": "String"}
    theirs = {"rudder": "Float64", "list[0]": "Float64", "list[1]": "Float64"}
    assert fields(collector, "sources", "state", sourceId="s") == mine
    assert fields(collector, "sources", "state", sourceId="boat") == theirs
    assert fields(collector, "sources", "state") == {**mine, **theirs}
    assert fields(collector, "sources", "wind", sourceId="s") == {} and fields(collector, "sources", sourceId="nobody") == {}


@pytest.mark.parametrize("who", ["engine", "posted"])
def test_four_wheels_are_four_lines_with_a_table_or_without(make_collector, start_engine, programs, who):
    collector = make_collector("--max-tables", "2")
    wheels, frames = ["FL", "FR", "RL", "RR"], 6
    for run, type_name in (("own", "wheel.force"), ("shared", "wheel.force.too")):
        if who == "posted":
            type_name = "wheel.force"
            if run == "shared":
                assert collector.stop() == 0
                collector = make_collector("--max-tables", "1")
                store(collector, event("first", "taken", {"x": 1}))
            store(collector, *(event(run, type_name, {"wheelId": wheel, "load": frame * 10 + number}, frame)
                               for frame in range(frames) for number, wheel in enumerate(wheels)), end(run))
        else:
            for wheel in wheels:
                start_engine(programs / "shape", run, type_name, 0, frames, f"wheelId:text*:8={wheel}", "load:f64=1").communicate()
            wait_until(lambda: [one["stored"] for one in collector.json("/api/runs") if one["runId"].startswith(run)] == [frames + 2] * 4,
                       "all is stored", 60)
        runs = [one["runId"] for one in collector.json("/api/runs") if one["runId"].startswith(run)]
        rows = [row for one in runs for row in series(collector, one, type_name, "load", "engine" if who == "engine" else "s")]
        by_wheel = {wheel: [row["frame_index"] for row in rows if row["key"] == wheel] for wheel in wheels}
        assert by_wheel == {wheel: list(range(frames)) for wheel in wheels}, run
        if who == "posted":
            assert [row["value"] for row in series(collector, run, type_name, "load", key="RL")] == [frame * 10 + 2 for frame in range(frames)]
            summed = {row["key"]: int(row["count"]) for row in series(collector, run, type_name, "load", kind="summary")}
            assert summed == dict.fromkeys(wheels, frames)
            few = series(collector, run, type_name, "load", points=4)
            assert {row["key"] for row in few} == set(wheels)


def test_integers_that_no_double_holds_have_all_their_digits(module_collector):
    """Live JSON has them; so has the answer, and says so to those who read numbers as doubles."""
    numbers = [9007199254740991, 9007199254740992, 9007199254740993, -9007199254740993, 2**64 - 1, -(2**63), 10**20, 0.5]
    store(module_collector, *(event("ids", "t", {"id": number}, frame) for frame, number in enumerate(numbers)), end("ids"))
    for more in ({}, {"points": 1000}):
        rows = series(module_collector, "ids", "t", "id", **more)
        assert [row["value"] for row in rows] == numbers
        # As text too, where a double would be another number.
        exact = {row["frame_index"]: row["exact"] for row in rows if "exact" in row}
        assert exact == {frame: str(number) for frame, number in enumerate(numbers) if frame in exact}
        assert {frame for frame, number in enumerate(numbers) if int(float(number)) != number and number != 0.5} <= set(exact) <= set(range(1, 7))


def test_integers_beyond_64_bits_are_the_nearest_double(module_collector):
    """JavaScript writes 1e20 so, Python 10**20, C "%.0f"."""
    numbers = [10**20, -(10**20), 2**64, 2**64 - 1, -(2**63) - 1, 123456789012345678901234567890]
    with Stream(module_collector, runId="js") as stream:
        store(module_collector, *(event("js", "p", {"p": number, "q": 1}, frame, simTime=abs(number)) for frame, number in enumerate(numbers)), end("js"))
        stream.until(stream.has_end)
        assert stream.column("p", "p") == [float(number) for number in numbers] and stream.column("p", "q") == [1] * len(numbers)
    rows = series(module_collector, "js", "p", "p")
    assert [float(row["value"]) for row in rows] == [float(number) for number in numbers]
    assert [row["sim_time"] for row in rows] == [float(abs(number)) for number in numbers]
    [row] = series(module_collector, "js", "p", "p", kind="summary")
    assert row["finite"] in (6, "6") and row["max"] == 123456789012345678901234567890.0 and row["min"] == -1e20
    assert row["mean"] == pytest.approx(sum(map(float, numbers)) / 6)
    stored = sql(module_collector, "SELECT payload FROM telemetry_events WHERE run_id = 'js' AND type = 'p' ORDER BY frame_index")
    assert [json.loads(one["payload"])["p"] for one in stored] == numbers


def test_a_run_has_the_fields_that_it_has_values_of(module_collector, programs):
    """Types are shared; a table's columns are those of all runs."""
    store(module_collector, event("one", "t", {"x": 1, "t1": "a", "arr": [1, 2]}), end("one"))
    store(module_collector, event("two", "t", {"y": {"z": 2}, "t2": "b", "arr": [1]}, 0), event("two", "t", {"late": 3, "nul": None}, 1), end("two"))
    engine(module_collector, programs, "three", "s", 0, 2, "a:f64=1", "long:u8:17=1")
    engine(module_collector, programs, "four", "s", 0, 2, "b:i64=1", "t:text:4=x", "a:text:4=x")
    for run in ("three", "four"):
        all_stored(module_collector, run, 4)
    assert fields(module_collector, "one", "t") == {"x": "Float64", "t1": "String", "arr[0]": "Float64", "arr[1]": "Float64"}
    assert fields(module_collector, "two", "t") == {"y.z": "Float64", "late": "Float64", "t2": "String", "arr[0]": "Float64"}
    assert fields(module_collector, "three", "s") == {"a": "Float64", **{f"long[{index}]": "UInt8" for index in range(17)}}
    assert fields(module_collector, "four", "s") == {"a": "String", "b": "Int64", "t": "String"}
    assert values(module_collector, "two", "t", "x") == [None, None] and values(module_collector, "two", "t", "x", points=10) == [None, None]
    [row] = series(module_collector, "two", "t", "x", kind="summary")
    assert row["finite"] in (0, "0") and (row["min"], row["max"], row["mean"], row["first"], row["last"]) == (None,) * 5
    assert values(module_collector, "three", "s", "b", "engine") == [None, None]


def test_late_shapes_are_found_among_many_rows(without_tables):
    collector = without_tables
    events = [event("many", "t", {"x": frame, "who": f"n{frame}", "deep": {"a1": frame * 0.5}}, frame) for frame in range(5_000)]
    store(collector, *events, event("many", "t", {"late": 1, "deep": {"a2": 2}}, 5_000), end("many", 5_001))
    assert fields(collector, "many", "t") == {"x": "Float64", "who": "String", "deep.a1": "Float64", "late": "Float64", "deep.a2": "Float64"}


def test_what_lies_beyond_the_columns_of_a_type_can_be_asked_for(module_collector):
    """A type has 1,024 columns at most."""
    store(module_collector, event("wide", "t", {f"f{index}": index for index in range(1_500)}), end("wide"))
    assert values(module_collector, "wide", "t", "f1499") == [1_499] and values(module_collector, "wide", "t", "f7") == [7]
    assert len(fields(module_collector, "wide", "t")) == 1_500


def test_keys_of_several_fields_are_told_apart(module_collector, programs):
    for run, left, right in (("a", "x,y", "z"), ("b", "x", "y,z"), ("c", "x\\", "z")):
        engine(module_collector, programs, run, "keyed", 0, 1, "v:f64=1", f"left:text*:8={left}", f"right:text*:8={right}")
        all_stored(module_collector, run, 3)
    keys = [series(module_collector, run, "keyed", "v", "engine")[0]["key"] for run in "abc"]
    assert keys == [r"x\,y,z", r"x,y\,z", "x\\\\,z"]


def test_types_without_a_name_can_be_asked_for(module_collector):
    store(module_collector, {"v": 1, "runId": "bare", "sourceId": "s", "frameIndex": 1, "payload": {"x": 5}}, end("bare"))
    assert values(module_collector, "bare", "", "x") == [5]
    assert {"channel": "", "type": "", "field": "x", "kind": "Float64"} in lines(module_collector, "fields", runId="bare")
    assert math.isfinite(values(module_collector, "bare", "", "x")[0])
