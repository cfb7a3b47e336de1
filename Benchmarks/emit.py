"""What one event costs its engine, beside what the same event costs in other ways."""
from __future__ import annotations

import contextlib
import re
import shutil
import signal
import statistics
import subprocess
from pathlib import Path

import lttng
from histogram import percentiles
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
    "moodycamel": "ReaderWriterQueue, in one process", "fwrite": "fwrite into shared memory", "datagram": "datagram on a Unix socket", "print": "printed as JSON, not sent",
    "json": "printed as JSON, datagram on a Unix socket", "lttng_array": "LTTng-UST, the values as one array",
    "lttng_fields": "LTTng-UST, 14 fields"}
# Both programs are given it: of all ways only one asks for it.
VARIABLES = {"TELTEL_ENABLE": "*,bench.off:0"}


def emit(scale: Scale) -> list[Row]:
    with folders() as (work, shm), contextlib.ExitStack() as stack:
        ours, rivals = (compile_program(HERE / name, work) for name in ("emit.cpp", "rivals.cpp"))
        programs = {rivals: VARIABLES, ours: VARIABLES}  # of two loops that count, the last one is ours
        if lttng.installed():
            variables = stack.enter_context(lttng.recording(work))
            if variables:
                programs = {compile_program(HERE / "rivals_lttng.cpp", work, "-llttng-ust", "-ldl"): variables, **programs}
        there = {way: program for program in programs if program != ours for way in ways(program)}
        rounds: list[dict[str, str]] = []
        for _ in range(scale.emit_rounds):
            measured: dict[str, str] = {}
            for program, variables in programs.items():
                words = run(shm, program, "time", 1, **variables)[0].split()
                measured |= dict(zip(words[::2], words[1::2]))
            rounds.append(measured)
        check(all(entry["refused"] == "0" for entry in rounds), "events were refused although the ring had room")
        rows = [row(shm, ours, way, name, rounds, VARIABLES) for way, name in OURS.items()]
        for way, name in RIVALS.items():
            if way in there:
                rows.append(row(shm, there[way], way, name, rounds, programs[there[way]], compared=True))
            else:
                rows.append(Row("emit", name, "its headers are not installed"))
        rows += threads(scale, shm, ours) + delays(shm, ours, work)
    return rows


def ways(program: Path) -> list[str]:
    return subprocess.run([program, "ways"], capture_output=True, text=True, check=True).stdout.split()


def row(
    shm: Path, program: Path, way: str, name: str, rounds: list[dict[str, str]], variables: dict[str, str], compared: bool = False
) -> Row:
    times = [float(entry[way]) for entry in rounds]
    ratio = statistics.median(float(entry[way]) / float(entry["implicit"]) for entry in rounds)
    text = f"{spread(times)} ns CPU, {ratio:.1f} of teltel_emit" if compared else f"{spread(times)} ns CPU"
    return Row("emit", name, f"{text}; {count_instructions(shm, program, way, variables)}")


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
    """Of single calls, at about 500,000 events a second; between them, of the same measurement around nothing and around a memcpy:
    what of it is the clock's and the machine's."""
    def row(what: str, events: int, skipped: int = 0) -> Row:
        lines = run(shm, program, "delays", events)[0].splitlines()[1:]
        if not lines:
            return Row("emit", what, "no time stamp counter")
        parts = []
        for name, *each in map(str.split, lines):
            median, high, highest, most = percentiles([int(value) for value in each[skipped:]], (50, 99, 99.9, 100))
            parts.append(f"{name}: p50 {median}, p99 {high}, p99.9 {highest}, max {most}")
        return Row("emit", what, "; ".join(parts) + " ns")

    fits = 30_000
    rows = [row("a call, no collector", fits), row("a call, ring full", 3 * fits, 2 * fits)]
    with Collector(work, shm, "--no-storage") as collector:
        rows.append(row("a call, a collector takes all", 10 * fits))
        collector.process.send_signal(signal.SIGSTOP)
        rows.append(row("a call, the collector is stopped", fits))
        collector.process.send_signal(signal.SIGCONT)
    return rows


def count_instructions(shm: Path, program: Path, way: str, variables: dict[str, str], events: int = 900) -> str:
    """Of the thread that emits."""
    if not shutil.which("valgrind"):
        return "instructions: valgrind is missing"
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured"]
    done = subprocess.run(
        [*command, str(program), "count", way, str(events)], env={**environment(shm), **variables}, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    check(done.returncode == 0 and found is not None, f"callgrind failed: {done.stderr}")
    return f"{int(found[1]) / events:.1f} instructions"
