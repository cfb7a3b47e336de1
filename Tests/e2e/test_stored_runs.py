"""What is said about stored runs: frames of more than 32 bits, times, totals, sizes, and what storage is busy with."""
import json
import re
import shutil
import tempfile
import time

import pytest
from analysis import all_stored, lines, series
from clickhouse import Gate, Server
from database import sql, table_of
from support import Collector, wait_until
from test_ingest import post
from test_stored_fields import end, event, store

LARGEST = 2**32 - 1


def test_frames_beyond_32_bits_are_stored_shown_and_counted(collector, start_engine, programs):
    """An engine with microseconds as frames gets there after 72 minutes."""
    start_engine(programs / "shape", "us", "t", LARGEST - 2, 6, "x:f64=1").communicate()
    start_engine(programs / "shape", "ms", "t", 0, 4, "x:f64=1").communicate()
    for run, events in (("us", 8), ("ms", 6)):
        all_stored(collector, run, events)
    frames = [row["frame_index"] for row in series(collector, "us", "t", "x", "engine")]
    assert frames == list(range(LARGEST - 2, LARGEST + 4))
    both = {view: sql(collector, f"SELECT run_id, count() AS n, max(frame_index) AS m FROM {view} GROUP BY run_id ORDER BY run_id")
            for view in ("telemetry_events", "telemetry_events_64")}
    wide = {row["run_id"]: (int(row["n"]), int(row["m"])) for row in both["telemetry_events_64"]}
    narrow = {row["run_id"]: (int(row["n"]), int(row["m"])) for row in both["telemetry_events"]}
    assert wide["us"] == (8, LARGEST + 3) and wide["ms"] == narrow["ms"]
    # run.end has the last frame, so it is among those that are left out.
    beyond = wide["us"][0] - narrow["us"][0]
    assert narrow["us"][1] == LARGEST and beyond >= 3
    assert collector.json("/api/run?runId=us")["eventsBeyond32Bits"] == beyond
    assert "eventsBeyond32Bits" not in collector.json("/api/run?runId=ms")

    def told(run):
        status, _, body = collector.request(f"/api/analysis/run/{run}")
        row = json.loads(body) if status == 200 else {}
        return row if row.get("is_final") else None

    row = wait_until(lambda: told("us"), "the totals are final", 60)
    assert (int(row["events_beyond_32_bits"]), row["max_frame_index"], int(row["total_events"])) == (beyond, LARGEST, 8)
    row = wait_until(lambda: told("ms"), "the totals are final", 60)
    assert int(row["events_beyond_32_bits"]) == 0 and int(row["total_events"]) == 6


def instant(text: str) -> int:
    """Of RFC 3339 in UTC."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text), text
    return int(time.mktime(time.strptime(text + "+0000", "%Y-%m-%dT%H:%M:%SZ%z")) - time.timezone)


@pytest.mark.parametrize("where", ["embedded", "server"])
def test_times_say_their_zone(make_collector, tmp_path, where, monkeypatch):
    """A run of one hour, across the end of summer time: wherever collector and server are, it is one hour long."""
    monkeypatch.setenv("TZ", "America/New_York")
    server = Server(tmp_path / "server") if where == "server" else None
    collector = make_collector(*(["--clickhouse-url", server.url] if server else []), start=False)
    collector.variables["TZ"] = "America/New_York"
    collector.server = server
    collector.start()
    begin = 1793511000
    events = [event("tz", "t", {"x": 1}, 0, wallTimeMs=begin * 1000),
              event("tz", "run.end", {"status": "completed"}, 1, wallTimeMs=(begin + 3600) * 1000)]
    assert post(collector, *events)[1]["accepted"] == 2
    all_stored(collector, "tz", 2)
    row = wait_until(lambda: (found := lines(collector, "run/tz"))[0]["is_final"] and found[0], "it is in run_metadata", 60)
    assert row["started_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin))
    live = collector.json("/api/run?runId=tz")
    assert row["started_at"][:19] == live["created"][:19] and row["ended_at"][:19] == live["endedAt"][:19]
    [listed] = [one for one in lines(collector, "runs", daysBack=36500) if one["run_id"] == "tz"]
    assert (listed["started_at"], listed["ended_at"]) == (row["started_at"], row["ended_at"])
    if where == "embedded":
        assert sql(collector, "SELECT timezone() AS zone")[0]["zone"] in ("UTC", "Etc/UTC")
    else:
        server.kill()


@pytest.mark.parametrize("days", [0, 30, 20_787, 20_788, 30_000, 36_500])
def test_runs_of_any_number_of_days_back(known_runs, days):
    """Two thousand years are not asked for; a hundred are, and 1970 lies between. What counts is when the collector heard of a run."""
    found = [row["run_id"] for row in lines(known_runs, "runs", daysBack=days)]
    if days == 0:
        # What came in this very second may be there.
        found = ["later", "said-to-be-old", "now"] + [run for run in found if run == "long-ago"]
    assert found == ["later", "said-to-be-old", "now"] + ["long-ago"] * (days > 7_000)


@pytest.fixture(scope="module")
def known_runs(tmp_path_factory):
    """One that came long ago, and one of which its sender says so."""
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    server = Server(tmp_path_factory.mktemp("days-server"))
    collector = Collector(tmp_path_factory.mktemp("days"), shm, ["--clickhouse-url", server.url]).start()
    said = (int(time.time()) - 7_000 * 86_400) * 1000
    second = -1
    for run, more in (("now", {}), ("said-to-be-old", {"wallTimeMs": said}), ("later", {})):
        # Rows have seconds. Which one it was is the collector's to say: a request may take its time.
        wait_until(lambda: int(time.time()) > second, "a further second")
        assert post(collector, event(run, "t", {"x": 1}, **more), event(run, "run.end", {}, 1, **more))[1]["accepted"] == 2
        second = instant(wait_until(lambda: collector.run(run), f"{run} is known")["receivedAt"][:19] + "Z")
    for run in ("now", "said-to-be-old", "later"):
        wait_until(lambda: collector.request(f"/api/analysis/run/{run}")[0] == 200, f"{run} is in run_metadata", 60)
    server.ask("INSERT INTO run_metadata (run_id, started_at, status, inserted_at, updated_at) "
               "SELECT 'long-ago', now(), 'completed', toDateTime(now() - 7000 * 86400), now()")
    yield collector
    collector.kill()
    server.kill()
    shutil.rmtree(shm, ignore_errors=True)


def test_stored_runs_say_when_they_came(known_runs):
    [row] = lines(known_runs, "run/said-to-be-old")
    assert row["received_at"] == known_runs.json("/api/run?runId=said-to-be-old")["receivedAt"][:19] + "Z" > row["started_at"]
    assert row["received_at"] in [one["received_at"] for one in lines(known_runs, "runs") if one["run_id"] == "said-to-be-old"]


def test_runs_that_end_together_are_counted_together(make_collector, tmp_path):
    """A question for each would keep the counts of all runs waiting meanwhile: 20 s of a thousand."""
    server = Server(tmp_path / "server")
    gate = Gate(server.connect)
    collector = make_collector("--clickhouse-url", gate.url)
    runs = [f"together-{number:03}" for number in range(300)]
    store(collector, *(one for run in runs for one in (event(run, "t", {"x": 1}, 7, simTime=0.5), end(run, 9))))

    def final():
        rows = {row["run_id"]: row for row in lines(collector, "runs", daysBack=1)}
        return rows if len(rows) == 300 and all(row["is_final"] for row in rows.values()) else None

    rows = wait_until(final, "all totals are final", 60)
    assert {(int(row["total_events"]), int(row["total_frames"]), int(row["max_frame_index"])) for row in rows.values()} == {(2, 2, 9)}
    assert 3 <= len([one for one in gate.requests if "uniqExact(frame_index)" in one.sql]) < 30
    gate.close()
    server.kill()


def test_a_run_without_long_frames_is_shown_without_asking_storage(make_collector, tmp_path):
    """The page asks twice a second, and storage may be slow: live waits for nobody."""
    server = Server(tmp_path / "server")
    gate = Gate(server.connect)
    collector = make_collector("--clickhouse-url", gate.url)
    store(collector, event("short", "t", {"x": 1}, LARGEST), end("short", LARGEST))
    asked = len(gate.requests)
    assert collector.json("/api/run?runId=short")["lastFrame"] == LARGEST
    assert not [one for one in gate.requests[asked:] if "telemetry_events_64" in one.sql]
    gate.close()
    server.kill()


def test_totals_grow_until_they_are_final(collector):
    """What comes after a run's row was final makes another row."""
    assert post(collector, event("late", "t", {"x": 1}), end("late", 1))[1]["accepted"] == 2

    def final(events):
        status, _, body = collector.request("/api/analysis/run/late")
        row = json.loads(body) if status == 200 else {}
        return row.get("is_final") and int(row["total_events"]) == events

    wait_until(lambda: final(2), "the totals are final", 60)
    assert post(collector, *(event("late", "t", {"x": 1}, 2 + frame) for frame in range(500)))[1]["accepted"] == 500
    wait_until(lambda: final(502), "and again", 60)
    [listed] = [row for row in lines(collector, "runs") if row["run_id"] == "late"]
    assert listed["is_final"] is True and int(listed["total_events"]) == 502


def test_many_new_types_are_said_and_hold_up_nobody(make_collector):
    tables, types = 150, 200
    collector = make_collector("--max-tables", str(tables))
    known = [event("known", "old", {"x": 1})]
    assert post(collector, *known)[1]["accepted"] == 1
    all_stored(collector, "known", 1)
    events = [event("many", f"type-{number}", {"x": number}, number) for number in range(types)]
    assert post(collector, *events)[1]["accepted"] == types
    told = wait_until(lambda: (found := collector.json("/api/storage"))["inserts"]["missingTables"] > 1 and found, "tables are missing")
    assert told["inserts"]["waitingTables"] >= told["inserts"]["missingTables"]
    assert "tables of new types are being made" in told["detail"] and told["state"] == "ok"
    # What has its table goes on meanwhile.
    assert post(collector, event("known", "old", {"x": 2}, 1))[1]["accepted"] == 1
    # Asked of ClickHouse in one question: what the collector counts comes later, when all tables may have been made.
    question = (f"SELECT (SELECT count() FROM {table_of(collector, 'c', 'old')} WHERE run_id = 'known') AS rows, count() AS tables "
                "FROM system.tables WHERE database = 'teltel' AND name LIKE 'events_%'")
    then = wait_until(lambda: int((row := sql(collector, question)[0])["rows"]) == 2 and row, "rows of a known type are stored", 120)
    all_stored(collector, "many", types, 300)
    assert int(then["tables"]) < int(sql(collector, question)[0]["tables"]), "before all tables are made"
    after = collector.json("/api/storage")
    assert after["inserts"]["missingTables"] == after["inserts"]["waitingTables"] == 0 and after["inserts"].get("lastError") is None
    assert after["sharingTypes"] > types - tables and "share one table" in after["detail"] and "--max-tables" in after["detail"]
    assert table_of(collector, "c", "type-0")
