"""`teltel recover`: the events of engines that nobody has collected, as NDJSON that a collector takes."""
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
from pathlib import Path

import pytest
from support import BUILD, wait_until

HEAD = 128  # of a ring file (ring_abi.h)


def recover(shm, output, *more, code=0):
    """The recovered events, and what the command says."""
    command = [BUILD / "bin/teltel", "recover", shm, *(["-o", output] if output else []), *more]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    text = Path(output).read_text() if output and Path(output).exists() else done.stdout
    return [json.loads(line) for line in text.splitlines()] if code == 0 or output else [], done.stdout + done.stderr


def contents(folder):
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def ring_of(shm):
    (ring,) = Path(shm).glob("*/ring-0")
    return ring


def is_there(shm) -> bool:
    """A run file gets its name when everything is whole."""
    return any(Path(shm).glob("*/run"))


def head_of(shm) -> int:
    with ring_of(shm).open("rb") as ring:
        return struct.unpack("<Q", os.pread(ring.fileno(), 8, HEAD))[0]


@pytest.fixture
def killed(vehicle, shm):
    """`killed("run")`: a vehicle that was killed while it drove; nobody has read its rings."""

    def drive(run_id):
        engine = vehicle(run_id, 3600)
        wait_until(lambda: is_there(shm) and head_of(shm) > 50_000, "the vehicle drives")
        engine.send_signal(signal.SIGKILL)
        engine.wait()

    return drive


def test_a_finished_run_is_whole(vehicle, shm, tmp_path):
    vehicle("whole", 1, False).wait()
    before = contents(shm)
    events, said = recover(shm, tmp_path / "run.jsonl")
    frame = ["frame.start", "body.state"] + ["wheel.force"] * 4 + ["frame.end"]
    assert [event["type"] for event in events] == ["run.start"] + frame * 120 + ["run.end"]
    assert {event["runId"] for event in events} == {"whole"} and {event["sourceId"] for event in events} == {"drive-engine"}
    row = said.splitlines()[1].split()
    assert row == ["completed", "whole", "drive-engine", "842", "0"]
    assert contents(shm) == before, "only looked at"


def test_a_killed_engine(killed, shm, tmp_path):
    killed("killed")
    events, said = recover(shm, tmp_path / "run.jsonl")
    assert events[0]["type"] == "run.start" and len(events) > 100
    end = events[-1]
    assert end["type"] == "run.end" and end["frameIndex"] == events[-2]["frameIndex"]
    assert end["payload"] == {
        "reason": "engine process ended without ending the run", "status": "failed", "recovered": True}
    assert said.splitlines()[1].split()[0] == "failed"


def test_a_living_engine_is_not_disturbed(vehicle, make_collector, shm, tmp_path):
    engine = vehicle("alive", 3600)
    wait_until(lambda: is_there(shm) and head_of(shm) > 20_000, "the vehicle drives")
    events, said = recover(shm, tmp_path / "run.jsonl")
    assert events[0]["type"] == "run.start" and events[-1]["type"] != "run.end" and len(events) > 100
    assert said.splitlines()[1].split()[0] == "running"
    assert engine.poll() is None
    collector = make_collector("--no-storage")
    run = collector.wait_status("alive", "running")
    assert run["refused"] == 0
    wait_until(lambda: collector.run("alive")["accepted"] > len(events), "a collector that comes later reads all of it")


def test_a_round_trip_through_a_collector(killed, make_collector, shm, tmp_path):
    killed("round-trip")
    events, _ = recover(shm, tmp_path / "run.jsonl")
    shutil.rmtree(next(Path(shm).iterdir()))
    collector = make_collector("--no-storage")
    status, _, answer = collector.request("/api/ingest", (tmp_path / "run.jsonl").read_bytes())
    assert status == 202 and json.loads(answer) == {"accepted": len(events), "rejected": 0, "dropped": 0, "errors": []}
    assert collector.wait_status("round-trip", "failed")["accepted"] == len(events)
    command = [BUILD / "bin/teltel", "tail", "round-trip", "--json", "--lines", len(events), "--url", collector.url]
    lines = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    shown = [json.loads(line) for line in lines]
    for event, back in zip(events, shown, strict=True):
        back["wallTimeMs"] = event.setdefault("wallTimeMs", back["wallTimeMs"])  # the collector's clock where there was none
    assert shown == events


def test_several_threads_keep_their_order(programs, start_engine, shm, tmp_path):
    assert start_engine(programs / "engine", "threads", 2000, 0, 4).wait(timeout=60) == 0
    events, _ = recover(shm, tmp_path / "run.jsonl")
    assert events[0]["type"] == "run.start" and events[-1]["type"] == "run.end" and len(events) == 4 * 2000 + 2
    for thread in range(4):
        mine = [event["payload"] for event in events[1:-1] if event["payload"]["thread"] == thread]
        assert [payload["index"] for payload in mine] == list(range(2000))


def test_rings_are_merged_by_frame(programs, start_engine, shm, tmp_path):
    assert start_engine(programs / "two_rings").wait(timeout=60) == 0
    events, _ = recover(shm, tmp_path / "run.jsonl")
    assert [(event["frameIndex"], event["payload"]["ring"]) for event in events[1:-1]] == [
        (frame, ring) for frame in range(1000) for ring in (0, 1)]


def test_events_posted_to_a_collector_that_was_killed(make_collector, shm, tmp_path):
    collector = make_collector("--batcher-flush-interval", "60s")
    events = [
        {"v": 1, "runId": "posted", "sourceId": "s", "channel": "c", "type": "t", "frameIndex": n, "simTime": n / 8,
         "wallTimeMs": 1_760_000_000_000 + n, "tags": {"car": "red"}, "payload": {"x": n, "text": "ä<b>"}}
        for n in range(500)
    ]
    body = "\n".join(map(json.dumps, events)).encode()
    assert json.loads(collector.request("/api/ingest", body)[2])["accepted"] == 500
    collector.kill()
    recovered, said = recover(shm, tmp_path / "run.jsonl")
    assert recovered == events
    assert said.splitlines()[1].split() == ["posted", "posted", "s", "500"]


def test_only_the_runs_that_are_asked_for(vehicle, shm, tmp_path):
    for run_id in ("first", "second", "third"):
        vehicle(run_id, 0.1, False).wait()
    events, said = recover(shm, tmp_path / "some.jsonl", "--run", "first", "--run", "third")
    assert {event["runId"] for event in events} == {"first", "third"} and "second" not in said
    everything, _ = recover(shm, None)
    assert len(everything) == 3 * (12 * 7 + 2)


def test_a_damaged_ring_is_named_and_the_rest_recovered(vehicle, shm, tmp_path):
    vehicle("damaged", 0.1, False).wait()
    ring = ring_of(shm)
    with ring.open("r+b") as file:
        os.pwrite(file.fileno(), struct.pack("<Q", head_of(shm) + 4096), HEAD)
    vehicle("sound", 0.1, False).wait()
    events, said = recover(shm, tmp_path / "run.jsonl", code=1)
    assert f"{ring.parent.name}: record: " in said
    assert len([event for event in events if event["runId"] == "sound"]) == 12 * 7 + 2
    assert [event["type"] for event in events if event["runId"] == "damaged"].count("frame.end") == 12


def test_rubbish_is_named(shm, tmp_path):
    (Path(shm) / "0123456789abcdef").mkdir(mode=0o700)
    events, said = recover(shm, tmp_path / "run.jsonl", code=1)
    assert events == [] and "0123456789abcdef: system: run: open" in said


def test_what_stands_in_the_way_is_said(shm, tmp_path):
    (tmp_path / "there").write_text("precious")
    done = subprocess.run([BUILD / "bin/teltel", "recover", shm, "-o", tmp_path / "there"], capture_output=True, text=True)
    assert done.returncode == 1 and "there: File exists" in done.stderr and (tmp_path / "there").read_text() == "precious"
    done = subprocess.run([BUILD / "bin/teltel", "recover", tmp_path / "nowhere"], capture_output=True, text=True)
    assert done.returncode == 1 and "nowhere: No such file or directory" in done.stderr
    done = subprocess.run(
        [BUILD / "bin/teltel", "recover"], capture_output=True, text=True, env={**os.environ, "TELTEL_SHM_DIR": shm})
    assert done.returncode == 0 and done.stdout == ""


def test_a_full_disk_is_said(vehicle, shm):
    vehicle("long", 1, False).wait()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BUILD / "bin/teltel", "recover", shm], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "standard output, it is incomplete" in done.stderr
