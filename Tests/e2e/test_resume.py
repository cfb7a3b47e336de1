"""A client that lost its connection goes on with its newest cursor: no gap, no repeat, or the gap is announced."""
import json

import pytest
from websockets.exceptions import ConnectionClosed
from support import wait_until
from test_ingest import line, post
from test_live import subscribe

ROOM = ("--live-capacity", "1000000")
RECORD_BYTES = 128  # of engine.c's samples


def follow(collector, run_id, cursor, received, until):
    """Receives until `until(message)`; events go to `received`, the newest cursor is returned."""
    more = {"after": cursor} if cursor else {"tail": 1_000_000}
    with subscribe(collector, runId=run_id, cursor=True, **{"tail": 0, **more}) as socket:
        while True:
            message = json.loads(socket.recv(timeout=30))
            received.append(message)
            cursor = message.get("cursor", cursor)
            if until(message):
                return cursor


def is_end(message):
    return message.get("type") == "run.end"


def notices(received):
    return [message for message in received if "notice" in message]


def samples(received, thread=0):
    """Indices in the order of arrival."""
    return [
        message["payload"]["index"] for message in received
        if message.get("type") == "test.sample" and message["payload"]["thread"] == thread]


def samples_of_all(received):
    return [message for message in received if message.get("type") == "test.sample"]


def test_reconnecting_again_and_again_is_complete(make_collector, programs, start_engine):
    live = make_collector("--no-storage", *ROOM)
    start_engine(programs / "engine", "again", 8000, 4000, 3)
    received, cursor, ends = [], None, []
    while not ends:
        stop = len(received) + 1500
        cursor = follow(live, "again", cursor, received, lambda message: is_end(message) or len(received) >= stop)
        ends = [message for message in received if is_end(message)]
    assert notices(received) == []
    for thread in range(3):
        assert samples(received, thread) == list(range(8000))
    assert len(received) == 3 * 8000 + 2


@pytest.mark.parametrize("kept", [True, False], ids=["stored", "live-only"])
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_restart_of_the_collector_leaves_no_gap(make_collector, programs, start_engine, tmp_path, how, kept):
    collector = make_collector(*([] if kept else ["--no-storage"]), *ROOM)
    # However long a restart takes, the run is not over by then.
    go_on = tmp_path / "go-on"
    start_engine(programs / "engine", "restart", 12000, 3000, 2, ENGINE_HOLD_AT="8000", ENGINE_HOLD_UNTIL=str(go_on))
    received, cursor = [], None
    for stop in (3000, 9000):
        cursor = follow(collector, "restart", cursor, received, lambda message: len(received) >= stop)
        getattr(collector, how)()
        collector.start()
    go_on.touch()
    follow(collector, "restart", cursor, received, is_end)
    assert notices(received) == []
    for thread in range(2):
        assert samples(received, thread) == list(range(12000))
    if kept:  # what was read twice is counted once
        wait_until(lambda: collector.run("restart")["stored"] == 24002, "everything is stored")
        assert collector.run("restart")["accepted"] == 24002


def test_what_left_the_buffer_is_announced(make_collector, programs, start_engine):
    live = make_collector("--no-storage", "--live-capacity", "500")
    engine = start_engine(programs / "engine", "gap", 20000, 20000, 1)
    received = []
    cursor = follow(live, "gap", None, received, lambda message: len(samples([message])) == 1)
    engine.communicate()
    live.wait_status("gap", "completed")
    seen = samples(received)
    late = []
    follow(live, "gap", cursor, late, is_end)
    first, *events = late
    assert first["notice"] == "gap" and first["writer"] == 0 and first["to"] - first["from"] == first["bytes"]
    found = samples(late)
    assert found == list(range(found[0], 20000)) and len(found) >= 498
    assert first["bytes"] == (found[0] - seen[-1] - 1) * RECORD_BYTES
    assert not notices(events)
    # What has been announced once is part of the newer cursor.
    again = []
    follow(live, "gap", events[0]["cursor"], again, is_end)
    assert notices(again) == [] and samples(again) == found[1:]


def test_posted_events_resume_too(make_collector):
    live = make_collector("--no-storage", *ROOM)
    received = []
    post(live, *[line(frameIndex=frame) for frame in range(50)], *[line(runId="other", frameIndex=frame) for frame in range(50)])
    cursor = follow(live, "posted", None, received, lambda message: len(received) == 20)
    post(live, *[line(frameIndex=frame) for frame in range(50, 100)])
    cursor = follow(live, "posted", cursor, received, lambda message: len(received) == 70)
    live.kill()
    live.start()
    post(live, *[line(frameIndex=frame) for frame in range(100, 120)])
    follow(live, "posted", cursor, received, lambda message: len(received) == 120)
    assert notices(received) == []
    # Each POST takes a ring of its own, and after the restart a new one: no order among them.
    assert sorted(event["frameIndex"] for event in received) == list(range(120))


def test_a_run_that_is_gone_after_a_restart_is_a_gap(make_collector, programs, start_engine):
    live = make_collector("--no-storage")
    received = []
    start_engine(programs / "engine", "gone", 100, 0, 1).communicate()
    cursor = follow(live, "gone", None, received, is_end)
    wait_until(lambda: live.metric("teltel_rings_instances") == 1, "the rings are gone")
    live.kill()
    live.start()
    late = []
    follow(live, "gone", cursor, late, lambda message: True)
    assert late[0]["notice"] == "gap" and "bytes" not in late[0]


def test_too_many_writers_for_a_cursor(make_collector, programs, start_engine):
    live = make_collector("--no-storage")
    for number in range(9):
        start_engine(programs / "engine", f"many-{number}", 20, 100, 8)
    wait_until(lambda: [run["accepted"] for run in live.json("/api/runs")] == 9 * [162], "all runs are there")
    with subscribe(live, cursor=True) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=30)
    assert closed.value.rcvd.code == 1008 and "name a runId" in closed.value.rcvd.reason


def test_a_stream_that_outgrows_its_cursor_goes_on_without(live, programs, start_engine):
    engines = [start_engine(programs / "engine", f"grow-{number}", 200, 100, 8) for number in range(4)]
    wait_until(lambda: len(live.json("/api/runs")) == 4, "four runs are there")
    seen = []
    with subscribe(live, cursor=True) as socket:
        engines += [start_engine(programs / "engine", f"grow-{number}", 200, 100, 8) for number in range(4, 9)]
        while len(samples_of_all(seen)) < 9 * 8 * 200:
            seen.append(json.loads(socket.recv(timeout=30)))
    ended = seen.index(notices(seen)[0])
    assert len(notices(seen)) == 1 and seen[ended]["notice"] == "cursor-ended" and seen[ended]["writers"] == 65
    assert all("cursor" in event for event in seen[:ended]) and not any("cursor" in event for event in seen[ended:])
