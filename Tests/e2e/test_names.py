"""Names are their bytes: what Unicode takes for the same text are two names, in the live stream, in storage and in the lists."""
import json
import shutil
import subprocess
import tempfile
import unicodedata
from urllib.parse import urlencode

import pytest
from bodies import line, ndjson
from database import sql
from support import BUILD, Collector, wait_until
from test_ingest import post
from test_live import next_event, subscribe

# The same to Unicode, in order of their bytes: Greek omega and ohm sign, é of two characters and of one, K and the Kelvin sign.
PAIRS = {"ohm": ("R_\u03a9", "R_\u2126"), "accent": ("cafe\u0301", "caf\u00e9"), "kelvin": ("K", "\u212a")}


@pytest.fixture(scope="module")
def shared_storage(tmp_path_factory):
    """A collector with storage for the whole file: each test has runs of its own."""
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    collector = Collector(tmp_path_factory.mktemp("names"), shm, []).start()
    yield collector
    collector.kill()
    shutil.rmtree(shm, ignore_errors=True)


@pytest.fixture(params=PAIRS, scope="module")
def pair(request):
    first, second = PAIRS[request.param]
    assert unicodedata.normalize("NFC", first) == unicodedata.normalize("NFC", second) and first.encode() < second.encode()
    return first, second


def stored(collector, run_id: str):
    def is_stored():
        status, _, body = collector.request("/api/run?" + urlencode({"runId": run_id}))
        run = json.loads(body)
        return status == 200 and run["accepted"] == run["stored"] > 0

    wait_until(is_stored, f"{run_id} is stored", 60)


def series(collector, run_id: str, path: str, type_name: str = "t") -> list:
    query = {"runId": run_id, "sourceId": "s", "eventType": type_name, "jsonPath": path}
    body = collector.request("/api/analysis/series?" + urlencode(query))[2]
    return [json.loads(row)["value"] for row in body.splitlines()]


def pair_of_runs(collector, pair) -> set[str]:
    return {run["runId"] for run in collector.json("/api/runs")} & set(pair)


def test_runs_are_told_apart(shared_storage, pair):
    collector, (first, second) = shared_storage, pair
    lines = [line(runId=run_id, sourceId="s", type="t", payload={"x": value}) for value, run_id in enumerate(pair)]
    assert post(collector, raw=ndjson(*lines))[0] == 202
    for run_id in pair:
        stored(collector, run_id)
    assert pair_of_runs(collector, pair) == {first, second}
    assert [series(collector, run_id, "x") for run_id in pair] == [[0], [1]]
    # One of them goes, the other stays.
    assert post(collector, raw=ndjson(line(runId=first, sourceId="s", type="run.end")))[0] == 202
    collector.wait_status(first, "completed")
    stored(collector, first)
    assert collector.request("/api/run?" + urlencode({"runId": first}), method="DELETE")[0] == 200
    assert pair_of_runs(collector, pair) == {second}
    assert {row["run_id"] for row in sql(collector, "SELECT DISTINCT run_id FROM telemetry_events")} & set(pair) == {second}


def test_fields_are_told_apart_live_and_stored(shared_storage, pair):
    collector, (first, second) = shared_storage, pair
    run_id = f"fields {first}"
    payloads = [{first: 1, second: 2}, {second: 3}, {first: 4}]
    lines = [line(runId=run_id, sourceId="s", type="t", frameIndex=frame, payload=payload) for frame, payload in enumerate(payloads)]
    assert post(collector, raw=ndjson(*lines))[0] == 202
    with subscribe(collector, runId=run_id, format="columns", tail=9) as socket:
        schema = next_event(socket)["schema"]
    assert {field["name"] for field in schema["fields"]} == {first, second}
    stored(collector, run_id)
    assert series(collector, run_id, first) == [1, None, 4]
    assert series(collector, run_id, second) == [2, 3, None]
    rows = sql(collector, f"SELECT payload FROM telemetry_events WHERE run_id = '{run_id}' ORDER BY frame_index")
    assert [json.loads(row["payload"]) for row in rows] == payloads


def test_types_and_tags_are_told_apart_by_filters(live, pair):
    first, second = pair
    lines = [line(runId="r", sourceId="s", type=name, tags={name: "on"}) for name in pair]
    assert post(live, raw=ndjson(*lines))[0] == 202
    wait_until(lambda: live.run("r") and live.run("r")["accepted"] == 2, "both are there")
    assert {type["type"] for type in live.run("r")["types"]} == {first, second}
    marker = 100
    for name in pair:
        for condition in ({"types": [name]}, {"tags": {name: "on"}}, {"typePrefix": name}):
            # The tail has all that matches; what is posted then comes behind it.
            with subscribe(live, runId="r", **condition) as socket:
                found = next_event(socket)
                assert found["type"] == name, condition
                marker += 1
                assert post(live, raw=ndjson(line(runId="r", sourceId="s", type=name, frameIndex=marker, tags={name: "on"})))[0] == 202
                while found["frameIndex"] != marker:
                    found = next_event(socket)
                    assert found["type"] == name, condition


ENGINE = """
#include <teltel.h>
int main(int n, char **a) {
  teltel_run_options o = teltel_run_options_default(); o.run_id = a[n - 1]; o.source_id = "s";
  teltel_run *run; if (teltel_run_start(&o, &run)) return 1;
  double x[2] = {1, 2};
  teltel_field f[2] = {{"%s", "", 0, TELTEL_F64, 0, 1, 0}, {"%s", "", 0, TELTEL_F64, 8, 1, 0}};
  teltel_type t; if (teltel_define(run, "c", "t", f, 2, 16, &t)) return 2;
  if (teltel_emit(run, t, 0, 0, x)) return 3;
  return teltel_run_end(run, TELTEL_COMPLETED, ""); }
"""


def test_an_engines_fields_are_told_apart(shared_storage, start_engine, tmp_path, pair):
    collector, run_id = shared_storage, f"engine {pair[0]}"
    escaped = ["".join(f"\\x{byte:02x}\"\"" for byte in name.encode()) for name in pair]
    source = tmp_path / "engine.c"
    source.write_text(ENGINE % tuple(escaped))
    subprocess.run(["gcc", source, f"-I{BUILD / 'include'}", f"-L{BUILD / 'lib'}", "-lteltel", "-o", tmp_path / "engine"], check=True)
    assert start_engine(tmp_path / "engine", run_id, TELTEL_SHM_DIR=collector.shm).wait() == 0
    collector.wait_status(run_id, "completed")
    stored(collector, run_id)
    row, = sql(collector, f"SELECT payload FROM telemetry_events WHERE run_id = '{run_id}' AND type = 't'")
    assert json.loads(row["payload"]) == dict(zip(pair, (1, 2)))
    assert [series(collector, run_id, name) for name in pair] == [[1], [2]]


def test_a_quote_with_an_accent_is_a_quote(shared_storage):
    """Names of columns become part of statements: what is a character of its own to Swift is a quote to SQL."""
    collector = shared_storage
    names = ["a'\u0301b", "a`\u0301b", "a\\\u0301b", "a\u1fefb"]
    lines = [line(runId="quotes", sourceId="s", type="t", payload={name: index for index, name in enumerate(names)})]
    assert post(collector, raw=ndjson(*lines))[0] == 202
    stored(collector, "quotes")
    assert [series(collector, "quotes", name) for name in names] == [[0], [1], [2], [3]]


def test_tags_are_told_apart_in_answers_and_over_a_restart(make_collector, pair):
    collector, (first, second) = make_collector(), pair
    lines = [line(runId="tagged", sourceId="s", type="run.start", tags={first: "1", second: "2"}), line(runId="untagged", sourceId="s")]
    assert post(collector, raw=ndjson(*lines))[0] == 202
    for run, more in (("tagged", {}), ("untagged", {first: "1", second: "2"})):
        for key, value in more.items():
            body = json.dumps({"tags": {key: value}}).encode()
            status, _, answer = collector.request(f"/api/run?runId={run}", body, {"Content-Type": "application/json"}, method="PATCH")
            assert status == 200 and json.loads(answer)["tags"][key] == value
    expected = {first: "1", second: "2"}
    for attempt in range(2):
        assert collector.json("/api/run?runId=tagged")["tags"] == collector.json("/api/run?runId=untagged")["tags"] == expected
        assert [run["tags"] for run in collector.json("/api/runs")] == [expected] * 2
        assert collector.stop() == 0
        collector.start()


def test_the_command_tells_tags_apart(shared_storage, pair):
    """By value, and by key."""
    collector, (first, second) = shared_storage, pair
    names = [f"tagged {number} {first}" for number in range(4)]
    tags = [{"k": first}, {"k": second}, {first: "v"}, {second: "v"}]
    lines = [line(runId=name, sourceId="s", type="run.start", frameIndex=0, tags=own, payload={}) for name, own in zip(names, tags)]
    assert post(collector, raw=ndjson(*lines))[0] == 202
    for name, wanted in zip(names, (f"k={first}", f"k={second}", f"{first}=v", second)):
        done = subprocess.run(
            [BUILD / "bin/teltel", "runs", "--url", collector.url, "--ids", "--tag", wanted], capture_output=True, text=True, check=True)
        assert [found for found in done.stdout.splitlines() if found in names] == [name]
