"""Engines that leave, stop or fork: their runs end when they do, and only then."""
import os
import signal
import subprocess

import pytest
from fault_support import compile_engine, environment, run
from support import wait_until

EVENTS = 100


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaving")
    return {name: compile_engine(name, folder) for name in ("leave", "forks", "many_runs")}


@pytest.mark.parametrize("how", ["abort", "segv", "term", "kill", "_exit", "exit", "return", "thread"])
def test_leaving_without_an_end(built, live, shm, how):
    command = [str(built["leave"]), how, str(EVENTS)]
    with_telemetry = subprocess.run(command, env=environment(shm), timeout=60).returncode
    without = subprocess.run(command, env=environment(shm, TELTEL_DISABLED="1"), timeout=60).returncode
    assert with_telemetry == without, "the engine is left alone"
    entry = live.wait_status(how, "failed")
    assert entry["accepted"] == EVENTS + 1 and entry["refused"] == 0 and "without ending" in entry["endReason"]


def test_an_engine_that_becomes_another_program(built, live, shm):
    engine = subprocess.Popen([str(built["leave"]), "exec", str(EVENTS)], env=environment(shm))
    try:
        assert live.wait_status("exec", "failed")["accepted"] == EVENTS + 1
        assert engine.poll() is None, "the process is still there: the lock on the run file told"
    finally:
        engine.kill()
        engine.wait()


def test_a_stopped_engine_is_alive(built, programs, start_engine, live, shm):
    """Until the collector has asked for everything that it ever asks for: then another program's end has been noticed."""
    engine = start_engine(programs / "engine", "stopped", 10_000_000, 1_000, 1)
    entry = live.wait_status("stopped", "running")
    wait_until(lambda: live.run("stopped")["accepted"] > entry["accepted"], "it emits")
    engine.send_signal(signal.SIGSTOP)
    for _ in range(2):
        other = subprocess.Popen([str(built["leave"]), "exec", "1"], env=environment(shm))
        wait_until(lambda: live.run("exec"), "the other one is seen")
        wait_until(lambda: all(run["status"] == "failed" for run in live.json("/api/runs") if run["runId"].startswith("exec")), "and gone")
        other.kill()
        other.wait()
    before = live.run("stopped")
    assert before["status"] == "running"
    engine.send_signal(signal.SIGCONT)
    wait_until(lambda: live.run("stopped")["accepted"] > before["accepted"], "it goes on")
    engine.kill()
    live.wait_status("stopped", "failed")


@pytest.mark.parametrize("how", ["fork", "_Fork", "clone"])
@pytest.mark.parametrize("what", ["emit", "exit", "_exit", "exec", "own", "grandchild", "thread", "writer"])
def test_fork(built, live, shm, what, how):
    run(shm, built["forks"], what, how)
    entry = live.wait_status("parent", "completed")
    assert entry["accepted"] == {"thread": 3000, "writer": 2002}.get(what, 2000) + 2 and entry["lost"] == 0
    if how == "fork":
        refused = {"emit": 12, "own": 1, "grandchild": 2, "thread": 240, "writer": 11}.get(what, 0)
        assert entry["refused"] == refused
    else:  # no handler is called: the parent's explicit writers and its lock tell a child no more than that they are not its own
        refused = {"emit": (12, 12), "own": (1, 1), "grandchild": (2, 2), "thread": (0, 200)}.get(what, (0, 0))
        assert refused[0] <= entry["refused"] <= refused[1]
    if what in ("own", "grandchild"):
        assert live.wait_status("child", "completed")["accepted"] == (3 if what == "own" else 4)
    if what == "grandchild":
        assert live.wait_status("grandchild", "completed")["accepted"] == 3
        assert live.run("child")["refused"] == 1
    # Files of the parent outlive the child: all are gone only now.
    wait_until(lambda: len(os.listdir(shm)) == 2, "nothing is left")
