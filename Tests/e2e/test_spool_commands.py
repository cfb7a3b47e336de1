"""`teltel spool` and `teltel storage`: what waits on disk, and what is stored."""
import json
import os
import subprocess

import pytest
from bodies import frames, line, ndjson
from database import sql
from support import BUILD, wait_until
from test_ingest import post

NOWHERE = "http://127.0.0.1:1/"


def teltel(*arguments, **environment):
    return subprocess.run(
        [BUILD / "bin/teltel", *map(str, arguments)], capture_output=True, text=True, timeout=120, env={**os.environ, **environment})


def fill(make_collector, events: int = 5_000, run_id: str = "waits"):
    """A collector that has left, whose events wait in the spool."""
    collector = make_collector("--clickhouse-url", NOWHERE)
    end = ndjson(line(runId=run_id, type="run.end", frameIndex=events, payload={"status": "completed"}))
    assert post(collector, raw=frames(events, runId=run_id) + end)[0] == 202
    wait_until(lambda: collector.json("/api/storage")["spool"]["waitingRows"] == events + 1, "all rows are spooled")
    assert collector.stop() == 0
    return collector


def test_what_waits_is_listed_and_drained(make_collector):
    collector = fill(make_collector)
    listed = teltel("spool", "list", "--data-dir", collector.data)
    assert listed.returncode == 0 and "5,001 rows in " in listed.stdout and "log-1 " in listed.stdout, listed
    checked = teltel("spool", "check", TELTEL_DATA_DIR=str(collector.data))
    assert checked.returncode == 0 and "nothing is damaged" in checked.stdout and "5,001 rows wait" in checked.stdout, checked
    drained = teltel("spool", "drain", "--data-dir", collector.data)
    assert (drained.returncode, drained.stdout) == (0, "nothing waits any more\n"), drained
    assert "0 rows in 0 segments" in teltel("spool", "list", "--data-dir", collector.data).stdout
    assert teltel("spool", "drain", "--data-dir", collector.data).stdout == "nothing waits\n"

    collector.arguments = []
    collector.start()
    wait_until(lambda: collector.request("/api/ready")[0] == 200, "storage is ready", 60)
    rows = sql(collector, "SELECT count() AS n, uniqExact(frame_index) AS frames FROM telemetry_events WHERE type = 'body.state'")[0]
    assert {name: int(value) for name, value in rows.items()} == {"n": 5_000, "frames": 5_000}
    assert collector.run("waits")["stored"] == 5_001


def test_nothing_is_drained_while_a_collector_is_there_or_into_nowhere(make_collector):
    collector = fill(make_collector, 10)
    refused = teltel("spool", "drain", "--data-dir", collector.data, "--clickhouse-url", NOWHERE, "--patience", 1)
    assert refused.returncode == 1 and "11 rows are left" in refused.stderr
    collector.start()
    busy = teltel("spool", "drain", "--data-dir", collector.data)
    assert busy.returncode == 1 and "is in use by another collector (pid" in busy.stderr
    assert "11 rows in " in teltel("spool", "list", "--data-dir", collector.data).stdout


def test_damage_is_found_and_left_as_it_is(make_collector):
    collector = fill(make_collector)
    log = collector.data / "spool/log-1"
    with open(log, "r+b") as file:
        file.seek(4096 + 3000)
        byte = file.read(1)[0]
        file.seek(4096 + 3000)
        file.write(bytes([byte ^ 1]))
    before = log.read_bytes()
    checked = teltel("spool", "check", "--data-dir", collector.data)
    assert checked.returncode == 1 and "log-1: " in checked.stderr and "nothing is damaged" not in checked.stdout
    assert log.read_bytes() == before


@pytest.mark.parametrize("command", ["list", "check", "drain"])
def test_a_folder_without_a_spool(tmp_path, command):
    done = teltel("spool", command, "--data-dir", tmp_path)
    assert done.returncode == 1 and f"there is no spool in {tmp_path}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_tables_are_shown_with_their_sizes(collector):
    wait_until(lambda: collector.request("/api/ready")[0] == 200, "storage is ready", 60)
    assert post(collector, raw=frames(1_000, runId="sized"))[0] == 202

    def table():
        return next((table for table in collector.json("/api/storage")["tables"] if table.get("type") == "body.state"), None)

    shown = wait_until(table, "the table is shown", 60)
    assert shown["channel"] == "physics" and shown["rows"] == 1_000 and shown["bytes"] > 0 and shown["parts"] >= 1
    text = teltel("storage", "status", "--url", collector.url)
    assert text.returncode == 0 and text.stdout.startswith("storage   ok: embedded ClickHouse ") and " 0 rows wait" in text.stdout
    assert [row.split()[:3] for row in text.stdout.splitlines() if "body.state" in row] == [["physics", "body.state", "1,000"]]
    assert json.loads(teltel("storage", "status", "--json", "--url", collector.url).stdout)["state"] == "ok"


def test_storage_that_is_off_or_away(live, make_collector):
    status, _, body = live.request("/api/storage")
    assert (status, json.loads(body)["error"]["code"]) == (503, "storage-off")
    shown = teltel("storage", "status", "--url", live.url)
    assert shown.returncode == 1 and "runs without storage" in shown.stderr
