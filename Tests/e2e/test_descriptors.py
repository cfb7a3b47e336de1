"""What a collector opens, it closes once: a second `close` of a number closes what another of its threads has just opened."""
import os
import struct
import subprocess
from pathlib import Path

import pytest
from bodies import frames, ndjson, line
from support import wait_until
from test_ingest import post

# Place in the run file's header (ring_abi.h).
PID = 32


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Tells which descriptors a collector closes that are not open."""
    library = tmp_path_factory.mktemp("preload") / "stray_close.so"
    source = Path(__file__).parent / "preload/stray_close.c"
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    return library


def test_nothing_is_closed_twice(make_collector, vehicle, watched, shm, tmp_path):
    """Among others the run of an engine that was killed, whose process number is another program's by now."""
    strays = tmp_path / "strays"
    killed = vehicle("killed", 60)
    run_file = wait_until(lambda: next(Path(shm).glob("*/run"), None), "it has begun")
    with run_file.open("r+b") as file:
        pid, = struct.unpack("<I", os.pread(file.fileno(), 4, PID))
        assert pid == killed.pid, "the header has changed its layout"
        killed.kill()
        killed.wait()
        os.pwrite(file.fileno(), struct.pack("<I", os.getpid()), PID)
    collector = make_collector(start=False)
    collector.variables = {"LD_PRELOAD": str(watched), "TEST_STRAY_CLOSES": str(strays)}
    collector.start()
    vehicle("whole", 0.2, False).wait()
    assert post(collector, raw=ndjson(line(runId="posted", type="run.start", frameIndex=0)) + frames(20, runId="posted"))[0] == 202
    for run in ("killed", "whole", "posted"):
        wait_until(lambda: (found := collector.run(run)) and found["accepted"] and found["stored"] == found["accepted"], f"{run} is stored", 60)
    assert collector.run("killed")["status"] == "failed"
    collector.stop()
    assert not strays.exists(), strays.read_text()
