"""Payload values get columns, whatever their paths are and whatever came before: no shape of one sender ends storage."""
import itertools
import json
import time

import pytest
from analysis import all_stored, series, values
from clickhouse import Gate, Reply, Server
from database import sql, table_of
from support import wait_until
from test_ingest import post
from test_stored_fields import end, event

SHAPES = {
    "number": {"a": 1}, "member": {"a": {"b": 2}}, "deep": {"a": {"b": {"c": 3}}}, "dotted": {"a.b": 4}, "dotted-deep": {"a": {"b.c": 5}},
    "named": {"a": "NaN"}, "array": {"a": [6, 7]}, "text": {"a": "text"}, "colon": {"a:f64": 8},
}


def state(collector) -> dict:
    return collector.json("/api/storage")


def payloads(collector, run: str) -> list:
    rows = sql(collector, f"SELECT payload FROM telemetry_events WHERE run_id = '{run}' AND type != 'run.end' ORDER BY type, frame_index")
    return [json.loads(row["payload"]) for row in rows]


STEPS = (0, 1, 3, 2, 7)  # from a shape on around their circle: of any two, each comes before the other in one of the orders
ORDERS = [tuple([*SHAPES][(first + step) % len(SHAPES)] for step in STEPS) for first in range(len(SHAPES))]


def test_shapes_may_follow_each_other_in_any_order(collector, amount):
    """ClickHouse takes `a.b` for a member of a nested `a`, beside which it adds no column `a`."""
    pairs = set(itertools.permutations(SHAPES, 2))
    assert {pair for order in ORDERS for pair in itertools.combinations(order, 2)} == pairs
    orders = ORDERS + amount([], whole=sorted(pairs))
    for place in range(len(STEPS)):
        run = f"order-{place}"
        events = [event(run, " ".join(order), SHAPES[order[place]], place) for order in orders if place < len(order)]
        assert post(collector, *events, end(run))[1]["accepted"] == len(events) + 1
        all_stored(collector, run, len(events) + 1, 240)
    assert state(collector)["state"] == "ok" and state(collector)["inserts"].get("lastError") is None
    shown: dict[str, list] = {" ".join(order): [] for order in orders}
    for row in sql(collector, "SELECT type, payload FROM telemetry_events WHERE type != 'run.end' ORDER BY type, frame_index"):
        shown[row["type"]].append(json.loads(row["payload"]))
    assert shown == {" ".join(order): [SHAPES[shape] for shape in order] for order in orders}


def test_an_engine_may_make_a_member_of_a_number_and_back(collector, start_engine, programs):
    for run, field in (("v1", "speed.value"), ("v2", "speed"), ("v3", "speed.value"), ("v4", "speed.value.x"), ("v5", "speed")):
        start_engine(programs / "shape", run, "state", 0, 2, f"{field}:f64=4.5").communicate()
        all_stored(collector, run, 4)
        assert values(collector, run, "state", field, "engine") == [4.5, 4.5]
    assert state(collector)["state"] == "ok"
    assert collector.request("/api/run?runId=v2", method="DELETE")[0] == 200


@pytest.fixture
def gated(make_collector, tmp_path):
    """A server of one's own, with a gate before it."""
    server = Server(tmp_path / "server")
    gate = Gate(server.connect)
    collector = make_collector("--clickhouse-url", gate.url)
    collector.server = server
    yield collector, gate
    server.kill()
    gate.close()


def alters(gate, table: str) -> list[str]:
    return [request.sql for request in gate.requests if request.sql.startswith("ALTER TABLE") and table in request.sql]


def test_a_name_that_is_given_no_column_gives_way_to_another(gated):
    collector, gate = gated
    assert post(collector, event("named", "t", {"x": 1}), end("named"))[1]["accepted"] == 2
    all_stored(collector, "named", 2)

    def rule(request, forward):
        lies = request.sql.startswith("ALTER TABLE") and "`payload.y` " in request.sql
        return Reply(200, b"", {"X-ClickHouse-Server-Display-Name": "gate"}) if lies else forward()

    gate.rule = rule
    assert post(collector, event("named", "t", {"x": 2, "y": 3}, 1), end("named"))[1]["accepted"] == 2
    all_stored(collector, "named", 4)
    assert values(collector, "named", "t", "y") == [None, 3] and payloads(collector, "named") == [{"x": 1}, {"x": 2, "y": 3}]
    assert state(collector)["state"] == "ok"


def test_a_change_without_effect_is_said_and_tried_seldom(gated):
    collector, gate = gated
    assert post(collector, event("stuck", "t", {"x": 1}), event("other", "u", {"x": 1}))[1]["accepted"] == 2
    all_stored(collector, "stuck", 1)
    table = table_of(collector, "c", "t")
    gate.requests.clear()

    def rule(request, forward):
        lies = request.sql.startswith("ALTER TABLE") and table in request.sql
        return Reply(200, b"", {"X-ClickHouse-Server-Display-Name": "gate"}) if lies else forward()

    gate.rule = rule
    assert post(collector, event("stuck", "t", {"y": 3}, 1))[1]["accepted"] == 1
    detail = wait_until(lambda: (found := state(collector))["state"] == "failed" and found["detail"], "it is said")
    # What to do, and nothing about others who were faster.
    assert "payload.y" in detail and "Nullable(Float64)" in detail and "by hand" in detail and "another" not in detail
    # Rows of others are stored all the same.
    assert post(collector, event("other", "u", {"x": 2}, 1), end("other"))[1]["accepted"] == 2
    all_stored(collector, "other", 3)
    # Each name was asked for once; the next try comes after ten seconds.
    asked = len(alters(gate, table))
    begin = time.monotonic()
    assert asked <= 5
    wait_until(lambda: len(alters(gate, table)) > asked, "it is tried again")
    assert time.monotonic() - begin > 4
    gate.rule = None
    all_stored(collector, "stuck", 2)
    wait_until(lambda: state(collector)["state"] == "ok" and state(collector)["inserts"].get("lastError") is None, "all is well again")
    assert values(collector, "stuck", "t", "y") == [None, 3]


def table_name(channel: str, type_name: str) -> str:
    """As Sources/TeltelStorage/ClickHouse/TableLayout.swift makes it."""
    number = 0xCBF29CE484222325
    for byte in channel.encode() + b"\0" + type_name.encode():
        number = (number ^ byte) * 0x100000001B3 % 2**64
    readable = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in f"{channel}_{type_name}")[:40]
    return f"events_{readable}_{number:016x}"


IDENTITY = """run_id LowCardinality(String), instance LowCardinality(String), source_id LowCardinality(String), writer UInt16, sequence UInt64,
    frame_index UInt64, sim_time Float64, wall_time_ms Nullable(UInt64), tags String, inserted_at DateTime, rest String"""


@pytest.fixture
def earlier(make_collector, tmp_path):
    """A database as collectors left it whose column names had the dots of the paths."""
    server = Server(tmp_path / "server")
    server.ask("CREATE DATABASE teltel", database="")
    table = table_name("c", "t")
    columns = [("motor.state", "Nullable(Float64)", "1"), ("pos.x", "Nullable(Float64)", "2.5"), ("plain", "Nullable(Float64)", "3"),
               ("pos.x:i64", "Nullable(Int64)", "NULL"), ("few[1]", "Nullable(Float64)", "5"), ("few[0]", "Nullable(Float64)", "4")]
    typed = ", ".join(f"`payload.{name}` {kind}" for name, kind, _ in columns)
    server.ask(f"CREATE TABLE {table} ({IDENTITY}, {typed}, `payload/long/er` Array(Int16)) ENGINE = MergeTree "
               "ORDER BY (run_id, source_id, frame_index, writer, sequence) SETTINGS non_replicated_deduplication_window = 10000 "
               """COMMENT '{"channel":"c","type":"t"}'""")
    server.ask(f"INSERT INTO {table} SELECT 'old', '00000000000000aa', 's', 0, number, number, 0, NULL, '', now(), '', "
               + ", ".join(value for _, _, value in columns) + ", [7, 8, 9] FROM numbers(3)")
    server.ask(f"CREATE VIEW telemetry_events AS SELECT * FROM (SELECT CAST(run_id, 'String') AS run_id, source_id, '' AS payload FROM {table})")
    yield server, table
    server.kill()


def test_tables_of_earlier_collectors_go_on(make_collector, earlier):
    """Their columns keep their names; what ClickHouse would not add beside them gets another."""
    server, table = earlier
    collector = make_collector("--clickhouse-url", server.url)
    collector.server = server
    old = {"motor": {"state": 1}, "pos": {"x": 2.5}, "plain": 3, "few": [4, 5], "long": {"er": [7, 8, 9]}}
    # There is one already, which the collector replaces.
    new_view = "SELECT name FROM system.columns WHERE database = 'teltel' AND table = 'telemetry_events' AND name = 'frame_index'"
    wait_until(lambda: server.ask(new_view), "the view is the collector's")
    assert payloads(collector, "old") == [old] * 3
    new = [{"motor": 5}, {"motor": {"state": 6}, "pos": {"x": 7}}, {"pos": 8}, {"motor": {"state": {"now": 9}}}, {"plain": 10, "few": [11]}]
    for frame, payload in enumerate(new):
        # Each is stored before the next one comes: at once, as a run ends with it.
        assert post(collector, event("new", "t", payload, frame), end("new", frame))[1]["accepted"] == 2
        all_stored(collector, "new", 2 * frame + 2)
    assert payloads(collector, "new") == new and payloads(collector, "old") == [old] * 3
    assert values(collector, "old", "t", "pos.x") == [2.5] * 3 and values(collector, "old", "t", "long.er[2]") == [9] * 3
    assert values(collector, "new", "t", "pos.x") == [None, 7, None, None, None]
    assert values(collector, "new", "t", "motor") == [5, None, None, None, None]
    assert values(collector, "new", "t", "motor.state") == [None, 6, None, None, None]
    assert series(collector, "old", "t", "few[1]", kind="summary")[0]["mean"] == 5
    names = {row["name"] for row in server.ask(f"SELECT name FROM system.columns WHERE table = '{table}'")}
    assert "payload.pos.x" in names and "payload.pos/x" not in names, "values of one path stay in one column"
    assert collector.json("/api/storage")["state"] == "ok"
