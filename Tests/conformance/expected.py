"""What the scenario must leave behind: expected.json for the run "conformance", and a model of the ring for the run "wrap"."""
import json
from pathlib import Path

from ring_reader import KIND_NAMES

WRAP_SIZES = (1, 2, 3, 4, 7, 8, 13, 16, 27, 33, 64, 65, 100, 129, 255, 256, 257, 1000, 5000)
RING = 256 << 10


def expected_conformance():
    return json.loads((Path(__file__).parent / "expected.json").read_text())


def summary(instance):
    """An instance as plain data, without what differs from run to run (times, ids of the process, monotonic marks)."""
    names = {id: f"{t.channel}/{t.name}" for id, t in instance.types.items()}
    refusals = lambda table: sorted([names.get(row, f"row {row}"), reason, n] for (row, reason), n in table.items())
    header = instance.header
    return {
        "header": {k: header[k] for k in "kind run_id source_id engine_version seed has_seed policy ring_bytes "
                   "state end_status end_reason".split()},
        "config": instance.config,
        "run_tags": [list(pair) for pair in instance.run_tags],
        "tag_sets": {str(id): [list(pair) for pair in pairs] for id, pairs in instance.tag_sets.items()},
        "types": [type_summary(t) for t in instance.types.values()],
        "refused": refusals(instance.refused),
        "rings": [{"name": ring.name, "refused": refusals(ring.refused),
                   "records": [record_summary(instance, record) for record in ring.records]} for ring in instance.rings],
    }


def type_summary(t):
    fields = [{"name": f.name, "kind": KIND_NAMES[f.kind], "offset": f.offset, "count": f.count, "key": bool(f.flags & 1),
               **{name: True for name, flag in (("input", 2), ("measured", 4)) if f.flags & flag},
               "unit": f.unit, "labels": f.labels} for f in t.fields]
    return {"id": t.id, "channel": t.channel, "name": t.name, "json": t.is_json, "clock_mark": bool(t.flags & 1),
            "record_size": t.record_size, "fields": fields}


def record_summary(instance, record):
    t = instance.types[record.type]
    value = record.payload.decode() if t.is_json else {f.name: f.value(record.payload) for f in t.fields}
    return {"sequence": record.sequence, "type": f"{t.channel}/{t.name}", "tag_set": record.tag_set, "frame": record.frame,
            "sim_time": record.sim_time, "value": value}


def padded(size):
    return (size + 7) & ~7


def expected_wrap(start_bytes):
    """(records of the last round as (sequence, frame), refusals per size, head): the ring's rules, told once more.

    start_bytes: payload of run.start, the first record.
    """
    head = released = 0

    def place(size):
        nonlocal head
        need, rest = padded(24 + size), RING - head % RING
        wrap = rest if rest < need else 0
        if RING - (head - released) < wrap + need:
            return None
        sequence = head + wrap
        head = sequence + need
        return sequence

    place(start_bytes)
    frame, refused, records = 0, {}, []
    for round in range(4):
        records = []
        while (sequence := place(WRAP_SIZES[frame % len(WRAP_SIZES)])) is not None:
            records.append((sequence, frame))
            frame += 1
        size = WRAP_SIZES[frame % len(WRAP_SIZES)]
        refused[size] = refused.get(size, 0) + 1
        if round < 3:
            released = head
    return records, refused, head


