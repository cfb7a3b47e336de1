"""Clients of the WebSocket that do not play by the rules: they harm nobody, and leave nothing behind."""
import json
import os
import struct

import pytest
from support import wait_until
from test_ingest import line, post
from test_ingest_encoding import memory
from test_live import events_until_end, next_event, subscribe
from websockets.exceptions import ConnectionClosed
from wire import close_code, frame, websocket


WINDOW = 4096  # soon full


def subscribers(collector):
    return collector.metric("teltel_live_subscribers"), collector.metric("teltel_live_clients")


def test_a_client_that_never_reads_is_cut_off_and_others_go_on(make_collector, programs, start_engine):
    live = make_collector("--no-storage", "--idle-timeout", "2s")
    idle = websocket(live, WINDOW)
    idle.send(frame(b"{}"))
    with subscribe(live, runId="flood") as good:
        start_engine(programs / "engine", "flood", 60000, 30000, 1)
        events = events_until_end(good)
    assert [event["payload"]["index"] for event in events if event["type"] == "test.sample"] == list(range(60000))
    wait_until(lambda: subscribers(live) == (0, 0), "the client was cut off")
    idle.close()


def test_a_slow_client_is_told_what_it_lost(live, programs, start_engine):
    with subscribe(live, runId="slow", notices=True) as slow:
        start_engine(programs / "engine", "slow", 200_000, 100_000, 1).communicate()
        run = live.wait_status("slow", "completed")
        received, dropped = 0, 0
        while True:
            message = next_event(slow)
            dropped += message["count"] if message.get("notice") == "dropped" else 0
            received += "notice" not in message
            if message.get("type") == "run.end":
                break
    assert dropped > 0 and received + dropped == run["accepted"]
    assert live.metric("teltel_live_dropped_events_total") == dropped


def test_a_client_that_answers_no_ping_is_left(make_collector):
    live = make_collector("--no-storage", "--ping-seconds", "1")
    silent = websocket(live, WINDOW)
    silent.send(frame(b'{"runId":"nothing"}'))
    wait_until(lambda: live.metric("teltel_live_silent_clients_total") == 1, "the client was given up")
    wait_until(lambda: subscribers(live) == (0, 0), "nothing of it is left")
    silent.close()


@pytest.mark.parametrize("sent, code", [
    (frame(b"\xff\xfe{}"), 1008), (frame(b"[" * 100_000), 1008), (frame(b'{"types":' + b'["a",' * 100 + b'"b"' + b"]" * 100 + b"}"), 1008),
    (frame(b"{}", opcode=3), 1002), (frame(b"x" * 126, opcode=9), 1002), (b"\x81\x02{}", 1002), (b"\x81\xff" + struct.pack(">Q", 1 << 30), 1009),
    (frame(b"", opcode=8), 0), (frame(b"{", fin=False) + frame(b"{}", opcode=1), 1002),
], ids=["utf8", "deep", "wrong", "opcode", "ping", "unmasked", "gigabyte", "close", "fragments"])
def test_bad_frames(live, sent, code):
    client = websocket(live, WINDOW)
    client.send(sent)
    if code:
        assert close_code(client) == code
    else:
        assert client.rest()[:1] == b"\x88"
    client.close()
    wait_until(lambda: subscribers(live) == (0, 0), "nothing of it is left")
    assert live.request("/api/health")[0] == 200


@pytest.mark.parametrize("kind", ["fragments", "frame"])
def test_a_message_of_a_gigabyte(live, kind):
    """It is refused at its first megabyte, whatever is sent after that."""
    before = memory(live)
    piece = frame(b"x" * (64 << 10), fin=False)
    more = frame(b"x" * (64 << 10), opcode=0, fin=False) if kind == "fragments" else b"x" * (64 << 10)
    with websocket(live) as client:
        # A frame that announces itself as what it is, or one that never ends in pieces.
        client.send(piece if kind == "fragments" else b"\x82\xff" + struct.pack(">Q", 1 << 30) + b"mask")
        with pytest.raises(OSError):
            for _ in range((1 << 30) // len(more)):
                client.send(more)
    assert memory(live) - before < 32 << 20
    wait_until(lambda: subscribers(live) == (0, 0), "nothing of it is left")


def test_megabytes_of_subscriptions(live):
    """Nothing of it is kept: each is read and forgotten."""
    before = memory(live)
    text = b'{"runId":"' + b"x" * (60 << 10) + b'"}'
    messages = frame(text) * 16
    with websocket(live) as client:
        for _ in range(64):
            client.send(messages)
        client.send(frame(b"", opcode=9))
        assert client.file.read(2) == b"\x8a\x00"
        assert subscribers(live) == (1, 1)
    assert memory(live) - before < 64 << 20
    wait_until(lambda: subscribers(live) == (0, 0), "nothing is left")


def test_a_thousand_subscriptions_on_one_socket(live):
    post(live, *[line(runId=f"run-{number}", frameIndex=number) for number in range(1000)])
    wait_until(lambda: len(live.json("/api/runs")) == 1000, "all runs are there")
    with subscribe(live, runId="nothing") as client:
        for number in range(1000):
            client.send(json.dumps({"runId": f"run-{number}", "tail": 1}))
        # Events of a replaced subscription may still be on their way; the last one's comes in any case.
        while next_event(client)["runId"] != "run-999":
            pass
        assert subscribers(live) == (1, 1)
    wait_until(lambda: subscribers(live) == (0, 0), "nothing is left")


def test_clients_that_come_and_go_leave_nothing(live):
    post(live, *[line(frameIndex=frame) for frame in range(100)])
    wait_until(lambda: (live.run("posted") or {}).get("accepted") == 100, "the events are there")
    files = []
    for turn in range(10):
        clients = [websocket(live) for _ in range(50)]
        for client in clients:
            client.send(frame(b'{"tail":10}'))
        wait_until(lambda: subscribers(live) == (50, 50), "all are in")
        for client in clients[:25]:
            client.send(frame(b"", opcode=8))
        for client in clients:
            client.close()
        wait_until(lambda: subscribers(live) == (0, 0), "all have left")
        files.append(len(os.listdir(f"/proc/{live.process.pid}/fd")))
    wait_until(lambda: len(os.listdir(f"/proc/{live.process.pid}/fd")) <= files[0], "descriptors are as after the first turn")
    assert live.metric("teltel_live_opened_clients_total") == 500 and live.metric("teltel_live_queued_events") == 0


def test_the_end_of_the_collector_closes_with_1001(live):
    with subscribe(live) as client:
        wait_until(lambda: subscribers(live) == (1, 1), "it is in")
        live.stop()
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=30)
    assert closed.value.rcvd.code == 1001
