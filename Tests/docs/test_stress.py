"""`make test-stress` tells how often which test has failed, and its exit code says whether any has."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SOMETIMES = '''
import os
from pathlib import Path

def test_good():
    assert len(os.sched_getaffinity(0)) >= 1

def test_every_second_time():
    state = Path(__file__).with_name("state")
    fails = state.exists()
    state.unlink() if fails else state.write_text("")
    assert not fails
'''


def stress(folder: Path, *arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "scripts/test_stress.py", "--report", folder / "report", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)


def test_a_test_that_fails_now_and_then_is_found(tmp_path):
    tests = tmp_path / "test_sometimes.py"
    tests.write_text(SOMETIMES)
    done = stress(tmp_path, "--times", 2, tests)
    assert done.returncode == 1, done
    *rounds, named, summed = [line for line in done.stdout.splitlines() if "  FAILED" not in line]
    assert len(rounds) == 2 and all(line.startswith(f"round {number} of 2, ") for number, line in enumerate(rounds, 1))
    assert named.startswith("failed 1 times of 2: ") and named.endswith("test_sometimes.py::test_every_second_time")
    assert summed.startswith("2 rounds beside a load, 1 failed; ")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["round-2.txt"]
    good = stress(tmp_path, "--times", 1, f"{tests}::test_good")
    assert (good.returncode, good.stdout.splitlines()[-1]) == (0, "1 rounds beside a load, 0 failed")


def test_no_test_is_no_success(tmp_path):
    for names in ([], [tmp_path / "test_none.py"]):
        done = stress(tmp_path, *names)
        assert done.returncode == 2 and done.stderr, done
