"""An independent reader of the ring files, written from ring_abi.h alone: slow, strict, for tests.

read_instance(folder) checks everything that the ABI promises and raises BadFile where it does not hold.
"""
import struct
from dataclasses import dataclass, field
from pathlib import Path

RUN_MAGIC, RING_MAGIC = 0x316E75724C544C54, 0x31676E724C544C54
BYTE_ORDER, HEADER_BYTES, RECORD_HEADER, WRAP_TYPE = 0x01020304, 4096, 24, 0xFFFF
COUNTED_TYPES, COUNTER_ROWS, MAX_RECORD = 1024, 1026, 1 << 20
DROP_NEWEST, OVERWRITE_OLDEST, BLOCK = range(3)
REASONS = ("full", "overwritten", "size", "type", "state", "writer", "fork")
KINDS = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "q", 8: "Q", 9: "f", 10: "d", 11: "?", 12: "s"}
KIND_NAMES = dict(zip(KINDS, "i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 bool text".split()))


class BadFile(Exception):
    """The file breaks a promise of the ABI."""


def check(holds, what):
    if not holds:
        raise BadFile(what)


@dataclass
class Field:
    name: str
    kind: int
    offset: int
    count: int
    flags: int
    unit: str
    labels: str

    def raw(self, payload):
        """The field's elements as bytes, so that NaN bits are kept."""
        size = struct.calcsize("<" + KINDS[self.kind])
        return [payload[self.offset + i * size:self.offset + (i + 1) * size] for i in range(self.count)]

    def value(self, payload):
        """One value: text, a number (floats as hex bits), or a list of numbers for an array."""
        if KIND_NAMES[self.kind] == "text":
            return payload[self.offset:self.offset + self.count].split(b"\0")[0].decode()
        values = [self.number(raw) for raw in self.raw(payload)]
        return values[0] if self.count == 1 else values

    def number(self, raw):
        if self.kind in (9, 10):
            return "0x" + raw[::-1].hex()
        return struct.unpack("<" + KINDS[self.kind], raw)[0]


@dataclass
class Type:
    id: int
    channel: str
    name: str
    is_json: bool
    record_size: int = 0
    flags: int = 0
    every: int = 1  # only frames that it divides; 0xFFFFFFFF: none
    fields: list = field(default_factory=list)


@dataclass
class Record:
    sequence: int
    type: int
    tag_set: int
    frame: int
    sim_time: str  # hex bits
    payload: bytes


@dataclass
class Ring:
    index: int
    name: str
    head: int
    low: int
    released: int
    data_bytes: int
    state: int
    users: int
    records: list  # from released to head: those that no reader has taken
    refused: dict  # (row, reason) -> count


@dataclass
class Instance:
    header: dict
    types: dict = field(default_factory=dict)
    tag_sets: dict = field(default_factory=dict)
    run_tags: list = field(default_factory=list)
    streams: dict = field(default_factory=dict)
    config: str | None = None
    refused: dict = field(default_factory=dict)
    rings: list = field(default_factory=list)


def c_text(data, offset, size):
    raw = data[offset:offset + size]
    check(0 in raw, "text without NUL")
    return raw.split(b"\0")[0].decode()


def counters(data, offset, rows):
    check(rows == COUNTER_ROWS, "counter rows")
    check(offset + rows * 64 <= len(data), "counters outside the file")
    found = {}
    for row in range(rows):
        counts = struct.unpack_from("<8Q", data, offset + row * 64)
        check(counts[7] == 0, "unused counter slot")
        found.update({(row, reason): n for reason, n in zip(REASONS, counts) if n})
    return found


def read_run_header(data):
    check(len(data) >= HEADER_BYTES, "short run file")
    names = ("magic abi_version byte_order header_bytes kind instance pid uid pid_start pid_namespace boot_id wall_ns mono_ns "
             "seed has_seed library_version counters_offset counter_rows policy ring_bytes table_offset").split()
    header = dict(zip(names, struct.unpack_from("<QIIIIQIIQQ16sQQQIIQIIQQ", data)))
    header |= {name: c_text(data, at, 256) for name, at in (("run_id", 136), ("source_id", 392), ("engine_version", 648))}
    names = "file_bytes table_head ring_count state end_status reserved0 end_wall_ns".split()
    header |= dict(zip(names, struct.unpack_from("<QQIIiIQ", data, 1024)))
    header["end_reason"] = c_text(data, 1064, 256)
    check(header["magic"] == RUN_MAGIC and header["abi_version"] == 1, "magic or version")
    check(header["byte_order"] == BYTE_ORDER and header["header_bytes"] == HEADER_BYTES, "byte order or header size")
    check(header["kind"] in (1, 2) and header["instance"] != 0 and header["state"] in (1, 2), "kind, instance or state")
    check(header["file_bytes"] == len(data), "file_bytes")
    check(header["table_head"] % 8 == 0 and header["table_offset"] + header["table_head"] <= len(data), "table outside the file")
    return header


class Cursor:
    """Reads the parts of one table entry and never beyond it."""

    def __init__(self, data, at, end):
        self.data, self.at, self.end = data, at, end

    def numbers(self, form):
        size = struct.calcsize(form)
        check(self.at + size <= self.end, "entry too short")
        values = struct.unpack_from(form, self.data, self.at)
        self.at += size
        return values

    def text(self):
        length, = self.numbers("<I")
        check(self.at + length <= self.end, "text outside its entry")
        text = self.data[self.at:self.at + length].decode()
        self.at += (length + 3) & ~3
        return text


def read_entry(instance, cursor, kind, flags, id, record_size, count, every):
    if kind == 1:
        made = Type(id, cursor.text(), cursor.text(), False, record_size, flags, every or 1)
        for _ in range(count):
            form, offset, elements, field_flags = cursor.numbers("<IIII")
            made.fields.append(Field(cursor.text(), form, offset, elements, field_flags, cursor.text(), cursor.text()))
            size = struct.calcsize("<" + KINDS[form]) * elements
            check(elements > 0 and offset + size <= record_size, "field outside the record")
            check(made.fields[-1].name.count(",") + 1 in (1, elements), "number of names")
        add_unique(instance.types, id, made)
    elif kind == 2:
        add_unique(instance.types, id, Type(id, cursor.text(), cursor.text(), True, every=every or 1))
    elif kind == 3:
        add_unique(instance.tag_sets, id, [(cursor.text(), cursor.text()) for _ in range(count)])
    elif kind == 4:
        instance.run_tags = [(cursor.text(), cursor.text()) for _ in range(count)]
    elif kind == 5:
        instance.config = cursor.text()
    elif kind == 6:
        check(id == len(instance.streams), "stream out of order")
        add_unique(instance.streams, id, [cursor.text() for _ in range(4)])


def add_unique(table, id, value):
    check(id not in table, f"id {id} twice")
    table[id] = value


def read_table(instance, data):
    at = instance.header["table_offset"]
    end = at + instance.header["table_head"]
    while at < end:
        check(at + 24 <= end, "entry cut off")
        size, kind, flags, id, record_size, count, every = struct.unpack_from("<IHHIIII", data, at)
        check(size >= 24 and at + size <= end, "entry size")
        cursor = Cursor(data, at + 24, at + size)
        read_entry(instance, cursor, kind, flags, id, record_size, count, every)
        check(kind > 6 or cursor.at == at + size, "bytes left in an entry")
        at += (size + 7) & ~7
    check(at == end, "table head inside an entry")


def read_records(instance, data, data_offset, size, start, head):
    limit, position = min(size // 4, MAX_RECORD), start
    while position < head:
        at = position % size
        length, type_id, tag_set = struct.unpack_from("<IHH", data, data_offset + at)
        if type_id == WRAP_TYPE:
            check(at + length == size, "wrap marker does not end at the ring's end")
        else:
            check(RECORD_HEADER < length <= limit and at + length <= size, "record size")
            frame, time = struct.unpack_from("<Q8s", data, data_offset + at + 8)
            payload = data[data_offset + at + RECORD_HEADER:data_offset + at + length]
            if instance.header["kind"] == 1:
                check(type_id in instance.types and (tag_set == 0 or tag_set in instance.tag_sets), "unknown type or tags")
                check(instance.types[type_id].is_json or instance.types[type_id].record_size == len(payload), "payload size")
            yield Record(position, type_id, tag_set, frame, "0x" + time[::-1].hex(), payload)
        position += (length + 7) & ~7
    check(position == head, "head inside a record")


def read_ring(instance, data, index):
    check(len(data) >= HEADER_BYTES, "short ring file")
    names = "magic abi byte_order instance data_offset data_bytes counters_offset counter_rows writer policy reserved0".split()
    h = dict(zip(names, struct.unpack_from("<QIIQQQQIIII", data)))
    head, low = struct.unpack_from("<QQ", data, 128)
    released, = struct.unpack_from("<Q", data, 256)
    state, _, users = struct.unpack_from("<IIQ", data, 384)
    check(h["magic"] == RING_MAGIC and h["abi"] == 1 and h["byte_order"] == BYTE_ORDER, "ring magic, version or byte order")
    check(h["instance"] == instance.header["instance"] and h["writer"] == index, "ring of another writer")
    size = h["data_bytes"]
    check(size & (size - 1) == 0 and size >= 256 << 10 and h["data_offset"] % 4096 == 0, "ring size or offset")
    check(h["data_offset"] + size <= len(data), "ring outside the file")
    check(head % 8 == 0 and released % 8 == 0 and head - size <= released <= head, "ring positions")
    check(head - size <= low <= released if h["policy"] == OVERWRITE_OLDEST else low == 0, "low")
    check(h["policy"] == instance.header["policy"] <= BLOCK, "policy")
    if low:  # what a reader has taken and the writer has not yet overwritten is whole, too
        list(read_records(instance, data, h["data_offset"], size, low, released))
    records = list(read_records(instance, data, h["data_offset"], size, released, head))
    refused = counters(data, h["counters_offset"], h["counter_rows"])
    return Ring(index, c_text(data, 64, 64), head, low, released, size, state, users, records, refused)


def read_instance(folder):
    folder = Path(folder)
    data = (folder / "run").read_bytes()
    instance = Instance(read_run_header(data))
    check(folder.name == f"{instance.header['instance']:016x}", "folder name")
    read_table(instance, data)
    instance.refused = counters(data, instance.header["counters_offset"], instance.header["counter_rows"])
    for index in range(instance.header["ring_count"]):
        instance.rings.append(read_ring(instance, (folder / f"ring-{index}").read_bytes(), index))
    return instance
