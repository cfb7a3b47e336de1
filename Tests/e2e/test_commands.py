"""The commands of the executable, as typed in a terminal."""
import json
import os
import subprocess

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
    assert teltel("nonsense").returncode != 0


def test_bad_options_are_explained():
    for arguments in (["--port", "99999"], ["--batcher-flush-interval", "soon"]):
        answer = teltel("collect", "--no-storage", *arguments)
        assert answer.returncode != 0 and arguments[1] in answer.stderr


def test_names_of_the_reference_service_work(make_collector):
    collector = make_collector(
        "-buffer-capacity", "100", "-buffer-max-runs", "3", "-buffer-cleanup-interval", "5m", "-batcher-enabled=false")
    assert collector.json("/api/ready")["storage"]["state"] == "off"


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
