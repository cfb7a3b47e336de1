"""Answers about stored runs: comparisons, groups, series and reductions, and the same questions over the reference's layout."""
from __future__ import annotations

import http.client
import json
import re
import statistics
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from clickhouse import ClickHouse
from layouts import OF_RUN, REFERENCE, all_stored
from processes import ROOT, Collector, compile_program, folders, run, wait_until
from sections import Row, Scale, check
from storage import Load, as_text

HERE = Path(__file__).resolve().parent
PATIENCE = 1200
TYPE, SOURCE, FIELD = "answers.state", "answers", "v3"
COLUMNS = 14  # that are digested: 13 fields and the simulated time


def answers(scale: Scale) -> list[Row]:
    part = min(1.0, scale.seconds / 60)
    full = scale.seconds >= 10  # else: does it work at all?
    frames = int(10_000_000 * part) if full else 60_000  # some blocks differ in fifty
    rounds = 5 if full else 1
    with folders() as (work, shm), Collector(work, shm, "--live-mib", "64") as collector:
        wait_until(collector.ready, "storage is ready", PATIENCE)
        asked = Asked(collector, ClickHouse(work / "data"), rounds)
        engine = compile_program(HERE / "answers.c", work)
        rows = filled(asked, engine, shm, frames)
        rows += comparisons(asked, frames) + reductions(asked, frames)
        rows.append(grouped(asked, engine, shm, int(500 * part) if full else 6, 100_000 if full else 2_000))
        rows.append(at_a_frame(asked, shm, work, 1 if full else 0.1))
        rows += beside_reference(asked, engine, shm, int(1_000_000 * part) if full else 5_000)
        text, _ = run(shm, compile_program(HERE / "digest.c", work, f"-I{ROOT / 'Sources/CTeltelStorage/include'}"), 20_000_000 if full else 100_000, COLUMNS)
        cost = float(text.split()[0]) / 1000
        return rows + [Row("answers", f"digests of {COLUMNS} columns by themselves", f"{cost:.3f} CPU s per million rows, one core")]


class Asked:
    """Questions to a collector, and to its ClickHouse past it, with the time that they take."""

    def __init__(self, collector: Collector, clickhouse: ClickHouse, rounds: int):
        self.collector = collector
        self.clickhouse = clickhouse
        self.rounds = rounds

    def get(self, path: str, *pairs, **parameters) -> str:
        return b"".join(self.lines(path, *pairs, **parameters)).decode()

    def lines(self, path: str, *pairs, accept: str = "*/*", **parameters):
        """As they come."""
        address = urlsplit(self.collector.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
        query = urlencode([*pairs, *parameters.items()])
        connection.request("GET", f"/api/analysis/{path}?{query}", headers={"Accept": accept})
        answer = connection.getresponse()
        check(answer.status == 200, f"{path}?{query} was answered with {answer.status}: {answer.read() if answer.status != 200 else ''}")
        yield from answer
        connection.close()

    def median(self, ask, rounds: int | None = None) -> tuple[float, object]:
        """Seconds, and the last answer."""
        took = []
        for _ in range(rounds or self.rounds):
            begin = time.monotonic()
            answer = ask()
            took.append(time.monotonic() - begin)
        return statistics.median(took), answer

    def timed(self, path: str, *pairs, rounds: int | None = None, **parameters) -> tuple[float, str]:
        return self.median(lambda: self.get(path, *pairs, **parameters), rounds)

    def without_text(self, path: str, **parameters) -> float:
        """Seconds of the statement that the collector asks, when nobody wants the rows."""
        explained = json.loads(self.get(path, explain=1, **parameters))
        return self.nothing(explained["sql"], explained["parameters"])

    def nothing(self, sql: str, parameters: dict[str, str] | None = None) -> float:
        return self.median(lambda: self.clickhouse.text(f"{sql}\nFORMAT Null", parameters))[0]


def seconds(value: float) -> str:
    return f"{value:.3f} s" if value < 1 else f"{value:.2f} s"


# ---- what is asked about ----

def filled(asked: Asked, engine: Path, shm: Path, frames: int) -> list[Row]:
    """Runs of the same data and of data that differ."""
    runs = {"same": "same", "again": "same", "one": "one", "some": "some", "all": "all"}
    load = Load(asked.collector)
    for run_id, mode in runs.items():
        emit(asked.collector, engine, shm, run_id, frames, mode)
    cost = load.cost(len(runs) * frames)
    asked.clickhouse.wait_for_merges()
    events, size = asked.clickhouse.size(asked.clickhouse.table("bench", TYPE))
    _, digests = asked.clickhouse.size("run_digests")
    check(events == len(runs) * frames, f"{events} rows of {len(runs)} times {frames}")
    return [
        Row("answers", f"{len(runs)} runs of {frames:,} frames of 13 fields, as fast as they are taken", f"{as_text(cost)}, digests included"),
        Row("answers", "on disk after merges", f"{size / events:.1f} bytes a row, and {digests / events:.3f} of digests")]


def emit(collector: Collector, engine: Path, shm: Path, run_id: str, frames: int, mode: str) -> None:
    text, _ = run(shm, engine, run_id, frames, mode)
    check(text.split() == ["accepted", str(frames), "refused", "0"], f"the engine says: {text}")
    all_stored(collector, run_id, frames + OF_RUN)


# ---- comparisons ----

def comparisons(asked: Asked, frames: int) -> list[Row]:
    what = f"{frames:,} frames of 13 fields"
    took, text = asked.timed("first-divergence", runId1="same", runId2="one")
    found = json.loads(text)["first"]["frame"]
    check(found == frames - 10, f"the first divergence is in frame {found}, not {frames - 10}")
    rows = [Row("answers", f"first divergence of two runs of {what}, in the last frames", seconds(took))]
    took, text = asked.timed("compare", runId1="same", runId2="again")
    check(json.loads(text)["verdict"] == "equal", "equal runs are said to be different")
    rows.append(Row("answers", "comparison, nothing differs", seconds(took)))
    rows += [whole(asked, "some", "one frame in 1 % of the blocks differs"), whole(asked, "all", "all blocks differ")]
    took, text = asked.timed("compare", runId1="same", runId2="all", field=FIELD, absolute=1, rounds=min(3, asked.rounds))
    verdict = json.loads(text)["verdict"]
    check(verdict == "equal", f"within a tolerance of 1 the runs are {verdict}")
    rows.append(Row("answers", "tolerance of one field, all blocks differ", seconds(took)))
    took, text = asked.timed("same-as", runId="same")
    check(json.loads(text)["same"] == ["again"], f"the same as one run are said to be {json.loads(text)['same']}")
    return rows + [Row("answers", "same-as among five runs", seconds(took))]


def whole(asked: Asked, other: str, what: str) -> Row:
    """A comparison of everything, in lines: when the first finding is there, and what memory it takes."""
    process = asked.collector.process.pid
    took, found = [], []
    before = status_mib(process, "VmRSS")
    forget_peak(process)
    for _ in range(min(3, asked.rounds)):
        begin = time.monotonic()
        first = None
        last = b""
        for line in asked.lines("compare", accept="application/x-ndjson", runId1="same", runId2=other):
            if first is None and line.startswith((b'{"differs"', b'{"first"')):
                first = time.monotonic() - begin
            last = line
        took.append(time.monotonic() - begin)
        document = json.loads(last).get("document")
        check(document is not None and document["verdict"] == "different" and first is not None, f"same and {other}: {last[:200]}")
        found.append(first)
    most = status_mib(process, "VmHWM")
    return Row("answers", f"comparison, {what}",
               f"{seconds(statistics.median(took))}, first finding after {seconds(statistics.median(found))}; "
               f"collector {before:.0f} MiB before, {most:.0f} MiB at most")


def status_mib(process: int, name: str) -> float:
    return int(re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{process}/status").read_text()).group(1)) / 1024


def forget_peak(process: int) -> None:
    """The kernel's most so far becomes what it is now."""
    Path(f"/proc/{process}/clear_refs").write_text("5")


def grouped(asked: Asked, engine: Path, shm: Path, runs: int, frames: int) -> Row:
    """Runs of one input and of another by turns of ten."""
    names = [f"group-{number}" for number in range(runs)]
    for number, name in enumerate(names):
        emit(asked.collector, engine, shm, name, frames, "one" if number % 10 == 5 else "same")
    took, text = asked.timed("groups", *(("runId", name) for name in names))
    sizes = [len(group["runs"]) for group in json.loads(text)["groups"]]
    others = sum(number % 10 == 5 for number in range(runs))
    check(sizes == [size for size in (runs - others, others) if size], f"groups of {sizes} runs")
    return Row("answers", f"groups of {runs} runs of {frames:,} frames", seconds(took))


# ---- series and reductions ----

def reductions(asked: Asked, frames: int) -> list[Row]:
    value = {"runId": "same", "eventType": TYPE, "sourceId": SOURCE, "jsonPath": FIELD}
    rows = []
    for buckets, more in ((200, {}), (200, {"fromFrame": 1}), (1000, {}), (1000, {"fromFrame": 1})):
        sql = json.loads(asked.get("buckets", **value, **more, buckets=buckets, explain=1))["sql"]
        how = "from summaries of blocks" if "run_digests" in sql else "from rows"
        took, text = asked.timed("buckets", **value, **more, buckets=buckets)
        counted = sum(json.loads(line)["count"] for line in text.splitlines())
        check(counted == frames - len(more), f"buckets of {counted} values of {frames - len(more)}")
        rows.append(Row("answers", f"{frames:,} values reduced to {buckets} buckets, {how}", seconds(took)))
    took, text = asked.timed("series", **value, points=1000)
    check(bool(text), "the reduced series is empty")
    return rows + [Row("answers", f"{frames:,} values reduced to a series of 1,000 points", seconds(took))]


def at_a_frame(asked: Asked, shm: Path, work: Path, length: float) -> Row:
    types = 50
    channels = compile_program(HERE / "channels.c", work)
    text, _ = run(shm, channels, "types", types, 10, 0, length / 5)
    accepted, refused = (int(number) for number in re.findall(r"\d+", text))
    check(refused == 0, f"the engine says: {text}")
    frames = accepted // types
    all_stored(asked.collector, "types", accepted + frames + OF_RUN)  # each frame begins with a frame.start
    took, text = asked.timed("at", runId="types", frame=frames // 2)
    found = sum(json.loads(line)["type"].startswith("bench.t") for line in text.splitlines())
    check(found == types, f"{found} types of {types} at a frame")
    return Row("answers", f"what holds at a frame, {types} types, {accepted:,} events", seconds(took))


# ---- the same questions over the reference's layout ----

def beside_reference(asked: Asked, engine: Path, shm: Path, frames: int) -> list[Row]:
    for run_id, mode in (("left", "same"), ("right", "all")):
        emit(asked.collector, engine, shm, run_id, frames, mode)
    clickhouse = asked.clickhouse
    clickhouse.ask(REFERENCE)
    names = "run_id, source_id, channel, type, frame_index, sim_time, wall_time_ms, tags, payload"
    clickhouse.ask(f"INSERT INTO reference_layout ({names}) SELECT {names} FROM telemetry_events "
                   f"WHERE type = '{TYPE}' AND run_id IN ('left', 'right')")
    stored, _ = clickhouse.size("reference_layout")
    check(stored == 2 * frames, f"{stored} rows of {2 * frames}")

    def events(run_id: str) -> str:
        return (f"SELECT frame_index, sim_time, JSONExtractFloat(payload, '{FIELD}') AS value FROM reference_layout "
                f"WHERE run_id = '{run_id}' AND type = '{TYPE}' AND source_id = '{SOURCE}'")

    series = f"{events('left')} ORDER BY frame_index"
    compare = ("SELECT r1.frame_index AS frame_index, r1.sim_time AS sim_time_1, r2.sim_time AS sim_time_2, r1.value AS value_1, r2.value AS value_2, "
               f"r2.value - r1.value AS diff FROM ({events('left')}) AS r1 INNER JOIN ({events('right')}) AS r2 ON r1.frame_index = r2.frame_index "
               "ORDER BY r1.frame_index")
    common = {"eventType": TYPE, "sourceId": SOURCE, "jsonPath": FIELD}
    rows = []
    for path, parameters, sql in (("series", {"runId": "left"}, series), ("compare", {"runId1": "left", "runId2": "right"}, compare)):
        ours, theirs = asked.without_text(path, **common, **parameters), asked.nothing(sql)
        rows.append(beside(f"{path} of one field, {frames:,} frames, FORMAT Null", ours, theirs))
        ours, text = asked.timed(path, **common, **parameters)
        check(len(text.splitlines()) == frames, f"{path} has {len(text.splitlines())} rows of {frames}")
        theirs, text = asked.median(lambda: clickhouse.text(f"{sql}\nFORMAT JSONEachRow"))
        check(len(text.splitlines()) == frames, f"{path} of the reference has {len(text.splitlines())} rows of {frames}")
        rows.append(beside(f"{path} of one field, {frames:,} frames, as JSON", ours, theirs))
    clickhouse.ask("DROP TABLE reference_layout SYNC")
    return rows


def beside(what: str, ours: float, theirs: float) -> Row:
    return Row("answers", what, f"{seconds(ours)}, the reference's layout {seconds(theirs)}: {theirs / ours:.1f} times as long")
