"""Ring files that lie, or are none, in the folder of a running collector: it goes on, says what it refuses, counts it."""
import os
import random
import re
import stat
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
from fault_support import compile_engine, environment, run
from support import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices and files of others")
OTHER = 65534
RUN_STATE, RING_COUNT = 1044, 1040  # of teltel_run_header
RING_HEAD, RING_BYTES = 128, 32     # of teltel_ring_header


@pytest.fixture(scope="module")
def leave(tmp_path_factory):
    return compile_engine("leave", tmp_path_factory.mktemp("leave"))


@pytest.fixture
def dead_run(leave):
    """A folder of a run whose engine is gone; in the same file system as what the collector watches, so that it can be moved there
    at once."""
    with tempfile.TemporaryDirectory(prefix="teltel-test-", dir="/dev/shm") as elsewhere:
        subprocess.run([str(leave), "return", "100"], env=environment(elsewhere), timeout=60)
        (folder,) = Path(elsewhere).iterdir()
        yield folder


def write(file: Path, at: int, form: str, *values):
    with file.open("r+b") as opened:
        os.pwrite(opened.fileno(), struct.pack(form, *values), at)


def replace(name: str, make):
    def change(folder: Path):
        (folder / name).unlink()
        make(folder / name)

    return change


def truncate(name: str, size: int):
    return lambda folder: os.truncate(folder / name, size)


def rename(folder: Path):
    folder.rename(folder.with_name("00000000000000ff"))


def sparse(folder: Path):
    """A terabyte of nothing, of which the ring claims as much as a ring may have."""
    os.truncate(folder / "ring-0", 1 << 40)
    write(folder / "ring-0", RING_BYTES, "<Q", 1 << 30)


# What is done to a dead engine's run, and what the collector says about it; None: the rings that are there are read.
CASES = {
    "ring-link": (replace("ring-0", lambda at: at.symlink_to("/etc/passwd")), "foreign"),
    "ring-fifo": (replace("ring-0", os.mkfifo), "foreign"),
    "ring-folder": (replace("ring-0", os.mkdir), "foreign"),
    "ring-short": (truncate("ring-0", 5000), "geometry"),
    "ring-empty": (truncate("ring-0", 0), "foreign"),
    "ring-missing": (lambda folder: (folder / "ring-0").unlink(), None),
    "ring-version": (lambda folder: write(folder / "ring-0", 8, "<I", 2), "version"),
    "ring-magic": (lambda folder: write(folder / "ring-0", 0, "<Q", 0), "magic"),
    "ring-head": (lambda folder: write(folder / "ring-0", RING_HEAD, "<Q", 2**64 - 8), "head"),
    "ring-size": (lambda folder: write(folder / "ring-0", RING_BYTES, "<Q", 12345), "geometry"),
    "ring-count": (lambda folder: write(folder / "run", RING_COUNT, "<I", 2**32 - 1), None),
    "run-link": (replace("run", lambda at: at.symlink_to("/etc/passwd")), "foreign"),
    "run-fifo": (replace("run", os.mkfifo), "foreign"),
    "run-short": (truncate("run", 4000), "foreign"),
    "run-cut": (truncate("run", 8192), "geometry"),
    "run-version": (lambda folder: write(folder / "run", 8, "<I", 2), "version"),
    "run-table": (lambda folder: write(folder / "run", 1032, "<Q", 2**50), "table"),
    "folder-open": (lambda folder: folder.chmod(0o755), "foreign"),
    "folder-name": (rename, "instance"),
}
ROOT_CASES = {
    "ring-device": (replace("ring-0", lambda at: os.mknod(at, 0o600 | stat.S_IFCHR, os.makedev(1, 5))), "foreign"),
    "ring-owner": (lambda folder: os.chown(folder / "ring-0", OTHER, OTHER), "foreign"),
    "run-owner": (lambda folder: os.chown(folder / "run", OTHER, OTHER), "foreign"),
    "folder-owner": (lambda folder: os.chown(folder, OTHER, OTHER), "foreign"),
}


def refused(collector, reason: str):
    """The collector has counted one instance that it does not read, and has said which and why."""
    wait_until(lambda: collector.metric("teltel_rings_quarantined") == 1, "it is counted")
    line = wait_until(lambda: re.search(r"^.*put aside.*$", collector.output(), re.M), "it is said")[0]
    assert re.search(rf"[0-9a-f]{{16}}.*{reason}: ", line), line


def goes_on(collector, leave, shm):
    """I4: somebody else's run is live and stored."""
    subprocess.run([str(leave), "exit", "100"], env=environment(shm), timeout=60)
    entry = collector.wait_status("exit", "failed")
    assert entry["accepted"] == 101
    if "--no-storage" not in collector.arguments:
        wait_until(lambda: collector.run("exit")["stored"] == 101, "it is stored", 60)


def check_case(live, leave, dead_run, shm, case, reason):
    case(dead_run)
    (folder,) = dead_run.parent.iterdir()
    folder.rename(Path(shm) / folder.name)
    if reason:
        refused(live, reason)
    else:
        live.wait_status("return", "failed")
    goes_on(live, leave, shm)


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_is_no_ring(live, leave, dead_run, shm, case):
    check_case(live, leave, dead_run, shm, *CASES[case])


@as_root
@pytest.mark.parametrize("case", ROOT_CASES)
def test_a_file_of_another_kind_or_user(live, leave, dead_run, shm, case):
    check_case(live, leave, dead_run, shm, *ROOT_CASES[case])


def test_a_huge_file_takes_no_memory(live, leave, dead_run, shm):
    """Mapped, never read: its records are those that the head tells of."""
    def resident():
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{live.process.pid}/status").read_text())[1])

    before = resident()
    sparse(dead_run)
    dead_run.rename(Path(shm) / dead_run.name)
    live.wait_status("return", "failed")
    goes_on(live, leave, shm)
    assert resident() < before + (64 << 10)


@pytest.mark.parametrize("storage", [False, True], ids=["live", "stored"])
def test_contents_that_change_while_they_are_read(make_collector, leave, shm, tmp_path, storage):
    seed = os.environ.get("TELTEL_SEED", str(int.from_bytes(os.urandom(2))))
    print(f"TELTEL_SEED={seed}")
    collector = make_collector(*([] if storage else ["--no-storage"]))
    process = collector.process.pid
    run(shm, compile_engine("scribble", tmp_path), seed, 20, timeout=300)
    goes_on(collector, leave, shm)
    assert collector.process.poll() is None and collector.process.pid == process
    assert collector.metric("teltel_rings_quarantined") > 0
    # Whoever was put aside is named; its run does not go on for ever.
    wait_until(lambda: all(entry["status"] != "running" for entry in collector.json("/api/runs")), "no run is left running")
    assert collector.stop() == 0
