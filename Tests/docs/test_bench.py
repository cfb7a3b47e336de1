"""The benchmarks run, give their table, and their counts add up. What they measure is not judged here.

Those that start many collectors or a browser do so in `make test-all`: all of them share what the others use, too.
"""
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = ["emit", "engines", "latency"]  # those that need no storage


def test_quick_benchmarks_give_a_table_whose_counts_add_up(tmp_path):
    output = tmp_path / "bench.txt"
    command = [sys.executable, ROOT / "Benchmarks/bench.py", "--quick", "--only", *SECTIONS, "--output", output]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert output.read_text() == done.stdout
    machine, *lines = done.stdout.splitlines()
    assert "Linux" in machine
    rows = [re.fullmatch(r"(\w+) +(.+?)  +(.+)", line).groups() for line in lines]
    # The flight example may not be built here: one row then, instead of two.
    engines = 7 if any("is not built" in value for *_, value in rows) else 8
    assert [section for section, *_ in rows] == ["emit"] * 30 + ["engines"] * engines + ["latency"] * 6
    values = {what: value for _, what, value in rows}
    assert all(re.search(r"instructions$|not installed$|ns$", value) for section, _, value in rows if section == "emit")
    for what in ("received of sent at 1000 Hz", "received of sent at 60 Hz"):
        received, sent = re.fullmatch(r"(\d+) of (\d+)", values[what]).groups()
        assert received == sent
    assert re.fullmatch(r"[0-9a-f]{16}, the same in 4 runs", values["vehicle, state hash"])
    assert re.search(r"ratio of neighbours min [\d.]+, median [\d.]+; refused \d+$", values["vehicle, 7 events a frame"])


@pytest.mark.whole
def test_quick_benchmarks_of_the_live_path(tmp_path):
    output = tmp_path / "bench-live.txt"
    command = [sys.executable, ROOT / "Benchmarks/bench.py", "--quick", "--only", "live", "ingest", "--output", output]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = [re.fullmatch(r"(\w+) +(.+?)  +(.+)", line).groups() for line in done.stdout.splitlines()[1:]]
    assert [section for section, *_ in rows] == ["live"] * 8 + ["ingest"] * 6
    assert all(re.match(r"[\d.,]+ |CPU per event [\d.]+ of before", value) for *_, value in rows)


@pytest.mark.whole
def test_quick_benchmarks_of_storage(tmp_path):
    output = tmp_path / "bench-storage.txt"
    command = [sys.executable, ROOT / "Benchmarks/bench.py", "--quick", "--only", "storage", "--output", output]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    rows = [re.fullmatch(r"(\w+) +(.+?)  +(.+)", line).groups() for line in done.stdout.splitlines()[1:]]
    assert [section for section, *_ in rows] == ["storage"] * 29
    values = {what: value for _, what, value in rows}
    ours, reference = (
        float(values[f"4,000 body.state of 13 doubles, two runs, {layout}"].split()[0])
        for layout in ("teltel's table", "the reference's layout"))
    assert 0 < ours < reference
    assert [value for what, value in values.items() if what.startswith("the disk takes nothing")] == ["0 refused, 0 lost"]


@pytest.mark.whole
def test_quick_benchmarks_of_answers(tmp_path):
    output = tmp_path / "bench-answers.txt"
    command = [sys.executable, ROOT / "Benchmarks/bench.py", "--quick", "--only", "answers", "--output", output]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    rows = [re.fullmatch(r"(\w+) +(.+?)  +(.+)", line).groups() for line in done.stdout.splitlines()[1:]]
    assert [section for section, *_ in rows] == ["answers"] * 20
    beside = [value for *_, value in rows if "the reference's layout" in value]
    assert len(beside) == 4 and all(re.search(r": [\d.]+ times as long$", value) for value in beside)


@pytest.mark.whole
def test_quick_benchmarks_of_the_page(tmp_path):
    output = tmp_path / "bench-ui.txt"
    command = [sys.executable, ROOT / "Benchmarks/bench.py", "--quick", "--only", "ui", "--output", output]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = [re.fullmatch(r"(\w+) +(.+?)  +(.+)", line).groups() for line in done.stdout.splitlines()[1:]]
    assert [section for section, *_ in rows] == ["ui"] * 7
    for what, value in ((what, value) for _, what, value in rows if what.startswith(("page", "plain uPlot"))):
        every, by_cdp = (float(number) for number in re.match(r"([\d.]+) ms of the page's thread per \w+; ([\d.]+) ms of it by CDP", value).groups())
        assert every > 0 and by_cdp > 0, what
