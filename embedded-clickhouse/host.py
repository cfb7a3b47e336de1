#!/usr/bin/env python3
"""Hosts ClickHouse, loaded as a library, in a process of its own, and answers a part of ClickHouse's HTTP interface.

    python3 -I -S host.py --library .../chdb/_chdb.abi3.so --data FOLDER (--socket PATH | --port N) [--payloads FOLDER]
                          [--memory BYTES] [--nice N]

The teltel collector starts it, so that neither a crash nor the memory of the database can touch the collector. The host prints
`ready <version> [port]` when it answers, and ends when its standard input does, which is how it never outlives its collector.
One host per data folder: a second one waits a while for the first to end, because that of a collector that was killed is about to,
and leaves with status 75 then. Status 78: the library cannot be loaded.
The program is one file, because the collector carries it in its binary.

What it answers, on a unix socket that only this user can open (or on 127.0.0.1, where tests let it play a server; with
$TELTEL_HOST_CREDENTIALS=user:password set, only those are let in):

    GET  /ping
    POST /?query=...&<setting>=...&param_<name>=...     the query in the URL, or in the body, or its begin and its rest
         INSERT INTO t (...) FORMAT Native                                           body: the rows; Content-Encoding: zstd or none
         INSERT INTO t (...) SELECT ... FROM input('<structure>') FORMAT Native       or none, and &payload_file=/absolute/path below
                                                                                      --payloads

Answers are chunked, unless wait_end_of_query=1; an error after the first chunk cuts the connection, so that an answer that is
not complete never looks as if it were. Queries with readonly=1 must be single statements that only read. Standard library only.
"""
import argparse
import base64
import ctypes
import fcntl
import hmac
import importlib.machinery
import importlib.util
import os
import re
import select
import signal
import socket
import sys
import threading
import time
import uuid
from urllib.parse import parse_qsl, urlsplit

MAX_HEAD = 1 << 20
MAX_QUERY = 64 << 20
MAX_CONNECTIONS = 128
IDLE_BEFORE_PURGE = 3.0
LONGEST_WAIT_FOR_FOLDER = 10.0
# Parameters of the URL that are no settings of ClickHouse.
NOT_SETTINGS = {"query", "database", "default_format", "query_id", "user", "password", "wait_end_of_query", "payload_file"}
# Functions that reach outside the database. With readonly=1 ClickHouse refuses them itself; in statements that write, here.
OUTSIDE = re.compile(
    r"\b(file|fileCluster|url|urlCluster|s3|s3Cluster|gcs|hdfs|hdfsCluster|azureBlobStorage|remote|remoteSecure|cluster"
    r"|clusterAllReplicas|mysql|postgresql|mongodb|redis|sqlite|odbc|jdbc|executable|python|iceberg\w*|deltaLake\w*|hudi\w*"
    r"|loop|arrowFlight|ytsaurus)\s*\(|\bINTO\s+OUTFILE\b|\bFROM\s+INFILE\b",
    re.I,
)
QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`|--[^\n]*|/\*.*?\*/", re.S)
INSERT_FROM_BODY = re.compile(
    r"(\s*INSERT\s+INTO\s.*\sFROM\s+)input\(\s*('(?:[^'\\]|\\.)*')\s*\)(\s+SETTINGS\s[^']*?)?\s+FORMAT\s+Native\s*", re.I | re.S
)
PLAIN_INSERT_FROM_BODY = re.compile(r"(\s*INSERT\s+INTO\s.*\))\s*FORMAT\s+Native\s*", re.I | re.S)
INSERT_OF_ROWS = re.compile(r"INSERT INTO `(?:[^`\\]|\\.)*`\.`(?:[^`\\]|\\.)*` FORMAT JSONEachRow\n", re.S)
STATUS = {62: 400, 47: 400, 36: 400, 60: 404, 81: 404, 159: 408, 164: 403, 497: 403, 516: 401}


class QueryError(Exception):
    """An exception of ClickHouse, or one that this host words as ClickHouse would."""

    def __init__(self, text):
        super().__init__(text)
        found = re.search(r"\bCode: (\d+)", text)
        self.code = int(found.group(1)) if found else 1002
        self.text = text[found.start() :] if found else "Code: 1002. DB::Exception: " + text

    def status(self):
        return STATUS.get(self.code, 500)


class Hangup(Exception):
    """The client is gone, or what it sent is no HTTP: the connection ends."""


def without_texts(query):
    """The query with its texts and comments blanked, and plain quoted names without their quotes."""

    def replacement(found):
        name = found.group(0)[1:-1]
        if found.group(0)[0] in "-/":
            return " "
        if found.group(0)[0] == "'":
            return " '' "
        if re.search(r"\\[^\\`\"]", re.sub(r"\\\\", "", name)):
            return " file( "  # a letter written as an escape hides a word
        return name if re.fullmatch(r"\w+", name) else " '' "

    return QUOTED.sub(replacement, query)


def reaches_outside(query):
    """Whether a query names a function that reaches outside, other than in a text or a comment."""
    # With these signs there are further ways to write texts and comments: then the words count wherever they stand.
    # What comes behind the format of an insert is data: whatever stands in it, nobody carries it out.
    rows = INSERT_OF_ROWS.match(query)
    query = rows.group(0) if rows else query
    plain = query if re.search(r"[$#]", query) else without_texts(query)
    return OUTSIDE.search(plain) is not None


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def write_config(folder, memory):
    """ClickHouse takes ./config.xml if it is given none, so it always gets ours."""
    path = os.path.join(folder, "host-config.xml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(
            "<clickhouse>"
            f"<max_server_memory_usage>{memory}</max_server_memory_usage>"
            "<mark_cache_size>67108864</mark_cache_size><uncompressed_cache_size>0</uncompressed_cache_size>"
            "<background_pool_size>2</background_pool_size><background_schedule_pool_size>4</background_schedule_pool_size>"
            "<merge_tree><non_replicated_deduplication_window>10000</non_replicated_deduplication_window>"
            "<fsync_after_insert>1</fsync_after_insert><fsync_part_directory>1</fsync_part_directory>"
            # A small part is one file to make and to sync instead of ten, which is half of what an insert of few rows costs; it
            # is gathered in memory first.
            "<min_bytes_for_full_part_storage>16777216</min_bytes_for_full_part_storage>"
            # Merges of few small parts at a time would take three times as much as the inserts. Old parts are merged all the same.
            "<merge_selector_base>16</merge_selector_base>"
            # Of each column, made in every merge, for plans of joins that nobody asks.
            "<auto_statistics_types></auto_statistics_types></merge_tree>"
            "</clickhouse>\n"
        )
    return path


class Engine:
    """ClickHouse as a library. One connection per request: a connection runs its queries one by one."""

    def __init__(self, library, data, memory):
        ctypes.CDLL(library, mode=sys.getdlopenflags() | os.RTLD_DEEPBIND)
        loader = importlib.machinery.ExtensionFileLoader("_chdb", library)
        self.module = importlib.util.module_from_spec(importlib.util.spec_from_file_location("_chdb", library, loader=loader))
        loader.exec_module(self.module)
        self.module.set_signal_handlers_enabled(0)  # signals are ours, before the first connection makes handlers
        self.uri = f"file:{data}?config-file={write_config(data, memory)}"
        self.control = self.module.connect(self.uri)  # keeps the database open
        self.control_lock = threading.Lock()
        self.version = self.command("SELECT version()").decode().strip()

    def connect(self):
        return self.module.connect(self.uri)

    def prepare(self, connection, database, settings):
        if database:
            connection.query("USE `" + database.replace("\\", "\\\\").replace("`", "\\`") + "`", "TSV")
        connection.query(f"SET {settings}", "TSV")

    def command(self, query):
        with self.control_lock:
            return bytes(self.control.query(query, "TSV").bytes())

    def kill(self, tag):
        self.command(f"KILL QUERY WHERE Settings['log_comment']={literal(tag)} ASYNC")

    def reads_only(self, classes):
        return classes["query_class"] == self.module.query_class.READ_ONLY


class Connection:
    """One client's socket: HTTP/1.1 as far as libcurl speaks it."""

    def __init__(self, client):
        self.client = client
        self.buffer = bytearray()
        self.inserting = None  # a connection to the engine for inserts alone, and its database

    def insert(self, engine, database, query, parameters):
        """A connection that is made anew and told its settings costs as much as the insert of a few rows: one is kept."""
        if self.inserting is None or self.inserting[1] != database:
            self.end_inserting()
            self.inserting = engine.connect(), database
            engine.prepare(self.inserting[0], database, f"max_query_size={MAX_QUERY}")
        try:
            self.inserting[0].query(query, "Null", params=parameters)
        except BaseException:
            self.end_inserting()
            raise

    def end_inserting(self):
        if self.inserting is not None:
            self.inserting[0].close()
        self.inserting = None

    def close(self):
        self.end_inserting()
        self.client.close()

    def fill(self):
        data = self.client.recv(1 << 18)
        if not data:
            raise Hangup
        self.buffer += data

    def until(self, mark, limit):
        while (at := self.buffer.find(mark)) < 0:
            if len(self.buffer) > limit:
                raise Hangup
            self.fill()
        data = bytes(self.buffer[:at])
        del self.buffer[: at + len(mark)]
        return data

    def head(self):
        lines = self.until(b"\r\n\r\n", MAX_HEAD).decode("latin-1").split("\r\n")
        request = lines[0].split(" ")
        if len(request) != 3:
            raise Hangup
        fields = (line.partition(":") for line in lines[1:])
        return request[0], request[1], {name.strip().lower(): value.strip() for name, _, value in fields}

    def take(self, count):
        while count:
            if not self.buffer:
                self.fill()
            data = bytes(self.buffer[:count])
            del self.buffer[: len(data)]
            count -= len(data)
            yield data

    def body(self, head):
        try:
            if head.get("transfer-encoding", "").lower() == "chunked":
                while count := int(self.until(b"\r\n", 1024).split(b";")[0], 16):
                    yield from self.take(count)
                    self.until(b"\r\n", 2)
                self.until(b"\r\n", 1024)
            else:
                yield from self.take(int(head.get("content-length", 0)))
        except ValueError:
            raise Hangup from None

    def reply(self, status, body=b"", fields=()):
        head = f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.client.sendall(head.encode() + b"\r\n" + body)

    def begin_chunks(self, fields):
        head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.client.sendall(head.encode() + b"\r\n")

    def chunk(self, data):
        self.client.sendall(b"%x\r\n" % len(data) + data + b"\r\n")


class Request:
    """One query on its way through the engine."""

    def __init__(self, host, connection, url, head):
        parameters = dict(parse_qsl(url.query, keep_blank_values=True))
        self.host = host
        self.connection = connection
        self.head = head
        self.query = parameters.get("query", "")
        self.payload_file = parameters.get("payload_file")
        self.database = parameters.get("database")
        self.format = head.get("x-clickhouse-format") or parameters.get("default_format") or "TabSeparated"
        self.buffered = parameters.get("wait_end_of_query", "0") != "0"
        self.parameters = {name[6:]: value for name, value in parameters.items() if name.startswith("param_")}
        self.settings = {k: v for k, v in parameters.items() if k not in NOT_SETTINGS and not k.startswith("param_")}
        self.tag = parameters.get("query_id") or uuid.uuid4().hex
        self.settings["log_comment"] = self.tag
        self.body = connection.body(head)
        self.started = False
        self.done = threading.Event()

    def fields(self):
        return [("X-ClickHouse-Query-Id", re.sub(r"[^\w.-]", "_", self.tag)), ("X-ClickHouse-Server-Display-Name", "teltel-host")]

    def serve(self):
        try:
            self.run()
        except (QueryError, RuntimeError) as error:
            self.done.set()
            if self.started:
                raise Hangup from error
            for _ in self.body:  # the next request begins behind what is left of this one
                pass
            error = error if isinstance(error, QueryError) else QueryError(str(error))
            text = (error.text.rstrip() + "\n").encode("utf-8", "replace")
            self.connection.reply(error.status(), text, [*self.fields(), ("X-ClickHouse-Exception-Code", error.code)])
        finally:
            self.done.set()

    def run(self):
        self.host.check_credentials(self.head)
        insert = INSERT_FROM_BODY.fullmatch(self.query) or PLAIN_INSERT_FROM_BODY.fullmatch(self.query)
        if insert:
            return self.insert(insert)
        rest = bytearray()
        for data in self.body:
            rest += data
            if len(rest) > MAX_QUERY:
                raise Hangup
        self.query = "\n".join(part for part in (self.query, rest.decode("utf-8", "replace")) if part)
        engine = self.host.engine.connect()
        try:
            self.host.engine.prepare(engine, self.database, self.all_settings())
            threading.Thread(target=self.watch, daemon=True).start()
            return self.answer(engine)
        finally:
            self.done.set()
            engine.close()

    def all_settings(self):
        for name in self.settings:
            if not re.fullmatch(r"\w+", name):
                raise QueryError(f"Code: 115. DB::Exception: Unknown setting {name}")
        return ", ".join(f"{name}={literal(value)}" for name, value in self.settings.items())

    def watch(self):
        """Ends the query when its client hangs up."""
        poll = select.poll()
        poll.register(self.connection.client, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while not self.done.is_set():
            if poll.poll(200) and not self.done.is_set():
                return self.host.engine.kill(self.tag)

    def insert(self, parts):
        """An insert whose rows come as a file of blocks, or as a body that is made one."""
        if self.settings.get("readonly", "0") != "0":
            raise QueryError("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)")
        if reaches_outside(parts.group(1)):
            raise QueryError("Code: 497. DB::Exception: Only the table function input is allowed. (ACCESS_DENIED)")
        settings = self.all_settings()
        with Payload(self.host, self.payload_file, self.head, self.body) as path:
            if parts.re is PLAIN_INSERT_FROM_BODY:
                query = f"{parts.group(1)} FROM INFILE {literal(path)} SETTINGS {settings} FORMAT Native"
            else:
                own = parts.group(3)
                query = f"{parts.group(1)}file({literal(path)}, 'Native', {parts.group(2)})"
                query += f"{own}, {settings}" if own else f" SETTINGS {settings}"
            threading.Thread(target=self.watch, daemon=True).start()
            self.connection.insert(self.host.engine, self.database, query, self.parameters)
        self.done.set()
        self.connection.reply(200, b"", self.fields())

    def answer(self, engine):
        classes = engine.classify_query(self.query)  # the engine's own parser decides
        if classes["statement_count"] > 1:
            raise QueryError("Code: 62. DB::Exception: Multi-statements are not allowed. (SYNTAX_ERROR)")
        reads = self.host.engine.reads_only(classes)
        # The library itself carries out INTO OUTFILE, also with readonly=1: only the class tells.
        if self.settings.get("readonly", "0") != "0" and not reads:
            raise QueryError("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)")
        if reaches_outside(self.query):
            raise QueryError("Code: 497. DB::Exception: Table functions that reach outside are not allowed. (ACCESS_DENIED)")
        if self.buffered or not reads or not re.match(r"\s*(SELECT|WITH)\b", self.query, re.I):
            data = bytes(engine.query(self.query, self.format, params=self.parameters).bytes())
            self.done.set()
            return self.connection.reply(200, data, self.fields())
        return self.stream(engine)

    def stream(self, engine):
        result = engine.send_query(self.query, self.format, params=self.parameters)
        while True:
            part = engine.streaming_fetch_result(result)
            data = part.bytes() if part is not None else b""
            if not data:
                break
            if not self.started:
                self.started = True
                self.connection.begin_chunks(self.fields())
            self.connection.chunk(bytes(data))
        self.done.set()
        if not self.started:
            self.connection.begin_chunks(self.fields())
        self.connection.client.sendall(b"0\r\n\r\n")


class Payload:
    """The path of the rows of an insert: the client's own file, or a body written to one of ours."""

    def __init__(self, host, path, head, body):
        self.own = None
        if path is not None:
            self.path = host.checked_payload(path)
            return
        encoding = head.get("content-encoding", "").lower()
        if encoding not in ("", "identity", "zstd"):
            raise QueryError("Code: 48. DB::Exception: Unknown content encoding. (NOT_IMPLEMENTED)")
        self.own = os.path.join(host.incoming, uuid.uuid4().hex + (".native.zst" if encoding == "zstd" else ".native"))
        self.path = self.own
        try:
            with open(self.own, "xb") as out:
                for data in body:
                    out.write(data)
        except BaseException:
            os.unlink(self.own)
            raise

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        if self.own is not None:
            os.unlink(self.own)


class Host:
    """Listens, and serves each client on a thread."""

    def __init__(self, options):
        self.payloads = os.path.realpath(options.payloads) if options.payloads else None
        self.credentials = os.environ.pop("TELTEL_HOST_CREDENTIALS", None)
        self.incoming = os.path.join(options.data, "incoming")
        os.makedirs(self.incoming, exist_ok=True)
        for name in os.listdir(self.incoming):  # of a host that was killed
            os.unlink(os.path.join(self.incoming, name))
        try:
            self.engine = Engine(options.library, options.data, options.memory)
        except (ImportError, OSError) as error:
            print(f"host: {options.library} cannot be loaded: {error}", file=sys.stderr)
            os._exit(78)
        self.places = threading.Semaphore(MAX_CONNECTIONS)
        self.last_query = time.monotonic()
        self.purged = True
        self.listener = self.listen(options)

    def listen(self, options):
        if options.socket is None:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", options.port))
        else:
            try:
                os.unlink(options.socket)  # stale: the lock on the data folder is ours
            except FileNotFoundError:
                pass
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(options.socket)
        listener.listen(MAX_CONNECTIONS)
        return listener

    def check_credentials(self, head):
        if self.credentials is None:
            return
        given = head.get("authorization", "").partition("Basic ")[2]
        if not hmac.compare_digest(given.encode(), base64.b64encode(self.credentials.encode())):
            raise QueryError("Code: 516. DB::Exception: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)")

    def checked_payload(self, path):
        real = os.path.realpath(path)
        # Signs that have a meaning in the paths of the function file have none here.
        if self.payloads is None or not real.startswith(self.payloads + os.sep) or re.search(r"[*?{}\[\]:]", real):
            raise QueryError("Code: 497. DB::Exception: The payload lies outside the payload folder. (ACCESS_DENIED)")
        if not os.path.isfile(real):
            raise QueryError("Code: 107. DB::Exception: The payload does not exist. (FILE_DOESNT_EXIST)")
        return real

    def serve(self, client):
        connection = Connection(client)
        try:
            while True:
                method, target, head = connection.head()
                url = urlsplit(target)
                if head.get("expect", "").lower() == "100-continue":
                    client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                if method == "GET" and url.path == "/ping":
                    connection.reply(200, b"Ok.\n")
                elif method in ("GET", "POST") and url.path == "/":
                    Request(self, connection, url, head).serve()
                    self.last_query = time.monotonic()
                    self.purged = False
                else:
                    connection.reply(404, b"no such path\n")
                if head.get("connection", "").lower() == "close":
                    return
        except (Hangup, OSError, ValueError):
            pass
        finally:
            connection.close()
            self.places.release()

    def purge_when_idle(self):
        """The allocator keeps what big inserts took, until it is asked."""
        while True:
            time.sleep(1)
            if not self.purged and time.monotonic() - self.last_query > IDLE_BEFORE_PURGE:
                self.purged = True
                self.engine.command("SYSTEM JEMALLOC PURGE")

    def run(self):
        threading.Thread(target=self.purge_when_idle, daemon=True).start()
        port = "" if self.listener.family == socket.AF_UNIX else f" {self.listener.getsockname()[1]}"
        print(f"ready {self.engine.version}{port}", flush=True)
        while True:
            self.places.acquire()
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()


def leave():
    os._exit(0)  # acknowledged rows are on disk; an orderly close would only wait for merges


def leave_when_asked():
    signal.sigwait({signal.SIGTERM})
    leave()


def leave_with_collector():
    while os.read(0, 1 << 12):
        pass
    leave()


def take(lock):
    """Holds the data folder, if nobody else does by the end of the wait."""
    end = time.monotonic() + LONGEST_WAIT_FOR_FOLDER
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() > end:
                return False
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser(description="Hosts ClickHouse for the teltel collector.")
    parser.add_argument("--library", required=True)
    parser.add_argument("--data", required=True)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket")
    where.add_argument("--port", type=int)
    parser.add_argument("--payloads")
    parser.add_argument("--memory", type=int, default=1_500_000_000)
    parser.add_argument("--nice", type=int, default=10)
    options = parser.parse_args()
    os.umask(0o077)
    if options.socket:
        os.environ["TZ"] = "UTC"  # times without a zone must not repeat when a summer ends; a server has the zone that it is given
    # A thread of its own waits for it: Python's handlers run in the main thread, which sees a signal that comes just before `accept` only
    # with the next connection. Blocked in all others, those of the engine too.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=leave_when_asked, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the collector decides when we end
    threading.Thread(target=leave_with_collector, daemon=True).start()
    os.nice(options.nice)
    options.data = os.path.abspath(options.data)
    os.makedirs(options.data, mode=0o700, exist_ok=True)
    lock = os.open(os.path.join(options.data, "host.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not take(lock):
        print(f"host: {options.data} is in use by another host", file=sys.stderr)
        os._exit(75)
    Host(options).run()


if __name__ == "__main__":
    main()
