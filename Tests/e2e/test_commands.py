"""The commands of the executable, as typed in a terminal."""
import json
import os
import re
import signal
import socket
import subprocess

import pytest
from support import BUILD, wait_until

TELTEL = BUILD / "bin/teltel"


def teltel(*arguments, **environment):
    return subprocess.run(
        [str(TELTEL), *map(str, arguments)], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


def test_runs_lists_what_the_collector_knows(live, vehicle):
    assert teltel("runs", "--url", live.url).stdout == "no runs yet\n"
    vehicle("listed", 1, False).wait()
    live.wait_status("listed", "completed")
    answer = teltel("runs", TELTEL_BASE_URL=live.url)
    head, row = answer.stdout.splitlines()
    assert head.split()[:4] == ["STATUS", "RUN", "NAME", "SOURCE"]
    assert row.split()[:3] == ["completed", "listed", "drive-engine"]
    assert json.loads(teltel("runs", "--json", "--url", live.url).stdout)[0]["runId"] == "listed"


def test_tail_prints_values_until_the_run_ends(live, vehicle):
    vehicle("watched", 2)
    live.wait_status("watched", "running")
    answer = teltel("tail", "watched", "--type", "wheel.force", "--url", live.url, "--lines", "1")
    lines = [line.split("\t") for line in answer.stdout.splitlines()]
    assert answer.returncode == 0 and lines[-1][0] == "239"
    assert {line[2] for line in lines} == {"wheel.force"} and "wheelId=3" in lines[-1][3]
    last = json.loads(teltel("tail", "watched", "--json", "--url", live.url, "--lines", "1").stdout.splitlines()[-1])
    assert last["type"] == "run.end"


def test_commands_say_when_no_collector_answers():
    for command in (["runs"], ["tail", "r"]):
        answer = teltel(*command, "--url", "http://127.0.0.1:1")
        assert answer.returncode == 1 and "no collector answers at http://127.0.0.1:1" in answer.stderr
    assert teltel("runs", "--url", "nonsense").returncode == 1


def test_doctor_tells_what_is_there_and_what_is_missing(tmp_path, shm, live):
    arguments = ["--shm-dir", shm, "--data-dir", tmp_path / "data", "--port", str(live.port)]
    answer = teltel("doctor", *arguments)
    assert answer.returncode == 0, answer.stdout
    for word in ("shared memory", "RemoveIPC", "open files", "data folder", "Python", "embedded ClickHouse", "a collector is running"):
        assert word in answer.stdout
    broken = teltel("doctor", *arguments, TELTEL_CLICKHOUSE_LIBRARY="/nowhere", HOME=str(tmp_path))
    assert broken.returncode == 1 and "MISSING  embedded ClickHouse" in broken.stdout and "fetch-clickhouse.sh" in broken.stdout
    (tmp_path / "file").touch()
    nowhere = teltel("doctor", *arguments[:-2], "--port", "1", "--shm-dir", tmp_path / "file")
    assert nowhere.returncode == 1 and "--shm-dir" in nowhere.stdout
    server = teltel("doctor", *arguments, "--clickhouse-url", "http://me:secret@127.0.0.1:1/")
    assert server.returncode == 1 and "secret" not in server.stdout + server.stderr


def test_version_and_help():
    assert teltel("version").stdout.startswith("teltel 0.")
    assert teltel("--help").returncode == 0 and "collect" in teltel("--help").stdout
    assert teltel("nonsense").returncode == 64
    for topic in (["nosuch"], ["run", "nosuch"]):
        answer = teltel("help", *topic)
        assert answer.returncode == 64 and "'nosuch'" in answer.stderr and answer.stdout == ""
    assert "run delete" in teltel("help", "run", "delete").stdout and teltel("help").returncode == 0


@pytest.mark.parametrize("option", ["--port", "--bind", "--shm-dir", "--data-dir", "--request-timeout", "--idle-timeout", "--silence-timeout",
                                    "--live-capacity", "--live-mib", "--spool-mib", "--retain", "--batcher-flush-interval"])
def test_help_names_the_defaults(option):
    text = re.sub(r"\s+", " ", teltel("collect", "--help").stdout)
    assert "(default: " in re.search(rf" {option}.*?\[TELTEL_", text).group(0)


def test_help_is_about_the_command():
    own = set(re.findall(r"(?<= )--[a-z-]+", teltel("doctor", "--help").stdout))
    assert {"--port", "--shm-dir", "--data-dir", "--clickhouse-url"} <= own and not {"--ping-seconds", "--retain", "--live-mib"} & own
    assert teltel("doctor", "--no-storage", "--ping-seconds", "10", "--port", "1").returncode in (0, 1)  # it takes them all the same
    assert "<run> ..." in teltel("run", "delete", "--help").stdout
    lines = teltel("recover", "--help").stdout.split("USAGE")[0].splitlines()
    assert not [line for line, after in zip(lines, lines[1:]) if 0 < len(line) < 40 and after and not after.startswith(" ")], "wrapped twice"


@pytest.mark.parametrize("option, variable, value", [
    ("--port", "TELTEL_HTTP_PORT", "99999"), ("--retain", "TELTEL_RETAIN", "foo"), ("--live-mib", "TELTEL_LIVE_MIB", "0"),
    ("--idle-timeout", "TELTEL_IDLE_TIMEOUT", "soon"), ("--batcher-enabled", "TELTEL_BATCHER_ENABLED", "perhaps")])
def test_bad_options_are_explained(option, variable, value):
    """What was given is named as it was given, and the usage is the command's own."""
    by_flag = teltel("collect", "--no-storage", f"{option}={value}")
    assert by_flag.returncode == 64 and f"{option}: " in by_flag.stderr and value in by_flag.stderr and variable not in by_flag.stderr
    by_variable = teltel("collect", "--no-storage", **{variable: value})
    assert by_variable.returncode == 64 and f"{variable}: " in by_variable.stderr and f"{option}: " not in by_variable.stderr
    for answer in (by_flag, by_variable):
        assert "teltel collect --help" in answer.stderr and "Usage: teltel collect" in answer.stderr


def test_a_port_that_is_taken_is_said_before_anything_is_made(live, tmp_path):
    def collect(port):
        return teltel("collect", "--port", port, "--data-dir", tmp_path / "data", "--shm-dir", tmp_path / "rings")

    again = collect(live.port)
    assert (again.returncode, again.stdout) == (1, "") and f"port {live.port} is taken: a collector is running there" in again.stderr
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        answer = collect(number)
        assert answer.returncode == 1 and f"port {number} is taken: another program listens there" in answer.stderr
        assert "errno" not in answer.stderr and "bind(" not in answer.stderr
        doctor = teltel("doctor", "--no-storage", "--port", number, "--shm-dir", tmp_path / "rings")
        assert doctor.returncode == 1 and f"MISSING  port {number}: something else listens there" in doctor.stdout
    assert teltel("token", "new", tmp_path / "token").returncode == 0
    elsewhere = teltel(
        "collect", "--port", "0", "--bind", "192.0.2.1", "--token-file", tmp_path / "token", "--data-dir", tmp_path / "data")
    assert elsewhere.returncode == 1 and "cannot listen at 192.0.2.1" in elsewhere.stderr
    assert not (tmp_path / "data").exists() and not (tmp_path / "rings").exists()


def test_a_folder_in_use_is_said_in_plain_words(collector, tmp_path):
    answer = teltel("collect", "--port", "0", "--data-dir", collector.data, "--shm-dir", tmp_path / "rings")
    assert answer.returncode == 1 and "inUse" not in answer.stderr and "in use by another collector (pid" in answer.stderr


def test_a_folder_of_rings_that_others_can_read(tmp_path):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o755)
    for command in ("collect", "doctor"):
        answer = teltel(command, "--no-storage", "--port", "0", "--shm-dir", rings)
        assert answer.returncode == 1 and f"chmod 700 {rings}" in answer.stdout + answer.stderr
    (tmp_path / "link").symlink_to(rings)
    rings.chmod(0o700)
    for command in ("collect", "doctor"):
        assert teltel(command, "--no-storage", "--port", "0", "--shm-dir", tmp_path / "link").returncode == 1


def test_the_end_is_said(make_collector):
    for number in (signal.SIGINT, signal.SIGTERM):
        collector = make_collector()
        collector.process.send_signal(number)
        assert collector.process.wait(timeout=60) == 0
        assert collector.output().splitlines()[-2:] == ["stopping  what was accepted is drained", "stopped"]


def test_completion_knows_the_runs(live, tmp_path):
    live.request("/api/ingest", b"".join(b'{"v":1,"runId":"lap-%d","sourceId":"s","type":"t","payload":{}}\n' % k for k in range(3)))
    assert sorted(teltel("runs", "--ids", "--url", live.url).stdout.split()) == ["lap-0", "lap-1", "lap-2"]
    script = tmp_path / "teltel.bash"
    script.write_text(teltel("--generate-completion-script", "bash").stdout)
    (tmp_path / "teltel").symlink_to(TELTEL)
    words = 'COMP_WORDS=(teltel tail lap-); COMP_CWORD=2; COMP_LINE="teltel tail lap-"; COMP_POINT=16; _teltel; echo "${COMPREPLY[*]}"'
    answer = subprocess.run(
        ["bash", "-c", f". {script}; {words}"], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "TELTEL_BASE_URL": live.url})
    assert sorted(answer.stdout.split()) == ["lap-0", "lap-1", "lap-2"], answer.stderr


def test_names_of_the_reference_service_work(make_collector):
    collector = make_collector(
        "-buffer-capacity", "100", "-buffer-max-runs", "3", "-buffer-cleanup-interval", "5m", "-batcher-enabled=false")
    assert collector.json("/api/ready")["storage"]["state"] == "off"
    assert collector.output().count("--buffer-cleanup-interval changes nothing") == 1


def test_without_the_engine_library_the_collector_is_live_and_spools(make_collector, vehicle, monkeypatch):
    monkeypatch.setenv("TELTEL_CLICKHOUSE_LIBRARY", "/nowhere")
    collector = make_collector()
    ready = collector.json("/api/ready")
    assert ready["status"] == "degraded" and "fetch-clickhouse.sh" in ready["storage"]["detail"]
    vehicle("spooled", 1, False).wait()
    collector.wait_status("spooled", "completed")
    wait_until(lambda: collector.metric("teltel_spool_waiting_segments") > 0, "the run is spooled")
    monkeypatch.delenv("TELTEL_CLICKHOUSE_LIBRARY")
    assert collector.stop() == 0
    collector.start()
    wait_until(lambda: collector.run("spooled")["stored"] == 120 * 7 + 2, "the run is stored after all")
