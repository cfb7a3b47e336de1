"""A ClickHouse that refuses, breaks off, lies or is away: nothing is lost, nothing doubled, everything said, live goes on."""
import json
import re
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest
from bodies import line
from clickhouse import RESET, Gate, Reply, Request, Server, half, refusal, spoil, spoil_after
from database import sql
from support import BUILD, Collector, wait_until
from invariants import assert_accounted, assert_exactly_once, assert_goes_on, truth
from test_ingest import post

EVENTS = 500


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server, a gate before it, a collector that knows the gate. Faults come one after the other, as they do in life."""
    folder = tmp_path_factory.mktemp("faults")
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    server = Server(folder)
    gate = Gate(server.connect)
    collector = Collector(folder, shm, ["--clickhouse-url", gate.url])
    collector.server, collector.gate = server, gate
    collector.start()
    yield collector
    collector.kill()
    server.kill()
    gate.close()
    shutil.rmtree(shm, ignore_errors=True)


@pytest.fixture(autouse=True)
def no_fault_left(request):
    """A test that fails leaves the world to the others as it was."""
    yield
    if "world" in request.fixturenames:
        world = request.getfixturevalue("world")
        world.gate.rule = None
        if world.gate.server is None:
            world.gate.open()
        if world.process.poll() is not None:
            world.start()


@pytest.fixture
def emit(world, programs, tmp_path):
    """`emit("run")`: an engine runs to its end; how many events were accepted. Its own file knows."""

    def run(run_id: str, events: int = EVENTS) -> int:
        path = tmp_path / run_id
        command = [programs / "engine", run_id, events, 0, 1, path]
        variables = {"TELTEL_SHM_DIR": world.shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
        done = subprocess.run([*map(str, command)], env=variables, capture_output=True, text=True, timeout=60)
        # I3: the engine notices nothing.
        assert (done.returncode, done.stdout) == (0, f"accepted {events} refused 0\n"), done.stderr
        assert truth(path) == (events, 0)
        return events

    return run


def assert_invariants(collector, run_id: str, accepted: int):
    assert_exactly_once(collector, run_id, accepted)
    assert_accounted(collector, run_id, accepted)
    assert_goes_on(collector)


def trouble(collector) -> str:
    """I5: why nothing is stored, if everybody is told; empty while all is well."""
    answer = collector.json("/api/storage")
    told = answer["state"] != "ok" and collector.metric("teltel_storage_ready") == 0 and collector.request("/api/ready")[0] == 503
    return answer["detail"] if told else ""


FAULTS = {
    "status-500": (spoil(Reply(500, b"oops", {})), "HTTP status 500: oops"),
    "status-200": (spoil(Reply(200, b"<html>welcome</html>", {})), "HTTP 200 of something else than ClickHouse"),
    "garbage": (spoil(b"\x00\xff\r\n\r\n\x16\x03"), "connection to ClickHouse broke"),
    "half-an-answer": (spoil_after(half), "connection to ClickHouse broke"),
    "reset-before-the-insert": (spoil(RESET), "connection to ClickHouse broke"),
    "reset-after-the-insert": (spoil_after(lambda _: RESET), "connection to ClickHouse broke"),
    "exception-after-the-insert": (spoil_after(lambda _: refusal(209, "SOCKET_TIMEOUT")), "ClickHouse 209 SOCKET_TIMEOUT"),
    "too-many-parts": (spoil(refusal(252, "TOO_MANY_PARTS")), "ClickHouse 252 TOO_MANY_PARTS"),
    "memory-limit": (spoil(refusal(241, "MEMORY_LIMIT_EXCEEDED")), "ClickHouse 241 MEMORY_LIMIT_EXCEEDED"),
    "unknown-table": (spoil(refusal(60, "UNKNOWN_TABLE")), "ClickHouse 60 UNKNOWN_TABLE"),
    "unknown-code": (spoil(refusal(7777, "FROM_THE_FUTURE")), "ClickHouse 7777"),
    "read-only": (spoil(refusal(164, "READONLY")), "ClickHouse 164 READONLY"),
    "disk-full": (spoil(refusal(243, "NOT_ENOUGH_SPACE")), "ClickHouse 243 NOT_ENOUGH_SPACE"),
    "wrong-password": (spoil(refusal(516, "AUTHENTICATION_FAILED")), "ClickHouse 516 AUTHENTICATION_FAILED"),
    "not-implemented": (spoil(refusal(48, "NOT_IMPLEMENTED")), "ClickHouse 48 NOT_IMPLEMENTED"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_clickhouse_that_takes_no_rows(world, emit, fault):
    rule, said = FAULTS[fault]
    begin = len(world.output())
    world.gate.rule = rule
    accepted = emit(fault)
    wait_until(lambda: said in trouble(world), f"{said} is said; now: {world.json('/api/storage')}")
    wait_until(lambda: said in world.output()[begin:], "the log says it")
    assert "storage takes no rows, they wait in the spool" in world.output()[begin:]
    run = world.run(fault)
    assert (run["accepted"], run["stored"], run["lost"]) == (accepted + 2, 0, 0) and run["size"] == accepted + 2
    world.gate.rule = None
    if fault == "not-implemented":
        # It would be tried again within a minute; a server that was exchanged is noticed at once.
        world.gate.close()
        wait_until(lambda: "cannot be reached" in trouble(world), "the server is away")
        world.gate.open()
    assert_invariants(world, fault, accepted)
    wait_until(lambda: "storage takes rows again" in world.output()[begin:], "the log says that it is over")


def test_a_clickhouse_that_is_away(world, emit):
    world.gate.close()
    accepted = emit("away")
    wait_until(lambda: "ClickHouse cannot be reached" in trouble(world), "it is said")
    wait_until(lambda: world.json("/api/storage")["spool"]["waitingRows"] >= accepted, "all are spooled")
    world.kill()
    world.start()
    wait_until(lambda: "ClickHouse cannot be reached" in trouble(world), "it is said at the start, too")
    world.gate.open()
    assert_invariants(world, "away", accepted)


def test_an_answer_that_takes_its_time(world, emit):
    """Longer than everything else: live and spool go on meanwhile, and nothing is sent twice."""
    came, go = threading.Event(), threading.Event()

    def rule(request, forward):
        answer = forward()
        if request.table and not came.is_set():
            came.set()
            go.wait(120)
        return answer

    world.gate.rule = rule
    accepted = emit("slow")
    assert came.wait(60)
    assert post(world, line(runId="meanwhile"))[1]["accepted"] == 1
    wait_until(lambda: (run := world.run("meanwhile")) and run["size"] == 1, "live goes on")
    wait_until(lambda: world.json("/api/storage")["spool"]["waitingRows"] > 0, "the spool goes on")
    go.set()
    assert_invariants(world, "slow", accepted)


def test_an_answer_that_comes_when_nobody_waits_any_more(world, emit):
    """The collector is killed between the insert and its answer; the next one sends the same again."""
    came, go = threading.Event(), threading.Event()

    def rule(request, forward):
        answer = forward()
        if request.table and not came.is_set():
            came.set()
            go.wait(120)
        return answer

    world.gate.rule = rule
    accepted = emit("late-answer")
    assert came.wait(60)
    world.kill()
    go.set()
    world.gate.rule = None
    world.start()
    assert_invariants(world, "late-answer", accepted)


def test_a_stop_while_an_answer_is_waited_for(world, emit):
    """SIGTERM, and once more: the collector leaves with 0, what was not acknowledged waits."""
    came, go = threading.Event(), threading.Event()

    def rule(request, forward):
        if request.table and not go.is_set():
            came.set()
            go.wait(120)
        return forward()

    world.gate.rule = rule
    accepted = emit("stopped")
    assert came.wait(60)
    world.process.send_signal(signal.SIGTERM)
    world.process.send_signal(signal.SIGTERM)
    assert world.stop() == 0
    go.set()
    world.gate.rule = None
    world.start()
    assert_invariants(world, "stopped", accepted)


def test_a_stop_while_clickhouse_is_away(world, emit):
    world.gate.close()
    accepted = emit("stopped-away")
    wait_until(lambda: world.run("stopped-away") and world.run("stopped-away")["accepted"] == accepted + 2, "all have come")
    assert world.stop() == 0
    world.gate.open()
    world.start()
    assert_invariants(world, "stopped-away", accepted)


def test_one_poisoned_row(world):
    """It ends in the dead-letter file with its reason; the group is divided until all others are stored."""

    def rule(request, forward):
        rows = count_rows(request)
        return refusal(53, "TYPE_MISMATCH", "poison") if request.table.startswith("events_physics_poisoned") and rows[0] <= 7 < rows[1] else forward()

    # Which rows are in an insert is not to be seen in compressed blocks: ClickHouse counts them.
    def count_rows(request: Request) -> tuple[int, int]:
        if not request.table:
            return 0, 0
        probe = Request(request.method, request.target, request.headers, request.body)
        scratch = "scratch_" + str(len(world.gate.requests))
        world.server.ask(f"CREATE TABLE {scratch} ENGINE = Memory AS {request.table}")
        probe.target = probe.target.replace(request.table, scratch)
        world.gate.forward(probe)
        row = world.server.ask(f"SELECT count() AS n, min(frame_index) AS first, max(frame_index) AS last FROM {scratch}")[0]
        world.server.ask(f"DROP TABLE {scratch}")
        return (int(row["first"]), int(row["last"]) + 1) if int(row["n"]) else (0, 0)

    begin = len(world.output())
    world.gate.rule = rule
    rows = 40
    events = [line(runId="poisoned", type="poisoned.state", frameIndex=frame, payload={"x": frame}) for frame in range(rows)]
    assert post(world, *events)[1]["accepted"] == rows
    run = wait_until(lambda: (run := world.run("poisoned")) and run["stored"] + run["lost"] == rows and run, "all is accounted for", 120)
    world.gate.rule = None
    assert (run["stored"], run["lost"]) == (rows - 1, 1)
    assert world.json("/api/run?runId=poisoned")["lostByReason"] == {"refused_by_storage": 1}
    frames = sql(world, "SELECT frame_index FROM telemetry_events WHERE run_id = 'poisoned' ORDER BY frame_index")
    assert [row["frame_index"] for row in frames] == [frame for frame in range(rows) if frame != 7]
    letters = [json.loads(text) for text in (world.data / "spool/dead-letters.ndjson").read_text().splitlines()]
    letter = next(letter for letter in letters if letter["runId"] == "poisoned")
    assert letter["frameIndex"] == 7 and "53" in letter["reason"]
    wait_until(lambda: "ClickHouse refused 1 rows" in world.output()[begin:], "the log says it")
    assert world.json("/api/storage")["inserts"]["refusedRows"] == 1
    assert collector_is_well(world)


def collector_is_well(collector) -> bool:
    return wait_until(lambda: collector.json("/api/storage")["state"] == "ok", "storage is well")


def test_a_table_that_somebody_dropped(world, emit):
    accepted = emit("before-the-drop")
    assert_invariants(world, "before-the-drop", accepted)
    (table,) = {request.table for request in world.gate.inserts if request.table.startswith("events_test_")}
    world.server.ask(f"DROP TABLE {table} SYNC")
    accepted = emit("after-the-drop")
    assert_invariants(world, "after-the-drop", accepted)


def test_a_database_that_is_not_there_yet(world, emit):
    """Questions may come before the collector has made its database, or after somebody dropped it: they are worth repeating."""
    accepted = emit("before-the-database-went")
    assert_invariants(world, "before-the-database-went", accepted)
    world.server.ask("DROP DATABASE teltel SYNC", database="default")
    series = "series?runId=before-the-database-went&sourceId=test&channel=test&eventType=test.sample&jsonPath=index"
    for path in ("runs", "run/before-the-database-went", series):
        status, headers, body = world.request("/api/analysis/" + path)
        # The collector makes it again as soon as it has something to write: then there is nothing to be found.
        if status not in (200, 404):
            assert (status, json.loads(body)["code"]) == (503, "storage-failed"), (path, body)
            assert int(headers["Retry-After"]) >= 1, path
    accepted = emit("after-the-database-came")
    assert_invariants(world, "after-the-database-came", accepted)
    assert world.request("/api/analysis/runs")[0] == 200


def test_a_table_that_somebody_changed(world, emit):
    (table,) = {request.table for request in world.gate.inserts if request.table.startswith("events_test_")}
    world.server.ask(f"ALTER TABLE {table} DROP COLUMN `payload.v/c`")
    accepted = emit("changed-table")
    assert_invariants(world, "changed-table", accepted)
    values = sql(world, f"SELECT uniqExact(`payload.v/c`) AS n FROM {table} WHERE run_id = 'changed-table'")
    assert int(values[0]["n"]) == accepted


@pytest.mark.parametrize("url", ["http://me:hunter2-secret@127.0.0.1:1/", "http://127.0.0.1:1/?password=hunter2-secret"])
def test_no_secret_in_logs(make_collector, url):
    collector = make_collector("--clickhouse-url", url)
    wait_until(lambda: "cannot be reached" in collector.output(), "the log says that ClickHouse is away")
    told = collector.output() + json.dumps(collector.json("/api/storage")) + collector.request("/api/ready")[2].decode()
    assert "hunter2" not in told and "127.0.0.1:1" in told


@pytest.mark.parametrize("way", ["file", "environment", "url"])
def test_a_password(make_collector, tmp_path, monkeypatch, way):
    """From a file, the environment, or the URL; told nowhere. A wrong one is said, and rows wait."""
    server = Server(tmp_path / "server", credentials="writer:hunter2-secret")
    arguments = ["--clickhouse-url", server.url.replace("//", "//writer:wrong-secret@")]
    wrong = make_collector(*arguments)
    wait_until(lambda: "ClickHouse 516 AUTHENTICATION_FAILED" in trouble(wrong), "a wrong password is said")
    assert wrong.json("/api/storage")["state"] == "failed" and "secret" not in wrong.output()
    assert wrong.stop() == 0
    secret = tmp_path / "password"
    secret.write_text("hunter2-secret\n")
    secret.chmod(0o600)
    match way:
        case "file":
            wrong.arguments = ["--clickhouse-url", server.url, "--clickhouse-user", "writer", "--clickhouse-password-file", str(secret)]
        case "environment":
            monkeypatch.setenv("TELTEL_CLICKHOUSE_URL", server.url)
            monkeypatch.setenv("TELTEL_CLICKHOUSE_USER", "writer")
            monkeypatch.setenv("TELTEL_CLICKHOUSE_PASSWORD", "hunter2-secret")
            wrong.arguments = []
        case "url":
            wrong.arguments = ["--clickhouse-url", server.url.replace("//", "//writer:hunter2-secret@")]
    wrong.start()
    assert post(wrong, line())[1]["accepted"] == 1
    wait_until(lambda: (run := wrong.run("posted")) and run["stored"] == 1, "rows are stored")
    assert "hunter2" not in wrong.output() + json.dumps(wrong.json("/api/storage"))
    server.kill()


def test_a_password_file_that_others_can_read(make_collector, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("hunter2-secret")
    secret.chmod(0o644)
    collector = make_collector("--clickhouse-url", "http://127.0.0.1:1/", "--clickhouse-password-file", str(secret), start=False)
    with pytest.raises(AssertionError, match="others can read or change it"):
        collector.start()
    assert "hunter2" not in collector.output()


def test_a_server_that_is_too_old(make_collector, tmp_path):
    """Debian 12 brings ClickHouse 18.16: it is told apart before anything is sent to it."""
    old = Reply(200, b"18.16.1.0\n", {"X-ClickHouse-Query-Id": "1"})
    gate = Gate(lambda: pytest.fail("nothing is let through"))
    gate.rule = lambda request, _: Reply(200, b"Ok.\n", {}) if request.target == "/ping" else old
    collector = make_collector("--clickhouse-url", gate.url)
    said = "ClickHouse 18.16 is too old: 22.8 or newer is needed"
    assert post(collector, line())[1]["accepted"] == 1
    wait_until(lambda: said in trouble(collector) and said in collector.output(), "it is said")
    shown = subprocess.run([BUILD / "bin/teltel", "storage", "status", "--url", collector.url], capture_output=True, text=True, timeout=60)
    assert shown.stdout.startswith(f"storage   failed: {said}") and "1 rows wait" in shown.stdout, shown
    assert collector.run("posted")["size"] == 1 and not gate.inserts
    # Another server at the same address: what waited is stored.
    server = Server(tmp_path / "server")
    gate.connect, gate.rule, collector.server = server.connect, None, server
    wait_until(lambda: collector.run("posted")["stored"] == 1, "what waited is stored")
    server.kill()
    gate.close()
