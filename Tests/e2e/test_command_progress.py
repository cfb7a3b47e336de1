"""Commands that may take long say how far they have come: in a terminal on one line, and nothing of it is among their output."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading

import pytest
from bodies import line, ndjson
from support import BUILD, wait_until
from test_ingest import post
from test_spool_commands import fill

TELTEL = BUILD / "bin/teltel"
RUNS = [f"run-{number:02}" for number in range(30)]


def in_terminal(*arguments):
    """Output, and what a terminal got on standard error."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
    process = subprocess.Popen([TELTEL, *map(str, arguments)], stdout=subprocess.PIPE, stderr=slave, text=True)
    os.close(slave)
    pieces = []

    def read():
        try:
            while piece := os.read(master, 65536):
                pieces.append(piece)
        except OSError:
            pass  # the terminal's other end is closed

    reader = threading.Thread(target=read)
    reader.start()
    output = process.communicate(timeout=120)[0]
    reader.join()
    os.close(master)
    assert process.returncode == 0, (output, pieces)
    return output, b"".join(pieces).decode()


def steps(text: str, pattern: str) -> list[tuple]:
    """What stood on the line, one after the other; it was taken away at the end, and nothing else was said."""
    assert text.endswith("\r\x1b[K") and "\n" not in text, repr(text)
    shown = [part.removesuffix("\x1b[K") for part in text.split("\r") if part not in ("", "\x1b[K")]
    found = [re.fullmatch(pattern, part) for part in shown]
    assert shown and all(found), shown
    return [match.groups() for match in found]


@pytest.fixture
def many(live):
    assert post(live, raw=ndjson(*(line(runId=run, type="run.end", payload={"status": "completed"}) for run in RUNS)))[1]["accepted"] == len(RUNS)
    assert len(live.json("/api/runs")) == len(RUNS)
    return live


def test_deleting_many_runs(many):
    output, shown = in_terminal("run", "delete", "--yes", *RUNS, "--url", many.url)
    assert output.splitlines() == [f"deleted {run}" for run in RUNS] and many.json("/api/runs") == []
    places = steps(shown, r"deleting run-(\d\d), (\d+) of 30")
    assert places[0] == ("00", "1") and all(int(run) + 1 == int(place) for run, place in places)


def test_checking_and_draining_a_spool(make_collector):
    collector = fill(make_collector)
    output, shown = in_terminal("spool", "check", "--data-dir", collector.data)
    assert output.splitlines()[-1] == "nothing is damaged"
    assert all(int(done) <= int(files) for done, files in steps(shown, r"(\d+) of (\d+) files"))
    output, shown = in_terminal("spool", "drain", "--data-dir", collector.data)
    assert output == "nothing waits any more\n"
    left = [int(rows.replace(",", "")) for (rows,) in steps(shown, r"([\d,]+) rows left")]
    assert left[0] == 5_001 and left == sorted(left, reverse=True)


def test_recovering_many_runs(programs, tmp_path):
    rings = tmp_path / "rings"
    variables = {**os.environ, "TELTEL_SHM_DIR": str(rings), "LD_LIBRARY_PATH": str(BUILD / "lib")}
    for run in RUNS[:5]:
        subprocess.run([programs / "engine", run, "15000", "0", "1"], env=variables, check=True, capture_output=True, timeout=60)
    file = tmp_path / "recovered.ndjson"
    report, shown = in_terminal("recover", rings, "-o", file)
    assert len(file.read_text().splitlines()) == 5 * 15_002
    line, rest = re.fullmatch(r"\r([^\r\x1b]*)\x1b\[K\r\x1b\[K(.*)", shown, re.DOTALL).groups()
    assert re.fullmatch(r"run [1-5] of 5, 65,536 events", line), shown
    # The report comes behind it, on lines of its own.
    assert all(run in report + rest for run in RUNS[:5])


def test_a_log_gets_no_line_that_is_written_over(many):
    done = subprocess.run([TELTEL, "run", "delete", "--yes", *RUNS, "--url", many.url], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "" and len(done.stdout.splitlines()) == len(RUNS)
