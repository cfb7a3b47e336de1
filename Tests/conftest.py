"""Fixtures of all end-to-end tests: real processes, real sockets, shared memory of their own."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support import BUILD, ROOT, Collector, lasting


def pytest_addoption(parser):
    parser.addoption("--whole", action="store_true", help="the slow proofs in their whole length, as `make test-all` runs them")


# They begin first, so that none of them is waited for alone at the end: `make test` gives each worker the next file.
LONGEST = [
    "test_fuzz.py", "test_sanitize.py", "test_storage_faults.py", "test_spool_faults.py", "test_refused_types.py", "test_storage.py",
    "test_stored_fields.py", "test_column_names.py", "test_run_page.py", "test_bench.py", "test_retention.py", "test_run_changes.py",
    "test_run_cursors.py", "test_run_window.py", "test_run_panels.py", "test_leaving.py", "test_runs_page.py", "test_names.py",
    "test_port_limits.py", "test_run_stream.py", "test_run_touch.py", "test_queries.py", "test_resume.py", "test_stored_runs.py",
    "test_run_time.py", "test_soak.py", "test_hostile_rings.py", "test_run_as_a_whole.py", "test_power_cut.py", "test_panel_handling.py",
    "test_engines.py", "test_contract_tables.py", "test_hostile_questions.py", "test_reduction.py", "test_run_questions.py",
    "test_run_loading.py", "test_steps.py", "test_host.py", "test_insert_kills.py", "test_runs_in_memory.py", "test_many_runs_page.py",
]


def pytest_collection_modifyitems(config, items):
    """Without `--whole` a test that is marked `whole` is left out: another one proves the same of something smaller."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))
    if config.getoption("whole"):
        return
    left_out = [item for item in items if item.get_closest_marker("whole")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("whole")]


def pytest_configure(config):
    """Signals as the tests rely on them: who starts all tests in the background of a script hands down an ignored SIGINT."""
    config.addinivalue_line("markers", "whole: one of many alike, which only `make test-all` runs")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def pytest_unconfigure(config):
    """What a test has left running ends here."""
    for process in descendants(os.getpid()):
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            os.kill(process, signal.SIGKILL)
            print(f"left running by a test: {command}", file=sys.stderr)
        except OSError:
            pass  # it has ended meanwhile


def descendants(parent: int) -> list[int]:
    """Those that run, the deepest first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue  # no process, or one that has ended
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    return [below for child in children.get(parent, []) for below in [*descendants(child), child]]


@pytest.fixture(scope="session")
def amount(request):
    """`amount(12, whole=500)`: how much of a slow proof this run does. The short form has each kind of what it proves at least once."""
    wanted = request.config.getoption("whole")
    return lambda short, whole: whole if wanted else short


@pytest.fixture
def shm():
    folder = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make_collector(tmp_path, shm):
    """`make_collector("--no-storage")` starts one; all are stopped at the end."""
    made: list[Collector] = []

    def make(*arguments: str, start: bool = True) -> Collector:
        folder = tmp_path / f"collector-{len(made)}"
        folder.mkdir()
        collector = Collector(folder, shm, list(arguments))
        made.append(collector)
        return collector.start() if start else collector

    yield make
    for collector in made:
        if collector.process and collector.process.poll() is None:
            collector.kill()


@pytest.fixture
def live(make_collector) -> Collector:
    """A collector without storage."""
    return make_collector("--no-storage")


@pytest.fixture
def collector(make_collector) -> Collector:
    """A collector with embedded storage."""
    return make_collector()


@pytest.fixture
def offline(make_collector) -> Collector:
    """A collector whose ClickHouse is away, for what it keeps beside it: names, notes, layouts. It starts much faster than one with storage."""
    return make_collector("--clickhouse-url", "http://127.0.0.1:1/")


@pytest.fixture(scope="module")
def module_collector(tmp_path_factory):
    """One with storage for all tests of a file, which keep to runs of their own."""
    with lasting(tmp_path_factory.mktemp("module")) as collector:
        yield collector


@pytest.fixture
def start_engine(shm):
    """`start_engine(program, *arguments)`: with the test's rings and the built library."""
    started: list[subprocess.Popen] = []

    def start(program, *arguments, **environment) -> subprocess.Popen:
        variables = {**os.environ, "TELTEL_SHM_DIR": shm, "LD_LIBRARY_PATH": str(BUILD / "lib"), **environment}
        engine = subprocess.Popen(
            [str(program), *map(str, arguments)], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(engine)
        return engine

    yield start
    for engine in started:
        if engine.poll() is None:
            engine.kill()
        engine.communicate()


@pytest.fixture
def vehicle(start_engine):
    """`vehicle(run_id, seconds=5)`: the Bullet example in real time."""

    def start(run_id: str, seconds: float = 5, realtime: bool = True, *more: str) -> subprocess.Popen:
        pace = ["--realtime"] if realtime else []
        return start_engine(ROOT / "examples/vehicle/vehicle", *pace, "--seconds", seconds, "--run-id", run_id, *more)

    return start


@pytest.fixture(scope="session")
def programs(tmp_path_factory) -> Path:
    """A folder of compiled test engines: `programs / "engine"` is Tests/e2e/engine.c."""
    folder = tmp_path_factory.mktemp("programs")
    for source in (ROOT / "Tests/e2e").glob("*.c"):
        command = ["gcc", "-O2", "-Wall", "-Werror", source, "-o", folder / source.stem]
        library = [f"-I{BUILD / 'include'}", f"-L{BUILD / 'lib'}", "-lteltel", "-lpthread", "-lm"]
        subprocess.run([*map(str, command), *library], check=True)
    return folder
