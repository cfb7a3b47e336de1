"""Runs of long ago: more than a collector holds after a restart. Each is known by its name, and its name is not given to another."""
import json
import os
import shutil
import socket
import subprocess
import tempfile

import pytest
from analysis import all_stored, fields, series
from support import BUILD, Collector, wait_until
from test_ingest import post
from test_stored_fields import end, event

HELD = 1_000
OLDEST = "run-0000"


@pytest.fixture(scope="module")
def restarted(tmp_path_factory, programs):
    """The oldest of its runs has a name and a note, the next one a type with keys."""
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    collector = Collector(tmp_path_factory.mktemp("earlier"), shm, []).start()
    yield grown_old(collector, programs)
    collector.kill()
    shutil.rmtree(shm, ignore_errors=True)


def grown_old(collector, programs):
    assert post(collector, *[event(OLDEST, "t", {"x": frame}, frame) for frame in range(20)], end(OLDEST, 20))[1]["accepted"] == 21
    run_engine(collector, programs / "engine", "keyed", 5, 0, 2)
    collector.wait_status("keyed", "completed")
    change(collector, OLDEST, name="baseline", note="keep it")
    assert post(collector, *[line for number in range(1, HELD + 100) for line in (event(f"run-{number:04}", "t", {"x": 1}, 1), end(f"run-{number:04}", 2))])[0] == 202
    all_stored(collector, OLDEST, 21)
    wait_until(lambda: all(run["stored"] == run["accepted"] for run in collector.json("/api/runs")), "all is stored", 60)
    assert collector.stop() == 0
    collector.start()
    assert OLDEST not in {run["runId"] for run in collector.json("/api/runs?limit=1000")["runs"]}
    wait_until(lambda: collector.request("/api/ready")[0] == 200, "storage is there", 60)
    return collector


def run_engine(collector, *command):
    variables = {**os.environ, "TELTEL_SHM_DIR": str(collector.shm), "LD_LIBRARY_PATH": str(BUILD / "lib")}
    subprocess.run([*map(str, command)], env=variables, check=True, timeout=60)


def change(collector, run: str, **what) -> dict:
    body = json.dumps(what).encode()
    status, _, answer = collector.request(f"/api/run?runId={run}", body, {"Content-Type": "application/json"}, method="PATCH")
    assert status == 200, answer
    return json.loads(answer)


def test_a_run_of_long_ago_is_known_by_its_name(restarted):
    run = restarted.json(f"/api/run?runId={OLDEST}")
    assert (run["name"], run["note"], run["status"], run["accepted"], run["stored"]) == ("baseline", "keep it", "completed", 21, 21)
    assert change(restarted, "run-0001", note="looked at")["note"] == "looked at"
    assert restarted.json("/api/run?runId=run-0001")["note"] == "looked at"


def test_names_that_nobody_knows_may_be_asked_for_again_and_again(restarted):
    """Each is looked for among the runs of long ago. After some thousand looks that was one too many."""
    times, together = 15_000, 250
    question = f"GET /api/run?runId=nobody HTTP/1.1\r\nHost: 127.0.0.1:{restarted.port}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", restarted.port)) as connection:
        answers = connection.makefile("rb")
        for _ in range(times // together):
            connection.sendall(question * together)
            for _ in range(together):
                assert answers.readline().startswith(b"HTTP/1.1 404")
                length = 0
                while (header := answers.readline().strip()):
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.split(b":")[1])
                answers.read(length)


def test_its_instances_are_lines_of_their_own(restarted):
    """What tells them apart is declared by the engine, and known from the run's record alone."""
    rows = series(restarted, "keyed", "test.sample", "index", restarted.json("/api/run?runId=keyed")["sourceId"])
    assert sorted((row["key"], row["frame_index"]) for row in rows) == [(key, frame) for key in ("0", "1") for frame in range(5)]
    assert fields(restarted, "keyed", "test.sample")["index"] == "UInt64"


def test_its_name_is_not_given_to_another(restarted):
    assert post(restarted, event("run-0002", "t", {"x": 5}, 1), end("run-0002", 2))[1]["accepted"] == 2
    assert restarted.run("run-0002~2")["accepted"] == 2
    assert restarted.json("/api/run?runId=run-0002")["accepted"] == 2
    all_stored(restarted, "run-0002~2", 2)
    assert [row["value"] for row in series(restarted, "run-0002", "t", "x")] == [1]
    assert [row["value"] for row in series(restarted, "run-0002~2", "t", "x")] == [5]


def test_an_engine_does_not_get_its_name_either(restarted, programs):
    """Of another source it is one more program of that run; of the same it is another run."""
    for run in ("run-0003", "run-0003~2"):
        run_engine(restarted, programs / "shape", "run-0003", "t", 0, 4, "x:f64=1")
        wait_until(lambda: (found := restarted.run(run)) and "engine" in restarted.json(f"/api/run?runId={run}")["sources"] and found["status"] == "completed", f"{run} has ended")
    assert set(restarted.json("/api/run?runId=run-0003")["sources"]) == {"s", "engine"}


def test_it_can_be_deleted(restarted):
    assert restarted.request("/api/run?runId=run-0004", method="DELETE")[0] == 200
    assert restarted.request("/api/run?runId=run-0004")[0] == 404
    # Its name is free.
    assert post(restarted, event("run-0004", "t", {"x": 7}, 1))[1]["accepted"] == 1
    assert restarted.run("run-0004")["accepted"] == 1
