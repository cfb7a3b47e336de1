"""`teltel runs`: which runs it lists, and how they fit into a terminal."""
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from support import BUILD, wait_until

TELTEL = BUILD / "bin/teltel"
LONG = "ci/nightly/2026-11-30/" + "a-very-long-branch-name-" * 8 + "/job-4711"
HOUR_MS = 3_600_000


def post(collector, run, status=None, hours_ago=0, tags=None, events=1):
    now = int(time.time() * 1000) - hours_ago * HOUR_MS
    base = {"v": 1, "runId": run, "sourceId": "engine", "wallTimeMs": now}
    lines = [{**base, "type": "run.start", "channel": "run", "tags": tags or {}, "payload": {}}]
    lines += [{**base, "type": "t", "channel": "c", "frameIndex": frame, "payload": {"x": frame}} for frame in range(events)]
    if status:
        lines.append({**base, "type": "run.end", "channel": "run", "payload": {"status": status, "reason": f"it {status} in the end"}})
    assert collector.request("/api/ingest", "".join(json.dumps(line) + "\n" for line in lines).encode())[0] == 202


@pytest.fixture(scope="module")
def listed(shared):
    post(shared, LONG, "completed", 1, {"car": "red", "lap": "1"}, events=1234)
    post(shared, "crashed", "failed", 5, {"car": "blue"})
    post(shared, "old", "completed", 24 * 30, {"car": "red"})
    post(shared, "now", None, 0)
    for k in range(60):
        post(shared, f"many-{k}", "cancelled", 48)
    wait_until(lambda: len(shared.json("/api/runs")) == 64, "all are known")
    return shared


def runs(collector, *arguments, zone="UTC", code=0):
    done = subprocess.run(
        [TELTEL, "runs", *arguments, "--url", collector.url], capture_output=True, text=True, timeout=60,
        env={**os.environ, "TZ": zone})
    assert done.returncode == code, done.stderr
    return done


def ids(collector, *arguments):
    return set(runs(collector, "--ids", *arguments).stdout.split())


def in_terminal(collector, columns, *arguments):
    """What a terminal of that width shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen([TELTEL, "runs", *arguments, "--url", collector.url], stdout=slave, stderr=subprocess.PIPE)
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 65536):
            text += piece
    except OSError:
        pass  # the terminal's other end is closed
    os.close(master)
    process.communicate(timeout=60)
    assert process.returncode == 0
    return text.decode().replace("\r\n", "\n").splitlines()


def test_they_are_chosen(listed):
    assert ids(listed, "--status", "failed") == {"crashed"}
    assert ids(listed, "--status", "failed,running") == {"crashed", "now"}
    assert ids(listed, "--tag", "car=red") == {LONG, "old"}
    assert ids(listed, "--tag", "car", "--tag", "lap=1") == {LONG}
    assert ids(listed, "--since", "6h") == {LONG, "crashed", "now"}
    assert ids(listed, "--since", "2h") == {LONG, "now"}
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 10 * 86_400))
    assert "old" not in ids(listed, "--since", day) and len(ids(listed, "--since", day)) == 63
    assert ids(listed, "--status", "completed", "--since", "2h") == {LONG}
    chosen = json.loads(runs(listed, "--json", "--status", "failed").stdout)
    assert chosen == [run for run in listed.json("/api/runs") if run["runId"] == "crashed"]
    assert len(json.loads(runs(listed, "--json").stdout)) == 64 == len(ids(listed))
    assert runs(listed, "--tag", "car=green").stdout == "none of 64 runs matches\n"


@pytest.mark.parametrize("arguments", [["--status", "crashed"], ["--since", "yesterday"], ["--limit=-1"], ["--json", "--ids"]])
def test_wrong_choices_are_named(listed, arguments):
    assert arguments[-1].split("=")[0] in runs(listed, *arguments, code=64).stderr


def test_not_all_at_once(listed):
    answer = runs(listed)
    assert len(answer.stdout.splitlines()) == 51 and answer.stderr == "teltel: 50 of 64 runs; --limit 0 lists all\n"
    assert answer.stdout.splitlines()[1].startswith("running")
    assert len(runs(listed, "--limit", "0").stdout.splitlines()) == 65
    assert len(runs(listed, "--limit", "3").stdout.splitlines()) == 4


def test_numbers_times_and_reasons_can_be_read(listed):
    head, *rows = runs(listed, "--since", "6h").stdout.splitlines()
    assert "STARTED (UTC)" in head and "END REASON" in head
    row = next(row for row in rows if row.startswith("completed"))
    assert LONG in row and "1,236" in row and row.endswith("it completed in the end")
    head, row = runs(listed, "--status", "failed", zone="America/New_York").stdout.splitlines()
    assert "STARTED (America/New_York)" in head
    created = datetime.fromisoformat(next(run for run in listed.json("/api/runs") if run["runId"] == "crashed")["created"])
    assert created.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%d %H:%M:%S") in row


@pytest.mark.parametrize("columns", [60, 80, 100, 140, 200, 400])
def test_it_fits_the_terminal(listed, columns):
    lines = in_terminal(listed, columns, "--since", "6h")
    assert len(lines) == 4 and max(map(len, lines)) <= columns, lines
    row = next(line for line in lines if line.startswith("completed"))
    run = row.split()[1]
    assert run == LONG if columns == 400 else run.startswith("ci/nigh") and run.endswith("4711") and run.count("…") == 1
    assert "EVENTS" in lines[0] and "1,236" in row


def test_a_pipe_gets_all_of_it(listed):
    assert LONG in runs(listed, "--since", "6h").stdout
