"""Files of a running engine that somebody removes, renames or closes: neither engine nor collector lose an event."""
import os
import shutil
from pathlib import Path

import pytest
from fault_support import compile_engine
from support import Collector, wait_until

EVENTS, OTHER = 40_000, 65534


def unlink_rings(folder: Path):
    for ring in folder.glob("ring-*"):
        ring.unlink()


def unlink_run_file(folder: Path):
    (folder / "run").unlink()


def rename_rings(folder: Path):
    for ring in list(folder.glob("ring-*")):
        ring.rename(ring.with_name(f"was-{ring.name}"))


def rename_folder(folder: Path):
    folder.rename(folder.with_name("moved"))


def close_rings(folder: Path):
    for file in folder.iterdir():
        file.chmod(0)
    folder.chmod(0)


CASES = {
    "unlinked-rings": unlink_rings, "unlinked-run-file": unlink_run_file, "unlinked-folder": shutil.rmtree,
    "renamed-rings": rename_rings, "renamed-folder": rename_folder, "chmod-000": close_rings,
}


@pytest.mark.parametrize("case", CASES)
def test_files_change_under_a_running_engine(programs, start_engine, make_collector, shm, tmp_path, case):
    collector: Collector = make_collector("--no-storage", start=False)
    if case == "chmod-000" and os.geteuid() == 0:  # root may open anything: both run as somebody else
        os.chown(shm, OTHER, OTHER)
        os.chown(collector.folder, OTHER, OTHER)
        collector.user = OTHER
        for path in tmp_path.parents:
            if path.owner() == "root" and path.is_relative_to(Path("/tmp/")) and path != Path("/tmp"):
                path.chmod(0o755)
    collector.start()
    owner = ["setpriv", "--reuid", str(OTHER), "--clear-groups"] if collector.user else []
    hold = Path(shm) / "go-on"
    command = [*owner, programs / "engine", "changed", EVENTS, 0, 2]
    engine = start_engine(*command, ENGINE_HOLD_AT="1000", ENGINE_HOLD_UNTIL=str(hold))
    wait_until(lambda: (run := collector.run("changed")) and run["accepted"] == 2001, "it runs, and has emitted its first events")
    (folder,) = [path.parent for path in Path(shm).glob("*/run") if (path.parent / "ring-1").exists() and is_of(path, b"changed")]
    CASES[case](folder)
    hold.touch()
    assert f"accepted {2 * EVENTS} refused 0" in engine.communicate(timeout=120)[0]
    entry = collector.wait_status("changed", "completed")
    assert entry["accepted"] == 2 * EVENTS + 2 and entry["lost"] == 0 and entry["refused"] == 0


def is_of(run_file: Path, run_id: bytes) -> bool:
    with run_file.open("rb") as file:
        file.seek(136)  # run_id of teltel_run_header
        return file.read(256).split(b"\0")[0] == run_id


def test_a_folder_that_is_gone_refuses_new_threads_and_keeps_the_others(start_engine, live, shm, tmp_path):
    """A ring that cannot be made is a refusal, counted by its reason; the ring that is there goes on."""
    hold = Path(shm) / "go-on"
    engine = start_engine(compile_engine("late_thread", tmp_path), hold)
    wait_until(lambda: live.run("late"), "it runs")
    (folder,) = [path.parent for path in Path(shm).glob("*/run") if is_of(path, b"late")]
    shutil.rmtree(folder)
    hold.touch()
    assert engine.communicate(timeout=60)[0].split() == ["accepted", "100", "refused", "100"]
    entry = live.wait_status("late", "completed")
    assert entry["accepted"] == 102 and entry["refused"] == 100
