"""What becomes of every command when its output cannot be written: nobody reads it any more, the disk is full, it is closed."""
import os
import signal
import socket
import subprocess

import pytest
from support import BUILD, Collector, wait_until

TELTEL = BUILD / "bin/teltel"
# Commands that print something, with what they need; those of storage ask a collector that has some.
LIVE = {
    "runs": ["runs"],
    "runs --json": ["runs", "--json"],
    "runs --ids": ["runs", "--ids"],
    "tail": ["tail", "posted"],
    "tail --json": ["tail", "posted", "--json", "--lines", "2000"],
    "tail --field": ["tail", "posted", "--field", "x", "--lines", "2000"],
    "recover": ["recover", "RINGS"],
    "recover -o": ["recover", "RINGS", "-o", "FRESH"],
    "doctor": ["doctor", "--shm-dir", "SHM", "--data-dir", "FRESH"],
    "run delete": ["run", "delete", "--yes", "doomed"],
    "token": ["token", "new", "FRESH"],
    "version": ["version"],
    "--version": ["--version"],
    "--help": ["--help"],
    "help": ["help", "collect"],
    "collect --help": ["collect", "--help"],
    "completions": ["--generate-completion-script", "bash"],
}
STORED = {
    "storage status": ["storage", "status"],
    "storage status --json": ["storage", "status", "--json"],
    "storage prune": ["storage", "prune", "--retain", "completed=0s", "--dry-run"],
    "storage migrate": ["storage", "migrate", "--dry-run"],
    "spool list": ["spool", "list", "--data-dir", "DATA"],
    "spool check": ["spool", "check", "--data-dir", "DATA"],
    "spool drain": ["spool", "drain", "--data-dir", "DATA"],
}
EVENTS = "\n".join(
    '{"v":1,"runId":"posted","sourceId":"s","channel":"c","type":"t","frameIndex":%d,"simTime":%d,"payload":{"x":%d}}' % (i, i, i)
    for i in range(2000))
END = '{"v":1,"runId":"%s","sourceId":"s","channel":"run","type":"run.end","payload":{}}\n'


@pytest.fixture(scope="module")
def rings(programs, tmp_path_factory):
    """A run that nobody has collected."""
    folder = tmp_path_factory.mktemp("uncollected") / "rings"
    variables = {**os.environ, "TELTEL_SHM_DIR": str(folder), "LD_LIBRARY_PATH": str(BUILD / "lib")}
    subprocess.run([programs / "bad_tag", "uncollected"], env=variables, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def ended(shared, rings):
    shared.rings = rings
    shared.request("/api/ingest", (EVENTS + "\n" + END % "posted").encode())
    shared.wait_status("posted", "completed")
    return shared


@pytest.fixture(scope="module")
def stored(tmp_path_factory, shared):
    """A collector with storage and a run in it."""
    folder = tmp_path_factory.mktemp("stored")
    shm = folder / "shm"
    shm.mkdir(mode=0o700)
    collector = Collector(folder, str(shm), []).start()
    collector.request("/api/ingest", (EVENTS + "\n" + END % "posted").encode())
    wait_until(lambda: (collector.run("posted") or {}).get("stored") == 2001, "the run is stored", patience=60)
    yield collector
    collector.kill()


def command_of(arguments, collector, tmp_path):
    names = {"SHM": collector.shm, "RINGS": str(getattr(collector, "rings", "")), "DATA": str(collector.data), "FRESH": str(tmp_path / "fresh")}
    return [str(TELTEL), *(names.get(argument, argument) for argument in arguments)]


def run(collector, tmp_path, arguments, **streams):
    if arguments[:2] == ["run", "delete"]:
        collector.request("/api/ingest", (END % "doomed").encode())
        collector.wait_status("doomed", "completed")
    environment = {**os.environ, "TELTEL_BASE_URL": collector.url}
    streams = {"stdout": subprocess.PIPE, **streams}
    done = subprocess.run(
        command_of(arguments, collector, tmp_path), stderr=subprocess.PIPE, text=True, timeout=60, env=environment, **streams)
    assert "Fatal" not in done.stderr and len(done.stderr.splitlines()) < 4, done.stderr
    return done


def check_nobody_reads(collector, tmp_path, arguments):
    read, write = os.pipe()
    os.close(read)
    try:
        done = run(collector, tmp_path, arguments, stdout=write)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, ""), done


def check_full_disk(collector, tmp_path, arguments):
    with open("/dev/full", "w") as full:
        done = run(collector, tmp_path, arguments, stdout=full)
    assert done.returncode == 1
    assert "standard output" in done.stderr and done.stderr.endswith("No space left on device\n")


def check_closed(collector, tmp_path, arguments):
    done = run(collector, tmp_path, arguments, preexec_fn=lambda: os.close(1))
    assert done.returncode == 1
    assert "standard output" in done.stderr and done.stderr.endswith("Bad file descriptor\n")


def check_no_place_for_errors(collector, tmp_path, arguments):
    """That nothing can be complained about changes no answer."""
    with open("/dev/full", "w") as full:
        environment = {**os.environ, "TELTEL_BASE_URL": "http://127.0.0.1:1"}
        done = subprocess.run([str(TELTEL), "runs"], stdout=subprocess.PIPE, stderr=full, env=environment, timeout=60)
    assert done.returncode == 1 and done.stdout == b""


CHECKS = pytest.mark.parametrize("check", [check_nobody_reads, check_full_disk, check_closed], ids=["nobody-reads", "full-disk", "closed"])


@CHECKS
@pytest.mark.parametrize("name", LIVE)
def test_a_command(ended, tmp_path, name, check):
    check(ended, tmp_path, LIVE[name])


@CHECKS
@pytest.mark.parametrize("name", STORED)
def test_a_command_about_storage(stored, tmp_path, name, check):
    if name == "spool drain" and stored.process.poll() is None:
        assert stored.stop() == 0
    check(stored, tmp_path, STORED[name])


def test_login_url(make_collector, tmp_path):
    token = tmp_path / "token"
    subprocess.run([TELTEL, "token", "new", token], check=True, capture_output=True)
    collector = make_collector("--no-storage", "--token-file", str(token))
    for check in (check_nobody_reads, check_full_disk, check_closed):
        check(collector, tmp_path, ["login-url", "--token-file", str(token)])


def test_errors_that_cannot_be_written(ended, tmp_path):
    check_no_place_for_errors(ended, tmp_path, [])


def test_a_reader_that_leaves_after_a_line(ended):
    """As a shell does it."""
    script = f"set -o pipefail; {TELTEL} tail posted --lines 2000 | head -1"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, env={**os.environ, "TELTEL_BASE_URL": ended.url})
    assert len(done.stdout.splitlines()) == 1 and done.stderr == ""
    assert done.returncode in (0, 128 + signal.SIGPIPE)  # 0: all of it fitted into the pipe


@pytest.mark.parametrize("how", ["full-disk", "closed", "nobody-reads"])
def test_the_collector_goes_on(tmp_path, shm, how):
    """What it says is lost; what it collects is not."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    read, write = os.pipe()
    full = os.open("/dev/full", os.O_WRONLY)
    os.close(read)
    stdout = {"full-disk": full, "closed": None, "nobody-reads": write}[how]
    errors = tmp_path / "errors"
    command = [TELTEL, "collect", "--port", port, "--shm-dir", shm, "--data-dir", tmp_path / "data"]
    with errors.open("w") as file:
        collector = subprocess.Popen(
            list(map(str, command)), stdout=stdout, stderr=file,
            preexec_fn=(lambda: os.close(1)) if how == "closed" else None)
    os.close(write)
    os.close(full)
    try:
        asked = Collector(tmp_path, shm, [])
        asked.url, asked.process = f"http://127.0.0.1:{port}", collector

        def answers():
            assert collector.poll() is None, errors.read_text()
            try:
                return asked.json("/api/ready")["status"] == "ready"
            except OSError:
                return False

        wait_until(answers, "it is ready, storage too")
        asked.request("/api/ingest", (EVENTS + "\n" + END % "posted").encode())
        wait_until(lambda: (asked.run("posted") or {}).get("stored") == 2001, "what was posted is stored")
    finally:
        collector.terminate()
    assert collector.wait(timeout=60) == 0
    own = [line for line in errors.read_text().splitlines() if line.startswith("teltel: ")]
    assert len(own) == (how != "nobody-reads") and all("standard output" in line for line in own), errors.read_text()
