"""The library where little works, and where somebody writes into its files: no crash, no lie, no memory but its own."""
import os
import re
import shutil
import signal
import subprocess

import pytest
from fault_support import compile_engine, environment, instances, run
from support import BUILD


@pytest.fixture(scope="module", params=["dynamic", "static"])
def odd_places(request, tmp_path_factory):
    return compile_engine("odd_places", tmp_path_factory.mktemp("odd"), "-ldl", static=request.param == "static")


@pytest.mark.parametrize("case", ["before_start", "signals", "address_space"])
def test_odd_place(odd_places, shm, case):
    run(shm, odd_places, case)
    instances(shm)


def test_thread_destructors(odd_places, shm):
    run(shm, odd_places, "destructors")
    (instance,) = instances(shm)
    assert len(instance.rings) == 2, "a ring that was given back is the next thread's, also when it was taken by a destructor"
    assert sum(len(ring.records) for ring in instance.rings) == 500 * 4 + 250 + 2


def test_two_copies_in_one_process(tmp_path, shm):
    other = tmp_path / "copy.so"
    shutil.copy((BUILD / "lib/libteltel.so").resolve(), other)
    run(shm, compile_engine("odd_places", tmp_path, "-ldl", static=True), "two_copies", other)
    for instance in instances(shm):
        assert instance.header["run_id"] in ("first", "second")
        more = instance.header["run_id"] == "second"
        assert sum(len(ring.records) for ring in instance.rings) == 11 * 1000 + 2 + more
        assert sum(instance.refused.values()) >= 1


def test_files_that_somebody_scribbles_over(tmp_path, shm):
    seed = os.environ.get("TELTEL_SEED", str(int.from_bytes(os.urandom(2))))
    said = run(shm, compile_engine("scribble", tmp_path), seed, 20, timeout=120)
    assert int(re.fullmatch(r"guarded (\d+)\n", said)[1]) > 100, f"TELTEL_SEED={seed}"


def test_scribbling_outside_would_be_noticed(tmp_path, shm):
    """The guards are there: a program that writes just behind a ring file ends by a signal."""
    source = (compile_engine("scribble", tmp_path), "beyond", "1")
    done = subprocess.run(list(map(str, source)), env=environment(shm), capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGSEGV
