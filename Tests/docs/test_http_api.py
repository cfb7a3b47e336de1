"""docs/http-api.md names what a running collector has: paths, metrics, fields, codes."""
import json
import os
import re
import shlex
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import unquote

import pytest
from support import BUILD
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/http-api.md").read_text()


def wait_until(condition, what: str, patience: float = 60.0):
    pause, deadline = threading.Event(), time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        pause.wait(0.02)
    return value


def section(title: str) -> str:
    return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)[1]


@pytest.fixture
def with_a_run(module_collector):
    """A collector with storage that has one stored run and one that was posted, whatever other tests have done to them."""
    collector = module_collector
    if not collector.run("documented"):
        variables = {**os.environ, "TELTEL_SHM_DIR": collector.shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
        subprocess.run([ROOT / "examples/vehicle/vehicle", "--seconds", "1", "--run-id", "documented"], env=variables, check=True, capture_output=True)
    if not collector.run("posted-run"):
        collector.request("/api/ingest", data=(ROOT / "examples/minimal/curl/run.ndjson").read_bytes() + b"{\n")
    for run_id in ("documented", "posted-run"):
        accepted = collector.wait_status(run_id, "completed")["accepted"]
        wait_until(lambda: collector.run(run_id)["stored"] == accepted, f"{run_id} is stored")
    wait_until(lambda: collector.request("/api/analysis/run/documented")[0] == 200, "the run is listed in storage")
    return collector


def test_metrics_are_documented(with_a_run):
    names = re.findall(r"^# TYPE (\w+)", with_a_run.request("/metrics")[2].decode(), re.M)
    assert names and [name for name in names if f"`{name}" not in section("GET /metrics")] == []


def test_fields_of_runs_are_documented(with_a_run):
    runs = with_a_run.json("/api/runs")
    assert [name for run in runs for name in run if f"`{name}`" not in section("GET /api/runs")] == []
    assert [name for name in with_a_run.json("/api/runs?after=") if f"`{name}`" not in section("GET /api/runs")] == []
    detail = with_a_run.json("/api/run?runId=documented")
    described = section("GET /api/runs") + section("GET /api/run")
    assert [name for name in detail if f"`{name}`" not in described] == []


def test_fields_of_storage_are_documented(with_a_run):
    answer = with_a_run.json("/api/storage")
    names = {*answer, *answer["spool"], *answer["inserts"], *(name for table in answer["tables"] for name in table)}
    assert answer["tables"] and [name for name in names if f"`{name}`" not in section("GET /api/storage")] == []


def test_pruning_as_it_is_shown(with_a_run):
    (command,) = re.findall(r"`(teltel storage prune [^`]+)`", section("POST /api/storage/prune"))
    program, *arguments = shlex.split(command)
    done = subprocess.run([BUILD / "bin" / program, *arguments, "--url", with_a_run.url], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "nothing to remove\n"), done
    body = json.dumps({"retainMib": 0, "dryRun": True}).encode()
    answer = json.loads(with_a_run.request("/api/storage/prune", data=body)[2])
    assert {run["runId"] for run in answer["runs"]} == {"documented", "posted-run"}
    assert [name for name in (*answer, *answer["runs"][0]) if f"`{name}`" not in section("POST /api/storage/prune")] == []


def test_paths_are_there(with_a_run):
    paths = set(re.findall(r"\| \[`(/[^`]+)`\]", TEXT))
    assert {"/api/ingest", "/api/runs", "/ws", "/metrics", "/api/analysis/series"} <= paths
    assert with_a_run.request("/api/layouts/documented", b"{}", method="PUT")[0] == 200
    for path in paths:
        status, _, body = with_a_run.request(path.replace("{id}", "documented").replace("{name}", "documented"))
        assert status != 404 or json.loads(body)["code"] in ("unknown-statement", "unknown-baseline"), path


def documented(path: str) -> set[str]:
    """The columns of an analysis."""
    text = re.search(rf"^### GET {re.escape(path)}\n(.*?)(?=^##|\Z)", TEXT, re.M | re.S)[1]
    return set(re.findall(r"`(\w+)`", re.search(r"(?:Rows|One row)[^:\n]*: (.*)", text, re.S)[1]))


def test_analysis_gives_the_columns_that_are_documented(with_a_run):
    def rows(path: str) -> list[dict]:
        status, _, body = with_a_run.request(path)
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines()]

    runs = rows("/api/analysis/runs?status=completed,failed&daysBack=1")
    assert runs[0] and set(runs[0]) <= documented("/api/analysis/runs")
    (run,) = rows("/api/analysis/run/documented")
    assert set(run) <= documented("/api/analysis/run/{id}")
    query = "runId=documented&sourceId=drive-engine&eventType=wheel.force&jsonPath=normalLoad"
    series = rows(f"/api/analysis/series?{query}")
    assert len(series) == 480 and set(series[0]) == {"frame_index", "sim_time", "value", "key"}
    assert set(series[0]) <= documented("/api/analysis/series")
    reduced = rows(f"/api/analysis/series?{query}&key=2&points=20")
    assert {row["key"] for row in reduced} == {"2"} and 10 <= len(reduced) <= 24
    some = rows(f"/api/analysis/series?{query}&key=2&fromFrame=10&toFrame=19&wallTime=1")
    assert [row["frame_index"] for row in some] == list(range(10, 20))
    assert set(some[0]) <= documented("/api/analysis/series") and some[0]["wall_time_ms"] > 1.7e12
    (summary,) = rows(f"/api/analysis/summary?{query}&key=2&fromFrame=10&toFrame=19")
    assert set(summary) <= documented("/api/analysis/summary")
    values = [row["value"] for row in some]
    assert (summary["min"], summary["max"], summary["first"], summary["last"]) == (min(values), max(values), values[0], values[-1])
    assert int(summary["count"]) == int(summary["finite"]) == 10
    (text,) = rows("/api/analysis/texts?runId=documented&sourceId=drive-engine&eventType=run.end&jsonPath=reason")
    assert set(text) <= documented("/api/analysis/texts") and text["value"]
    sizes = rows("/api/analysis/sizes")
    assert {row["run_id"] for row in sizes} == {"documented", "posted-run"}
    assert set(sizes[0]) <= documented("/api/analysis/sizes") and all(int(row["bytes_on_disk"]) > 0 for row in sizes)
    assert rows("/api/analysis/sizes?runId=documented") == [row for row in sizes if row["run_id"] == "documented"]
    value = "runId=documented&eventType=wheel.force&jsonPath=normalLoad"
    for question in (f"outliers?{value}&max=-1e9", f"spikes?{value}&threshold=0", f"buckets?{value}", f"histogram?{value}", f"quantiles?{value}",
                     "correlation?runId=documented&eventType=wheel.force&jsonPath1=normalLoad&jsonPath2=slipRatio", "stats?runId=documented",
                     "correlation?runId=documented&eventType=wheel.force&jsonPath1=normalLoad&jsonPath2=slipRatio&coefficient=1",
                     "frames?runId=documented", "frame-end?runId=documented", "at?runId=documented&frame=60", "schema?runId=documented"):
        answered, columns = rows(f"/api/analysis/{question}"), documented(f"/api/analysis/{question.partition('?')[0]}")
        assert answered and set(answered[0]) <= columns, question
    [types] = [row["fields"] for row in rows("/api/analysis/schema?runId=documented&eventType=wheel.force")]
    assert set(types[0]) <= documented("/api/analysis/schema") and {"normalLoad", "wheelId"} <= {one["field"] for one in types}
    page = with_a_run.json("/api/analysis/events?runId=documented&limit=3")
    text = re.search(r"^### GET /api/analysis/events\n(.*?)(?=^##)", TEXT, re.M | re.S)[1]
    assert page["truncated"] and [name for name in (*page, *page["events"][0]) if f"`{name}`" not in text] == []
    fields = rows("/api/analysis/fields?runId=documented")
    assert set(fields[0]) <= documented("/api/analysis/fields")
    assert ("physics", "wheel.force", "normalLoad") in {(row["channel"], row["type"], row["field"]) for row in fields}


def test_several_values_as_they_are_shown(with_a_run):
    (curl,) = re.findall(r"```sh\n(curl [^\n]*multi-series[^\n]*)\n```", TEXT)
    answer = subprocess.run(curl.replace("http://127.0.0.1:8080", with_a_run.url), shell=True, check=True, stdout=subprocess.PIPE).stdout
    found = [json.loads(line) for line in answer.splitlines()]
    assert set(found[0]) == {"frame_index", "sim_time", "pos_z", "normalLoad", "type", "source_id", "key"}
    assert [sum(row[name] is not None for row in found) for name in ("pos_z", "normalLoad")] == [120, 480]


def test_analysis_shows_its_sql(with_a_run):
    path = "/api/analysis/series?runId=documented&sourceId=drive-engine&eventType=body.state&jsonPath=pos.x"
    sql = unquote(dict(with_a_run.request(path)[1])["X-Teltel-SQL"])
    assert "-- param_run=documented\n" in sql and "{run:String}" in sql
    explained = with_a_run.json(path + "&explain=1")
    assert sql.endswith(explained["sql"]) and explained["parameters"]["run"] == "documented"


ERRORS = [
    ("/api/analysis/series?runId=r", 400, "missing-parameter"), ("/api/analysis/runs?daysBack=x", 400, "bad-parameter"),
    ("/api/analysis/run/none", 404, "unknown-run"), ("/api/run?runId=none", 404, "unknown-run"),
    ("/api/analysis/series?runId=r&sourceId=s&eventType=t&jsonPath=p&fromFrame=2&toFrame=1", 400, "bad-parameter"),
    ("/api/run", 400, "missing-parameter"), ("/nothing", 404, "not-found"),
]


def test_errors_have_the_codes_that_are_documented(with_a_run):
    for path, status, code in ERRORS:
        answer = with_a_run.request(path)
        assert (answer[0], json.loads(answer[2])["error"]["code"]) == (status, code), path
        assert f"`{code}`" in TEXT


def test_changes_of_runs_as_they_are_shown(with_a_run):
    """The curl of PATCH, then each command for the terminal, the last of which deletes the run."""
    (curl,) = re.findall(r"```sh\n(.*?)```", section("PATCH /api/run"), re.S)
    subprocess.run(curl.replace("http://127.0.0.1:8080", with_a_run.url), shell=True, check=True, stdout=subprocess.PIPE)
    assert with_a_run.run("posted-run")["name"] == "first try"
    commands = re.findall(r"`(teltel run [^`]+)`", section("PATCH /api/run") + section("DELETE /api/run"))
    assert [command.split()[2] for command in commands] == ["name", "note", "delete"]
    for command in commands:
        program, *arguments = shlex.split(command)
        subprocess.run([BUILD / "bin" / program, *arguments, "--url", with_a_run.url], input="y\n", text=True, check=True)
        if "delete" not in command:
            run = with_a_run.run("posted-run")
    assert run["note"] == "wet track" and with_a_run.run("posted-run") is None


def test_layouts_as_they_are_shown(offline):
    (commands,) = re.findall(r"```sh\n(.*?)```", section("Layouts"), re.S)
    answers = [
        subprocess.run(line.replace("http://127.0.0.1:8080", offline.url), shell=True, check=True, capture_output=True).stdout
        for line in commands.splitlines()
    ]
    saved, layout, removed = map(json.loads, answers)
    (shown,) = json.loads(re.search(r"`(\[\{.*?\}\])`", section("Layouts"))[1])
    assert saved == shown | {"savedAt": saved["savedAt"]}
    assert (layout, removed) == ({"panels": []}, {"name": "tyres"}) and f"`{json.dumps(removed, separators=(',', ':'))}`" in TEXT


def test_markers_and_anomalies_as_they_are_shown(with_a_run):
    (commands,) = re.findall(r"```sh\n(.*?)```", section("Markers"), re.S)
    made, listed = [
        json.loads(subprocess.run(
            line.replace("http://127.0.0.1:8080", with_a_run.url).replace("posted-run", "documented"), shell=True, check=True, capture_output=True).stdout)
        for line in commands.splitlines()
    ]
    assert listed == {"runId": "documented", "markers": [made], "total": 1, "next": ""}
    assert [name for name in (*made, *listed) if f"`{name}`" not in section("Markers")] == []
    text = re.search(r"^### GET /api/analysis/anomalies\n(.*?)(?=^##)", TEXT, re.M | re.S)[1]
    answer = json.loads(with_a_run.request("/api/analysis/anomalies?runId=documented&frozenEvents=2&jumpFactor=1&deviationFactor=1", method="POST")[2])
    assert answer["findings"]
    names = {*answer, *answer["rules"], *answer["coverage"], *(name for one in answer["findings"] for name in one), *answer["rules"]["kinds"]}
    assert [name for name in names if f"`{name}`" not in text] == []
    assert with_a_run.request(f"/api/markers/{made['id']}", method="DELETE")[0] == 200


def test_without_storage_analysis_says_so(live):
    status, _, body = live.request("/api/analysis/runs")
    assert (status, json.loads(body)["error"]["code"]) == (503, "storage-off")
    assert live.json("/api/ready") == {"status": "ready", "storage": {"state": "off", "detail": "started with --no-storage"}}


def test_the_example_event_is_taken_and_comes_back_in_the_order_shown(live):
    example = re.search(r"## Events.*?```json\n(.*?)```", TEXT, re.S)[1]
    event = json.loads(example)
    with connect(live.url.replace("http", "ws") + "/ws") as socket:
        # Nothing tells when a subscription holds: the tail covers what came before it.
        socket.send(json.dumps({"runId": event["runId"], "tail": 1}))
        status, _, body = live.request("/api/ingest", data=json.dumps(event).encode())
        assert (status, json.loads(body)["accepted"]) == (202, 1)
        received = json.loads(socket.recv(timeout=30))
    assert received == event and list(received) == list(event)


def test_the_error_example_is_what_a_bad_line_gets(live):
    example = re.search(r"## POST /api/ingest.*?```json\n(.*?)```", TEXT, re.S)[1]
    good = b'{"v":1,"runId":"r","sourceId":"s"}\n'
    body = live.request("/api/ingest", data=good * 2 + b'{"v":1,"sourceId":"s"}\n')[2]
    assert json.loads(body) == json.loads(example)
