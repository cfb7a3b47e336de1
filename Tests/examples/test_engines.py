"""The example engines: the same bits with and without telemetry, and a run that the collector shows whole."""
import json
import os
import re
import signal
import subprocess

import pytest
from support import BUILD, ROOT, wait_until

# Events per frame: frame.start, frame.end and what the engine computes.
EVENTS = {"vehicle": 7, "robot": 7, "flight": 5, "swift": 6}
SOURCES = {"vehicle": "drive-engine", "robot": "robot-engine", "flight": "flight-engine", "swift": "swift-engine"}
ENGINES = pytest.mark.parametrize("engine", EVENTS)


@pytest.fixture(scope="session")
def build_engine():
    """`build_engine("robot")`: its program."""
    programs = {}

    def build(engine):
        if engine == "flight":
            cached = subprocess.run([ROOT / "scripts/fetch-engine.sh", "jsbsim", "--if-cached"], capture_output=True)
            if cached.returncode != 0:
                pytest.skip("JSBSim is not built here, it takes minutes: scripts/fetch-engine.sh jsbsim")
        if engine not in programs:
            command = [ROOT / "scripts/build-engine.sh", engine, BUILD]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stdout + done.stderr
            programs[engine] = done.stdout.strip()
        return programs[engine]

    return build


def output(program, *arguments, **environment):
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=300, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def hashes(text):
    return re.findall(r"^.*hash .*$", text, re.M)


@ENGINES
def test_telemetry_changes_no_bit(build_engine, shm, engine):
    program = build_engine(engine)
    recorded = output(program, "--frames", 500, "--run-id", "r1", TELTEL_SHM_DIR=shm)
    assert "run id       r1\nrefused      0\n" in recorded and "state hash" in recorded
    assert hashes(output(program, "--frames", 500, "--no-telemetry")) == hashes(recorded)
    assert hashes(output(program, "--frames", 500, TELTEL_DISABLED="1")) == hashes(recorded)
    full = output(program, "--frames", 5000, "--ring-bytes", 262144, TELTEL_SHM_DIR=shm)
    assert "refused      0\n" not in full
    assert hashes(full) == hashes(output(program, "--frames", 5000, "--no-telemetry"))


@ENGINES
def test_a_nudge_changes_the_hash(build_engine, engine):
    program = build_engine(engine)
    straight = output(program, "--frames", 500, "--no-telemetry")
    nudged = output(program, "--frames", 500, "--no-telemetry", "--diverge-at", 100, "--eps", 1e-6)
    assert hashes(straight)[-1] != hashes(nudged)[-1]


@ENGINES
def test_its_run_appears_and_completes(build_engine, live, engine):
    output(build_engine(engine), "--frames", 300, "--run-id", "shown", TELTEL_SHM_DIR=live.shm)
    run = live.wait_status("shown", "completed")
    assert run["sourceId"] == SOURCES[engine] and run["accepted"] == 300 * EVENTS[engine] + 2 and run["lastFrame"] == 299


@ENGINES
def test_it_says_what_is_given_to_it_and_what_is_of_the_machine(build_engine, live, engine):
    output(build_engine(engine), "--frames", 3, "--run-id", "said", TELTEL_SHM_DIR=live.shm)
    live.wait_status("said", "completed")
    fields = [(shown["type"], field) for shown in live.json("/api/run?runId=said")["types"] for field in shown["fields"]]
    said = {flag: {(name, field["name"]) for name, field in fields if field[flag]} for flag in ("input", "measured")}
    controls = {("flight.controls", name) for name in ("elevator", "aileron", "rudder", "throttle")}
    assert said == {"input": controls if engine == "flight" else set(), "measured": {("frame.end", "perf.cpu_time_ms")}}


@ENGINES
def test_it_leaves_no_file_where_it_runs(build_engine, shm, tmp_path, engine):
    environment = {**os.environ, "TELTEL_SHM_DIR": shm}
    subprocess.run([build_engine(engine), "--frames", "10"], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60)
    assert not list(tmp_path.iterdir())


@ENGINES
def test_a_wrong_option_is_named(build_engine, engine):
    done = subprocess.run([build_engine(engine), "--fast"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "--fast" in done.stderr and "usage: " in done.stderr


@pytest.fixture
def start_demo(shm, tmp_path):
    """`start_demo("robot")`: the demo, its log, and whatever it starts, which ends with the test."""
    started = []

    def start(engine, prepare=None):
        log = tmp_path / "demo.log"
        own = {"PORT": "0", "DEMO_SECONDS": "1", "TELTEL_SHM_DIR": shm, "TELTEL_DATA_DIR": str(tmp_path / "data")}
        with log.open("w") as file:
            demo = subprocess.Popen(
                [ROOT / "scripts/demo.sh", engine], env={**os.environ, **own}, stdout=file, stderr=file, start_new_session=True,
                preexec_fn=prepare)
        started.append(demo)

        def ended():
            assert demo.poll() is None, log.read_text()
            return "The simulation has ended" in log.read_text()

        wait_until(ended, "the simulation ends", patience=120)
        return demo, re.search(r"Watch it:  (\S+)", log.read_text()).group(1)

    yield start
    for demo in started:
        try:
            os.killpg(demo.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all of it has ended, as it should
        demo.wait()


@ENGINES
def test_the_demo(build_engine, start_demo, engine):
    build_engine(engine)
    demo, url = start_demo(engine)

    def runs():
        command = [BUILD / "bin/teltel", "runs", "--json", "--url", url]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)

    (run,) = wait_until(lambda: [run for run in runs() if run["status"] == "completed"], "the run is completed")
    assert run["runId"].startswith("demo-") and run["sourceId"] == SOURCES[engine]
    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=60) == 0


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_ends_with_all_of_it(build_engine, start_demo, signal_number):
    """Also in the background of a script, where SIGINT is ignored."""
    build_engine("vehicle")
    demo, url = start_demo("vehicle", prepare=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    demo.send_signal(signal_number)
    assert demo.wait(timeout=60) == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.pid, 0)  # nobody of its group is left
    left = subprocess.run([BUILD / "bin/teltel", "runs", "--url", url], capture_output=True, text=True, timeout=60)
    assert left.returncode == 1 and "no collector answers" in left.stderr


def test_an_unknown_engine_is_named():
    done = subprocess.run([ROOT / "scripts/demo.sh", "boat"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "no such engine: boat" in done.stderr
