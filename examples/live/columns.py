"""Watches numbers of a run through teltel's stream of columns (docs/live-protocol.md); needs `pip install websockets`.

    python3 examples/live/columns.py RUN [TYPE FIELD ...]      TELTEL_URL=http://127.0.0.1:8080
"""
import json
import os
import struct
import sys

from websockets.sync.client import connect

CODES = {"i8": "b", "u8": "B", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q", "f32": "f", "f64": "d", "bool": "?"}


class Bytes:
    """Reads arrays one after the other; each begins at a multiple of 8."""

    def __init__(self, data: bytes, at: int):
        self.data, self.at = data, at

    def take(self, code: str, count: int) -> tuple:
        values = struct.unpack_from(f"<{count}{code}", self.data, self.at)
        self.at += -(-struct.calcsize(f"<{count}{code}") // 8) * 8
        return values


def blocks(message: bytes, schemas: dict):
    """Yields (schema, block's head, columns by name)."""
    version, kind, cursor_bytes, count, _sent = struct.unpack_from("<BBHIq", message)
    if (version, kind) != (1, 1):
        return
    at = 16 + -(-cursor_bytes // 8) * 8
    for _ in range(count):
        size, schema_id, instance, writer, flags, rows, source_rows, _ = struct.unpack_from("<IIQHHIII", message, at)
        reader, schema = Bytes(message, at + 32), schemas[schema_id]
        columns = {name: reader.take(code, rows) for name, code in [("sequence", "Q"), ("frame", "Q"), ("simTime", "d"), ("wallTimeMs", "q")]}
        for field in schema["fields"]:
            columns[field["name"]] = reader.take(CODES[field["kind"]], rows * field["count"])
            if field["optional"]:
                columns[field["name"] + " is there"] = reader.take("?", rows)
            if flags & 1:
                columns[field["name"] + " not finite"] = reader.take("B", rows // 2)
        yield schema, {"instance": instance, "writer": writer, "reduced": bool(flags & 1), "rows": rows, "sourceRows": source_rows}, columns
        at += size


def main(run_id: str, *wanted: str) -> None:
    subscription = {"format": "columns", "version": 1, "runId": run_id, "messagesPerSecond": 5, "notices": True, "tail": 1000}
    if wanted:
        subscription["fields"] = {wanted[0]: wanted[1:]}
    url = os.environ.get("TELTEL_URL", "http://127.0.0.1:8080").rstrip("/").replace("http", "ws", 1) + "/ws"
    schemas: dict = {}
    with connect(url, max_size=None) as socket:
        socket.send(json.dumps(subscription))
        for message in socket:
            if isinstance(message, str):
                text = json.loads(message)
                if "schema" in text:
                    schemas[text["schema"]["id"]] = text["schema"]
                continue
            for schema, head, columns in blocks(message, schemas):
                newest = {field["name"]: columns[field["name"]][-1] for field in schema["fields"]}
                print(f"{schema['type']} frame {columns['frame'][-1]} +{head['rows']} rows {newest}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
