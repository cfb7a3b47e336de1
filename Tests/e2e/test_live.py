"""From the engine to a live subscriber, without storage."""
import json
import os
import re
import signal
import subprocess

import pytest
from support import BUILD, ROOT, wait_until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect


def subscribe(collector, **subscription):
    """Nothing tells when a subscription holds: the tail covers what came before it."""
    subscription.setdefault("tail", 10_000)
    # A client that stops reading in the middle of a stream cannot close in peace: no long wait for that.
    socket = connect(collector.url.replace("http", "ws") + "/ws", max_size=None, close_timeout=0.2)
    socket.send(json.dumps(subscription))
    return socket


def next_event(socket):
    return json.loads(socket.recv(timeout=30))


def events_until_end(socket):
    found = []
    while not found or found[-1]["type"] != "run.end":
        found.append(next_event(socket))
    return found


def test_every_event_of_a_run_arrives_once_and_in_order(live, programs, start_engine):
    with subscribe(live, runId="complete") as socket:
        engine = start_engine(programs / "engine", "complete", 20000, 20000, 1)
        events = events_until_end(socket)
        assert "accepted 20000 refused 0" in engine.communicate()[0]
    samples = [event for event in events if event["type"] == "test.sample"]
    assert [event["payload"]["index"] for event in samples] == list(range(20000))
    assert [event["frameIndex"] for event in samples] == list(range(20000))
    assert events[0]["type"] == "run.start" and events[0]["payload"]["engine_version"] == "1.2.3"
    event = samples[7]
    assert list(event) == ["v", "runId", "sourceId", "channel", "type", "frameIndex", "simTime", "wallTimeMs", "payload"]
    assert event["payload"]["v"]["k"] == 7 * 0.25 + 10 and event["simTime"] == 0.007


def test_events_of_several_types_come_in_the_order_of_emission(live, vehicle):
    with subscribe(live, runId="order") as socket:
        vehicle("order", 2)
        events = events_until_end(socket)
    frames = [(event["frameIndex"], event["type"]) for event in events if event["channel"] != "run"]
    expected = ["frame.start", "body.state"] + 4 * ["wheel.force"] + ["frame.end"]
    assert frames == [(frame, name) for frame in range(240) for name in expected]


def test_run_list_shows_the_run_and_its_end(live, vehicle):
    engine = vehicle("shown", 4)
    run = live.wait_status("shown", "running")
    assert run["sourceId"] == "drive-engine"
    wait_until(lambda: live.run("shown")["ratePerSecond"] > 100, "the rate is shown")
    run = live.wait_status("shown", "completed")
    assert engine.wait() == 0
    assert run["accepted"] == 480 * 7 + 2 and run["refused"] == 0 and run["lastFrame"] == 479
    assert {"channel": "physics", "type": "wheel.force"} in run["types"]
    detail = live.json("/api/run?runId=shown")
    wheel = next(entry for entry in detail["types"] if entry["type"] == "wheel.force")
    assert wheel["accepted"] == 1920
    assert {"name": "wheelId", "kind": "i64", "unit": "", "key": True, "input": False, "measured": False, "labels": []} in wheel["fields"]
    (end,) = [entry["fields"] for entry in detail["types"] if entry["type"] == "frame.end"]
    assert {field["name"]: field["measured"] for field in end} == {"dt": False, "substeps": False, "perf.cpu_time_ms": True}


def test_engine_computes_the_same_with_and_without_a_collector(live, vehicle):
    def state_hash(*more):
        text = vehicle("hash", 20, False, *more).communicate()[0]
        return re.search(r"state hash +(\w+)", text)[1]

    assert state_hash() == state_hash("--no-telemetry")


def test_killed_engine_is_a_failed_run_and_its_rings_go(live, programs, start_engine, shm):
    engine = start_engine(programs / "engine", "killed", 10_000_000, 1000, 1)
    live.wait_status("killed", "running")
    engine.send_signal(signal.SIGKILL)
    run = live.wait_status("killed", "failed")
    assert "without ending the run" in run["endReason"]
    # The lock and the collector's own rings for NDJSON stay.
    wait_until(lambda: len(os.listdir(shm)) == 2, "ring files are removed")


def test_stopped_engine_is_not_taken_for_dead(live, programs, start_engine):
    engine = start_engine(programs / "engine", "frozen", 3000, 1000, 1)
    live.wait_status("frozen", "running")
    engine.send_signal(signal.SIGSTOP)
    other = start_engine(programs / "engine", "killed-beside", 10_000_000, 1000, 1)
    live.wait_status("killed-beside", "running")
    other.send_signal(signal.SIGKILL)
    live.wait_status("killed-beside", "failed")  # so producers have been judged since
    assert live.run("frozen")["status"] == "running"
    engine.send_signal(signal.SIGCONT)
    assert live.wait_status("frozen", "completed")["accepted"] == 3002


def test_collector_may_start_after_the_engine(make_collector, programs, start_engine):
    engine = start_engine(programs / "engine", "early", 5000, 0, 1)
    assert "accepted 5000" in engine.communicate()[0]
    assert make_collector("--no-storage").wait_status("early", "completed")["accepted"] == 5002


def test_several_threads_are_complete(live, programs, start_engine):
    engine = start_engine(programs / "engine", "threads", 20000, 20000, 4)
    assert "accepted 80000 refused 0" in engine.communicate()[0]
    assert live.wait_status("threads", "completed")["accepted"] == 80002


def test_a_run_id_used_again_gets_a_suffix(live, programs, start_engine):
    for _ in range(2):
        start_engine(programs / "engine", "again", 10, 0, 1).communicate()
    for name in ("again", "again~2"):
        assert live.wait_status(name, "completed")["accepted"] == 12
    assert len(live.json("/api/runs")) == 2


def test_tail_joins_the_live_stream_without_gap_or_repeat(live, programs, start_engine):
    start_engine(programs / "engine", "tail", 20000, 10000, 1)
    wait_until(lambda: (live.run("tail") or {}).get("accepted", 0) > 3000, "some events are buffered")
    with subscribe(live, runId="tail", types=["test.sample"], tail=2000) as socket:
        indexes = [next_event(socket)["payload"]["index"]]
        while indexes[-1] < 19999:
            indexes.append(next_event(socket)["payload"]["index"])
    assert indexes == list(range(indexes[0], 20000))
    assert len(indexes) > 2000


def test_a_new_subscription_replaces_the_old_one(live, vehicle):
    with subscribe(live, types=["body.state"], tail=0) as socket:
        vehicle("replace", 4)
        assert next_event(socket)["type"] == "body.state"
        socket.send(json.dumps({"typePrefix": "wheel."}))
        wait_until(lambda: next_event(socket)["type"] == "wheel.force", "the new subscription holds")
        assert {next_event(socket)["type"] for _ in range(40)} == {"wheel.force"}
    wait_until(lambda: live.metric("teltel_live_subscribers") == 0, "nothing is left behind")


@pytest.mark.parametrize("message", ["{", "[]", '{"types":"a"}', '{"runId":7}'])
def test_bad_subscription_is_answered_with_1008(live, message):
    with connect(live.url.replace("http", "ws") + "/ws") as socket:
        socket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=30)
    assert closed.value.rcvd.code == 1008 and "subscription" in closed.value.rcvd.reason


def test_foreign_host_and_origin_are_refused(live):
    assert live.request("/api/runs", headers={"Host": "evil.example"})[0] == 403
    assert live.request("/api/runs", headers={"Origin": "http://evil.example"})[0] == 403
    assert live.request("/api/runs", headers={"Origin": live.url})[0] == 200
    with pytest.raises(InvalidStatus):
        connect(live.url.replace("http", "ws") + "/ws", additional_headers={"Origin": "http://evil.example"})


def test_second_collector_leaves_and_names_the_first(live, make_collector):
    second = make_collector("--no-storage", start=False)
    command = [BUILD / "bin/teltel", "collect", "--no-storage", "--port", "0", "--shm-dir", live.shm]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and f"pid {live.process.pid}" in result.stderr
    assert second.process is None


def test_answers_of_the_contract(live):
    assert live.request("/api/health")[::2] == (200, b'{"status":"ok"}')
    assert live.request("/api/health", method="POST", data=b"")[0] == 200
    assert live.request("/api/run")[0] == 400
    assert live.request("/api/run?runId=none")[0] == 404
    assert live.json("/api/runs") == []
    assert live.request("/api/runs", method="POST", data=b"")[0] in (404, 405)
    assert live.request("/../../etc/passwd")[0] == 404


def test_a_port_that_is_taken_is_said_and_ends_the_collector(live, tmp_path_factory):
    rings = tmp_path_factory.mktemp("rings")
    command = [BUILD / "bin/teltel", "collect", "--no-storage", "--port", str(live.port), "--shm-dir", rings]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and f"{live.port}" in result.stderr and "--port" in result.stderr


def test_sigterm_ends_the_collector_with_0(live):
    assert live.stop() == 0


@pytest.mark.parametrize("stream", ["json", "columns"])
def test_a_stream_that_ends_with_its_run(live, programs, start_engine, stream):
    """By the run's end, not by an event: no more comes, and the code says so."""
    with subscribe(live, runId="whole", types=["test.sample"], format=stream, untilEnd=True) as socket:
        start_engine(programs / "engine", "whole", 5000, 10_000, 2)
        messages = []
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                messages.append(socket.recv(timeout=30))
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "the run has ended")
    if stream == "json":
        assert len(messages) == 10_000 and all(json.loads(message)["type"] == "test.sample" for message in messages)
    # Of a run that has ended already, its last events come first: of two threads, so not in the order of frames.
    tail = []
    with subscribe(live, runId="whole", types=["test.sample"], tail=7, untilEnd=True) as after, pytest.raises(ConnectionClosed) as closed:
        while True:
            tail.append(json.loads(after.recv(timeout=30))["payload"])
    assert closed.value.rcvd.code == 1000 and len(tail) == 7
    for thread in (0, 1):
        indices = [payload["index"] for payload in tail if payload["thread"] == thread]
        assert indices == list(range(5000 - len(indices), 5000))


def test_events_of_each_nth_frame(live, vehicle):
    with subscribe(live, runId="thinned", every=50, untilEnd=True) as socket:
        vehicle("thinned", 2, False)
        events = []
        with pytest.raises(ConnectionClosed):
            while True:
                events.append(next_event(socket))
    frames = [event["frameIndex"] for event in events if event["channel"] != "run"]
    assert frames == [frame for frame in range(0, 240, 50) for _ in range(7)]


@pytest.mark.parametrize("wrong, reason", [({"untilEnd": True}, "untilEnd needs a runId"), ({"every": 0}, "every must be 1 or more"),
                                           ({"every": -3}, "every must be 1 or more"), ({"every": "x"}, "every has the wrong type")])
def test_a_wrong_part_of_a_stream_is_named(shared, wrong, reason):
    with subscribe(shared, **wrong) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=30)
    assert closed.value.rcvd.code == 1008 and reason in closed.value.rcvd.reason
