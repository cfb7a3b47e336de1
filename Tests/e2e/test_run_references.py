"""Runs named by the beginning of their id, or as the latest one: in the API's parameters and in commands."""
import json
import subprocess

import pytest
from analysis import all_stored
from support import BUILD
from test_ingest import post
from told import answer

TELTEL = BUILD / "bin/teltel"
RUNS = [("nightly-1", "s", "red"), ("nightly-10", "t", "blue"), ("other/é", "s", "red"), ("nightly-2", "u", "green")]


@pytest.fixture(scope="module")
def world(module_collector):
    for number, (run, source, car) in enumerate(RUNS):
        def line(type_name: str, payload: dict, frame: int = 0, **more) -> dict:
            return {"v": 1, "runId": run, "sourceId": source, "channel": "c", "type": type_name, "frameIndex": frame, "payload": payload, **more}  # noqa: B023
        lines = [line("run.start", {}, tags={"car": car}), *(line("t", {"x": number}, frame) for frame in range(3)), line("run.end", {"status": "completed"}, 2)]
        assert post(module_collector, *lines)[1]["accepted"] == 5
        all_stored(module_collector, run, 5)
    return module_collector


def meant(collector, text: str) -> tuple[int, dict]:
    from urllib.parse import quote
    status, _, body = collector.request("/api/run-id?run=" + quote(text, safe=""))
    return status, json.loads(body)


@pytest.mark.parametrize("text, run", [
    ("nightly-1", "nightly-1"), ("nightly-10", "nightly-10"), ("nightly-2", "nightly-2"), ("o", "other/é"), ("other/", "other/é"),
    ("latest", "nightly-2"), ("latest:car=red", "other/é"), ("latest:car=blue", "nightly-10"), ("latest:source=s", "other/é"), ("latest:car", "nightly-2"),
])
def test_a_run_is_found_by_what_is_said_of_it(world, text, run):
    assert meant(world, text) == (200, {"asked": text, "runId": run})


def test_a_beginning_of_several_is_refused_with_their_names(world):
    status, problem = meant(world, "nightly")
    assert (status, problem["code"]) == (409, "ambiguous-run")
    assert all(run in problem["detail"] for run in ("nightly-1", "nightly-10", "nightly-2")) and "other" not in problem["detail"]
    for text in ("latest:car=black", "latest:source=none", "x", "latest:"):
        assert meant(world, text)[1]["code"] == "unknown-run", text


def test_every_question_takes_it_and_says_which_run_it_is(world):
    value = {"eventType": "t", "sourceId": "s", "jsonPath": "x"}
    assert [row["value"] for row in answer(world, "series", runId="oth", **value)] == [2, 2, 2]
    assert [row["run_id"] for row in answer(world, "stats", runId="latest:car=blue")] == ["nightly-10"]
    status, headers, _ = world.request("/api/analysis/stats?runId=latest%3Acar%3Dred")
    assert headers["X-Teltel-Run-Id"] == "other%2F%C3%A9"
    # Where nothing was shortened nothing is said.
    assert "X-Teltel-Run-Id" not in world.request("/api/analysis/stats?runId=nightly-1")[1]
    compared = world.json("/api/analysis/first-divergence?runId1=nightly-10&runId2=latest")
    assert [run["runId"] for run in compared["runs"]] == ["nightly-10", "nightly-2"]
    assert world.json("/api/analysis/same-as?runId=latest")["runId"] == "nightly-2"
    assert world.json("/api/analysis/run/oth")["run_id"] == "other/é"
    assert world.json("/api/markers?runId=oth")["runId"] == "other/é"
    # A run that there is not has no rows, as ever.
    assert answer(world, "stats", runId="none") == []
    assert json.loads(world.request("/api/analysis/stats?runId=nightly")[2])["code"] == "ambiguous-run"


def teltel(collector, *arguments, code: int = 0):
    done = subprocess.run([TELTEL, *arguments, "--url", collector.url], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return done


def test_commands_take_it(world):
    assert "other/é" in teltel(world, "compare", "nightly-1", "oth", "--json", code=1).stdout
    teltel(world, "run", "name", "latest:car=red", "the red one")
    assert world.run("other/é")["name"] == "the red one"
    assert "nightly-1, nightly-10, nightly-2" in teltel(world, "tail", "nightly", code=1).stderr
    assert teltel(world, "tail", "oth", "--json", "--lines", "1").stdout.count("other/é") == 1
    assert "there is no run none" in teltel(world, "tail", "none", code=1).stderr


def test_a_command_that_deletes_shows_whole_ids_before(world):
    post(world, {"v": 1, "runId": "gone-4711", "sourceId": "s", "type": "run.start", "payload": {}}, {"v": 1, "runId": "gone-4711", "sourceId": "s", "type": "run.end", "payload": {}})
    all_stored(world, "gone-4711", 2)
    done = subprocess.run([TELTEL, "run", "delete", "gone", "--url", world.url], input="n\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "delete gone-4711 with all events?" in done.stderr and world.run("gone-4711")
    assert teltel(world, "run", "delete", "gone", "--yes").stdout == "deleted gone-4711\n"
