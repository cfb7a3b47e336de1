"""What was written for the reference service works unchanged: its clients, its flags, its variables."""
import json
import re
import subprocess
import threading

import pytest
from reference_client import ReferenceClient, event
from support import BUILD, wait_until


@pytest.fixture
def client(live) -> ReferenceClient:
    return ReferenceClient(live.port)


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_events_go_through(client, chunked, end):
    sent = [event("through", frameIndex=frame, simTime=frame / 60, payload={"pos": {"x": frame}}) for frame in range(250)]
    with client.subscribe(runId="through") as stream:
        assert client.ingest(*sent[:100], "", "  ", *sent[100:], end=end, chunked=chunked) == 202
        received = [stream.event() for _ in sent]
    assert [{name: event[name] for name in sent[0]} for event in received] == sent


def test_a_stream_that_stays_open_is_live(client):
    """Each line is seen before the next one is sent."""
    seen = threading.Semaphore(0)

    def lines():
        for frame in range(20):
            yield json.dumps(event("open", frameIndex=frame)).encode() + b"\n"
            assert seen.acquire(timeout=60)

    with client.subscribe(runId="open") as stream:
        statuses = []
        body = threading.Thread(
            target=lambda: statuses.append(client.request("POST", "/api/ingest", lines(), {"Transfer-Encoding": "chunked"})[0]))
        body.start()
        for frame in range(20):
            assert stream.event()["frameIndex"] == frame
            seen.release()
        body.join(60)
    assert statuses == [202]


def test_bad_lines_are_passed_over(client):
    bad = ["{", "[]", "7", '{"v":0,"runId":"bad","sourceId":"s"}', '{"v":1,"runId":"","sourceId":"s"}', '{"v":1,"runId":"bad"}']
    with client.subscribe(runId="bad") as stream:
        assert client.ingest(event("bad", frameIndex=1), *bad, event("bad", frameIndex=2)) == 202
        assert [stream.event()["frameIndex"] for _ in range(2)] == [1, 2]
    assert client.ingest(*bad) == 202 and client.ingest() == 202


def test_the_text_of_an_event(client):
    line = (
        '{"payload": {"a": 1.0, "b": [1e3, -0], "text": "<a & b>"}, "TAGS": {"car": "red"}, "V": 1, "runid": "text", "SourceID": "s", '
        '"wallTimeMs": -5, "unknown": {}, "frameIndex": 1, "frameIndex": 7, "simTime": 2}')
    with client.subscribe(runId="text") as stream:
        assert client.ingest(line, '{"v":-1,"runId":"text","sourceId":"s","tags":{},"wallTimeMs":null}') == 202
        first = stream.text()
        second = stream.event()
    assert first.endswith('"payload":{"a":1.0,"b":[1e3,-0],"text":"\\u003ca \\u0026 b\\u003e"}}\n')
    assert re.match(r'\{"v":1,"runId":"text","sourceId":"s","channel":"","type":"","frameIndex":7,"simTime":2', first)
    assert '"wallTimeMs":-5,"tags":{"car":"red"},"payload":' in first
    assert second["payload"] is None and second["frameIndex"] == 0 and second["wallTimeMs"] > 1_600_000_000_000


FILTERS = {
    "everything": ({}, [0, 1, 2, 3, 4]), "run": ({"runId": "a"}, [0, 1, 4]), "source": ({"sourceId": "drive-engine"}, [1]),
    "channel": ({"channel": "metrics"}, [3]), "types": ({"types": ["aero.state", "frame.end"]}, [2, 3]),
    "tags": ({"tags": {"car": "red"}}, [4]), "all": ({"runId": "a", "types": ["body.state"], "tags": {"lap": ""}}, [4]),
    "unknown-keys": ({"filter": 1, "runId": "b"}, [2, 3]),
}


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("name", FILTERS)
def test_subscription(client, name, binary):
    subscription, expected = FILTERS[name]
    with client.subscribe(binary=binary, **subscription) as stream:
        client.ingest(
            event("a", frameIndex=0), event("a", frameIndex=1, sourceId="drive-engine"), event("b", frameIndex=2, type="aero.state"),
            event("b", frameIndex=3, type="frame.end", channel="metrics"), event("a", frameIndex=4, tags={"car": "red"}))
        assert [stream.event()["frameIndex"] for _ in expected] == expected
        # Nothing else has come: the next is the next that matches.
        match = {"tags": {"car": "red", "lap": ""}, "sourceId": "drive-engine" if name == "source" else "flight-engine"}
        match |= {"channel": "metrics" if name == "channel" else "physics", "type": "aero.state" if name == "types" else "body.state"}
        client.ingest(event("b" if name == "unknown-keys" else "a", frameIndex=9, **match))
        assert stream.event()["frameIndex"] == 9


def test_nothing_comes_from_before_the_subscription(client):
    client.ingest(event("before", frameIndex=1))
    wait_until(lambda: client.run("before"), "the event is there")
    with client.subscribe(runId="before") as stream:
        client.ingest(event("before", frameIndex=2))
        assert stream.event()["frameIndex"] == 2


@pytest.mark.parametrize("code", [1000, 1001, 3999])
def test_a_close_is_echoed_with_its_code(client, code):
    with client.subscribe() as stream:
        stream.socket.close(code)
        assert stream.socket.protocol.close_rcvd.code == code


def test_run_list(client):
    assert client.runs() == [] and client.run("none") is None
    client.ingest(*[event("listed", frameIndex=frame) for frame in range(7)], event("other", sourceId="drive-engine"))
    runs = wait_until(lambda: len(client.runs()) == 2 and client.runs(), "both runs are listed")
    assert {(run["runId"], run["sourceId"], run["size"]) for run in runs} == {("listed", "flight-engine", 7), ("other", "drive-engine", 1)}
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$", run["created"]) for run in runs)
    assert client.run("listed")["size"] == 7


ANSWERS = [
    ("GET", "/api/health", 200), ("POST", "/api/health", 200), ("PUT", "/api/health?x=1", 200), ("DELETE", "/api/health", 200),
    ("GET", "/api/ingest", 405), ("PUT", "/api/ingest", 405), ("DELETE", "/api/ingest", 405), ("POST", "/api/runs", 405),
    ("DELETE", "/api/runs", 405), ("GET", "/api/runs?x=1", 200), ("GET", "/api/run", 400), ("GET", "/api/run?runId=", 400),
    ("GET", "/api/run?runId=none", 404), ("POST", "/api/run?runId=none", 405), ("GET", "/api/nothing", 404), ("GET", "/nothing", 404),
]


@pytest.mark.parametrize("method, path, status", ANSWERS, ids=[f"{method}-{path}" for method, path, _ in ANSWERS])
def test_status(client, method, path, status):
    assert client.request(method, path)[0] == status


def test_health(client):
    assert client.request("GET", "/api/health") == (200, "application/json", b'{"status":"ok"}')


def test_any_content_type_is_taken(client):
    line = json.dumps(event("any")).encode()
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json; charset=latin1"}):
        assert client.request("POST", "/api/ingest", line, headers)[0] == 202
    wait_until(lambda: client.run("any") and client.run("any")["size"] == 3, "all three are there")


def test_stored_runs(collector):
    client = ReferenceClient(collector.port)
    client.ingest(
        event("stored", type="run.start", payload={"engine_version": "1.0", "seed": 7}, tags={"car": "red"}),
        *[event("stored", frameIndex=frame, simTime=frame / 10, payload={"speed": frame * 2.0}) for frame in range(1, 50)],
        event("stored", type="run.end", frameIndex=50, simTime=5, payload={"reason": "done"}))
    run = wait_until(lambda: client.stored_run("stored"), "the run is stored")
    assert set(run) >= {
        "run_id", "started_at", "ended_at", "duration_seconds", "status", "total_events", "total_frames", "max_frame_index", "source_id",
        "config", "engine_version", "seed", "end_reason", "tags"}
    assert (run["status"], run["engine_version"], run["end_reason"]) == ("completed", "1.0", "done")

    def series():
        rows = client.analysis("series", runId="stored", eventType="body.state", sourceId="flight-engine", jsonPath="speed")
        return rows if len(rows) == 49 else None

    rows = wait_until(series, "all values are stored")
    assert [(int(row["frame_index"]), row["value"]) for row in rows] == [(frame, frame * 2.0) for frame in range(1, 50)]
    for parameters in ({}, {"sourceId": "flight-engine", "status": "completed", "daysBack": 1}):
        (row,) = client.analysis("runs", **parameters)
        assert set(row) >= {"run_id", "started_at", "ended_at", "status", "total_events", "total_frames", "engine_version"}
    for path in ("runs?daysBack=x", "series?runId=stored", "series"):
        assert client.request("GET", f"/api/analysis/{path}")[0] == 400
    assert client.request("GET", "/api/analysis/run/none")[0] == 404


# ---- flags and variables ----

SPELLINGS = {
    "one-dash": ["-buffer-capacity", "30", "-buffer-max-runs", "2"], "two-dashes": ["--buffer-capacity", "30", "--buffer-max-runs", "2"],
    "equals": ["-buffer-capacity=30", "--buffer-max-runs=2"],
}


def kept_runs(collector):
    """Events of each run in the live buffer after three runs of 50 events."""
    client = ReferenceClient(collector.port)
    for name in ("first", "second", "third"):
        client.ingest(*[event(name, frameIndex=frame) for frame in range(50)])
        wait_until(lambda: (client.run(name) or {}).get("size"), f"{name} is there")
    return [client.run(name)["size"] for name in ("first", "second", "third")]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_flags_of_the_buffer(make_collector, spelling):
    assert_small_buffer(kept_runs(make_collector("--no-storage", *SPELLINGS[spelling])))


def test_variables_of_the_buffer(make_collector, monkeypatch):
    monkeypatch.setenv("TELTEL_BUFFER_CAPACITY", "30")
    monkeypatch.setenv("TELTEL_BUFFER_MAX_RUNS", "2")
    monkeypatch.setenv("TELTEL_BUFFER_CLEANUP_INTERVAL", "5m")
    assert_small_buffer(kept_runs(make_collector("--no-storage")))


def assert_small_buffer(sizes):
    # Whole rounds go at a time, so fewer than 30 may be left.
    assert sizes[0] == 0 and 0 < sizes[1] <= 30 and 0 < sizes[2] <= 30


SWITCHES = {
    "off": (["-batcher-enabled=false"], {}, "off"), "off-short": (["-batcher-enabled=F"], {}, "off"), "off-digit": (["--batcher-enabled=0"], {}, "off"),
    "off-variable": ([], {"TELTEL_BATCHER_ENABLED": "FALSE"}, "off"), "on": (["-batcher-enabled"], {}, "connecting"),
    "on-true": (["-batcher-enabled=true"], {}, "connecting"), "on-variable": ([], {"TELTEL_BATCHER_ENABLED": "1"}, "connecting"),
}


@pytest.mark.parametrize("name", SWITCHES)
def test_switch_of_the_batcher(make_collector, monkeypatch, name):
    arguments, variables, state = SWITCHES[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    collector = make_collector("-clickhouse-url", "http://user:secret@127.0.0.1:9", *arguments)
    found = collector.json("/api/ready")["storage"]["state"]
    assert found == state if state == "off" else found != "off"
    assert "secret" not in collector.output()


@pytest.mark.parametrize("by", ["flags", "variables"])
def test_the_batch_is_flushed_when_it_is_full(make_collector, monkeypatch, by):
    """The time limit is longer than this test's patience: only the number of events can do it."""
    if by == "variables":
        monkeypatch.setenv("TELTEL_CLICKHOUSE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("TELTEL_BATCHER_BATCH_SIZE", "50")
        monkeypatch.setenv("TELTEL_BATCHER_FLUSH_INTERVAL", "1m")
        collector = make_collector()
    else:
        collector = make_collector(
            "-clickhouse-url", "http://127.0.0.1:9", "-batcher-batch-size=50", "-batcher-flush-interval", "1m0s")
    ReferenceClient(collector.port).ingest(*[event("batch", frameIndex=frame) for frame in range(500)])
    wait_until(lambda: collector.metric("teltel_spool_waiting_segments") > 0, "a segment is written")


def test_the_port_and_nothing_else(tmp_path, start_engine):
    """As the reference is started: flags, and no command before them."""
    process = start_engine(
        BUILD / "bin/teltel", "-port", 0, "-batcher-enabled=false", TELTEL_DATA_DIR=str(tmp_path), TELTEL_BUFFER_CAPACITY="100")
    url = None
    while not url:
        text = process.stdout.readline()
        assert text, "the collector has left: " + process.stderr.read()
        url = re.match(r"url +http://\S+:(\d+)/", text)
    client = ReferenceClient(int(url[1]))
    assert client.ingest(event("started")) == 202
    wait_until(lambda: client.run("started"), "it works")


@pytest.mark.parametrize("arguments", [
    ["-port", "abc"], ["-port"], ["-batcher-enabled=perhaps"], ["-batcher-flush-interval", "500"], ["-buffer-capacity=-1"], ["-nonsense"],
], ids=["port", "missing", "switch", "interval", "capacity", "unknown"])
def test_flags_that_mean_nothing_are_refused(arguments, tmp_path):
    command = [BUILD / "bin/teltel", "collect", "--no-storage", "--shm-dir", tmp_path / "rings", *arguments]
    answer = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
    assert answer.returncode != 0 and answer.stderr and not (tmp_path / "rings").exists()
