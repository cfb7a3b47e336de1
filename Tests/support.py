"""What end-to-end tests share: paths, waiting for conditions, a running collector."""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("TELTEL_BUILD", ROOT / "build"))
PATIENCE = 30.0  # seconds until a condition that should hold at once is called a failure


def wait_until(condition, what: str, patience: float = PATIENCE):
    """Returns the condition's first true value; fails with `what` when the patience is over."""
    pause = threading.Event()
    begin = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - begin
        assert waited < patience, f"not within {patience:.0f} s: {what}"
        # What takes long is asked for more seldom: many of the conditions cost a collector something that other tests wait for.
        pause.wait(min(0.05, max(0.01, waited / 20)))


class Collector:
    """A running `teltel collect` with folders of its own."""

    def __init__(self, folder: Path, shm: str, arguments: list[str]):
        self.folder = folder
        self.shm = shm
        self.data = folder / "data"
        self.arguments = arguments
        self.program = BUILD / "bin/teltel"
        self.prefix: list[str] = []  # a program that becomes the collector
        self.user: int | None = None  # another than the tests' own: only root can
        self.variables: dict[str, str] = {}  # of the environment, besides the tests' own
        self.process: subprocess.Popen | None = None
        self.port = 0

    def start(self, *more: str) -> "Collector":
        """On a free port each time: the one before may have been given to somebody else."""
        self.log = open(self.folder / "collector.log", "ab", buffering=0)
        begin = self.log.tell()
        command = [self.program, "collect", "--port", "0", "--shm-dir", self.shm, "--data-dir", self.data]
        self.process = subprocess.Popen(
            [*self.prefix, *map(str, command), *self.arguments, *more], stdout=self.log, stderr=self.log, user=self.user,
            env={**os.environ, **self.variables})

        def url():
            assert self.process.poll() is None, "collector left:\n" + self.output(begin)
            lines = [line for line in self.output(begin).splitlines() if line.startswith("url ")]
            return lines and lines[0].split()[1]

        self.url = wait_until(url, "the collector prints its URL").rstrip("/")
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def output(self, begin: int = 0) -> str:
        return (self.folder / "collector.log").read_bytes()[begin:].decode(errors="replace")

    def request(self, path: str, data: bytes | None = None, headers: dict | None = None, method: str | None = None):
        """Status, headers, body; errors of HTTP are answers too."""
        request = urllib.request.Request(self.url + path, data=data, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def json(self, path: str):
        return json.loads(self.request(path)[2])

    def run(self, run_id: str):
        return next((run for run in self.json("/api/runs") if run["runId"] == run_id), None)

    def wait_status(self, run_id: str, status: str):
        def reached():
            run = self.run(run_id)
            return run if run and run["status"] == status else None

        return wait_until(reached, f"run {run_id} is {status}; now: {self.run(run_id)}")

    def metric(self, name: str) -> float:
        total = 0.0
        for line in self.request("/metrics")[2].decode().splitlines():
            if line.split("{")[0].split(" ")[0] == name:
                total += float(line.rsplit(" ", 1)[1])
        return total

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, as a user's Ctrl-C would; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@contextmanager
def lasting(folder: Path, *arguments: str):
    """A collector with rings of its own that more than one test asks: killed at the end."""
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    collector = Collector(folder, shm, list(arguments))
    try:
        yield collector.start()
    finally:
        if collector.process:
            collector.kill()
        shutil.rmtree(shm, ignore_errors=True)
