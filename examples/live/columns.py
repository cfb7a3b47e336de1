"""Watches numbers of a run through teltel's stream of columns (docs/live-protocol.md); needs `pip install websockets`.

    TELTEL_URL=http://127.0.0.1:8080 python3 examples/live/columns.py RUN [TYPE FIELD ...]
"""
import json
import os
import struct
import sys

from websockets.sync.client import connect

CODES = dict(i8="b", u8="B", i16="h", u16="H", i32="i", u32="I", i64="q", u64="Q", f32="f", f64="d", bool="?")


def array(data, at, code, count):
    """Values that begin at `at`, and where the next ones do: at a multiple of 8."""
    size = struct.calcsize(f"<{count}{code}")
    return struct.unpack_from(f"<{count}{code}", data, at), at + (size + 7) // 8 * 8


def blocks(message, schemas):
    """Yields (schema, head, columns by name) for each block of a binary message."""
    version, kind, cursor_bytes, count, _sent = struct.unpack_from("<BBHIq", message)
    if (version, kind) != (1, 1):
        return
    begin = 16 + (cursor_bytes + 7) // 8 * 8
    for _ in range(count):
        size, schema, instance, writer, flags, rows, source_rows, _ = struct.unpack_from("<IIQHHIII", message, begin)
        head = {"instance": instance, "writer": writer, "reduced": bool(flags & 1), "rows": rows, "sourceRows": source_rows}
        parts = [("sequence", "Q", rows), ("frame", "Q", rows), ("simTime", "d", rows), ("wallTimeMs", "q", rows)]
        for field in schemas[schema]["fields"]:
            parts.append((field["name"], CODES[field["kind"]], rows * field["count"]))
            parts += [(field["name"] + " is there", "?", rows)] if field["optional"] else []
            parts += [(field["name"] + " not finite", "B", rows // 2)] if flags & 1 else []
        columns, at = {}, begin + 32
        for name, code, length in parts:
            columns[name], at = array(message, at, code, length)
        yield schemas[schema], head, columns
        begin += size


def main(run_id, *wanted):
    subscription = {"format": "columns", "runId": run_id, "messagesPerSecond": 5, "notices": True, "tail": 1000}
    if wanted:
        subscription["fields"] = {wanted[0]: wanted[1:]}
    schemas, url = {}, os.environ.get("TELTEL_URL", "http://127.0.0.1:8080").rstrip("/")
    with connect(url.replace("http", "ws", 1) + "/ws", max_size=None) as socket:
        socket.send(json.dumps(subscription))
        for message in socket:
            if isinstance(message, str):  # a schema, or a notice
                schema = json.loads(message).get("schema", {})
                schemas[schema.get("id")] = schema
                continue
            for schema, head, columns in blocks(message, schemas):
                newest = {field["name"]: columns[field["name"]][-1] for field in schema["fields"]}
                print(f"{schema['type']} frame {columns['frame'][-1]} +{head['rows']} rows {newest}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
