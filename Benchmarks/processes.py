"""What the benchmarks start, and what it costs: programs, a collector of their own, CPU time."""
from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("TELTEL_BUILD", ROOT / "build"))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A benchmark cannot go on, or its counts do not add up."""


def wait_until(condition, what: str, patience: float, pause: float = 0.005):
    """The condition's first true value."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise BenchError(f"not within {patience:.0f} s: {what}")
        time.sleep(pause)
    return value


@contextlib.contextmanager
def folders():
    """A scratch folder on disk and one for rings in shared memory."""
    work = Path(tempfile.mkdtemp(prefix="teltel-bench-"))
    shm = Path(tempfile.mkdtemp(prefix="teltel-bench-", dir="/dev/shm"))
    try:
        yield work, shm
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(shm, ignore_errors=True)


def compile_program(source: Path, folder: Path, *libraries: str) -> Path:
    program = folder / source.stem
    library = [f"-I{BUILD / 'include'}", f"-I{source.parent}", f"-L{BUILD / 'lib'}", f"-Wl,-rpath,{BUILD / 'lib'}", "-lteltel", "-pthread", "-lm"]
    compiler = ["g++", "-std=c++17"] if source.suffix == ".cpp" else ["gcc", "-std=gnu11"]
    subprocess.run([*compiler, "-O2", "-Wall", "-Werror", str(source), "-o", str(program), *library, *libraries], check=True)
    return program


def environment(shm: Path) -> dict:
    return {**os.environ, "TELTEL_SHM_DIR": str(shm)}


def run(shm: Path, *command, **variables) -> tuple[str, float]:
    """What the program prints, and the CPU seconds of its whole life."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [str(part) for part in command], env={**environment(shm), **variables}, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise BenchError(f"{command[0]} ended with {done.returncode}: {done.stderr}")
    return done.stdout, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def stat(process_id: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third one on; a name may hold spaces, so they begin after the last bracket."""
    return Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()


def cpu_seconds(process_id: int) -> float:
    fields = stat(process_id)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def children(process_id: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended while we looked
            if int(stat(int(entry.name))[1]) == process_id:
                found.append(int(entry.name))
    return found


class Collector:
    """A `teltel collect` with folders of its own; leaves at the end of the `with`."""

    def __init__(self, work: Path, shm: Path, *arguments: str, variables: dict[str, str] | None = None):
        self.log = work / "collector.log"
        command = [BUILD / "bin/teltel", "collect", "--port", 0, "--shm-dir", shm, "--data-dir", work / "data", *arguments]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, env={**os.environ, **(variables or {})})
        try:
            self.url = wait_until(self._url, "the collector prints its URL", 60)
        except BenchError:
            self.process.kill()
            raise

    def _url(self):
        text = self.log.read_text(errors="replace")
        if self.process.poll() is not None:
            raise BenchError(f"the collector left:\n{text}")
        return next((line.split()[1].rstrip("/") for line in text.splitlines() if line.startswith("url ")), None)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read().decode()

    def ready(self) -> bool:
        try:
            return json.loads(self.get("/api/ready"))["storage"]["state"] == "ok"
        except urllib.error.HTTPError:  # 503: not yet
            return False

    def run(self, run_id: str) -> dict | None:
        return next((entry for entry in json.loads(self.get("/api/runs")) if entry["runId"] == run_id), None)

    def ended(self, run_id: str) -> dict | None:
        entry = self.run(run_id)
        return entry if entry and entry["status"] != "running" else None

    def metric(self, name: str) -> float:
        lines = (line for line in self.get("/metrics").splitlines() if line.split("{")[0].split(" ")[0] == name)
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
