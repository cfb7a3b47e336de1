"""The contract's tables and the queries of the reference's helpers, unchanged, on data from a ring and on the same data posted."""
import json
import math
import os
import random
import shutil
import struct
import subprocess
import tempfile

import pytest
from bodies import line, ndjson
from database import sql
from support import BUILD, ROOT, Collector, wait_until
from test_ingest import post

EVENTS_COLUMNS = [
    ("run_id", "String"), ("source_id", "LowCardinality(String)"), ("channel", "LowCardinality(String)"),
    ("type", "LowCardinality(String)"), ("frame_index", "UInt32"), ("sim_time", "Float64"), ("wall_time_ms", "Nullable(UInt64)"),
    ("tags", "String"), ("payload", "String"), ("inserted_at", "DateTime"),
]
METADATA_COLUMNS = [
    ("run_id", "String"), ("started_at", "DateTime"), ("ended_at", "Nullable(DateTime)"), ("duration_seconds", "Nullable(Float64)"),
    ("total_events", "UInt64"), ("total_frames", "UInt32"), ("max_frame_index", "UInt32"), ("source_id", "LowCardinality(String)"),
    ("config", "String"), ("engine_version", "String"), ("seed", "Nullable(UInt64)"), ("status", "LowCardinality(String)"),
    ("end_reason", "Nullable(String)"), ("tags", "String"), ("inserted_at", "DateTime"), ("updated_at", "DateTime"),
]

Z, SLIP = "JSONExtractFloat(payload, 'pos', 'z')", "JSONExtractFloat(payload, 'slipRatio')"
BODY = "FROM telemetry_events WHERE run_id = '{run}' AND type = 'body.state'"
QUERIES = {
    "series": f"SELECT frame_index, sim_time, {Z} AS value {BODY} AND source_id = '{{source}}' ORDER BY frame_index",
    "multiple-series": f"SELECT frame_index, sim_time, {Z} AS pos_z, JSONExtractFloat(payload, 'vel', 'x') AS vel_x {BODY} "
                       "AND source_id = '{source}' ORDER BY frame_index",
    "outliers": f"SELECT frame_index, sim_time, {Z} AS value {BODY} AND ({Z} < 0.5 OR {Z} > 3) ORDER BY frame_index",
    "spikes": f"SELECT frame_index, value, prev_value, value - prev_value AS delta FROM (SELECT frame_index, {Z} AS value, "
              f"lagInFrame({Z}) OVER (ORDER BY frame_index ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS prev_value {BODY}) "
              "WHERE abs(value - prev_value) > 0.02 ORDER BY frame_index",
    "nan-search": f"SELECT frame_index, sim_time, type, payload {BODY} AND (isNaN({Z}) OR isInfinite({Z})) ORDER BY frame_index",
    "compare": f"SELECT r1.frame_index AS frame_index, r1.sim_time AS sim_time_1, r2.sim_time AS sim_time_2, r1.value AS value_1, "
               f"r2.value AS value_2, r2.value - r1.value AS diff FROM (SELECT frame_index, sim_time, {Z} AS value {BODY}) AS r1 "
               f"INNER JOIN (SELECT frame_index, sim_time, {Z} AS value FROM telemetry_events WHERE run_id = '{{other}}' "
               "AND type = 'body.state') AS r2 ON r1.frame_index = r2.frame_index ORDER BY frame_index",
    "run-stats": "SELECT count() AS total_events, min(frame_index) AS min_frame, max(frame_index) AS max_frame, max(frame_index) - "
                 "min(frame_index) AS frame_range, min(sim_time) AS min_sim_time, max(sim_time) AS max_sim_time, max(sim_time) - "
                 "min(sim_time) AS sim_duration FROM telemetry_events WHERE run_id = '{run}' GROUP BY run_id",
    "frame-aggregates": "SELECT frame_index, type, count() AS events_count FROM telemetry_events WHERE run_id = '{run}' "
                        "GROUP BY run_id, frame_index, type ORDER BY frame_index, type",
    "frame-end-metrics": "SELECT frame_index, sim_time, JSONExtractFloat(payload, 'dt') AS dt, JSONExtractInt(payload, 'substeps') AS substeps, "
                         "JSONExtractFloat(payload, 'perf', 'cpu_time_ms') AS cpu_time_ms FROM telemetry_events WHERE run_id = '{run}' "
                         "AND type = 'frame.end' ORDER BY frame_index",
    "runs-by-metadata": "SELECT status, total_events, total_frames, source_id FROM run_metadata FINAL WHERE source_id = '{source}' "
                        "AND status = 'completed' AND started_at >= now() - INTERVAL 30 DAY AND run_id = '{run}' ORDER BY started_at DESC",
    "runs-by-tag": "SELECT status FROM run_metadata FINAL WHERE JSONExtractString(tags, 'car') = '' AND run_id = '{run}'",
    "correlation": f"SELECT frame_index, {SLIP} AS value1, JSONExtractFloat(payload, 'normalLoad') AS value2, value1 * value2 AS product "
                   "FROM telemetry_events WHERE run_id = '{run}' AND type = 'wheel.force' AND source_id = '{source}' "
                   "ORDER BY frame_index, value1, value2",
}


@pytest.fixture(scope="module")
def both(tmp_path_factory, programs):
    """One drive, stored from its ring as `ring` and posted as `posted`; the events themselves."""
    folder, shm = tmp_path_factory.mktemp("contract"), tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    variables = {**os.environ, "TELTEL_SHM_DIR": shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
    subprocess.run([ROOT / "examples/vehicle/vehicle", "--seconds", "2", "--run-id", "ring"], env=variables, check=True, capture_output=True)
    subprocess.run([BUILD / "bin/teltel", "recover", shm, "-o", folder / "run.ndjson"], check=True, capture_output=True)
    events = [json.loads(text) for text in (folder / "run.ndjson").read_text().splitlines()]
    collector = Collector(folder, shm, []).start()
    posted = [{**event, "runId": "posted"} for event in events]
    assert post(collector, *posted)[1]["accepted"] == len(events)
    for run_id in ("ring", "posted"):
        wait_until(lambda: (run := collector.run(run_id)) and run["stored"] == len(events), f"{run_id} is stored", 60)
        wait_until(lambda: totals(collector, run_id) == [len(events)], f"{run_id} has its totals", 60)
    yield collector, events
    collector.kill()
    shutil.rmtree(shm, ignore_errors=True)


def totals(collector, run_id: str) -> list[int]:
    try:
        return [int(row["n"]) for row in sql(
            collector, f"SELECT total_events AS n FROM run_metadata FINAL WHERE run_id = '{run_id}' AND status = 'completed'")]
    except (OSError, AssertionError):
        return []


def ask(collector, name: str, run_id: str, source: str) -> list[dict]:
    return sql(collector, QUERIES[name].format(run=run_id, other="posted" if run_id == "ring" else "ring", source=source))


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_of_the_reference(both, name):
    collector, events = both
    source = events[0]["sourceId"]
    ring, posted = (ask(collector, name, run_id, source) for run_id in ("ring", "posted"))
    assert ring == posted
    wanted = expected(name, events)
    assert wanted is None or ring == wanted
    assert bool(ring) == (name != "nan-search")


def expected(name: str, events: list[dict]) -> list[dict] | None:
    """The same from the events themselves, in plain Python."""
    body = [(event["frameIndex"], event["simTime"], event["payload"]["pos"]["z"]) for event in events if event["type"] == "body.state"]
    match name:
        case "series":
            return [{"frame_index": frame, "sim_time": time, "value": value} for frame, time, value in body]
        case "outliers":
            return [{"frame_index": frame, "sim_time": time, "value": value} for frame, time, value in body if value < 0.5 or value > 3]
        case "spikes":
            pairs = [((0, 0, 0), body[0]), *zip(body, body[1:])]
            return [{"frame_index": frame, "value": value, "prev_value": before, "delta": value - before}
                    for (_, _, before), (frame, _, value) in pairs if abs(value - before) > 0.02]
        case "compare":
            return [{"frame_index": frame, "sim_time_1": time, "sim_time_2": time, "value_1": value, "value_2": value, "diff": 0}
                    for frame, time, value in body]
        case "correlation":
            pairs = [(event["frameIndex"], event["payload"]["slipRatio"], event["payload"]["normalLoad"])
                     for event in events if event["type"] == "wheel.force"]
            return [{"frame_index": frame, "value1": a, "value2": b, "product": a * b} for frame, a, b in sorted(pairs)]
    return None


def test_tables_have_the_contracts_columns(both):
    collector, _ = both
    for table, columns in (("telemetry_events", EVENTS_COLUMNS), ("run_metadata", METADATA_COLUMNS)):
        rows = sql(collector, f"SELECT name, type FROM system.columns WHERE database = 'teltel' AND table = '{table}' ORDER BY position")
        assert [(row["name"], row["type"]) for row in rows] == columns


def test_run_list_and_stored_runs_agree(both):
    collector, events = both
    listed = {run["runId"]: run for run in collector.json("/api/runs")}
    stored = {row["run_id"]: row for row in map(json.loads, collector.request("/api/analysis/runs")[2].splitlines())}
    assert set(listed) == set(stored) == {"ring", "posted"}
    for run_id, run in listed.items():
        row = stored[run_id]
        assert (run["status"], run["sourceId"], run["stored"], run["engineVersion"]) == (
            row["status"], row["source_id"], int(row["total_events"]), row["engine_version"])
        detail = json.loads(collector.request(f"/api/analysis/run/{run_id}")[2])
        assert (run["lastFrame"], run["endReason"], run.get("seed")) == (
            detail["max_frame_index"], detail["end_reason"], detail["seed"] and int(detail["seed"]))


# MARK: any JSON

KEYS = ["x", "X", "pos", "Pos", "run_id", "tags", "rest", "payload", "frame_index", "a.b", "a", "b", "n:i64", "n", "v[0]", "v", "", " ",
        "ключ", "quote\"'`\\", "line\nbreak", "%s{x:String}", "long" * 60]
NUMBERS = [0, -0.0, 1, 1.5, -7, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2**53 + 2, 0.1, 1e21, 123456789.123456789]
TEXTS = ["", "text", "NaN", "Infinity", "-Infinity", "a\u0000b", "\u001f", "<&>", "😀", "0", "null", "'; DROP TABLE x --"]


def any_value(dice: random.Random, depth: int):
    kind = dice.choice(["number", "number", "text", "none", "bool", "object", "list"]) if depth else dice.choice(["number", "text", "none"])
    match kind:
        case "number":
            return dice.choice(NUMBERS) if dice.random() < 0.5 else any_double(dice)
        case "text":
            return dice.choice(TEXTS)
        case "none":
            return None
        case "bool":
            return dice.random() < 0.5
        case "object":
            return {dice.choice(KEYS): any_value(dice, depth - 1) for _ in range(dice.randrange(5))}
        case _:
            if dice.random() < 0.5:
                return [any_double(dice) for _ in range(dice.choice([0, 1, 3, 16, 17, 40]))]
            return [any_value(dice, depth - 1) for _ in range(dice.randrange(4))]


def any_double(dice: random.Random) -> float:
    """Any finite number, by its bits."""
    while True:
        (value,) = struct.unpack("<d", dice.randbytes(8))
        if math.isfinite(value):
            return value


def same(a, b) -> bool:
    """Equal in value: numbers by their bits as f64, objects whatever the order of their members."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return float(a) == float(b) and math.copysign(1, a) == math.copysign(1, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def payloads_of(collector, run_id: str, count: int) -> list:
    def rows():
        try:
            found = sql(collector, f"SELECT payload FROM telemetry_events WHERE run_id = '{run_id}' AND type != 'run.end' ORDER BY frame_index")
        except (OSError, AssertionError):
            return None
        return found if len(found) == count else None

    return [json.loads(row["payload"]) for row in wait_until(rows, f"the {count} rows of {run_id}", 120)]


def post_payloads(collector, run_id: str, payloads: list, **changes):
    events = [line(runId=run_id, frameIndex=frame, payload=payload, **changes) for frame, payload in enumerate(payloads)]
    assert post(collector, *events, line(runId=run_id, type="run.end"))[1]["accepted"] == len(payloads) + 1


def test_any_payload_comes_back_equal_in_value(collector):
    seed = int(os.environ.get("TELTEL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {seed}")
    dice = random.Random(seed)
    payloads = [any_value(dice, 4) for _ in range(300)]
    post_payloads(collector, "any", payloads)
    for frame, (sent, stored) in enumerate(zip(payloads, payloads_of(collector, "any", len(payloads)))):
        assert same(sent, stored), f"seed {seed}, payload {frame}: {sent!r} became {stored!r}"


def test_a_negative_zero_keeps_its_sign(collector, programs, start_engine):
    """As a column it is a number and not the text that was sent; "-0" is the integer 0 to Python and to others."""
    post_payloads(collector, "zeros", [{"x": -0.0}, {"x": 0.0}, {"v": [-0.0, 1]}, {"x": -0.0, "text": "t"}])
    one = payloads_of(collector, "zeros", 4)
    signs = [math.copysign(1, value) for value in (one[0]["x"], one[1]["x"], one[2]["v"][0], one[3]["x"])]
    assert signs == [-1, 1, -1, -1]


def test_the_comparison_notices():
    assert same({"a": [1, 2.0], "b": None}, {"b": None, "a": [1.0, 2]})
    for a, b in ((0.0, -0.0), (1, True), (None, 0), ("1", 1), ([1], [1, 1]), ({"a": 1}, {"A": 1}), ({}, {"a": None}), ({}, [])):
        assert not same(a, b)


SHAPES = {
    "names-that-differ-by-case": [{"Pos": {"X": 1.5}, "pos": {"x": 2}, "POS": 3}, {"pos": {"X": 4}}],
    "a-name-of-64-KiB": [{"n" * 65_536: 1.5}, {"n" * 65_536: {"x": 2}}],
    "columns-of-the-table": [{"run_id": 1, "tags": {"car": 2}, "instance": 3, "sequence": 4, "rest": 5, "payload": {"x": 6}}],
    "kinds-that-clash": [{"x": 1}, {"x": "one"}, {"x": {"y": 1}}, {"x": [1, 2]}, {"x": True}, {"x": None}, {"x": 2.5}, {}],
    "more-leaves-than-columns": [{f"leaf{number}": number for number in range(1_500)}, {"leaf7": 1}, {"leaf1499": 2}],
    "deep": [json.loads('{"a":' * 60 + "1.5" + "}" * 60)],
    "arrays": [{"v": list(range(length))} for length in (0, 1, 16, 17, 2_000)],
}


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """All of them in one collector, each a type of its own."""
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    collector = Collector(tmp_path_factory.mktemp("shapes"), shm, []).start()
    for name, payloads in SHAPES.items():
        post_payloads(collector, name, payloads, type=name)
    yield collector
    collector.kill()
    shutil.rmtree(shm, ignore_errors=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_comes_back_equal_in_value(shapes, shape):
    stored = payloads_of(shapes, shape, len(SHAPES[shape]))
    assert all(map(same, SHAPES[shape], stored)), stored


def test_an_engines_fields_and_posted_ones_share_a_type(collector, programs, start_engine, tmp_path):
    """The engine's `index` is an integer, the posted one a real number, then a text: each comes back as it was."""
    start_engine(programs / "engine", "defined", 50, 0, 1).communicate()
    mixed = [{"index": 1.5, "thread": 7}, {"index": "first", "v": {"a": 1}}, {"v": {"a": {"b": 2}}, "more": True}]
    post_payloads(collector, "mixed", mixed, channel="test", type="test.sample")
    assert all(map(same, mixed, payloads_of(collector, "mixed", len(mixed))))
    wait_until(lambda: (run := collector.run("defined")) and run["stored"] == 52, "the engine's run is stored", 60)
    question = "SELECT payload FROM telemetry_events WHERE run_id = 'defined' AND type = 'test.sample' ORDER BY frame_index"
    rows = wait_until(lambda: len(found := sql(collector, question)) == 50 and found, "the view shows it")
    for frame, row in enumerate(rows):
        payload = json.loads(row["payload"])
        assert payload["index"] == frame and payload["v"]["a"] == frame * 0.25 and payload["v"]["k"] == frame * 0.25 + 10


def test_more_types_than_tables(make_collector):
    collector = make_collector("--max-tables", "12")
    types, run_id = 20, "many-types"
    events = [line(runId=run_id, type=f"kind.{number}", frameIndex=number, payload={"x": number, "s": str(number)}) for number in range(types)]
    assert post(collector, raw=ndjson(*events, line(runId=run_id, type="run.end")))[1]["accepted"] == types + 1
    stored = payloads_of(collector, run_id, types)
    assert stored == [event["payload"] for event in events]
    tables = {row["name"] for row in sql(collector, "SELECT name FROM system.tables WHERE database = 'teltel' AND startsWith(name, 'events_')")}
    assert len(tables) == 13 and "events_other" in tables
    for number in (0, types - 1):
        rows = collector.request(
            f"/api/analysis/series?runId={run_id}&eventType=kind.{number}&sourceId=flight-engine&jsonPath=x")[2].splitlines()
        assert [json.loads(row)["value"] for row in rows] == [number]
