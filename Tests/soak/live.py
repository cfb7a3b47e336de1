"""The live path under everything at once: engines, posters, subscribers, hostile clients, and a collector that is killed and restarted.

    build/test-python/bin/python Tests/soak/live.py MINUTES [--seed N] [--output FILE]

Ends with the invariants of docs/reliability.md, checked against what the engines and posters know themselves. The figures are
printed and written to a file; the exit code is 1 if anything does not hold.
"""
from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE.parent / "e2e", HERE.parent):
    sys.path.insert(0, str(folder))

import clients
import engines
import final
from support import BUILD, ROOT, Collector
from world import World

OPTIONS = ["--live-capacity", "200000", "--live-mib", "64", "--idle-timeout", "10s", "--decoder-memory-mib", "64"]


def compile_engine(folder: Path) -> Path:
    library = [f"-I{BUILD / 'include'}", f"-L{BUILD / 'lib'}", "-lteltel", "-lpthread", "-lm"]
    command = ["gcc", "-O2", HERE.parent / "e2e/engine.c", "-o", folder / "engine", *library]
    subprocess.run([str(part) for part in command], check=True)
    return folder / "engine"


def sample(world: World):
    """Memory and descriptors of a collector that has had time to fill its buffers."""
    world.over.wait(2)
    process = world.collector.process
    if time.monotonic() - world.begun < 10 or process.poll() is not None:
        return
    status = Path(f"/proc/{process.pid}/status").read_text()
    anonymous = next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("RssAnon")), None)
    if anonymous is not None:  # it has just been killed
        world.samples.append((anonymous, len(os.listdir(f"/proc/{process.pid}/fd"))))


def play(world: World, seconds: float, program: Path, folder: Path, shm: str):
    world.posters = [clients.Poster(f"posted-{number}") for number in range(2)]
    drivers = [world.act(engines.drive, lane, program, folder, shm, world.runs) for lane in range(2)]
    drivers += [world.act(poster.turn) for poster in world.posters]
    for turn in (clients.watch_columns, clients.never_read, clients.never_read, clients.vanish, clients.harm, clients.harm, sample):
        world.act(turn)
    end = time.monotonic() + seconds
    # Lives of a few seconds and of a few minutes, and more than one of them in any soak.
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, seconds / 3, world.random.choice([3, 15, 40, 120])))
        if time.monotonic() < end:
            world.end_collector()
            world.start()
            print(f"soak: {max(0, end - time.monotonic()) / 60:.1f} minutes left, {len(world.problems)} problems", flush=True)
    return drivers


FILLED = 600  # seconds until all buffers are surely full: shorter soaks only print their memory


def flat(world: World, seconds: float) -> list[str]:
    """The last third of the samples against the first: what grows with time would show."""
    lines = []
    for index, (what, room) in enumerate([("anonymous memory, MiB", 64), ("descriptors", 64)]):
        values = [sample[index] for sample in world.samples]
        third = len(values) // 3
        if third < 3:
            lines.append(f"{what}: too few samples ({len(values)})")
            continue
        first, last = statistics.median(values[:third]), statistics.median(values[-third:])
        world.require(seconds < FILLED or last <= first * 1.25 + room, f"{what} grow: {first:.0f} at first, {last:.0f} at the end")
        lines.append(f"{what}: median {first:.0f} at first, {last:.0f} at the end, at most {max(values):.0f}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--output", type=Path, default=ROOT / "build/soak-live.txt")
    given = parser.parse_args()
    seconds = given.minutes * 60
    folder = Path(tempfile.mkdtemp(prefix="teltel-soak-"))
    shm = tempfile.mkdtemp(prefix="teltel-soak-", dir="/dev/shm")
    collector = Collector(folder, shm, OPTIONS)
    world = World(collector, given.seed)
    try:
        world.start()
        drivers = play(world, seconds, compile_engine(folder), folder, shm)
        world.over.set()
        for driver in drivers:
            driver.join(120)
        final.check(world)
        figures = [f"{what}: {value:.0f}" for what, value in sorted(world.counts.items())]
        figures.append(f"start of a collector, s: median {statistics.median(world.restarts):.2f}, at most {max(world.restarts):.2f}")
        lines = [f"soak-live: {seconds / 60:g} minutes, seed {given.seed}", *figures, *flat(world, seconds)]
        lines += [f"PROBLEM: {problem}" for problem in world.problems] or ["all invariants hold"]
        print("\n".join(lines))
        given.output.write_text("\n".join(lines) + "\n")
        if world.problems:
            shutil.copy(folder / "collector.log", given.output.with_suffix(".log"))
        return 1 if world.problems else 0
    finally:
        for run in world.runs:
            if run.process.poll() is None:
                run.process.kill()
        if collector.process and collector.process.poll() is None:
            collector.kill()
        shutil.rmtree(shm, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
