"""Engines that are killed at random moments, very often, and after each few instructions of what takes long.

    build/test-python/bin/python Tests/soak/engine.py KILLS [--seed N] [--output FILE]

Compares what is stored with the engines' own files (Tests/faults/kills.py). The figures are printed and written to a file; the
exit code is 1 if anything does not hold.
"""
from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE.parent / "e2e", HERE.parent / "faults", HERE.parent):
    sys.path.insert(0, str(folder))

from fault_support import compile_engine, removed_when_old
from kills import check, kill_many
from support import ROOT, Collector, wait_until
from test_steps import kill_after_each, samples

STRIDE = 37  # instructions between two kills of a slow call: it has thousands


def kill_at_random(folder: Path, shm: str, kills: int, seed: int) -> tuple[list[str], list[str]]:
    """The figures, and what is wrong."""
    (folder / "collector").mkdir()
    (folder / "truths").mkdir()
    collector = Collector(folder / "collector", shm, ["--live-capacity", "100"]).start()
    try:
        names = kill_many(compile_engine("many_runs", folder), shm, folder / "truths", kills, seed)
        sums, problems = check(collector, names, folder / "truths")
        wait_until(lambda: removed_when_old(shm), "the rings of dead engines are gone", 120)
        if collector.stop() != 0:
            problems.append("the collector does not leave with 0")
    finally:
        if collector.process.poll() is None:
            collector.kill()
    order = ["runs", "attempted", "accepted", "refused", "stored", "lost"]
    order += [name for name in sorted(sums) if name not in order]
    return [f"engines killed: {kills}", *(f"{name}: {sums[name]}" for name in order)], problems


def kill_slow_calls(folder: Path, stride: int) -> tuple[list[str], list[str]]:
    step, figures, problems = compile_engine("step", folder, "-Wl,-z,now"), [], []
    for thing in ("define", "end"):
        shm = tempfile.mkdtemp(prefix="teltel-soak-", dir="/dev/shm")
        try:
            made, before = kill_after_each(step, shm, "instruction", thing, stride)
            figures.append(f"killed every {stride} instructions of {thing}: {len(made)}")
            if any(len(samples(instance)) != before for instance in made):
                problems.append(f"{thing}: an event has gone, or has come from nowhere")
        finally:
            shutil.rmtree(shm, ignore_errors=True)
    return figures, problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--stride", type=int, default=STRIDE)
    parser.add_argument("--output", type=Path, default=ROOT / "build/soak-engine.txt")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="teltel-soak-"))
    shm = tempfile.mkdtemp(prefix="teltel-soak-", dir="/dev/shm")
    begin = time.monotonic()
    try:
        figures, problems = kill_at_random(folder, shm, given.kills, given.seed)
        more, wrong = kill_slow_calls(folder, given.stride)
        lines = [f"soak-engine: seed {given.seed}, {(time.monotonic() - begin) / 60:.1f} minutes", *figures, *more]
        lines += [f"PROBLEM: {problem}" for problem in problems + wrong] or ["all invariants hold"]
        print("\n".join(lines))
        given.output.write_text("\n".join(lines) + "\n")
        return 1 if problems or wrong else 0
    finally:
        shutil.rmtree(shm, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
