"""Whatever clients send or leave open is bounded, and the others do not notice."""
import os
import resource
import select
import socket
import subprocess

import pytest
from support import BUILD, wait_until
from test_ingest import line, post
from wire import UPGRADE, Wire, ask, frame, head, refused, websocket

CHUNK = b"%x\r\n%b\r\n"


def open_files(collector) -> int:
    return len(os.listdir(f"/proc/{collector.process.pid}/fd"))


def resident_mib(collector) -> float:
    with open(f"/proc/{collector.process.pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


@pytest.fixture
def impatient(make_collector):
    return make_collector("--no-storage", "--request-timeout", "1s", "--idle-timeout", "2s")


@pytest.mark.parametrize("before", [b"", head("GET", "/api/health")], ids=["first", "second"])
def test_slow_headers_get_408(impatient, before):
    with Wire(impatient) as wire:
        if before:
            assert wire.send(before).answer().status == 200
        answer = wire.send(b"GET /api/runs HTTP/1.1\r\nHo").answer()
        assert (answer.status, answer.code) == (408, "request-timeout")
        assert wire.is_closed()
    assert refused(impatient, "timeout") == 1


TRICKLES = {"headers": b"GET /api/runs HTTP/1.1\r\nX: ", "body": head("POST", "/nothing", "Content-Length: 60000")}


@pytest.mark.parametrize("case", TRICKLES)
def test_a_byte_now_and_then_buys_no_time(impatient, case):
    with Wire(impatient) as wire:
        wire.send(TRICKLES[case])
        try:
            while not select.select([wire.socket], [], [], 0.02)[0] or wire.socket.recv(1 << 16):
                wire.send(b"x")
        except ConnectionError:
            pass
    assert refused(impatient, "timeout") == 1


@pytest.mark.parametrize("method, path", [("GET", "/api/runs"), ("POST", "/nothing"), ("PUT", "/api/ingest")])
def test_slow_bodies_are_cut_off(impatient, method, path):
    with Wire(impatient) as wire:
        wire.send(head(method, path, "Content-Length: 10") + b"x")
        assert wire.is_closed()
    wait_until(lambda: impatient.metric("teltel_http_connections") == 1, "only the question's own connection is open")


def test_a_streamed_body_may_take_longer_than_other_requests(impatient):
    text = b'{"v":1,"runId":"streamed","sourceId":"s"}\n'
    with Wire(impatient) as stream:
        stream.post()
        for _ in range(4):
            stream.chunk(text)
            with Wire(impatient) as slow:  # so that more than the time for a request passes
                assert slow.send(b"GET /").answer().status == 408
        assert stream.end().answer().status == 202
    assert impatient.run("streamed")["accepted"] == 4


def test_a_streamed_body_that_falls_silent_is_cut_off(impatient):
    text = b'{"v":1,"runId":"silent","sourceId":"s"}\n'
    with Wire(impatient) as stream:
        answer = stream.post().chunk(text).answer()
        # What came is taken: the answer says so, and what became of the rest.
        assert answer.status == 202 and b'"accepted":1' in answer.body and b"truncated-body" in answer.body and stream.is_closed()
    assert impatient.run("silent")["accepted"] == 1


def test_idle_connections_are_closed(impatient):
    with Wire(impatient) as silent, Wire(impatient) as kept:
        assert kept.send(head("GET", "/api/health")).answer().status == 200
        assert silent.is_closed() and kept.is_closed()
    assert refused(impatient, "timeout") == 1  # the one that never asked


def test_a_client_that_takes_no_answer_is_cut_off(impatient):
    """Asks on and on and reads nothing."""
    with Wire(impatient, window=4096) as wire:
        before = resident_mib(impatient)
        flood = head("GET", "/app.js") * 1_000
        with pytest.raises(OSError):
            while True:
                wire.socket.sendall(flood)
        assert resident_mib(impatient) < before + 100
    assert ask(impatient, "GET", "/api/health").status == 200
    wait_until(lambda: impatient.metric("teltel_http_connections") == 1, "its connection is closed")
    assert refused(impatient, "timeout") == 1


def test_a_websocket_client_that_reads_nothing_is_cut_off(make_collector, programs, start_engine):
    collector = make_collector("--no-storage", "--idle-timeout", "700ms")
    with websocket(collector, window=4096) as wire:
        wire.send(frame(b"{}"))
        wait_until(lambda: collector.metric("teltel_live_subscribers") == 1, "the subscription holds")
        start_engine(programs / "engine", "unread", 200_000, 0, 1).communicate()
        wait_until(lambda: collector.metric("teltel_live_subscribers") == 0, "the client is cut off")
    assert refused(collector, "timeout") == 1


def test_pipelined_requests_are_answered_in_order(shared):
    paths = ["/api/health", "/api/runs", "/metrics", "/nothing"] * 50
    with Wire(shared) as wire:
        wire.send(b"".join(head("GET", path) for path in paths))
        assert [wire.answer().status for _ in paths] == [200, 200, 200, 404] * 50


def test_half_closed_clients(shared):
    with Wire(shared) as wire:
        wire.send(head("GET", "/api/health")).half_close()
        assert wire.answer().status == 200 and wire.is_closed()
    with Wire(shared) as wire:
        wire.send(b"GET /api/health HTTP/1.1\r\nHo").half_close()
        assert wire.is_closed()
    with Wire(shared) as wire:
        wire.half_close()
        assert wire.is_closed()


@pytest.mark.parametrize("headers", [["Connection: close"], []], ids=["close", "http-1.0"])
def test_connections_that_are_not_kept_are_closed(shared, headers):
    with Wire(shared) as wire:
        version = "HTTP/1.1" if headers else "HTTP/1.0"
        assert wire.send(head("GET", "/app.js", *headers, version=version)).answer().status == 200
        assert wire.is_closed()


LARGE_HEADERS = {"one": ["X: " + "y" * 17_000], "name": ["x" * 17_000 + ": y"], "sum": ["X: " + "y" * 900] * 40, "count": ["X: y"] * 101}


@pytest.mark.parametrize("case", LARGE_HEADERS)
def test_large_headers_get_431(shared, case):
    before = refused(shared, "request")
    answer = ask(shared, "GET", "/api/runs", *LARGE_HEADERS[case])
    assert (answer.status, answer.code) == (431, "headers-too-large")
    assert refused(shared, "request") == before + 1
    assert ask(shared, "GET", "/api/runs", *["X: y"] * 90, "Y: " + "y" * 15_000).status == 200


@pytest.mark.parametrize("method, path", [("GET", "/api/runs"), ("POST", "/nothing"), ("POST", "/api/login"), ("PUT", "/api/ingest")])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_large_bodies_elsewhere_are_cut_off(shared, method, path, chunked):
    before = refused(shared, "request")
    with Wire(shared) as wire:
        begin = head(method, path, "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000000000")
        piece = CHUNK % (1 << 16, b"x" * (1 << 16)) if chunked else b"x" * (1 << 16)
        with pytest.raises(OSError):
            wire.send(begin)
            while True:
                wire.send(piece)
    assert refused(shared, "request") == before + 1


def test_a_body_is_asked_for_only_if_it_will_be_taken(shared):
    """What `Expect: 100-continue` is for."""
    text = b'{"v":1,"runId":"asked","sourceId":"s"}\n'
    with Wire(shared) as wire:
        wire.post("Expect: 100-continue", f"Content-Length: {len(text)}")
        assert (wire.line(), wire.line()) == (b"HTTP/1.1 100 Continue\r\n", b"\r\n")
        assert wire.send(text).answer().status == 202
    for method, path, host in (("POST", "/nothing", "localhost"), ("POST", "/api/ingest", "evil.example")):
        with Wire(shared) as wire:
            wire.send(head(method, path, "Expect: 100-continue", "Content-Length: 1000000000", host=host))
            assert wire.line().split()[1] in (b"413", b"403")


def test_more_connections_than_allowed_are_closed_and_counted(make_collector, programs, start_engine):
    collector = make_collector("--no-storage", "--max-connections", "20")
    with Wire(collector) as first:
        assert first.send(head("GET", "/api/health")).answer().status == 200
        others = [Wire(collector) for _ in range(19)]
        for other in others:  # so they have been accepted
            assert other.send(head("GET", "/api/health")).answer().status == 200
        for _ in range(5):
            with Wire(collector) as refused_one:
                assert refused_one.is_closed()

        def metrics():
            return first.send(head("GET", "/metrics")).answer().body.decode()

        assert 'teltel_http_refused_total{reason="limit"} 5\n' in metrics()
        assert "teltel_http_connections 20\n" in metrics() and "teltel_http_connections_limit 20\n" in metrics()
        # The engines' path does not know of the port.
        engine = start_engine(programs / "engine", "beside", 5000, 0, 1)
        assert "accepted 5000 refused 0" in engine.communicate()[0]
        wait_until(lambda: b'"completed"' in first.send(head("GET", "/api/runs")).answer().body, "the run is there")
        for other in others:
            other.socket.close()
    wait_until(lambda: _answers(collector), "there is room again")


def _answers(collector) -> bool:
    try:
        return ask(collector, "GET", "/api/health").status == 200
    except OSError:
        return False


def test_no_descriptors_left_does_not_end_listening(live):
    pid = live.process.pid
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with Wire(live) as kept:
        assert kept.send(head("GET", "/api/health")).answer().status == 200
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_files(live), old[1]))
        waiting = [Wire(live).send(head("GET", "/api/health")) for _ in range(4)]

        def failed():
            text = kept.send(head("GET", "/metrics")).answer().body.decode()
            return "teltel_http_accept_errors_total 0\n" not in text

        wait_until(failed, "connections cannot be accepted, and that is counted")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
        assert [wire.answer().status for wire in waiting] == [200] * 4
        for wire in waiting:
            wire.socket.close()


def test_ten_thousand_idle_connections(make_collector):
    count = 10_000
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    if old[1] < count + 1_000:
        pytest.skip(f"this machine allows {old[1]} open files, the test needs {count + 1_000}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (old[1], old[1]))
    collector = make_collector("--no-storage", "--idle-timeout", "10m", "--request-timeout", "10m")
    files, memory = open_files(collector), resident_mib(collector)
    connections = []
    try:
        for index in range(count):
            connections.append(socket.create_connection(("127.0.0.1", collector.port), timeout=30))
            if index % 2:
                connections[-1].sendall(b"GET /api/health HTTP/1.1\r\n")
        wait_until(lambda: collector.metric("teltel_http_connections") == count + 1, "all are accepted")
        grown = resident_mib(collector) - memory
        print(f"10,000 connections: {grown:.0f} MiB, {grown * 1024 / count:.1f} KiB each")
        assert grown < 600
        assert collector.request("/api/health")[0] == 200
        assert post(collector, line())[1]["accepted"] == 1
    finally:
        for connection in connections:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, old)
    # A busy machine takes its time for so many.
    wait_until(lambda: open_files(collector) <= files + 2, f"the descriptors are free again; {files} at first", 120)
    wait_until(lambda: collector.metric("teltel_http_connections") == 1, "no connection is left")


def test_open_connections_do_not_keep_the_collector_from_leaving(live):
    idle, asked, half, upgraded = (Wire(live) for _ in range(4))
    assert asked.send(head("GET", "/api/health")).answer().status == 200
    half.send(b"GET /api/health HTTP/1.1\r\nHo")
    assert upgraded.send(head("GET", "/ws", *UPGRADE)).answer().status == 101
    live.process.terminate()
    for wire in (idle, asked, half, upgraded):
        assert wire.is_closed()
    assert live.process.wait(timeout=60) == 0


def test_variables_are_options_too(make_collector, monkeypatch):
    monkeypatch.setenv("TELTEL_MAX_CONNECTIONS", "20")
    monkeypatch.setenv("TELTEL_ALLOW_HOST", "lab.example,other.example")
    monkeypatch.setenv("TELTEL_REQUEST_TIMEOUT", "1s")
    collector = make_collector("--no-storage")
    assert collector.metric("teltel_http_connections_limit") == 20
    for host in ("lab.example", "OTHER.example:80"):
        assert ask(collector, "GET", "/api/runs", host=host).status == 200
    with Wire(collector) as wire:
        assert wire.send(b"GET /").answer().status == 408


def test_more_connections_than_files_are_not_promised(make_collector):
    collector = make_collector("--no-storage", "--max-connections", "1000000")
    limit = resource.prlimit(collector.process.pid, resource.RLIMIT_NOFILE)
    assert limit[0] == limit[1]  # lifted as far as it goes
    if limit[0] < 1_000_512:
        assert collector.metric("teltel_http_connections_limit") == limit[0] - 512
        assert f"{limit[0]} open files" in collector.output() and "ulimit -n" in collector.output()


@pytest.mark.parametrize("option, value", [("--max-connections", "0"), ("--idle-timeout", "soon"), ("--request-timeout", "0s")])
def test_bad_limits_are_explained(option, value):
    answer = subprocess.run([BUILD / "bin/teltel", "collect", "--no-storage", option, value], capture_output=True, text=True, timeout=60)
    assert answer.returncode != 0 and value in answer.stderr
