"""What the actors of the soak share: the collector that comes and goes, the end of the show, what went wrong."""
from __future__ import annotations

import random
import threading
import time
import traceback

from support import Collector

AWAY = (OSError, EOFError, ValueError, AssertionError)  # what a client meets while the collector is away, or within an answer


class World:
    def __init__(self, collector: Collector, seed: int):
        self.collector = collector
        self.random = random.Random(seed)
        self.over = threading.Event()
        self.problems: list[str] = []
        self.counts: dict[str, float] = {}
        self.lock = threading.Lock()
        self.restarts: list[float] = []  # seconds from start to the URL
        self.begun = 0.0  # the newest of them
        self.samples: list[tuple[float, int]] = []
        self.runs: list = []
        self.followers: list = []
        self.posters: list = []

    def count(self, what: str, more: float = 1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + more

    def most(self, what: str, value: float):
        with self.lock:
            self.counts[what] = max(self.counts.get(what, 0), value)

    def require(self, holds: bool, what: str):
        if not holds:
            with self.lock:
                self.problems.append(what)

    def act(self, turn, *arguments):
        """A thread that does `turn` again and again; while the collector is away it tries once more."""

        def run():
            while not self.over.is_set():
                try:
                    turn(self, *arguments)
                except AWAY:
                    self.over.wait(0.1)
                except Exception:
                    self.require(False, traceback.format_exc())
                    return

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    # ---- the collector ----

    def start(self, *arguments: str):
        begin = time.monotonic()
        self.collector.start(*arguments)
        self.begun = time.monotonic()
        self.restarts.append(self.begun - begin)

    def end_collector(self):
        """As a crash does, or as a user does."""
        if self.random.random() < 0.7:
            self.collector.kill()
            self.count("collector killed")
        else:
            self.require(self.collector.stop() == 0, "the collector leaves with 0")
            self.count("collector stopped")
