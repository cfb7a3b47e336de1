"""Repeats tests beside a load that keeps all cores busy: what passes here does not lean on a machine that happens to be quick.

usage: test_stress.py [--times N] [--report FOLDER] TEST... [-- ARGUMENTS OF PYTEST...]

The output of each round that fails stays in the report's folder. Exit code 0: all rounds have passed, 1: some have not, 2: there
was nothing to run.
"""
from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PASSED, FAILED = 0, 1  # exit codes of pytest; the others mean that no test could be run at all


@contextmanager
def load():
    """One process for each core that does nothing but take its time. It ends with this one, whichever way that ends."""
    busy = "import os, sys\nparent = int(sys.argv[1])\nwhile os.getppid() == parent:\n    sum(range(100_000))"
    processes = [subprocess.Popen([sys.executable, "-c", busy, str(os.getpid())]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run_round(names: list[str], output: Path) -> int:
    command = [sys.executable, "-m", "pytest", *names, "-q", "-p", "no:cacheprovider"]
    with open(output, "wb") as file:
        return subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT).returncode


def failures(output: str) -> list[str]:
    return re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.M)


def main() -> int:
    parser = argparse.ArgumentParser(description="Repeats tests beside a load on all cores.")
    parser.add_argument("--times", type=int, default=20, metavar="N")
    parser.add_argument("--report", type=Path, default=ROOT / "build/test-stress", metavar="FOLDER")
    parser.add_argument("names", nargs="*", metavar="TEST")
    arguments, more = parser.parse_known_args()
    if not arguments.names or arguments.times < 1:
        print('which tests, how often? For instance: make test-stress NAMES="Tests/e2e/test_tail.py" TIMES=20', file=sys.stderr)
        return 2
    shutil.rmtree(arguments.report, ignore_errors=True)
    arguments.report.mkdir(parents=True)
    done, bad_rounds, failed = 0, 0, Counter()
    try:
        with load():
            for number in range(1, arguments.times + 1):
                output = arguments.report / f"round-{number}.txt"
                begin = time.monotonic()
                code = run_round([*arguments.names, *more], output)
                text = output.read_text(errors="replace")
                if code not in (PASSED, FAILED):
                    print(text, file=sys.stderr)
                    return 2
                done += 1
                said = text.strip().splitlines()[-1:] or ["pytest said nothing"]
                print(f"round {number} of {arguments.times}, {time.monotonic() - begin:.1f} s: {said[0].strip('= ')}", flush=True)
                if code == PASSED:
                    output.unlink()
                    continue
                bad_rounds += 1
                failed.update(failures(text))
                for name in failures(text):
                    print(f"  FAILED {name}", flush=True)
    except KeyboardInterrupt:
        print()
    for name, times in failed.most_common():
        print(f"failed {times} times of {done}: {name}")
    print(f"{done} rounds beside a load, {bad_rounds} failed" + (f"; their output is in {arguments.report}" if bad_rounds else ""))
    return 1 if bad_rounds or done < arguments.times else 0


if __name__ == "__main__":
    sys.exit(main())
