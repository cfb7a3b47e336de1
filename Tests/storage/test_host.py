"""The embedded ClickHouse host as a program: its life, its locks, its HTTP, and what it refuses.

    python3 -m pytest Tests/storage/test_host.py

Needs the engine library (scripts/fetch-clickhouse.sh); tests that need it are skipped without.
"""
import http.client
import importlib.util
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "embedded-clickhouse" / "host.py"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
LIBRARY = pathlib.Path(
    os.environ.get("TELTEL_CLICKHOUSE_LIBRARY") or CACHE / "teltel" / "chdb-core-26.9.0" / "chdb" / "_chdb.abi3.so"
)
needs_engine = pytest.mark.skipif(not LIBRARY.exists(), reason="the engine library is not installed")

spec = importlib.util.spec_from_file_location("host", PROGRAM)
host_module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(host_module)


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(self.path)


class Host:
    """A host process on a socket below `folder`."""

    def __init__(self, folder, *more):
        self.folder = folder
        self.socket = str(folder / "h.sock")
        self.payloads = folder / "payloads"
        self.payloads.mkdir(exist_ok=True)
        command = [sys.executable, "-I", "-S", str(PROGRAM), "--library", str(LIBRARY), "--data", str(folder / "data")]
        command += ["--socket", self.socket, "--payloads", str(self.payloads), "--nice", "0", *more]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ready = self.process.stdout.readline().decode()

    def ask(self, query, body=b"", headers=None, **parameters):
        connection = UnixHTTP(self.socket)
        target = "/?" + urllib.parse.urlencode({"query": query, **parameters})
        connection.request("POST", target, body, headers or {})
        answer = connection.getresponse()
        try:
            return answer.status, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture
def host(tmp_path):
    running = Host(tmp_path)
    yield running
    running.end()


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
    return False


# ---- life --------------------------------------------------------------------------------------------------------------


@needs_engine
def test_it_says_when_it_is_ready_and_ends_with_its_input(host):
    assert host.ready.startswith("ready 26.9.")
    assert host.ask("SELECT 1") == (200, "1\n")
    host.process.stdin.close()
    assert host.process.wait(30) == 0


@needs_engine
def test_it_ends_by_sigterm_and_ignores_ctrl_c(host):
    host.process.send_signal(signal.SIGINT)
    assert host.ask("SELECT 1") == (200, "1\n")
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(30) == 0


@needs_engine
def test_its_files_are_for_this_user_alone(host):
    for path in [host.folder / "data", pathlib.Path(host.socket), host.folder / "data" / "host-config.xml"]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@needs_engine
def test_a_second_host_on_the_same_folder_leaves(host):
    second = Host(host.folder)
    assert second.process.wait(60) == 75
    assert b"in use" in second.process.stderr.read()
    second.end()
    assert host.ask("SELECT 1") == (200, "1\n"), "the first one's socket is still there"


@needs_engine
def test_killed_it_leaves_no_lock_and_no_lost_row(tmp_path):
    for round in range(3):
        host = Host(tmp_path)
        assert host.ready, host.process.stderr.read()
        assert host.ask("CREATE TABLE IF NOT EXISTS t (a UInt64) ENGINE = MergeTree ORDER BY a")[0] == 200
        assert host.ask("SELECT count() FROM t") == (200, f"{round}\n")
        assert host.ask(f"INSERT INTO t VALUES ({round})")[0] == 200
        host.process.kill()
        host.end()


def test_a_library_that_cannot_be_loaded_is_told(tmp_path):
    command = [sys.executable, "-I", "-S", str(PROGRAM), "--library", "/bin/sh", "--data", str(tmp_path), "--socket"]
    done = subprocess.run([*command, str(tmp_path / "s")], stdin=subprocess.PIPE, capture_output=True, timeout=60)
    # End of input may come first.
    assert done.returncode in (0, 78)


# ---- HTTP --------------------------------------------------------------------------------------------------------------


@needs_engine
def test_one_connection_carries_many_requests(host):
    connection = UnixHTTP(host.socket)
    for number in range(20):
        connection.request("POST", "/?wait_end_of_query=" + str(number % 2), f"SELECT {number}".encode())
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"%d\n" % number)
        connection.request("POST", "/", b"SELECT nonsense FROM nowhere")
        answer = connection.getresponse()
        assert answer.status == 404 and b"UNKNOWN_TABLE" in answer.read()
        assert answer.getheader("X-ClickHouse-Exception-Code") == "60"
    connection.request("GET", "/ping")
    assert connection.getresponse().read() == b"Ok.\n"


@needs_engine
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"A" * (2 << 20),
        b"\x00\xff" * 100 + b"\r\n\r\n",
    ],
    ids=["nothing", "blank", "no path", "bad length", "half a body", "bad chunk", "endless head", "binary"],
)
def test_what_is_no_http_ends_the_connection_and_nothing_else(host, request_bytes):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(host.socket)
    try:
        client.sendall(request_bytes)
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 16):
            pass
    except OSError:
        pass
    client.close()
    assert host.ask("SELECT 1") == (200, "1\n")


@needs_engine
def test_an_error_after_the_first_chunk_cuts_the_answer(host):
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        host.ask("SELECT throwIf(number = 3000000) FROM numbers(4000000)", max_block_size="65536")
    status, text = host.ask("SELECT throwIf(number = 3000000) FROM numbers(4000000)", wait_end_of_query="1")
    assert status == 500 and "Code: 395" in text


@needs_engine
def test_a_client_that_hangs_up_ends_its_query(host):
    connection = UnixHTTP(host.socket)
    connection.request("POST", "/?max_block_size=1000", b"SELECT sleepEachRow(0.001) FROM numbers(10000000)")
    running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEach' || 'Row%'"
    assert until(lambda: host.ask(running) == (200, "1\n"))
    connection.close()
    assert until(lambda: host.ask(running) == (200, "0\n"))


# ---- inserts -----------------------------------------------------------------------------------------------------------

# One block in the Native format: column a UInt8 with the rows 1, 2, 3.
BLOCK = b"\x01\x03\x01a\x05UInt8\x01\x02\x03"
INSERT = "INSERT INTO t (a) SELECT a FROM input('a UInt8') FORMAT Native"
PLAIN = "INSERT INTO t (a) FORMAT Native"


@needs_engine
@pytest.mark.parametrize("insert", [INSERT, PLAIN])
def test_rows_come_as_a_body_or_as_a_file(host, insert):
    host.ask("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    assert host.ask(insert, BLOCK) == (200, "")
    path = host.payloads / "g.native"
    path.write_bytes(BLOCK * 2)
    assert host.ask(insert, payload_file=str(path)) == (200, "")
    assert host.ask("SELECT count(), sum(a) FROM t") == (200, "9\t18\n")
    assert list((host.folder / "data" / "incoming").iterdir()) == []


@needs_engine
@pytest.mark.parametrize("insert", [INSERT, INSERT.replace(" FORMAT", " SETTINGS max_threads = 1 FORMAT"), PLAIN])
def test_an_insert_of_many_blocks_is_one_part_and_the_same_again_is_none(host, insert):
    host.ask("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 10")
    path = host.payloads / "g.native"
    path.write_bytes(BLOCK * 500)
    for token in ("one", "one", "two"):
        assert host.ask(insert, payload_file=str(path), max_insert_threads="1", insert_deduplication_token=token) == (200, "")
    assert host.ask("SELECT count(), uniqExact(_part) FROM t") == (200, "3000\t2\n")


@needs_engine
@pytest.mark.parametrize("insert", [INSERT, PLAIN])
def test_an_insert_on_a_connection_feels_nothing_of_the_one_before(host, insert):
    host.ask("CREATE TABLE t (a UInt8, b String DEFAULT getSetting('max_threads')::String) ENGINE = MergeTree ORDER BY a")
    connection = UnixHTTP(host.socket)
    answers = []
    asked = [{"max_threads": "7"}, {"no_such_setting": "1"}, {"max_threads": "3"}, {}, {"database": "none"}, {"database": "default"}]
    for number, settings in enumerate(asked):
        parameters = {"query": insert, "insert_deduplication_token": str(number), **settings}
        connection.request("POST", "/?" + urllib.parse.urlencode(parameters), BLOCK)
        answer = connection.getresponse()
        answers.append((answer.status, answer.read().decode()))
    connection.close()
    assert [status for status, _ in answers] == [200, 500, 200, 200, 404, 200] and "no_such_setting" in answers[1][1]
    usual = host.ask("SELECT getSetting('max_threads')")[1].strip()
    assert host.ask("SELECT DISTINCT b FROM t ORDER BY b::UInt64")[1].split() == sorted({"7", "3", usual}, key=int)


@needs_engine
def test_an_insert_is_ended_with_its_client(host):
    host.ask("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    connection = UnixHTTP(host.socket)
    slow = INSERT.replace("SELECT a", "SELECT a + sleepEachRow(1)")
    connection.request("POST", "/?" + urllib.parse.urlencode({"query": slow, "max_block_size": "1"}), BLOCK * 300)
    running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEach' || 'Row%'"
    assert until(lambda: host.ask(running) == (200, "1\n"))
    connection.close()
    assert until(lambda: host.ask(running) == (200, "0\n"))
    assert host.ask("SELECT count() FROM t") == (200, "0\n")


@needs_engine
@pytest.mark.parametrize("insert", [INSERT, PLAIN])
def test_half_a_body_stores_nothing(host, insert):
    host.ask("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    client = socket.socket(socket.AF_UNIX)
    client.connect(host.socket)
    target = "/?" + urllib.parse.urlencode({"query": insert})
    client.sendall(f"POST {target} HTTP/1.1\r\nContent-Length: {len(BLOCK) * 2}\r\n\r\n".encode() + BLOCK)
    client.close()
    assert until(lambda: list((host.folder / "data" / "incoming").iterdir()) == [])
    assert host.ask("SELECT count() FROM t") == (200, "0\n")


@needs_engine
@pytest.mark.parametrize("name", ["/etc/hostname", "../outside", "link", "missing", "*.native", "{a,b}", "file:x", "."])
def test_only_files_of_the_payload_folder_are_read(host, name):
    host.ask("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    (host.folder / "outside").write_bytes(BLOCK)
    (host.payloads / "link").symlink_to(host.folder / "outside")
    path = name if name.startswith("/") else str(host.payloads / name)
    status, text = host.ask(INSERT, payload_file=path)
    assert status in (403, 500) and ("ACCESS_DENIED" in text or "FILE_DOESNT_EXIST" in text)


# ---- what it refuses ---------------------------------------------------------------------------------------------------

OUTSIDE = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
    'SELECT * FROM "python" (\'x\')',
    "SELECT * FROM `pyth\\x6fn`('x')",
    "SELECT * FROM python/**/('x')",
    "SELECT $$'$$, x FROM python('x')",
    "SELECT 1 # '\n, python('a') '",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', 'system', 'one')",
    "SELECT * FROM executable('id', 'CSV', 'a String')",
    "SELECT 1 INTO OUTFILE '/tmp/teltel-test-outfile'",
    "INSERT INTO FUNCTION file('/tmp/teltel-test-outfile', 'CSV', 'a UInt8') SELECT 1",
    "INSERT INTO FUNCTION file('/tmp/teltel-test-outfile', 'Native', 'a UInt8') FORMAT Native",
    "INSERT INTO t (a) FROM INFILE '/etc/passwd' FORMAT Native",
    "INSERT INTO `default`.`t` SELECT * FROM file('/etc/passwd', 'LineAsString') FORMAT JSONEachRow\n{}",
]


@pytest.mark.parametrize("query", OUTSIDE)
def test_words_that_reach_outside_are_found(query):
    assert host_module.reaches_outside(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'file(1)'",
        "SELECT `payload.file(x` FROM t",
        "SELECT 1 -- file(\n",
        "SELECT `a\\`b\\\\c` FROM t",
        "SELECT profile(1), 'it''s url(', \"a b\"",
        "SELECT file FROM t /* url( */",
        # Rows are data, whatever is written in them.
        'INSERT INTO `a`.`b` FORMAT JSONEachRow\n{"x":"two\\nlines, file(x) url("}\n{"x":"tab\\t"}\n',
    ],
)
def test_other_words_are_not(query):
    assert not host_module.reaches_outside(query)


@needs_engine
@pytest.mark.parametrize("readonly", ["0", "1"])
def test_nothing_reaches_outside(host, readonly):
    for query in OUTSIDE:
        status, _ = host.ask(query, readonly=readonly)
        assert status != 200, query
    assert not os.path.exists("/tmp/teltel-test-outfile")


@needs_engine
def test_readonly_means_one_statement_that_reads(host):
    host.ask("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    for query in [
        "INSERT INTO t VALUES (1)",
        "DROP TABLE t",
        "SET readonly = 0",
        "SELECT 1; DROP TABLE t",
        "SELECT 1 SETTINGS readonly = 0",
        "SYSTEM JEMALLOC PURGE",
        "KILL QUERY WHERE 1",
        INSERT,
        PLAIN,
    ]:
        status, _ = host.ask(query, readonly="1")
        assert status != 200, query
    assert host.ask("WITH 1 AS x SELECT x + count() FROM t", readonly="1") == (200, "1\n")
    assert host.ask("SHOW TABLES", readonly="1") == (200, "t\n")


@needs_engine
def test_settings_and_parameters_are_values(host):
    assert host.ask("SELECT {x:String}", param_x="a'b; --") == (200, "a\\'b; --\n")
    assert host.ask("SELECT getSetting('max_threads')", max_threads="1") == (200, "1\n")
    status, text = host.ask("SELECT 1", **{"max_threads=1, readonly": "0"})
    assert status == 500 and "Code: 115" in text
    status, text = host.ask("SELECT 1", max_threads="1', readonly='0")
    assert status != 200


@needs_engine
def test_memory_has_a_limit(tmp_path):
    host = Host(tmp_path, "--memory", "400000000")
    status, text = host.ask("SELECT groupArray(toString(number)) FROM numbers(30000000)", wait_end_of_query="1")
    assert status == 500 and "Code: 241" in text
    assert host.ask("SELECT 1") == (200, "1\n")
    host.end()
