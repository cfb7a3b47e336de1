"""Values of every kind, emitted from C, C++ and Swift, come out with equal bits: live as JSON and as columns, recovered, stored."""
import importlib.util
import json
import math
import struct
import subprocess
import sys

import pytest
from conftest import BUILD, HERE, ROOT, compile_program, environment, run
from ring_reader import KIND_NAMES, read_instance
from support import wait_until
from test_conformance import FACES
from websockets.sync.client import connect

sys.path.append(str(ROOT / "Tests/e2e"))
from database import sql, table_of  # noqa: E402

spec = importlib.util.spec_from_file_location("columns", ROOT / "examples/live/columns.py")
columns_example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(columns_example)
columns_example.CODES.update(f32="I", f64="Q")  # bits

TYPE = "all.kinds"


@pytest.fixture
def collector(make_collector):
    return make_collector(start=False)


@pytest.fixture(params=FACES, ids=lambda face: face.__name__)
def emitted(request, programs, shm):
    """The instance that nobody has read yet, and its records of all kinds by (writer, sequence)."""
    run([*request.param(programs), "values"], env=environment(shm))
    instance, = [found for found in map(read_instance, shm.iterdir()) if found.header["run_id"] == "conformance"]
    kind, = [type for type in instance.types.values() if type.name == TYPE]
    records = {(ring.index, record.sequence): record for ring in instance.rings for record in ring.records if record.type == kind.id}
    assert len(records) == 6
    return instance, kind, records


def bits(field, record):
    """Each named element of a field with its bits; an array whose elements have no names is one list; a text is its bytes."""
    if KIND_NAMES[field.kind] == "text":
        return {field.name: record.payload[field.offset:field.offset + field.count].split(b"\0")[0]}
    raw, names = field.raw(record.payload), field.name.split(",")
    return dict(zip(names, raw)) if len(names) == len(raw) else {field.name: raw}


def expected(kind, record):
    found = {}
    for field in kind.fields:
        found.update({name: (KIND_NAMES[field.kind], value) for name, value in bits(field, record).items()})
    return found


def same_as_json(kind, raw, text):
    """`text`: the number as it was written, or what JSON cannot write."""
    if isinstance(raw, list):
        return len(raw) == len(text) and all(same_as_json(kind, one, other) for one, other in zip(raw, text))
    if kind == "text":
        return raw.decode() == text
    if kind == "bool":
        return text is (raw != b"\0")
    if kind not in ("f32", "f64"):
        return text == str(int.from_bytes(raw, "little", signed=kind[0] == "i"))
    form = "<f" if kind == "f32" else "<d"
    value, = struct.unpack(form, raw)
    if not math.isfinite(value):
        return text == {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return struct.pack(form, float(text)) == raw


def check_json(events, kind, records):
    """Events carry no sequence: frame and id name a record."""
    wanted = {(str(record.frame), expected(kind, record)["id"][1]): record for record in records.values()}
    events = [event for event in events if event["type"] == TYPE]
    assert len(events) == len(wanted) == 6
    for event in events:
        payload = event["payload"]
        record = wanted.pop((event["frameIndex"], struct.pack("<I", int(payload["id"]))))
        assert same_as_json("f64", bytes.fromhex(record.sim_time[2:])[::-1], event["simTime"])
        for name, (kind_name, raw) in expected(kind, record).items():
            value = payload
            for part in name.split("."):
                value = value[part]
            assert same_as_json(kind_name, raw, value), (name, raw, value)


def parse(text):
    return json.loads(text, parse_int=str, parse_float=str)


def check_columns(message_blocks, instance, kind, records):
    left = dict(records)
    for schema, head, columns in message_blocks:
        if schema["type"] != TYPE:
            continue
        assert head["instance"] == instance.header["instance"] and not head["reduced"]
        for row, sequence in enumerate(columns["sequence"]):
            record = left.pop((head["writer"], sequence))
            assert columns["frame"][row] == record.frame
            assert struct.pack(">d", columns["simTime"][row]).hex() == record.sim_time[2:]
            for name, (kind_name, raw) in expected(kind, record).items():
                if kind_name == "text":
                    continue
                raw = raw if isinstance(raw, list) else [raw]
                code = "<" + columns_example.CODES[kind_name]
                values = columns[name][row * len(raw):(row + 1) * len(raw)]
                assert [struct.pack(code, value) for value in values] == [bytes(one) for one in raw], name
    assert not left


def column(name: str) -> str:
    """As docs/storage.md has it: dots of a path are slashes."""
    return name.replace(".", "/")


def check_stored(collector, kind, records):
    """`hex` shows what a float is made of, byte by byte."""
    table = table_of(collector, "test", TYPE)
    names = {}
    for field in kind.fields:
        count = field.count if KIND_NAMES[field.kind] != "text" and "," not in field.name else 1
        for name in field.name.split(","):
            names.update({f"{name}[{i}]" if count > 1 else name: KIND_NAMES[field.kind] for i in range(count)})
    shown = [f"hex(`payload.{column(name)}`) AS `{name}`" if form in ("f32", "f64", "text") else f"toString(toInt128(`payload.{column(name)}`)) AS `{name}`"
             for name, form in names.items()]
    rows = sql(collector, f"""SELECT writer, toString(sequence) AS sequence, toString(frame_index) AS frame, hex(sim_time) AS sim_time,
        {", ".join(shown)} FROM {table} WHERE run_id = 'conformance'""")
    left = dict(records)
    for row in rows:
        record = left.pop((row["writer"], int(row["sequence"])))
        assert row["frame"] == str(record.frame) and row["sim_time"].lower() == bytes.fromhex(record.sim_time[2:])[::-1].hex()
        for name, (kind_name, raw) in expected(kind, record).items():
            for place, one in enumerate(raw if isinstance(raw, list) else [raw]):
                value = row[f"{name}[{place}]" if isinstance(raw, list) else name]
                if kind_name in ("f32", "f64", "text"):
                    assert value.lower() == one.hex(), name
                else:
                    assert int(value) == int.from_bytes(one, "little", signed=kind_name[0] == "i"), name
    assert not left


def said_of(field):
    return field["name"], field["unit"], field["labels"], field["key"], field["input"], field["measured"]


def said_of_all(fields):
    return [(name, field.unit, field.labels.split(",") if field.labels else [], *(bool(field.flags & flag) for flag in (1, 2, 4)))
            for field in fields for name in field.name.split(",")]


def test_values_of_every_kind_keep_their_bits(emitted, collector, shm, tmp_path):
    instance, kind, records = emitted
    recovered = subprocess.run([BUILD / "bin/teltel", "recover", shm], capture_output=True, text=True, timeout=60, check=True)
    check_json([parse(line) for line in recovered.stdout.splitlines()], kind, records)
    collector.start()
    collector.wait_status("conformance", "failed")
    socket_url = collector.url.replace("http", "ws") + "/ws"
    with connect(socket_url) as socket:
        socket.send(json.dumps({"runId": "conformance", "tail": 1000}))
        events = []
        while not events or events[-1]["type"] != "run.end":
            events.append(parse(socket.recv(timeout=30)))
    check_json(events, kind, records)
    with connect(socket_url, max_size=None) as socket:
        socket.send(json.dumps({"runId": "conformance", "tail": 1000, "format": "columns"}))
        schemas, found = {}, []
        while sum(len(columns["frame"]) for schema, _, columns in found if schema["type"] == TYPE) < len(records):
            message = socket.recv(timeout=30)
            if isinstance(message, str):
                schema = json.loads(message)["schema"]
                schemas[schema["id"]] = schema
            else:
                found += columns_example.blocks(message, schemas)
    check_columns(found, instance, kind, records)
    shown = next(schema for schema in schemas.values() if schema["type"] == TYPE)
    described = [field for field in kind.fields if KIND_NAMES[field.kind] != "text"]
    assert [said_of(field) for field in shown["fields"]] == said_of_all(described)
    (listed,) = [shown for shown in collector.json("/api/run?runId=conformance")["types"] if shown["type"] == TYPE]
    assert [said_of(field) for field in listed["fields"]] == said_of_all(kind.fields)
    wait_until(lambda: (run := collector.run("conformance")) and run["stored"] == run["accepted"], "all are stored", 60)
    check_stored(collector, kind, records)



def payloads(events):
    return {(event["type"], int(event["frameIndex"])): event["payload"] for event in events if event["channel"] != "run"}


def check_extremes(events):
    found = payloads(events)
    longest = "n" * 255
    assert found.pop((longest, 7)) == {longest: "42"}
    assert found.pop(("most.fields", 2**64 - 1)) == {f"f{i}": str(i * 0.5) for i in range(1024)}
    assert found.pop(("largest.record", 8)) == {"bytes": ["7"] * ((1 << 20) - 24)}
    assert found == {("odd.text", 0): {"text": "\ufffdab\ufffd"}, ("odd.text", 1): {"text": "café"}, ("odd.text", 2): {"text": "1234567\ufffd"}}


def test_extremes_of_definitions_come_through(programs, collector, shm):
    run([compile_program(HERE / "extremes.c", programs / "extremes")], env=environment(shm))
    recovered = subprocess.run([BUILD / "bin/teltel", "recover", shm], capture_output=True, text=True, timeout=60, check=True)
    check_extremes([parse(line) for line in recovered.stdout.splitlines()])
    collector.start()
    collector.wait_status("extremes", "completed")
    with connect(collector.url.replace("http", "ws") + "/ws", max_size=None) as socket:
        socket.send(json.dumps({"runId": "extremes", "tail": 1000}))
        events = []
        while not events or events[-1]["type"] != "run.end":
            events.append(parse(socket.recv(timeout=30)))
    check_extremes(events)
    wait_until(lambda: (run := collector.run("extremes")) and run["stored"] == run["accepted"], "all are stored", 60)
    table = table_of(collector, "test", "most.fields")
    row, = sql(collector, f"SELECT toString(frame_index) AS frame, * FROM {table} WHERE run_id = 'extremes'")
    assert row["frame"] == str(2**64 - 1) and all(row[f"payload.f{i}"] == i * 0.5 for i in range(1024))
    rows = sql(collector, f"SELECT `payload.text` AS text FROM {table_of(collector, 'test', 'odd.text')} ORDER BY frame_index")
    assert [row["text"] for row in rows] == ["\ufffdab\ufffd", "café", "1234567\ufffd"]
    row, = sql(collector, f"SELECT length(`payload/bytes`) AS n, arraySum(`payload/bytes`) AS sum FROM {table_of(collector, 'test', 'largest.record')}")
    assert (int(row["n"]), int(row["sum"])) == ((1 << 20) - 24, 7 * ((1 << 20) - 24))
    longest = table_of(collector, "n" * 255, "n" * 255)
    assert sql(collector, f"SELECT `payload.{'n' * 255}` AS n FROM {longest}") == [{"n": 42}]
