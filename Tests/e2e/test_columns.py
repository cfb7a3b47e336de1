"""The binary stream of columns, read by the example client's own code."""
import importlib.util
import json
import math
import os
import re
import subprocess
import sys

import pytest
from support import ROOT, wait_until
from test_ingest import line, post
from test_live import events_until_end, subscribe
from websockets.exceptions import ConnectionClosed

spec = importlib.util.spec_from_file_location("columns", ROOT / "examples/live/columns.py")
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)


class Stream:
    """Collects what comes."""

    def __init__(self, collector, **subscription):
        self.socket = subscribe(collector, format="columns", **subscription)
        self.schemas, self.notices, self.blocks, self.messages = {}, [], [], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self):
        message = self.socket.recv(timeout=30)
        if isinstance(message, str):
            text = json.loads(message)
            if "schema" in text:
                self.schemas[text["schema"]["id"]] = text["schema"]
            else:
                self.notices.append(text)
            return []
        self.messages += 1
        self.newest = message
        found = list(example.blocks(message, self.schemas))
        self.blocks += found
        return found

    def until(self, condition):
        while not condition():
            self.receive()

    def column(self, type_name, name):
        return [value for schema, _, columns in self.blocks if schema["type"] == type_name for value in columns.get(name, ())]

    def has_end(self):
        return any(schema["type"] == "run.end" for schema, _, _ in self.blocks)


def test_columns_hold_what_json_says(make_collector, programs, start_engine):
    live = make_collector("--no-storage", "--live-capacity", "1000000")
    with Stream(live, runId="same") as stream, subscribe(live, runId="same") as socket:
        start_engine(programs / "engine", "same", 5000, 10000, 2)
        events = [event for event in events_until_end(socket) if event["type"] == "test.sample"]
        stream.until(lambda: len(stream.column("test.sample", "frame")) == 10000)
    schema = next(schema for schema in stream.schemas.values() if schema["type"] == "test.sample")
    assert (schema["runId"], schema["channel"]) == ("same", "test")
    kinds = {field["name"]: (field["kind"], field["key"], field["unit"]) for field in schema["fields"]}
    assert kinds["index"] == ("u64", False, "") and kinds["v.k"] == ("f64", False, "m") and kinds["thread"] == ("u32", True, "")
    names = ["thread", "index", "v.a", "v.k", "frame", "simTime", "wallTimeMs"]
    rows = sorted(zip(*[stream.column("test.sample", name) for name in names]))
    expected = sorted(
        (event["payload"]["thread"], event["payload"]["index"], event["payload"]["v"]["a"], event["payload"]["v"]["k"], event["frameIndex"],
         event["simTime"], event.get("wallTimeMs", -2**63))
        for event in events)
    assert rows == expected
    identities = {
        (head["instance"], head["writer"], sequence) for _, head, columns in stream.blocks for sequence in columns["sequence"]}
    assert len(identities) == sum(head["rows"] for _, head, _ in stream.blocks)


def test_only_chosen_fields_and_their_keys(live, vehicle):
    with Stream(live, runId="chosen", fields={"wheel.force": ["normalLoad"], "body.state": ["vel.z"]}) as stream:
        vehicle("chosen", 1, False)
        stream.until(lambda: len(stream.column("wheel.force", "frame")) == 480)
    assert {schema["type"]: [field["name"] for field in schema["fields"]] for schema in stream.schemas.values()} == {
        "wheel.force": ["wheelId", "normalLoad"], "body.state": ["vel.z"]}
    assert stream.column("wheel.force", "wheelId") == [0, 1, 2, 3] * 120


def test_at_most_so_many_messages_a_second(live, programs, start_engine):
    with Stream(live, runId="rate", messagesPerSecond=10) as stream:
        start_engine(programs / "engine", "rate", 3000, 1500, 1)
        sent = []
        while len(stream.column("test.sample", "frame")) < 3000:
            if stream.receive():
                sent.append(int.from_bytes(stream.newest[8:16], "little") / 1e6)
    # By the collector's own stamps, so that a slow test machine cannot fail this.
    assert len(sent) <= 2 + 10 * (sent[-1] - sent[0]) and len(sent) > 2


def test_a_client_may_change_its_pace(live, programs, start_engine):
    with Stream(live, runId="pace", messagesPerSecond=60) as stream:
        start_engine(programs / "engine", "pace", 3000, 1500, 1)
        stream.until(lambda: stream.blocks)
        known = len(stream.schemas)
        stream.socket.send('{"pace":{"messagesPerSecond":4}}')
        sent = []
        while len(stream.column("test.sample", "frame")) < 3000:
            if stream.receive():
                sent.append(int.from_bytes(stream.newest[8:16], "little") / 1e6)
        # What was on its way keeps its own pace; the last few are of the new one.
        assert sent[-1] - sent[-3] > 2 / 4 * 0.99
        assert sorted(stream.column("test.sample", "index")) == list(range(3000))
    assert len(stream.schemas) <= known + 1, "the subscription goes on: nothing is announced anew but run.end"


def test_newest_texts_come_beside_the_columns(live):
    with Stream(live, runId="posted", fields={"car": ["speed"]}, texts={"car": {"fields": ["phase.name"], "keys": ["id"]}}) as stream:
        post(live, *[
            line(frameIndex=frame, type="car", payload={"id": frame % 2, "speed": frame, "phase": {"name": f"lap {frame}"} if frame < 6 else {}})
            for frame in range(10)])
        stream.until(lambda: len(stream.column("car", "frame")) == 10)
    texts = [notice["texts"] for notice in stream.notices if "texts" in notice]
    assert {(text["runId"], text["channel"], text["type"]) for text in texts} == {("posted", "physics", "car")}
    newest = {row["key"]: (row["frame"], row["values"]) for text in texts for row in text["rows"]}
    assert newest == {"0": (4, {"phase.name": "lap 4"}), "1": (5, {"phase.name": "lap 5"})}


def test_a_spike_and_a_nan_survive_the_reduction(live):
    count = 20_000
    events = [line(frameIndex=frame, payload={"wave": math.sin(frame), "flat": 1, "odd": "NaN" if frame == 777 else 2}) for frame in range(count)]
    events[12_345]["payload"]["wave"] = 1e9
    events[4_321]["payload"]["wave"] = -1e9
    del events[99]["payload"]["flat"]
    for begin in range(0, count, 5_000):
        post(live, *events[begin:begin + 5_000])
    wait_until(lambda: (live.run("posted") or {}).get("accepted") == count, "all events were read")
    with Stream(live, runId="posted", tail=count, rowsPerSecond=3) as stream:
        stream.until(lambda: sum(head["sourceRows"] for _, head, _ in stream.blocks) >= 10_000)
    assert all(head["reduced"] for _, head, _ in stream.blocks)
    total = sum(head["sourceRows"] for _, head, _ in stream.blocks)
    assert sum(head["rows"] for _, head, _ in stream.blocks) < total / 20
    wave, frames = stream.column("body.state", "wave"), stream.column("body.state", "frame")
    assert max(wave) == 1e9 and frames == sorted(frames) and frames[-1] == count - 1
    assert all(low <= high for low, high in zip(wave[::2], wave[1::2]))
    assert set(stream.column("body.state", "flat")) == {1.0} and set(stream.column("body.state", "odd")) == {2.0}


def test_new_names_are_announced(live):
    with Stream(live, runId="posted") as stream:
        post(live, line(payload={"a": 1, "text": "x"}), line(frameIndex=2, payload={"a": 2}))
        stream.until(lambda: len(stream.column("body.state", "a")) == 2)
        post(live, line(frameIndex=3, payload={"b": {"c": 3}}))
        stream.until(lambda: len(stream.column("body.state", "b.c")) == 1)
    assert [[field["name"] for field in schema["fields"]] for schema in stream.schemas.values()] == [["a"], ["a", "b.c"]]
    assert all(field["optional"] for schema in stream.schemas.values() for field in schema["fields"])
    assert stream.column("body.state", "a is there") == [True, True, False] and math.isnan(stream.column("body.state", "a")[2])


def test_a_posted_frames_processor_time_is_measured(live):
    """An engine that posts JSON cannot declare it; in no other type is the name special."""
    payload = {"dt": 0.1, "perf": {"cpu_time_ms": 3, "other": 1}, "cpu_time_ms": 1}
    with Stream(live, runId="posted") as stream:
        post(live, line(type="frame.end", payload=payload), line(type="frame.start", payload=payload))
        stream.until(lambda: all(len(stream.column(name, "dt")) == 1 for name in ("frame.end", "frame.start")))
    fields = {(schema["type"], field["name"]): field for schema in stream.schemas.values() for field in schema["fields"]}
    assert len(fields) == 8 and [name for name, field in fields.items() if field["measured"]] == [("frame.end", "perf.cpu_time_ms")]
    assert not any(field["key"] or field["input"] for field in fields.values())


def test_bits_of_numbers_that_are_none(live):
    with Stream(live, runId="posted") as stream:
        post(live, *[line(frameIndex=frame, payload={"x": value}) for frame, value in enumerate(["NaN", "Infinity", "-Infinity", -0.0, 5e-324])])
        stream.until(lambda: len(stream.column("body.state", "x")) == 5)
    values = stream.column("body.state", "x")
    assert math.isnan(values[0]) and values[1:3] == [math.inf, -math.inf] and math.copysign(1, values[3]) == -1 and values[4] == 5e-324
    assert all(stream.column("body.state", "x is there"))


def test_columns_resume_with_a_cursor(make_collector, programs, start_engine):
    live = make_collector("--no-storage", "--live-capacity", "1000000")
    start_engine(programs / "engine", "cursor", 9000, 3000, 2)
    rows, cursor = [], None
    while len(rows) < 18_000:
        more = {"after": cursor, "tail": 0} if cursor else {"tail": 1_000_000}
        with Stream(live, runId="cursor", cursor=True, fields={"test.sample": ["index"]}, **more) as stream:
            stream.until(lambda: len(stream.blocks) >= 3 or len(rows) + len(stream.column("test.sample", "index")) == 18_000)
            rows += list(zip(stream.column("test.sample", "thread"), stream.column("test.sample", "index")))
            assert stream.notices == []
            length = int.from_bytes(stream.newest[2:4], "little")
            cursor = stream.newest[16:16 + length].decode()
    for thread in range(2):
        assert [index for owner, index in rows if owner == thread] == list(range(9000))


@pytest.mark.parametrize("bad, reason", [
    ({"version": 2}, "version"), ({"messagesPerSecond": 61}, "messagesPerSecond"), ({"messagesPerSecond": 0}, "messagesPerSecond"),
    ({"rowsPerSecond": 0}, "rowsPerSecond"), ({"fields": ["x"]}, "fields"), ({"format": "rows"}, "format"), ({"after": "nonsense"}, "after"),
    ({"texts": {"car": ["name"]}}, "texts"),
])
def test_what_is_not_understood_closes_with_a_reason(live, bad, reason):
    with subscribe(live, **{"format": "columns", **bad}) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=30)
    assert closed.value.rcvd.code == 1008 and reason in closed.value.rcvd.reason


@pytest.mark.parametrize("bad", [{}, {"messagesPerSecond": "fast"}, {"messagesPerSecond": 0}, {"messagesPerSecond": 61}, 7])
def test_a_pace_that_is_none_closes_with_a_reason(live, bad):
    with subscribe(live, format="columns", runId="nothing") as socket:
        socket.send(json.dumps({"pace": bad}))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=30)
    assert closed.value.rcvd.code == 1008 and re.search("messagesPerSecond|pace", closed.value.rcvd.reason)


def test_the_example_client_shows_values(live, programs, start_engine):
    command = [sys.executable, ROOT / "examples/live/columns.py", "watched", "test.sample", "v.b"]
    client = subprocess.Popen(command, env={**os.environ, "TELTEL_URL": live.url}, stdout=subprocess.PIPE, text=True)
    try:
        start_engine(programs / "engine", "watched", 2000, 1000, 1)
        shown = client.stdout.readline()
        assert shown.startswith("test.sample frame ") and "'v.b': " in shown
    finally:
        client.kill()
        client.wait()
