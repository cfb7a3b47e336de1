"""Shared memory that is not as it should be: `run_start` says why, and no signal comes later. In a mount namespace of its own."""
import os
import re
import subprocess

import pytest
from fault_support import compile_engine, environment, instances

NO_SPACE, PERMISSION, SYSTEM = -5, -6, -7  # of teltel.h
as_root = pytest.mark.skipif(
    subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0, reason="mounting needs root")
OWN = f"/dev/shm/teltel-{os.getuid()}"


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    return compile_engine("space", tmp_path_factory.mktemp("space"))


def in_namespace(prepare: str, *command) -> str:
    """What the engine prints after `prepare`, a line of shell, has changed the mounts that only it sees."""
    script = f"set -e; {prepare}; exec \"$@\""
    variables = {name: value for name, value in environment("").items() if name != "TELTEL_SHM_DIR"}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *map(str, command)], env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def tmpfs(options: str, at: str = "/dev/shm") -> str:
    return f"mount -t tmpfs -o {options} tmpfs {at}"


STARTS = {
    "missing": (tmpfs("size=1m", "/dev"), SYSTEM, "No such file or directory"),
    "read-only": (tmpfs("ro"), PERMISSION, "Read-only file system"),
    "tiny": (tmpfs("size=300k"), NO_SPACE, "No space left"),
    "no-inodes": (tmpfs("nr_inodes=3"), NO_SPACE, "No space left"),
    "full": (f"{tmpfs('size=1m')}; cat /dev/zero >/dev/shm/other 2>/dev/null || true", NO_SPACE, "No space left"),
    "squatted": (f"{tmpfs('size=1m')}; mkdir -m 700 {OWN}; chown 65534 {OWN}", PERMISSION, "belongs to another user"),
    "squatted-by-a-file": (f"{tmpfs('size=1m')}; touch {OWN}", SYSTEM, "Not a directory"),
    "squatted-by-a-link": (f"{tmpfs('size=1m')}; mkdir -m 700 /dev/shm/x; ln -s x {OWN}", SYSTEM, "Not a directory"),
    "open-to-others": (f"{tmpfs('size=1m')}; mkdir {OWN}; chmod 770 {OWN}", PERMISSION, "must have mode 0700"),
}


@as_root
@pytest.mark.parametrize("case", STARTS)
def test_run_start_says_why(space, case):
    prepare, wanted, reason = STARTS[case]
    status, _, said = in_namespace(prepare, space).strip().partition(" ")
    assert (int(status), reason in said, OWN in said or "cannot make" in said) == (wanted, True, True), said


@as_root
def test_memory_that_fills_up_later(space):
    """Rings are allocated in full when they are made: no SIGBUS, whatever others do to the file system."""
    first, *threads, define, dropped = in_namespace(tmpfs("size=2m"), space, 5000, "/dev/shm/other").splitlines()
    assert first == "0 "
    accepted, full, none = zip(*(map(int, re.findall(r"\d+", line)[1:]) for line in threads))
    # One ring of 256 KiB was made before: the whole of it can be used. A second thread gets none.
    assert accepted[0] > 4000 and full[0] == 5000 - accepted[0] and none[0] == 0
    assert accepted[1] == full[1] == 0 and none[1] == 5000
    assert define.startswith(f"define: {NO_SPACE} ") and "No space left" in define
    assert int(dropped.split()[1]) == full[0] + none[1]


def test_the_default_folder_is_made_private(space, tmp_path):
    shm = tmp_path / "rings"
    done = subprocess.run([space], env=environment(shm), capture_output=True, text=True, timeout=60)
    assert done.stdout == "0 \n" and shm.stat().st_mode & 0o777 == 0o700
    assert [instance.header["run_id"] for instance in instances(shm)] == ["space"]
