"""Killed between an insert and its answer, very often.

    build/test-python/bin/python Tests/soak/storage.py KILLS [--seed N] [--output FILE]

Compares what is stored with what was accepted (Tests/e2e/insert_kills.py). The figures are printed and written to a file; the exit
code is 1 if anything does not hold.
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
for folder in (HERE.parent / "e2e", HERE.parent):
    sys.path.insert(0, str(folder))

from clickhouse import Gate, Server
from insert_kills import post_and_kill
from support import ROOT, Collector


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--output", type=Path, default=ROOT / "build/soak-storage.txt")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="teltel-soak-"))
    shm = tempfile.mkdtemp(prefix="teltel-soak-", dir="/dev/shm")
    begin = time.monotonic()
    server = Server(folder)
    gate = Gate(server.connect)
    collector = Collector(folder, shm, ["--clickhouse-url", gate.url]).start()
    try:
        figures, problems = post_and_kill(collector, server, gate, given.kills, given.seed)
        if collector.stop() != 0:
            problems.append("the collector does not leave with 0")
    finally:
        if collector.process.poll() is None:
            collector.kill()
        gate.close()
        server.kill()
        shutil.rmtree(shm, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    lines = [f"soak-storage: {(time.monotonic() - begin) / 60:.1f} minutes", *(f"{name}: {value}" for name, value in figures.items())]
    lines += [f"PROBLEM: {problem}" for problem in problems] or ["all invariants hold"]
    print("\n".join(lines))
    given.output.write_text("\n".join(lines) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
