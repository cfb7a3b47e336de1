"""The power goes: memory is empty afterwards, and of the spool there is what the disk had taken. Each accepted event that a record
knows of is stored, or lost with a reason; no run stays on its way for ever."""
import os
import shutil
import struct
import uuid
from pathlib import Path

import pytest
from bodies import frames, line, ndjson
from control import recorded
from support import wait_until
from test_ingest import post
from test_run_changes import delete, ids
from test_spool_faults import account, change, gated, log_of, segments, server  # noqa: F401 (fixtures)

# Places in the run file's header (ring_abi.h).
PID, BOOT_ID = 32, 56
# Rows wait in their rings for longer than these tests let a collector live.
IDLE_SPOOL = ("--batcher-flush-interval", "60s", "--batcher-batch-size", "1000000")


def spooled(collector) -> int:
    return collector.json("/api/storage")["spool"]["waitingRows"]


def post_rows(collector, run_id: str, rows: int, end: bool = False):
    """Of each call the same rows: what is stored is told apart by its place in a ring."""
    last = ndjson(line(runId=run_id, type="run.end", frameIndex=rows, payload={"status": "completed"})) if end else b""
    assert post(collector, raw=frames(rows, runId=run_id) + last)[1]["accepted"] == rows + end


def empty(folder):
    for entry in Path(folder).iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def loss_of(collector, run_id: str) -> dict:
    return collector.json(f"/api/run?runId={run_id}")["lostByReason"]


def settled(collector, run_id: str, accepted: int) -> dict:
    return wait_until(
        lambda: (run := collector.run(run_id)) and run["accepted"] == accepted == run["stored"] + run["lost"] and run,
        f"{accepted} events of {run_id} are accounted for; now {collector.run(run_id)}", 60)


def stored_rows(collector, run_id: str) -> int:
    return int(collector.server.ask(f"SELECT count() AS n FROM telemetry_events WHERE run_id = '{run_id}'")[0]["n"])


def assert_deletable(collector, *run_ids: str):
    """And gone for good."""
    for run_id in run_ids:
        assert delete(collector, run_id)[:2] == (200, {"runId": run_id})
        assert stored_rows(collector, run_id) == 0
    assert collector.stop() == 0
    collector.start()
    assert not set(run_ids) & set(ids(collector))


def test_what_was_in_memory_alone_is_lost_and_counted(gated, programs, start_engine, shm, tmp_path):
    collector = gated()
    engine = start_engine(programs / "engine", "driven", 100_000_000, 500, 1, tmp_path / "truth")
    post_rows(collector, "posted", 300)
    wait_until(lambda: recorded(collector, "posted") == 300 and spooled(collector) > 300, "rows of both are in the spool")
    collector.stop()
    collector.start(*IDLE_SPOOL)
    post_rows(collector, "posted", 200)
    post_rows(collector, "ended", 50, end=True)
    in_spool = wait_until(lambda: spooled(collector), "what the spool holds is known")
    wait_until(
        lambda: recorded(collector, "posted") == 500 and recorded(collector, "ended") == 51
        and recorded(collector, "driven") > in_spool, "more is recorded than spooled")
    assert collector.wait_status("ended", "completed")
    assert spooled(collector) == in_spool

    collector.kill()
    engine.kill()
    engine.wait()
    accepted = recorded(collector, "driven")
    empty(shm)
    collector.start("--silence-timeout", "1s")
    collector.gate.open()

    assert settled(collector, "driven", accepted)["stored"] == in_spool - 300
    assert settled(collector, "posted", 500)["stored"] == 300
    assert settled(collector, "ended", 51)["stored"] == 0
    assert loss_of(collector, "driven") == {"rings_gone": accepted - in_spool + 300}
    assert loss_of(collector, "posted") == {"rings_gone": 200}
    assert loss_of(collector, "ended") == {"rings_gone": 51}
    for run_id, status in (("driven", "failed"), ("posted", "failed"), ("ended", "completed")):
        collector.wait_status(run_id, status)
    assert stored_rows(collector, "driven") == in_spool - 300 and stored_rows(collector, "posted") == 300
    assert collector.metric("teltel_lost_events_total") == accepted - in_spool + 300 + 251

    # Whoever posts to a run goes on with it.
    post_rows(collector, "posted", 40)
    assert settled(collector, "posted", 540)["lost"] == 200
    collector.kill()
    collector.start("--silence-timeout", "1s")
    assert settled(collector, "posted", 540)["stored"] == 340
    assert settled(collector, "driven", accepted)["lost"] == accepted - in_spool + 300
    collector.wait_status("posted", "failed")
    assert_deletable(collector, "driven", "posted", "ended")


def test_rings_that_another_start_of_the_machine_left_are_read(gated, programs, start_engine, shm, tmp_path):
    """Their folder may lie on a disk; that their producers are gone is certain then, whoever has their numbers now."""
    collector = gated(*IDLE_SPOOL)
    engine = start_engine(programs / "engine", "driven", 100_000_000, 500, 1, tmp_path / "truth")
    post_rows(collector, "posted", 200)
    wait_until(lambda: recorded(collector, "posted") == 200 and recorded(collector, "driven") > 100, "both are recorded")
    collector.kill()
    engine.kill()
    engine.wait()
    accepted = recorded(collector, "driven")
    for run_file in Path(shm).glob("*/run"):
        with run_file.open("r+b") as file:
            assert os.pread(file.fileno(), 16, BOOT_ID) == uuid.UUID(Path("/proc/sys/kernel/random/boot_id").read_text().strip()).bytes
            os.pwrite(file.fileno(), uuid.uuid4().bytes, BOOT_ID)
            os.pwrite(file.fileno(), struct.pack("<I", os.getpid()), PID)
    collector.start("--silence-timeout", "1s")
    collector.gate.open()
    assert settled(collector, "posted", 200)["lost"] == 0
    run = wait_until(
        lambda: (run := collector.run("driven")) and run["status"] == "failed" and run["stored"] == run["accepted"] and run,
        "everything in the engine's rings is stored", 60)
    assert run["accepted"] >= accepted and run["lost"] == 0
    collector.wait_status("posted", "failed")
    assert_deletable(collector, "driven", "posted")


def test_an_engine_that_comes_back_before_the_collector_has_a_run_of_its_own(gated, programs, start_engine, shm, tmp_path):
    collector = gated(*IDLE_SPOOL)
    engine = start_engine(programs / "engine", "driven", 100_000_000, 500, 1, tmp_path / "truth")
    wait_until(lambda: recorded(collector, "driven") > 100, "it is recorded")
    collector.kill()
    engine.kill()
    engine.wait()
    accepted = recorded(collector, "driven")
    empty(shm)
    assert start_engine(programs / "engine", "driven", 1_000, 0, 1, tmp_path / "truth-2").wait() == 0
    collector.start()
    collector.gate.open()
    assert settled(collector, "driven", accepted)["lost"] == accepted
    assert collector.wait_status("driven", "failed")["endReason"] == "host restarted, or its rings were removed"
    collector.wait_status("driven~2", "completed")
    assert settled(collector, "driven~2", 1_002)["lost"] == 0


@pytest.mark.parametrize("tail", ["torn", "unwritten"])
def test_the_spools_tail_was_not_written(gated, shm, tail):
    collector = gated()
    for part in (1, 2):  # each of them a segment
        post_rows(collector, "posted", 100)
        wait_until(lambda: spooled(collector) == 100 * part, "all are spooled")
    wait_until(lambda: recorded(collector, "posted") == 200, "all are recorded")
    collector.kill()
    empty(shm)
    log = log_of(collector)
    # A file keeps its size: what was not written is zero.
    cut = len(log.read_bytes().rstrip(b"\0")) - 64 if tail == "torn" else segments(log)[-1]
    change(log, cut, bytes(log.stat().st_size - cut))
    collector.start("--silence-timeout", "1s")
    assert account(collector, "posted", 200)["stored"] == 100
    assert loss_of(collector, "posted") == {"spool_damaged" if tail == "torn" else "rings_gone": 100}
    collector.wait_status("posted", "failed")
    assert_deletable(collector, "posted")
