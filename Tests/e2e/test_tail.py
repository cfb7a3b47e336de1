"""`teltel tail`: what it prints, and when it ends."""
import json
import os
import signal
import subprocess

import pytest
from support import BUILD, wait_until

TELTEL = BUILD / "bin/teltel"


def tail(collector, *arguments):
    command = [TELTEL, "tail", *arguments, "--url", collector.url]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)


@pytest.fixture
def start_tail(request):
    """`start_tail(collector, ...)`: one that goes on."""
    started = []

    def start(collector, *arguments):
        command = [TELTEL, "tail", *arguments, "--url", collector.url]
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def event(run, type_, frame, payload, source="s", channel="c"):
    event = {"v": 1, "runId": run, "sourceId": source, "channel": channel, "type": type_, "frameIndex": frame, "simTime": frame / 100,
             "payload": payload}
    return json.dumps(event)


def end(run, source="s"):
    return event(run, "run.end", 10**6, {"status": "completed"}, source, "run")


def post(collector, *lines):
    assert collector.request("/api/ingest", ("\n".join(lines) + "\n").encode())[0] == 202


def frames(answer):
    return [int(line.split("\t")[0]) for line in answer.stdout.splitlines()]


@pytest.fixture(scope="module")
def ended(shared):
    """1,000 events of two types, and its end."""
    lines = [event("ended", ("a", "b")[frame % 2], frame, {"x": frame, "on": frame % 4 == 0}) for frame in range(1000)]
    post(shared, *lines, end("ended"))
    shared.wait_status("ended", "completed")
    return shared


@pytest.mark.parametrize("count", [0, 1, 2, 7, 500, 600])
def test_so_many_lines_of_a_type(ended, count):
    answer = tail(ended, "ended", "--type", "a", "--lines", count)
    assert answer.returncode == 0 and frames(answer) == list(range(0, 1000, 2))[-count:] if count else not frames(answer)
    assert tail(ended, "ended", "--lines", count).stdout.count("\n") == count


def test_of_each_nth_frame(ended):
    assert frames(tail(ended, "ended", "--type", "a", "--every", "100", "--lines", "5")) == [500, 600, 700, 800, 900]
    assert frames(tail(ended, "ended", "--type", "b", "--every", "100")) == []


def test_what_is_asked_for_is_not_there(ended):
    answer = tail(ended, "ended", "--type", "none")
    assert (answer.returncode, answer.stdout) == (0, "") and "none of what is asked for is in memory" in answer.stderr


def test_an_unknown_run_is_an_error(ended):
    answer = tail(ended, "nosuch")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "teltel: there is no run nosuch; `teltel runs` lists those there are, --wait waits for it\n"


def test_a_run_that_has_not_begun_is_waited_for(live, start_tail):
    waiting = start_tail(live, "later", "--wait")
    assert waiting.stderr.readline() == "teltel: waiting for run later\n"
    wait_until(lambda: live.metric("teltel_live_subscribers") == 1, "it listens")
    post(live, event("other", "a", 1, {"x": 1}), end("other"), event("later", "a", 1, {"x": 1}), end("later"))
    out, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0 and [line.split("\t")[2] for line in out.splitlines()] == ["a", "run.end"] and errors == ""


def test_a_run_that_memory_has_lost(make_collector):
    collector = make_collector("--no-storage", "--live-max-runs", "1")
    post(collector, event("first", "a", 1, {"x": 1}), end("first"))
    collector.wait_status("first", "completed")
    post(collector, event("second", "a", 1, {"x": 1}))
    wait_until(lambda: collector.run("first")["size"] == 0, "it has left memory")
    answer = tail(collector, "first")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "run first has ended (completed), and its events are not in memory any more; they were not stored" in answer.stderr


def test_a_run_that_only_storage_knows(collector):
    post(collector, event("über nacht", "a", 1, {"x": 1}), end("über nacht"))
    wait_until(lambda: (collector.run("über nacht") or {}).get("stored") == 2, "it is stored")
    assert collector.stop() == 0
    collector.start()
    answer = tail(collector, "über nacht")
    assert (answer.returncode, answer.stdout) == (1, "")
    page = f"{collector.url}/runs/%C3%BCber%20nacht"
    assert f"not in memory any more; storage has them: see {page}\n" in answer.stderr
    assert collector.request("/runs/%C3%BCber%20nacht")[0] == 200


def test_it_ends_with_an_engine_that_is_killed(live, vehicle, start_tail):
    engine = vehicle("killed", 3600)
    live.wait_status("killed", "running")
    following = start_tail(live, "killed", "--type", "wheel.force", "--lines", "1")
    assert following.stdout.readline().split("\t")[2] == "wheel.force"
    engine.send_signal(signal.SIGKILL)
    following.communicate(timeout=60)
    assert following.returncode == 0 and live.run("killed")["status"] == "failed"


def test_it_ends_with_a_run_that_falls_silent(make_collector, start_tail):
    collector = make_collector("--no-storage", "--silence-timeout", "1s")
    post(collector, event("silent", "a", 1, {"x": 1}))
    following = start_tail(collector, "silent")
    following.communicate(timeout=60)
    assert following.returncode == 0 and collector.run("silent")["status"] == "failed"


def test_it_goes_on_with_the_run_of_several_engines(live, programs, start_engine, start_tail):
    """One of them ends: the run does not."""
    first, second = [start_engine(programs / "engine", "together", 10_000_000, 100, 1, "", source) for source in ("one", "two")]
    wait_until(lambda: {t["sourceId"] for t in live.json("/api/run?runId=together").get("types", [])} == {"one", "two"}, "both are there")
    following = start_tail(live, "together", "--json", "--type", "test.sample", "--lines", "0")
    assert following.stdout.readline()
    first.kill()
    sources = []
    wait_until(lambda: sources.append(json.loads(following.stdout.readline())["sourceId"]) or sources[-20:] == ["two"] * 20, "it goes on")
    second.kill()
    following.communicate(timeout=60)
    assert following.returncode == 0


def test_the_collector_leaves(make_collector, start_tail):
    collector = make_collector("--no-storage")
    post(collector, event("open", "a", 1, {"x": 1}))
    collector.wait_status("open", "running")
    following = start_tail(collector, "open")
    assert following.stdout.readline()
    assert collector.stop() == 0
    _, errors = following.communicate(timeout=60)
    assert following.returncode == 1 and "the collector has left" in errors


def test_numbers_have_the_digits_that_they_need(live):
    values = {"f32": 2639.699462890625, "f64": 0.1 + 0.2, "whole": 3.0, "id": 18446744073709551615, "small": 1e-300, "nan": "NaN",
              "on": True, "off": False, "none": None, "zero": -0.0, "third": 1 / 3}
    post(live, event("digits", "a", 1, values), end("digits"))
    live.wait_status("digits", "completed")
    (line,) = tail(live, "digits", "--type", "a").stdout.splitlines()
    shown = dict(pair.split("=") for pair in line.split("\t")[3].split(" "))
    assert shown == {"f32": "2639.6995", "f64": "0.30000000000000004", "whole": "3", "id": "18446744073709551615", "small": "1e-300",
                     "nan": "NaN", "on": "true", "off": "false", "none": "null", "zero": "-0", "third": "0.3333333333333333"}


def test_chosen_values_stand_in_columns(live):
    lines = [event("table", "a", frame, {"pos": {"x": frame / 2, "y": [1, 2]}}) for frame in (1, 20, 300)]
    post(live, *lines, event("table", "b", 301, {"other": 1}), end("table"))
    live.wait_status("table", "completed")
    answer = tail(live, "table", "--field", "pos.x", "--field", "pos.y[1]", "--field", "missing")
    assert answer.stdout.splitlines() == [
        "     FRAME          TIME           pos.x        pos.y[1]         missing",
        "         1        0.0100             0.5               2               -",
        "        20        0.2000              10               2               -",
        "       300        3.0000             150               2               -"]
    assert answer.returncode == 0


@pytest.mark.parametrize("arguments", [["--lines", "-1"], ["--every", "0"], ["--json", "--field", "x"]])
def test_wrong_options(arguments):
    done = subprocess.run([TELTEL, "tail", "r", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and arguments[0] in done.stderr
