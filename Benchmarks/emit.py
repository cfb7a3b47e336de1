"""What one event costs its engine, beside what the same event costs in other ways."""
from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path

from processes import Collector, compile_program, environment, folders, run
from sections import Row, Scale, check, spread

HERE = Path(__file__).resolve().parent

OURS = {
    "loop": "empty loop", "copy": "memcpy into a 4 MiB circle", "call": "the same through a function pointer",
    "implicit": "teltel_emit", "writer": "teltel_writer_emit", "reserve": "reserve, fill, commit", "typed": "C++ Type::emit",
    "small": "teltel_emit, 16 bytes", "large": "teltel_emit, 4 KiB", "null": "no run", "disabled": "a type that TELTEL_ENABLE leaves out",
    "full": "full ring", "frame_start": "teltel_frame_start, with its clock mark"}
RIVALS = {
    "boost": "Boost.Lockfree spsc_queue, in one process", "spdlog": "spdlog, asynchronous, 3 values, thrown away",
    "fwrite": "fwrite into shared memory", "datagram": "datagram on a Unix socket", "print": "printed as JSON, not sent",
    "json": "printed as JSON, datagram on a Unix socket"}
# Both programs are given it: of all ways only one asks for it.
VARIABLES = {"TELTEL_ENABLE": "*,bench.off:0"}


def emit(scale: Scale) -> list[Row]:
    with folders() as (work, shm):
        ours, rivals = (compile_program(HERE / name, work) for name in ("emit.cpp", "rivals.cpp"))
        there = set(subprocess.run([rivals, "ways"], capture_output=True, text=True, check=True).stdout.split())
        rounds: list[dict[str, str]] = []
        for _ in range(scale.emit_rounds):
            measured: dict[str, str] = {}
            for program in (rivals, ours):  # the loop that counts is ours
                words = run(shm, program, "time", 1, **VARIABLES)[0].split()
                measured |= dict(zip(words[::2], words[1::2]))
            rounds.append(measured)
        check(all(entry["refused"] == "0" for entry in rounds), "events were refused although the ring had room")
        rows = [row(shm, ours, way, name, rounds) for way, name in OURS.items()]
        rows += [row(shm, rivals, way, name, rounds) for way, name in RIVALS.items() if way in there]
        rows += threads(scale, shm, ours) + delays(shm, ours, work)
        rows += [Row("emit", name, "its headers are not installed") for way, name in RIVALS.items() if way not in there]
    return rows


def row(shm: Path, program: Path, way: str, name: str, rounds: list[dict[str, str]]) -> Row:
    times = [float(entry[way]) for entry in rounds]
    return Row("emit", name, f"{spread(times)} ns CPU; {count_instructions(shm, program, way)}")


def threads(scale: Scale, shm: Path, program: Path) -> list[Row]:
    rows = []
    for count in (1, 2, 3, 4):
        times = []
        for _ in range(scale.emit_rounds):
            _, refused, *each = run(shm, program, "threads", count)[0].split()
            check(refused == "0", "events were refused although the ring had room")
            times += map(float, each)
        rows.append(Row("emit", f"teltel_emit in {count} thread{'s' * (count > 1)}, each", f"{spread(times)} ns"))
    return rows


def delays(shm: Path, program: Path, work: Path) -> list[Row]:
    """Of single calls, at about 500,000 events a second."""
    def row(what: str, events: int, skipped: int = 0) -> Row:
        _, _, *each = run(shm, program, "delays", events)[0].split()
        if not each:
            return Row("emit", what, "no time stamp counter")
        steady = sorted(map(int, each[skipped:]))
        parts = [f"p{100 * part:g} {steady[int(len(steady) * part)]}" for part in (0.5, 0.99, 0.999)]
        return Row("emit", what, ", ".join([*parts, f"max {steady[-1]} ns"]))

    fits = 30_000
    rows = [row("a call, no collector", fits), row("a call, ring full", 3 * fits, 2 * fits)]
    with Collector(work, shm, "--no-storage") as collector:
        rows.append(row("a call, a collector takes all", 10 * fits))
        collector.process.send_signal(signal.SIGSTOP)
        rows.append(row("a call, the collector is stopped", fits))
        collector.process.send_signal(signal.SIGCONT)
    return rows


def count_instructions(shm: Path, program: Path, way: str, events: int = 900) -> str:
    """Of the thread that emits."""
    if not shutil.which("valgrind"):
        return "instructions: valgrind is missing"
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured"]
    done = subprocess.run(
        [*command, str(program), "count", way, str(events)], env={**environment(shm), **VARIABLES}, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    check(done.returncode == 0 and found is not None, f"callgrind failed: {done.stderr}")
    return f"{int(found[1]) / events:.1f} instructions"
