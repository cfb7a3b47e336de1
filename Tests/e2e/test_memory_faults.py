"""A collector that gets no more memory, or no more descriptors: engines notice nothing, nothing is put aside, nothing is lost."""
import os
import resource
import subprocess
from pathlib import Path

import pytest
from support import BUILD, wait_until
from invariants import assert_accounted, assert_exactly_once, assert_goes_on, truth

RUNS, EVENTS = 3, 2_000
MIB = 1 << 20


def so_far(process_id: int, what: int) -> int:
    """What the process uses of the resource."""
    if what == resource.RLIMIT_NOFILE:
        return max(map(int, os.listdir(f"/proc/{process_id}/fd"))) + 1
    return int(Path(f"/proc/{process_id}/statm").read_text().split()[0]) * resource.getpagesize()


def emit(programs, shm, run_id: str, path: Path):
    variables = {"TELTEL_SHM_DIR": shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
    engine = subprocess.run(
        [programs / "engine", run_id, str(EVENTS), "0", "1", path], env=variables, capture_output=True, text=True, timeout=60)
    # I3: what is emitted fits into the rings while nobody reads.
    assert (engine.returncode, engine.stdout) == (0, f"accepted {EVENTS} refused 0\n"), engine.stderr
    assert truth(path) == (EVENTS, 0)


@pytest.mark.parametrize("what, more", [(resource.RLIMIT_AS, 4 * MIB), (resource.RLIMIT_NOFILE, 0)], ids=["memory", "descriptors"])
def test_a_collector_that_gets_no_more(make_collector, programs, shm, tmp_path, what, more):
    collector = make_collector()
    wait_until(lambda: collector.json("/api/storage")["state"] == "ok", "storage is ready")
    process, begin = collector.process.pid, len(collector.output())
    _, hard = resource.prlimit(process, what)
    resource.prlimit(process, what, (so_far(process, what) + more, hard))
    for number in range(RUNS):
        emit(programs, shm, f"short-{number}", tmp_path / str(number))
    if what == resource.RLIMIT_AS:
        wait_until(lambda: collector.metric("teltel_rings_waiting") > 0, "it is counted")
        wait_until(lambda: "it is tried again" in collector.output()[begin:], "the log says it")
        assert collector.metric("teltel_rings_quarantined") == 0
    # I4: when there is some again, without a restart.
    resource.prlimit(process, what, (hard, hard))
    for number in range(RUNS):
        assert_exactly_once(collector, f"short-{number}", EVENTS)
        assert_accounted(collector, f"short-{number}", EVENTS)
        assert collector.run(f"short-{number}")["status"] == "completed"
    assert_goes_on(collector)
    assert collector.process.poll() is None and collector.metric("teltel_rings_waiting") == 0
