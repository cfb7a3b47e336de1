"""A database that the reference service has filled: nothing is mixed until somebody says so, then no row is lost."""
import json
import subprocess

import pytest
from bodies import line
from clickhouse import Server
from support import BUILD, wait_until
from test_contract_tables import EVENTS_COLUMNS, METADATA_COLUMNS
from test_ingest import post
from told import answer

ROWS, RUNS = 1_000, 4


def columns(of: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {kind}{' DEFAULT now()' if name in ('inserted_at', 'updated_at') else ''}" for name, kind in of)


@pytest.fixture
def filled(tmp_path):
    """A server with the reference's tables and rows, as the contract lays them down."""
    server = Server(tmp_path / "server")
    server.ask("CREATE DATABASE teltel", database="")
    server.ask(f"CREATE TABLE telemetry_events ({columns(EVENTS_COLUMNS)}) ENGINE = MergeTree PARTITION BY toYYYYMM(inserted_at) "
               "ORDER BY (run_id, frame_index, source_id)")
    server.ask(f"CREATE TABLE run_metadata ({columns(METADATA_COLUMNS)}) ENGINE = ReplacingMergeTree(updated_at) ORDER BY run_id")
    server.ask(f"""INSERT INTO telemetry_events SELECT concat('old-', toString(number % {RUNS})), 'flight-engine', 'physics', 'body.state',
        number, number / 100, 1700000000000 + number, '{{"car":"red"}}', concat('{{"pos":{{"x":', toString(number / 4), '}}}}'),
        toDateTime(1700000000 + number * 10000) FROM numbers({ROWS})""")
    server.ask(f"""INSERT INTO run_metadata (run_id, started_at, status, total_events, source_id, config, tags)
        SELECT concat('old-', toString(number)), now() - 60, 'completed', 250, 'flight-engine', '{{}}', '{{}}' FROM numbers({RUNS})""")
    yield server
    server.kill()


def content(server, table: str) -> list[dict]:
    names = ", ".join(name for name, _ in EVENTS_COLUMNS)
    return server.ask(f"SELECT {names} FROM {table} WHERE startsWith(run_id, 'old-') ORDER BY frame_index")


def migrate(collector, *arguments):
    command = [BUILD / "bin/teltel", "storage", "migrate", *arguments, "--url", collector.url]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)


def test_the_references_rows_come_under_the_view(make_collector, filled):
    before = content(filled, "telemetry_events")
    tables = "SELECT name, engine FROM system.tables WHERE database = 'teltel' ORDER BY name"
    as_it_was = filled.ask(tables)
    collector = make_collector("--clickhouse-url", filled.url)
    assert post(collector, line(runId="new"), line(runId="new", type="run.end", payload={"status": "completed"}))[1]["accepted"] == 2
    said = "`teltel storage migrate --dry-run` shows"
    state = wait_until(lambda: (state := collector.json("/api/storage"))["state"] == "failed" and state, "it is said")
    assert said in state["detail"]
    wait_until(lambda: said in collector.output(), "the log says it")
    assert collector.run("new")["size"] == 2, "live goes on"
    wait_until(lambda: collector.json("/api/storage")["spool"]["waitingRows"] == 2, "new rows wait")

    shown = migrate(collector, "--dry-run")
    assert shown.returncode == 0 and f"{ROWS:,} events of {RUNS:,} runs would be under telemetry_events" in shown.stdout, shown
    assert "RENAME TABLE" in shown.stdout
    assert filled.ask(tables) == as_it_was and content(filled, "telemetry_events") == before, "nothing was written"

    done = migrate(collector)
    assert done.returncode == 0 and f"{ROWS:,} events of {RUNS:,} runs are under telemetry_events" in done.stdout, done
    wait_until(lambda: collector.run("new")["stored"] == 2, "what waited is stored")
    wait_until(lambda: filled.ask("SELECT count() AS n FROM telemetry_events WHERE run_id = 'new'") == [{"n": 2}], "the view shows both")
    assert content(filled, "telemetry_events") == before
    listed = {row["run_id"] for row in map(json.loads, collector.request("/api/analysis/runs")[2].splitlines())}
    assert listed >= {f"old-{number}" for number in range(RUNS)}
    series = collector.request("/api/analysis/series?runId=old-1&eventType=body.state&sourceId=flight-engine&jsonPath=pos.x")[2]
    assert [json.loads(row)["value"] for row in series.splitlines()] == [frame / 4 for frame in range(1, ROWS, RUNS)]
    asked = {"runId": "old-1", "eventType": "body.state"}
    assert [row["value"] for row in answer(collector, "outliers", **asked, jsonPath="pos.x", min=1)] == [0.25]
    assert [(row["min"], row["max"]) for row in answer(collector, "buckets", **asked, jsonPath="pos.x", buckets=1)] == [(0.25, (ROWS - 3) / 4)]
    assert [(row["total_events"], row["max_frame"]) for row in answer(collector, "stats", runId="old-1")] == [(ROWS // RUNS, ROWS - 3)]
    assert [(row["frame_index"], row["payload"]) for row in answer(collector, "at", **asked, frame=8)] == [(5, {"pos": {"x": 1.25}})]
    page = json.loads(collector.request("/api/analysis/events?runId=old-1&fromFrame=5&limit=1")[2])
    assert (page["events"][0]["payload"], page["truncated"]) == ({"pos": {"x": 1.25}}, True)
    assert [row["count"] for row in answer(collector, "schema", runId="old-1")] == [ROWS // RUNS]
    assert migrate(collector).stdout == "nothing of the reference service is here\n"
    # Its runs are removed like others.
    assert collector.request("/api/run?runId=old-2", method="DELETE")[0] == 200
    assert len(content(filled, "telemetry_events")) == ROWS - ROWS // RUNS


def test_a_migration_that_broke_off_goes_on(make_collector, filled):
    before = content(filled, "telemetry_events")
    filled.ask("RENAME TABLE telemetry_events TO events_reference")
    collector = make_collector("--clickhouse-url", filled.url)
    wait_until(lambda: collector.json("/api/storage")["state"] == "failed", "it is not mixed")
    assert migrate(collector).returncode == 0
    wait_until(lambda: collector.json("/api/storage")["state"] == "ok", "storage is well")
    assert content(filled, "telemetry_events") == before


def test_a_table_of_somebody_else_is_left_alone(make_collector, filled):
    filled.ask("DROP TABLE telemetry_events SYNC")
    filled.ask("CREATE TABLE telemetry_events (mine String) ENGINE = MergeTree ORDER BY mine AS SELECT 'x' AS mine")
    collector = make_collector("--clickhouse-url", filled.url)
    wait_until(lambda: collector.json("/api/storage")["state"] == "failed", "it is not mixed")
    refused = migrate(collector)
    assert refused.returncode == 1 and "is not the reference's table" in refused.stderr, refused
    assert filled.ask("SELECT mine FROM telemetry_events") == [{"mine": "x"}]
