"""A ring that nobody empties: the sender waits, the collector's memory does not grow, and what is given up is counted."""
import contextlib
import ctypes
import json
import os
import threading
from pathlib import Path

import pytest
from bodies import frames, line, ndjson
from support import wait_until
from test_ingest_encoding import memory
from wire import Wire, head

RING = 32 << 20
SEIZE, INTERRUPT, CONTINUE, DETACH = 0x4206, 0x4207, 7, 17
FUTEX = {"x86_64": "202", "aarch64": "98"}[os.uname().machine]
ANY_CHILD = 0x40000000  # __WALL: threads, too


@contextlib.contextmanager
def frozen(collector, name: str):
    """Stops one thread of the collector, as a debugger would, while it sleeps: it must not hold a lock that others want."""
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    tasks = Path(f"/proc/{collector.process.pid}/task")
    thread = wait_until(
        lambda: next((int(task.name) for task in tasks.iterdir() if (task / "comm").read_text().strip() == name), None),
        f"the thread {name} is there")

    def trace(request: int):
        if library.ptrace(request, thread, None, None) != 0:
            pytest.fail(f"ptrace: {os.strerror(ctypes.get_errno())}; this test needs to stop a thread")

    def stopped_asleep() -> bool:
        trace(INTERRUPT)
        os.waitpid(thread, ANY_CHILD)
        if (tasks / str(thread) / "syscall").read_text().split()[0] == FUTEX:
            return True
        trace(CONTINUE)
        return False

    trace(SEIZE)
    wait_until(stopped_asleep, f"the thread {name} sleeps")
    try:
        yield lambda: trace(DETACH)
    finally:
        library.ptrace(DETACH, thread, None, None)


class Sender(threading.Thread):
    """Posts the same body so many times over one connection, and adds up the answers."""

    def __init__(self, collector, body: bytes, times: int, shape: str = "short"):
        super().__init__(daemon=True)
        self.collector, self.body, self.times, self.shape = collector, body, times, shape
        self.answers: list[dict] = []
        self.start()

    def run(self):
        request = Wire(self.collector)
        for _ in range(self.times):
            if self.shape == "long":
                request.post().chunk(self.body).end()
            elif self.shape == "in pieces":
                request.post(f"Content-Length: {len(self.body)}").send(self.body)
            else:
                request.send(head("POST", "/api/ingest", f"Content-Length: {len(self.body)}") + self.body)
            self.answers.append(request.answer().json)

    def sum(self, name: str) -> int:
        return sum(answer[name] for answer in self.answers)


BODY = ndjson(*[line(frameIndex=index, payload="x" * 5500) for index in range(10)])
# Enough for one ring: the posts of a connection share it.
POSTS = RING // len(BODY) + 100


@pytest.mark.parametrize("shape", ["short", "in pieces", "long"])
def test_the_sender_waits_for_room(live, shape):
    with frozen(live, "teltel-live") as thaw:
        before = memory(live)
        sender = Sender(live, BODY, POSTS, shape)
        nearly = RING // len(BODY) * 10 * 9 // 10
        wait_until(lambda: live.metric("teltel_ingest_accepted_events_total") >= nearly, "the rings are nearly full")
        assert len(sender.answers) < POSTS and memory(live) - before < 32 << 20
        thaw()
        sender.join(60)
    assert (sender.sum("accepted"), sender.sum("dropped"), len(sender.answers)) == (POSTS * 10, 0, POSTS)


def test_what_finds_no_room_is_given_up_and_counted(live):
    with frozen(live, "teltel-live") as thaw:
        sender = Sender(live, BODY, POSTS)
        wait_until(lambda: sender.sum("dropped") > 0, "lines are given up", patience=60)
        assert live.request("/api/health")[0] == 200
        thaw()
        sender.join(60)
    accepted, dropped = sender.sum("accepted"), sender.sum("dropped")
    assert accepted + dropped == POSTS * 10 and sender.sum("rejected") == 0
    assert live.metric("teltel_ingest_dropped_events_total") == dropped
    assert live.metric("teltel_ingest_accepted_events_total") == accepted
    wait_until(lambda: live.run("posted") and live.run("posted")["accepted"] == accepted, "what was accepted is live")
    # There is room again: nothing is given up any more.
    last = Sender(live, frames(10), 1)
    last.join(30)
    assert last.answers == [{"accepted": 10, "rejected": 0, "dropped": 0, "errors": []}]
