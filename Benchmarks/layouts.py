"""What stored rows come to on disk: beside the reference's layout, and column by column with other codecs."""
from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from clickhouse import ClickHouse
from processes import BUILD, ROOT, Collector, compile_program, folders, run, wait_until
from sections import Row, Scale, check

PATIENCE = 1200
HERE = Path(__file__).resolve().parent
RING_BYTES = 1 << 28  # a whole drive fits: nothing is refused, however busy the machine is
DRIVE_FRAMES = 20_000
KINDS_EVENTS = 200_000
OF_RUN = 2  # run.start and run.end are events, too

REFERENCE = """CREATE TABLE reference_layout (run_id String, source_id LowCardinality(String), channel LowCardinality(String),
    type LowCardinality(String), frame_index UInt32, sim_time Float64, wall_time_ms Nullable(UInt64), tags String, payload String,
    inserted_at DateTime DEFAULT now()
    ) ENGINE = MergeTree PARTITION BY toYYYYMM(inserted_at) ORDER BY (run_id, frame_index, source_id)"""

CODECS = ("ZSTD(1)", "LZ4", "Delta, ZSTD(1)", "DoubleDelta, ZSTD(1)", "Gorilla, ZSTD(1)", "FPC, ZSTD(1)")


def layouts(scale: Scale) -> list[Row]:
    full = scale.seconds >= 10
    events = int(min(1.0, scale.seconds / 60) * 1_000_000) if full else 2000
    with folders() as (work, shm), Collector(work, shm, "--live-mib", "64") as collector:
        wait_until(collector.ready, "storage is ready", PATIENCE)
        bodies = compile_program(HERE / "bodies.c", work)
        for run_id, seed in (("one", 1), ("other", 2)):
            run(shm, bodies, run_id, events, seed)
            all_stored(collector, run_id, events + OF_RUN)
        clickhouse = ClickHouse(work / "data")
        rows = beside_reference(clickhouse, 2 * events) + codecs(clickhouse, BODIES)
        drive(collector, shm, DRIVE_FRAMES if full else 500)
        run(shm, compile_program(HERE / "kinds.c", work), "kinds", KINDS_EVENTS if full else 500)
        all_stored(collector, "kinds", (KINDS_EVENTS if full else 500) + OF_RUN)
        return rows + codecs(clickhouse, VEHICLE) + codecs(clickhouse, KINDS)


def drive(collector: Collector, shm: Path, frames: int) -> None:
    """The vehicle example: wheels that know more than one kind of number."""
    built = subprocess.run([ROOT / "scripts/build-engine.sh", "vehicle", BUILD], capture_output=True, text=True)
    check(built.returncode == 0, built.stderr)
    run(shm, built.stdout.strip(), "--frames", frames, "--run-id", "drive", "--ring-bytes", RING_BYTES)
    all_stored(collector, "drive", 7 * frames + OF_RUN)


def all_stored(collector: Collector, run_id: str, events: int) -> None:
    entry = wait_until(lambda: collector.ended(run_id), f"{run_id} has ended", PATIENCE, 0.1)
    wait_until(lambda: collector.run(run_id)["stored"] == events, f"{run_id} is stored", PATIENCE, 0.1)
    check((entry["refused"], entry["lost"]) == (0, 0), f"{run_id}: {entry['refused']} refused, {entry['lost']} lost")


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


# Channel, type, and a pattern of columns that are alike.
BODIES = (
    ("physics", "body.state", r"payload\.pos/|payload\.vel/"), ("physics", "body.state", r"payload\.rot/|payload\.omega/"),
    ("physics", "body.state", "frame_index"), ("physics", "body.state", "sim_time"), ("physics", "body.state", "wall_time_ms"),
    ("physics", "body.state", "sequence"), ("physics", "body.state", "inserted_at"))
VEHICLE = (
    ("physics", "wheel.force", r"payload\.force/"), ("physics", "wheel.force", r"payload\.slipRatio"),
    ("frame", "frame.end", r"payload\.perf/"), ("physics", "wheel.force", r"payload\.wheelId"),
    ("frame", "frame.end", r"payload\.substeps"))

KINDS = tuple(("test-bench", "gearbox.state", rf"payload\.{name}") for name in (
    "temperature", "torque", "vibration", "gear", "mode", "engaged", "limited", "phase"))


def codecs(clickhouse: ClickHouse, shapes: tuple[tuple[str, str, str], ...]) -> list[Row]:
    """Bytes per value with the codec that the columns have, and with others."""
    rows = []
    for channel, type_name, pattern in shapes:
        table = clickhouse.table(channel, type_name)
        columns = described(clickhouse, table, pattern)
        used = re.sub(r"\(\d+\)(?=,)", "", columns[0].codec.removeprefix("CODEC(")[:-1])  # without widths
        sizes = {codec: measured(clickhouse, columns, codec) for codec in dict.fromkeys((used, *CODECS))}
        names = {re.sub(r"^payload\.", "", column.name).split("/")[0] for column in columns}
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
    if "String" in type_name:
        return "Delta" not in codec
    return "Float" not in type_name if codec.startswith("DoubleDelta") else True
