"""A spool whose disk is full, whose files come back changed, whose collector is stopped at a bad moment."""
import base64
import os
import random
import subprocess
from pathlib import Path

import pytest
from bodies import line, ndjson
from clickhouse import RESET, Gate, Server, spoil_after
from support import wait_until
from test_ingest import post

MIB = 1 << 20
LOG_HEADER = 4096  # docs/storage-format.md: segments follow at multiples of it


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


@pytest.fixture
def gated(make_collector, server):
    """`gated(*arguments)`: a collector whose ClickHouse is empty, and away until `collector.gate.open()`."""
    server.ask("DROP DATABASE IF EXISTS teltel SYNC", database="default")
    gate = Gate(server.connect)
    gate.close()

    def make(*arguments, start: bool = True):
        collector = make_collector("--clickhouse-url", gate.url, *arguments, start=start)
        collector.server, collector.gate = server, gate
        return collector

    yield make
    if gate.server:
        gate.close()


def post_run(collector, run_id: str, rows: int, size: int = 10) -> int:
    """Rows of which zstd can make little; how many, with the run's end."""
    dice = random.Random(run_id)
    events = (line(runId=run_id, frameIndex=frame, payload={"x": frame, "s": base64.b64encode(dice.randbytes(size)).decode()})
              for frame in range(rows))
    assert post(collector, raw=ndjson(*events, line(runId=run_id, type="run.end", frameIndex=rows)))[1]["accepted"] == rows + 1
    return rows + 1


def account(collector, run_id: str, accepted: int) -> dict:
    """The run when each of its rows is stored or counted as lost (I1); none is stored twice or from nowhere (I2)."""
    collector.gate.open() if collector.gate.server is None else None
    run = wait_until(lambda: (run := collector.run(run_id)) and run["stored"] + run["lost"] == accepted and run,
                     f"all of {run_id} is accounted for; now {collector.run(run_id)}", 60)
    assert run["accepted"] == accepted
    question = f"SELECT count() AS rows, uniqExact(type, frame_index) AS events FROM telemetry_events WHERE run_id = '{run_id}'"

    def rows():
        try:
            return {name: int(value) for name, value in collector.server.ask(question)[0].items()}
        except AssertionError:  # no view yet
            return {}

    wait_until(lambda: rows() == {"rows": run["stored"], "events": run["stored"]}, f"{run['stored']} rows, each once; now {rows()}")
    return run


def assert_goes_on(collector):
    """I4: a fresh event is live and stored."""
    accepted = post_run(collector, "fresh", 3)
    wait_until(lambda: (run := collector.run("fresh")) and run["size"] == accepted, "fresh events are live")
    assert account(collector, "fresh", accepted)["lost"] == 0


def log_of(collector) -> Path:
    return collector.data / "spool/log-1"


def segments(log: Path) -> list[int]:
    """Where the log's segments begin."""
    data = log.read_bytes()
    return [at for at in range(LOG_HEADER, len(data), LOG_HEADER) if data[at + 8:at + 16] == b"TLTLseg1"]


def change(path: Path, at: int, new: bytes):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(new)


def flip(log: Path):
    """A bit of the first segment's first frame, behind the header, which says how long it is."""
    begin = segments(log)[0]
    at = begin + int.from_bytes(log.read_bytes()[begin + 20:begin + 24], "little") + 100
    change(log, at, bytes([log.read_bytes()[at] ^ 4]))


def swap(log: Path):
    first, second = segments(log)[:2]
    data = log.read_bytes()
    change(log, first, data[second:second + LOG_HEADER])
    change(log, second, data[first:first + LOG_HEADER])


DAMAGE = {
    "flipped": flip,
    "swapped": swap,
    "truncated": lambda log: os.truncate(log, segments(log)[1] + 100),
    "future": lambda log: change(log, segments(log)[0] + 16, b"\x09"),
    "future-log": lambda log: change(log, 8, b"\x09"),
    "foreign": lambda log: log.write_bytes(os.urandom(MIB)),
    "zeroed-header": lambda log: change(log, segments(log)[0], bytes(64)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_segments_that_come_back_changed(gated, damage):
    collector = gated("--spool-mib", "64")
    accepted = 0
    for part in range(3):  # each of them a segment
        accepted += post_run(collector, f"part-{part}", 300)
        wait_until(lambda: collector.json("/api/storage")["spool"]["waitingRows"] == accepted, "all are spooled")
    assert collector.stop() == 0
    DAMAGE[damage](log_of(collector))
    begin = len(collector.output())
    collector.start()
    assert_goes_on(collector)
    spool = wait_until(lambda: (spool := collector.json("/api/storage")["spool"])["waitingRows"] == 0 and spool, "nothing waits")
    assert spool["damaged"] >= 1
    wait_until(lambda: "parts of the spool are damaged" in collector.output()[begin:], "the log says it")
    assert collector.metric("teltel_spool_damaged_total") == spool["damaged"]
    # What can be read is stored, once; whatever a header still says is counted as lost.
    rows = int(collector.server.ask("SELECT count() AS n FROM telemetry_events WHERE startsWith(run_id, 'part-')")[0]["n"])
    runs = [collector.run(f"part-{part}") for part in range(3)]
    assert rows == sum(run["stored"] for run in runs) < accepted
    assert all(run["stored"] + run["lost"] <= run["accepted"] for run in runs)
    if damage == "flipped":
        assert rows + sum(run["lost"] for run in runs) == accepted
    else:
        wait_until(lambda: list((collector.data / "spool/quarantine").iterdir()), "the file is put aside")


@pytest.mark.parametrize("damage", ["flipped", "foreign", "empty"])
def test_manifests_that_come_back_changed(gated, damage):
    """Rows may have been sent under a name that is lost: they are counted before they are sent again."""
    collector = gated()
    collector.gate.open()
    lost = []
    collector.gate.rule = spoil_after(lambda _: lost.append(1) or RESET)
    accepted = post_run(collector, "manifested", 300)
    wait_until(lambda: len(lost) > 1, "answers are lost")
    collector.kill()
    collector.gate.rule = None
    manifests = list((collector.data / "spool/groups").glob("*.group"))
    assert manifests
    for path in manifests:
        data = path.read_bytes()
        path.write_bytes({
            "flipped": data[:60] + bytes([data[60] ^ 1]) + data[61:], "foreign": b"no manifest of ours" * 9, "empty": b""}[damage])
    collector.start()
    assert account(collector, "manifested", accepted)["lost"] == 0
    assert collector.json("/api/storage")["spool"]["damaged"] == len(manifests)
    assert len(list((collector.data / "spool/quarantine").iterdir())) == len(manifests)
    assert_goes_on(collector)


@pytest.mark.parametrize("copies", [[0], [1, 2], [0, 1, 2]], ids=["one", "two", "all"])
def test_index_copies_that_come_back_changed(gated, copies):
    collector = gated()
    accepted = post_run(collector, "indexed", 300)
    wait_until(lambda: collector.json("/api/storage")["spool"]["waitingRows"] == accepted, "all are spooled")
    collector.kill()
    for copy in copies:
        path = collector.data / f"spool/index-{copy}"
        path.write_bytes(os.urandom(200))
    collector.start()
    assert account(collector, "indexed", accepted)["lost"] == 0
    assert_goes_on(collector)


def test_a_full_spool_and_a_restart_with_it(gated):
    """The limit is kept, the newest rows are counted as lost, the oldest are stored when ClickHouse comes."""
    collector = gated("--spool-mib", "16")
    begin, accepted = len(collector.output()), 0
    while not collector.metric("teltel_lost_events_total"):
        accepted += post_run(collector, f"full-{accepted}", 100, 30_000)
    wait_until(lambda: "rows are lost: spool_full" in collector.output()[begin:], "the log says it")
    spool = collector.json("/api/storage")["spool"]
    assert spool["fileBytes"] <= spool["limitBytes"] == 16 * MIB
    assert collector.stop() == 0
    collector.start()
    assert collector.json("/api/storage")["spool"]["waitingRows"] > 0
    collector.gate.open()
    lost = 0
    for run in collector.json("/api/runs"):
        lost += account(collector, run["runId"], run["accepted"])["lost"]
        if run["lost"]:
            assert set(collector.json(f"/api/run?runId={run['runId']}")["lostByReason"]) == {"spool_full"}
    assert sum(run["accepted"] for run in collector.json("/api/runs")) == accepted and 0 < lost < accepted
    assert_goes_on(collector)


def in_tmpfs(collector, options: str):
    """The collector's data folder is a file system of its own, seen by it alone; `/proc/<pid>/root` leads there."""
    collector.data.mkdir(exist_ok=True)
    script = f"mount -t tmpfs -o {options} tmpfs '{collector.data}' && exec \"$@\""
    collector.prefix = ["unshare", "-rm", "sh", "-c", script, "sh"]
    return collector


def test_a_disk_that_fills_up(gated):
    collector = in_tmpfs(gated("--spool-mib", "64", start=False), "size=64m").start()  # with a spare log file made or not, a group fits when there is room again
    begin, accepted = len(collector.output()), 0
    inside = Path(f"/proc/{collector.process.pid}/root{collector.data}")
    accepted += post_run(collector, "before", 50)
    with open(inside / "others", "wb") as file:  # the rest of the disk: no further log file has room
        while True:
            try:
                file.write(bytes(MIB))
                file.flush()
            except OSError:
                break
    while not collector.metric("teltel_lost_events_total"):
        accepted += post_run(collector, f"during-{accepted}", 100, 30_000)
    wait_until(lambda: "rows are lost: spool_full" in collector.output()[begin:], "the log says it")
    assert collector.process.poll() is None
    newest = collector.json("/api/runs")[-1]
    assert newest["size"] > 0, "live goes on"
    # Somebody makes room.
    (inside / "others").unlink()
    for run in collector.json("/api/runs"):
        account(collector, run["runId"], run["accepted"])
    assert sum(run["accepted"] for run in collector.json("/api/runs")) == accepted
    assert_goes_on(collector)


@pytest.fixture(scope="module")
def breakable(tmp_path_factory):
    """What makes a collector's disk break as long as a file is there that says so."""
    library = tmp_path_factory.mktemp("preload") / "failing_disk.so"
    source = Path(__file__).parent / "preload/failing_disk.c"
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    return library


@pytest.mark.parametrize("what", ["write", "sync"])
def test_a_disk_that_breaks(gated, breakable, tmp_path, what):
    """EIO from a write: the rows are counted as lost. EIO from a sync: nobody knows what is on the disk, and nothing is called safe."""
    broken = tmp_path / "broken"
    collector = gated(start=False)
    collector.variables = {"LD_PRELOAD": str(breakable), "TEST_FAILING_DISK": str(broken)}
    collector.start()
    begin, accepted = len(collector.output()), post_run(collector, "before", 50)
    wait_until(lambda: collector.json("/api/storage")["spool"]["waitingRows"] == accepted, "all are spooled")
    broken.write_text(what)
    accepted += post_run(collector, "during", 200)
    wait_until(lambda: (run := collector.run("during")) and run["size"] == 201, "live goes on")
    if what == "write":
        wait_until(lambda: collector.metric("teltel_lost_events_total") == 201, "the loss is counted")
        wait_until(lambda: "rows are lost: disk_error" in collector.output()[begin:], "the log says it")
        assert collector.json("/api/run?runId=during")["lostByReason"] == {"disk_error": 201}
    else:
        collector.gate.open()
        wait_until(lambda: "Input/output error" in collector.json("/api/storage")["spool"].get("lastError", ""), "it is told")
        wait_until(lambda: "Input/output error" in collector.output()[begin:], "the log says it")
        assert collector.metric("teltel_spool_errors_total") > 0
        assert not collector.gate.inserts and collector.metric("teltel_lost_events_total") == 0
    broken.unlink()
    accepted += post_run(collector, "after", 50)
    lost = sum(account(collector, run_id, rows + 1)["lost"] for run_id, rows in (("before", 50), ("during", 200), ("after", 50)))
    assert lost == (201 if what == "write" else 0)
    assert collector.process.poll() is None
    assert_goes_on(collector)


def test_a_disk_that_cannot_be_written_at_the_start(gated):
    collector = in_tmpfs(gated(start=False), "ro")
    with pytest.raises(AssertionError, match="Read-only file system"):
        collector.start()


def test_a_disk_without_room_at_the_start(gated):
    collector = in_tmpfs(gated(start=False), "size=1m")
    with pytest.raises(AssertionError, match="No space left"):
        collector.start()


def test_an_old_lock_file_locks_nobody_out(gated):
    """Of a collector that was killed, with the pid of somebody else in it."""
    collector = gated()
    collector.kill()
    locks = [path for path in [*collector.data.iterdir(), *Path(collector.shm).iterdir()] if "lock" in path.name]
    assert locks
    for path in locks:
        path.write_text("1\n")
    collector.start()
    assert_goes_on(collector)
