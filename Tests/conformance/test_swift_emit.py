"""Emitting from Swift takes no memory, and compiles to no reference counting, no check of bounds or exclusive access."""
import re

import pytest
from conftest import BUILD, HERE, environment, run


@pytest.fixture(scope="module")
def program():
    package = ["swift", "build", "--package-path", HERE / "swift", "--scratch-path", BUILD / "conformance-swift", "-c", "release"]
    run(package)
    return run([*package, "--show-bin-path"]).strip() + "/allocations"


def test_no_way_to_emit_takes_memory(program, programs, shm):
    counter = programs / "count_allocations.so"
    run(["gcc", "-shared", "-fPIC", "-O2", HERE / "count_allocations.c", "-o", counter])
    told = dict(line.split(" ", 1) for line in run([program], env=environment(shm, LD_PRELOAD=str(counter))).splitlines())
    assert told == {way: "0 1000" for way in ("emit", "tagged", "array", "writer", "fill", "plain", "frames")}


def test_what_the_compiler_makes_of_emit(program):
    code = run(["objdump", "-d", "--no-show-raw-insn", program])
    body, = re.findall(r"^[0-9a-f]+ <\S*emitOnce\S*>:\n(.*?)\n\n", code, re.M | re.S)
    called = re.findall(r"(?:call|jmp)\s+[0-9a-f]+ <([^>+]+)", body)
    assert "ud2" not in body and not [name for name in called if "swift_" in name or "retain" in name or "release" in name]
    assert "movups" in body  # the copy itself is there, not a call
