"""What stored rows come to on disk: beside the reference's layout, and column by column with other codecs."""
from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass

from clickhouse import ClickHouse
from processes import BUILD, ROOT, Collector, folders, run, wait_until
from sections import Row, Scale, check

PATIENCE = 1200
RING_BYTES = 1 << 30  # a whole run fits: nothing is refused, however busy the machine is
EVENTS_PER_FRAME = 7

REFERENCE = """CREATE TABLE reference_layout (run_id String, source_id LowCardinality(String), channel LowCardinality(String),
    type LowCardinality(String), frame_index UInt32, sim_time Float64, wall_time_ms Nullable(UInt64), tags String, payload String,
    inserted_at DateTime DEFAULT now()
    ) ENGINE = MergeTree PARTITION BY toYYYYMM(inserted_at) ORDER BY (run_id, frame_index, source_id)"""

CODECS = ("ZSTD(1)", "LZ4", "Delta, ZSTD(1)", "DoubleDelta, ZSTD(1)", "Gorilla, ZSTD(1)", "FPC, ZSTD(1)")


def layouts(scale: Scale) -> list[Row]:
    frames = int(min(1.0, scale.seconds / 60) * 1_000_000) if scale.seconds >= 10 else 2000
    program = subprocess.run([ROOT / "scripts/build-engine.sh", "vehicle", BUILD], capture_output=True, text=True)
    check(program.returncode == 0, program.stderr)
    with folders() as (work, shm), Collector(work, shm, "--live-mib", "64") as collector:
        wait_until(collector.ready, "storage is ready", PATIENCE)
        for run_id, nudge in (("drive", "0"), ("nudged", "1e-6")):
            run(shm, program.stdout.strip(), "--frames", frames, "--run-id", run_id, "--ring-bytes", RING_BYTES,
                "--diverge-at", 10, "--eps", nudge)
            wait_until(lambda: all_stored(collector, run_id, frames), f"{run_id} is stored", PATIENCE, 0.2)
        clickhouse = ClickHouse(work / "data")
        return beside_reference(clickhouse, 2 * frames) + codecs(clickhouse)


def all_stored(collector: Collector, run_id: str, frames: int) -> bool:
    entry = collector.ended(run_id)
    if not entry:
        return False
    counts = {name: entry[name] for name in ("accepted", "refused", "lost")}
    check(counts == {"accepted": frames * EVENTS_PER_FRAME + 2, "refused": 0, "lost": 0}, f"{run_id}: {counts}")
    return entry["stored"] == entry["accepted"]


def beside_reference(clickhouse: ClickHouse, events: int) -> list[Row]:
    rows, size = clickhouse.size(clickhouse.table("physics", "body.state"))
    check(rows == events, f"{rows} of {events} rows")
    clickhouse.ask(REFERENCE)
    names = "run_id, source_id, channel, type, frame_index, sim_time, wall_time_ms, tags, payload"
    begin = time.monotonic()
    clickhouse.ask(f"INSERT INTO reference_layout ({names}) SELECT {names} FROM telemetry_events WHERE type = 'body.state'")
    seconds = time.monotonic() - begin
    rows, reference = clickhouse.size("reference_layout")
    check(rows == events, f"{rows} of {events} rows")
    clickhouse.ask("DROP TABLE reference_layout SYNC")
    what = f"{events:,} body.state of 13 doubles, two runs"
    return [
        Row("storage", f"{what}, teltel's table", f"{size / events:.1f} bytes an event after merges"),
        Row("storage", f"{what}, the reference's layout", f"{reference / events:.1f} bytes an event after merges, filled in {seconds:.1f} s"),
    ]


# ---- codecs ----

@dataclass(frozen=True)
class Column:
    table: str
    name: str
    type: str
    codec: str

    def declared(self, codec: str) -> str:
        return f"`{self.name}` {self.type} CODEC({codec})"


def codecs(clickhouse: ClickHouse) -> list[Row]:
    """Bytes per value of groups of columns that are alike, with the codec that they have and with others."""
    rows = []
    for channel, type_name, pattern in (
            ("physics", "body.state", r"payload\.pos\.|payload\.vel\."), ("physics", "body.state", r"payload\.rot\.|payload\.omega\."),
            ("physics", "wheel.force", r"payload\.force\."), ("physics", "wheel.force", r"payload\.wheelId"),
            ("physics", "body.state", "frame_index"), ("physics", "body.state", "sim_time"), ("physics", "body.state", "wall_time_ms"),
            ("physics", "body.state", "sequence"), ("physics", "body.state", "inserted_at")):
        table = clickhouse.table(channel, type_name)
        columns = described(clickhouse, table, pattern)
        used = columns[0].codec.removeprefix("CODEC(")[:-1] or "LZ4"
        sizes = {codec: measured(clickhouse, columns, codec) for codec in dict.fromkeys((used, *CODECS))}
        names = {re.sub(r"^payload\.", "", column.name).split(".")[0] for column in columns}
        others = ", ".join(f"{codec} {size:.2f}" for codec, size in sizes.items() if codec != used and size is not None)
        rows.append(Row("storage", f"codec, {type_name} {', '.join(sorted(names))}, {columns[0].type}",
                        f"{used} {sizes[used]:.2f} bytes a value; {others}"))
    return rows


def described(clickhouse: ClickHouse, table: str, pattern: str) -> list[Column]:
    rows = clickhouse.ask(f"SELECT name, type, compression_codec AS codec FROM system.columns WHERE table = '{table}' ORDER BY position")
    found = [Column(table, row["name"], row["type"], row["codec"]) for row in rows if re.match(f"(?:{pattern})", row["name"])]
    check(bool(found), f"no columns {pattern} in {table}")
    return found


def measured(clickhouse: ClickHouse, columns: list[Column], codec: str) -> float | None:
    """Bytes per value in a table of nothing but these columns, in the rows' own order; None: not for such values."""
    if not fits(codec, columns[0].type):
        return None
    declared = ", ".join(column.declared(codec) for column in columns)
    names = ", ".join(f"`{column.name}`" for column in columns)
    clickhouse.ask(f"CREATE TABLE codec_trial ({declared}) ENGINE = MergeTree ORDER BY tuple() SETTINGS min_bytes_for_wide_part = 0")
    order = "run_id, source_id, frame_index, writer, sequence"  # as the typed tables of a single type are
    clickhouse.ask(f"INSERT INTO codec_trial SELECT {names} FROM `{columns[0].table}` ORDER BY {order}")
    rows, _ = clickhouse.size("codec_trial")
    size = clickhouse.ask("SELECT sum(data_compressed_bytes) AS bytes FROM system.columns WHERE table = 'codec_trial'")[0]["bytes"]
    clickhouse.ask("DROP TABLE codec_trial SYNC")
    return size / rows / len(columns)


def fits(codec: str, type_name: str) -> bool:
    if codec.startswith(("FPC", "Gorilla")):
        return "Float" in type_name
    return "Float" not in type_name if codec.startswith("DoubleDelta") else True
