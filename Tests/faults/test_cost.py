"""What one event costs in instructions, counted by callgrind: it cannot grow unseen. Times are measured by `make bench-emit`."""
import platform
import re
import shutil
import subprocess

import pytest
from fault_support import environment
from support import BUILD, ROOT

EVENTS = 800  # less than fit into a ring
pytestmark = [
    pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind counts the instructions"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the limits are those of x86-64"),
]
# Instructions of one event of 128 bytes, its call included; see docs/performance.md.
LIMITS = {
    "implicit": 55, "typed": 55, "writer": 52, "reserve": 75, "small": 50, "full": 66, "null": 20, "disabled": 20,
    "frame_start": 118, "large": 560}
VARIABLES = {"disabled": {"TELTEL_ENABLE": "bench.sample"}}


@pytest.fixture(scope="module")
def count(tmp_path_factory):
    program = tmp_path_factory.mktemp("cost") / "emit"
    library = [f"-I{BUILD / 'include'}", f"-L{BUILD / 'lib'}", f"-Wl,-rpath,{BUILD / 'lib'}", "-lteltel", "-pthread"]
    subprocess.run(["g++", "-std=c++17", "-O2", str(ROOT / "Benchmarks/emit.cpp"), "-o", str(program), *library], check=True)

    known: dict[str, int] = {}

    def instructions(shm, way: str) -> int:
        if way in known:
            return known[way]
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured", program, "count"]
        variables = environment(shm, **VARIABLES.get(way, {}))
        done = subprocess.run([*map(str, command), way, str(EVENTS)], env=variables, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        known[way] = int(re.search(r"Collected : (\d+)", done.stderr)[1])
        return known[way]

    return instructions


@pytest.mark.parametrize("way", LIMITS)
def test_instructions_of_an_event(count, shm, way):
    each = round((count(shm, way) - count(shm, "loop")) / EVENTS, 1)  # a call of `measured` is in it once
    assert 5 < each <= LIMITS[way]


@pytest.mark.skipif(not shutil.which("objdump"), reason="objdump shows the code")
@pytest.mark.parametrize("function", ["teltel_emit", "teltel_writer_emit", "teltel_reserve", "teltel_commit"])
def test_generated_code_checks_and_counts_nothing(function):
    """No trap (bounds, overflow), no reference counting, no exclusivity check: none of Swift's runtime at all."""
    library = (BUILD / "lib/libteltel.so").resolve()
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}", str(library)], capture_output=True, text=True).stdout
    assert f"<{function}>:" in code and len(code.splitlines()) > 20
    assert not re.findall(r"\bud2\b|swift_(?:retain|release|beginAccess|once)", code)
