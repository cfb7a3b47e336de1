"""Questions to stored runs when ClickHouse is slow, refuses or is away, and when those who asked leave: each says what happened, and none
holds up the others."""
import json
import shutil
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest
from analysis import all_stored, series
from clickhouse import RESET, Gate, Server, half, refusal
from support import Collector, wait_until
from test_stored_fields import end, event, store

SERIES = "/api/analysis/series?runId=r&sourceId=s&eventType=t&jsonPath=x"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server, a gate before it, and a collector with one stored run that knows the gate."""
    folder = tmp_path_factory.mktemp("queries")
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    server = Server(folder)
    gate = Gate(server.connect)
    collector = Collector(folder, shm, ["--clickhouse-url", gate.url])
    collector.gate = gate
    collector.start()
    store(collector, *[event("r", "t", {"x": frame / 2}, frame) for frame in range(1, 11)], end("r", 11))
    all_stored(collector, "r", 11)
    assert len(series(collector, "r", "t", "x")) == 10
    yield collector
    collector.kill()
    server.kill()
    gate.close()
    shutil.rmtree(shm, ignore_errors=True)


@pytest.fixture(autouse=True)
def no_rule_left(world):
    yield
    world.gate.rule = None


def is_question(request) -> bool:
    return request.parameters.get("readonly") == "1" and b"frame_index" in request.body


def questions(answer):
    """Questions get this answer; everything else goes its way."""
    return lambda request, forward: answer(forward) if is_question(request) else forward()


@pytest.mark.parametrize("answer, status, code", [
    (refusal(159, "TIMEOUT_EXCEEDED"), 504, "query-too-slow"),
    (refusal(241, "MEMORY_LIMIT_EXCEEDED"), 422, "query-too-large"),
    (refusal(396, "TOO_MANY_ROWS_OR_BYTES"), 422, "query-too-large"),
    (refusal(62, "SYNTAX_ERROR"), 502, "query-refused"),
    (refusal(999, "KEEPER_EXCEPTION"), 502, "storage-failed"),
    (refusal(202, "TOO_MANY_SIMULTANEOUS_QUERIES"), 503, "storage-failed"),
    (RESET, 503, "storage-failed"),
])
def test_why_a_question_has_no_answer(world, answer, status, code):
    world.gate.rule = questions(lambda forward: answer)
    found, _, body = world.request(SERIES)
    assert (found, json.loads(body)["error"]["code"]) == (status, code)
    world.gate.rule = None
    assert len(series(world, "r", "t", "x")) == 10


def test_an_answer_that_breaks_off_is_no_answer(world):
    world.gate.rule = questions(lambda forward: half(forward()))
    with pytest.raises(Exception):
        status, _, _ = world.request(SERIES)
        # Whatever could be told before the first row was given.
        assert status == 200


def test_a_question_carries_its_limits(world):
    world.gate.requests.clear()
    series(world, "r", "t", "x")
    [asked] = [request.parameters for request in world.gate.requests if is_question(request)]
    assert 0 < int(asked["max_execution_time"]) <= 60 and 0 < int(asked["max_memory_usage"]) <= 1 << 30
    assert asked["output_format_json_quote_64bit_integers"] == "0" and asked["readonly"] == "1"


def test_slow_questions_hold_nothing_else_up(world):
    go_on = threading.Event()

    def slow(forward):
        assert go_on.wait(60)
        return forward()

    world.gate.rule = questions(slow)
    with ThreadPoolExecutor(3) as clients:
        asked = [clients.submit(series, world, "r", "t", "x") for _ in range(3)]
        try:
            wait_until(lambda: world.metric("teltel_queries_underway") == 3, "they are asked")
            for path in ("/api/storage", "/api/layouts", "/api/runs", "/api/run?runId=r", "/api/analysis/sizes"):
                assert world.request(path)[0] == 200
            assert not any(question.done() for question in asked)
        finally:
            go_on.set()
        assert [len(question.result(60)) for question in asked] == [10] * 3


def test_deletions_that_wait_hold_nothing_else_up(world):
    """More of them than there are threads for: what people said about runs, layouts, the list and questions go on."""
    names = [f"goes-{number}" for number in range(4)]
    for name in names:
        store(world, event(name, "t", {"x": 1}, 1), end(name, 2))
        all_stored(world, name, 2)
    go_on = threading.Event()
    world.gate.rule = lambda request, forward: (go_on.wait(60) if b"DELETE WHERE" in request.body else True) and forward()
    with ThreadPoolExecutor(len(names)) as clients:
        gone = [clients.submit(world.request, f"/api/run?runId={name}", method="DELETE") for name in names]
        try:
            wait_until(lambda: sum(b"DELETE WHERE" in request.body for request in world.gate.requests) >= 2, "two of them are underway")
            for path in ("/api/storage", "/api/layouts", "/api/runs?limit=1", "/api/run?runId=r", SERIES):
                assert world.request(path)[0] == 200, path
            assert world.request("/api/layouts/mine", b"{}", method="PUT")[0] == 200
            assert world.request("/api/run?runId=r", b'{"note": "still here"}', method="PATCH")[0] == 200
            assert not any(one.done() for one in gone)
        finally:
            go_on.set()
        assert [one.result(60)[0] for one in gone] == [200] * len(names)


def test_who_leaves_takes_the_question_along(world):
    go_on = threading.Event()
    world.gate.rule = questions(lambda forward: go_on.wait(60) and forward())
    cancelled = world.metric("teltel_queries_cancelled_total")
    try:
        client = socket.create_connection(("127.0.0.1", world.port))
        client.sendall(f"GET {SERIES} HTTP/1.1\r\nHost: 127.0.0.1:{world.port}\r\n\r\n".encode())
        wait_until(lambda: world.metric("teltel_queries_underway") == 1, "the question is asked")
        client.close()
        wait_until(lambda: world.metric("teltel_queries_underway") == 0, "it has ended, though ClickHouse has not answered")
        assert world.metric("teltel_queries_cancelled_total") == cancelled + 1
    finally:
        go_on.set()


def test_too_many_questions_are_refused_at_once(world):
    go_on = threading.Event()
    world.gate.rule = questions(lambda forward: go_on.wait(60) and forward())
    with ThreadPoolExecutor(68) as clients:
        asked = [clients.submit(world.request, SERIES) for _ in range(68)]
        try:
            wait_until(lambda: world.metric("teltel_queries_total") - world.metric("teltel_queries_cancelled_total") >= 68, "all are taken")
            wait_until(lambda: world.metric("teltel_queries_underway") == 4, "as many are asked as may be at once")
            status, headers, body = world.request(SERIES)
            assert (status, json.loads(body)["error"]["code"], headers["Retry-After"]) == (503, "too-many-queries", "1")
        finally:
            go_on.set()
        assert {question.result(60)[0] for question in asked} == {200}


def test_sql_of_an_answer_is_in_its_head_or_by_reference(world):
    """A client refuses heads of many kB."""
    _, headers, _ = world.request(SERIES)
    assert "frame_index" in unquote(headers["X-Teltel-SQL"])
    # A table for each type makes the question about sizes long.
    store(world, *[event("wide", f"t{number}", {"x": 1}, 1) for number in range(40)], end("wide", 2))
    all_stored(world, "wide", 41)

    def long():
        _, headers, _ = world.request("/api/analysis/sizes")
        return headers if "X-Teltel-SQL-Id" in headers else None

    headers = wait_until(long, "the question names all tables")
    assert "X-Teltel-SQL" not in headers and sum(len(name) + len(value) for name, value in headers.items()) < 4_096
    status, sql, text = world.request(f"/api/analysis/sql/{headers['X-Teltel-SQL-Id']}")
    assert status == 200 and sql["Content-Type"] == "text/plain; charset=utf-8" and text.count(b"events_") >= 40
    status, _, body = world.request("/api/analysis/sql/nothing")
    assert (status, json.loads(body)["error"]["code"]) == (404, "unknown-statement")
    _, headers, _ = world.request("/api/analysis/fields?runId=r")
    assert "X-Teltel-SQL" in headers or "X-Teltel-SQL-Id" in headers
