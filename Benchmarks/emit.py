"""What one event costs its engine, beside what the same event costs in other ways."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from processes import compile_program, environment, folders, run
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
        rows += [Row("emit", name, "its headers are not installed") for way, name in RIVALS.items() if way not in there]
    return rows


def row(shm: Path, program: Path, way: str, name: str, rounds: list[dict[str, str]]) -> Row:
    times = [float(entry[way]) for entry in rounds]
    return Row("emit", name, f"{spread(times)} ns CPU; {count_instructions(shm, program, way)}")


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
