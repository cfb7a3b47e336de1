"""NDJSON as clients of the reference service send it."""
import http.client
import json

import pytest
from bodies import line, ndjson
from support import wait_until
from test_live import next_event, subscribe


def post(collector, *events, raw: bytes | None = None):
    body = raw if raw is not None else ndjson(*events)
    status, _, answer = collector.request("/api/ingest", data=body, headers={"Content-Type": "application/x-ndjson"})
    return status, json.loads(answer)


def test_accepted_lines_are_events_of_a_run(live):
    with subscribe(live, runId="posted") as socket:
        assert post(live, line(), line(frameIndex=2, tags={"car": "red"})) == (
            202, {"accepted": 2, "rejected": 0, "dropped": 0, "errors": []})
        first, second = next_event(socket), next_event(socket)
    assert first["payload"] == {"pos": {"x": 1.0}} and first["frameIndex"] == 1 and "wallTimeMs" in first
    assert "tags" not in first and second["tags"] == {"car": "red"}
    run = live.wait_status("posted", "running")
    assert run["accepted"] == 2 and run["sourceId"] == "flight-engine" and run["size"] == 2


def test_number_spelling_survives_and_markup_is_escaped(live):
    with subscribe(live) as socket:
        raw = b'{"v":1,"runId":"r","sourceId":"s","payload": {"a": 1.0,  "b":1e3, "t":"<&>"} }\r\n'
        assert post(live, raw=raw)[1]["accepted"] == 1
        assert '"payload":{"a":1.0,"b":1e3,"t":"\\u003c\\u0026\\u003e"}}\n' in socket.recv(timeout=30)


REJECTED = [
    (b"{", "invalid-json"), (b"[1]", "not-an-object"), (b"7", "not-an-object"),
    (b'{"v":0,"runId":"r","sourceId":"s"}', "bad-version"), (b'{"v":1.0,"runId":"r","sourceId":"s"}', "bad-version"),
    (b'{"v":1,"sourceId":"s"}', "bad-run-id"), (b'{"v":1,"runId":"","sourceId":"s"}', "bad-run-id"),
    (b'{"v":1,"runId":"r"}', "bad-source-id"), (b'{"v":1,"runId":"r","sourceId":"s","frameIndex":1.5}', "bad-frame-index"),
    (b'{"v":1,"runId":"r","sourceId":"s","frameIndex":-1}', "bad-frame-index"),
    (b'{"v":1,"runId":"r","sourceId":"s","frameIndex":4294967296}', "frame-index-too-large"),
    (b'{"v":1,"runId":"r","sourceId":"s","simTime":-0.5}', "bad-sim-time"),
    (b'{"v":1,"runId":"r","sourceId":"s","wallTimeMs":1.5}', "bad-wall-time"),
    (b'{"v":1,"runId":"r","sourceId":"s","tags":{"a":1}}', "bad-tags"),
    (b'{"v":1,"runId":"r","sourceId":"s","payload":NaN}', "invalid-json"),
    (b'{"v":1,"runId":"r","sourceId":"s"}{}', "invalid-json"), (b'\xef\xbb\xbf{"v":1,"runId":"r","sourceId":"s"}', "invalid-json"),
    (b'{"v":1,"runId":"' + b"x" * 256 + b'","sourceId":"s"}', "name-too-long"),
]


def test_bad_lines_are_counted_with_their_number_and_the_others_go_on(live):
    good = json.dumps(line()).encode()
    body = b"\n".join([good, b"", *(bad for bad, _ in REJECTED), b"   ", good])
    status, answer = post(live, raw=body)
    assert status == 202 and answer["accepted"] == 2 and answer["rejected"] == len(REJECTED) and len(answer["errors"]) == 10
    assert [error["code"] for error in answer["errors"]] == [code for _, code in REJECTED[:10]]
    assert [error["line"] for error in answer["errors"]] == list(range(3, 13))
    assert live.metric("teltel_ingest_rejected_lines_total") == len(REJECTED)


def rejections(collector, run_id):
    """By code and the newest ones; None while the run is unknown."""
    run = collector.json(f"/api/run?runId={run_id}")
    if "error" in run:
        return None
    return run["rejectedByCode"], [(line["line"], line["code"]) for line in run["rejectedLines"]], run["rejected"]


def test_rejected_lines_are_counted_at_their_run(live):
    mine, other = "run-a", "run-b"
    lines = [
        json.dumps(line(runId=mine, frameIndex=-1)),  # before the run's first event
        json.dumps(line(runId=mine)),
        "{half a line",  # nobody's by name: it stands between mine
        json.dumps(line(runId=other, simTime="soon")),
        json.dumps({"frameIndex": "x", "RUNID": mine}),  # the name comes after the fault, in another case
        json.dumps(line(runId=other)),
        json.dumps(line(runId="never-seen", v=0)),
    ]
    answer = post(live, raw="\n".join(lines).encode())[1]
    assert (answer["accepted"], answer["rejected"]) == (2, 5)
    wait_until(lambda: rejections(live, mine) and rejections(live, other), "both runs are known")
    assert rejections(live, mine) == (
        {"bad-frame-index": 2, "invalid-json": 1}, [(1, "bad-frame-index"), (3, "invalid-json"), (5, "bad-frame-index")], 3)
    assert rejections(live, other) == ({"bad-sim-time": 1}, [(4, "bad-sim-time")], 1)
    assert {run["runId"]: run["rejected"] for run in live.json("/api/runs")} == {mine: 3, other: 1}
    assert live.metric("teltel_ingest_rejected_lines_total") == 5


def test_lines_of_a_body_that_breaks_off_are_counted(live):
    connection = http.client.HTTPConnection("127.0.0.1", live.port)
    connection.putrequest("POST", "/api/ingest")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    body = (json.dumps(line(runId="cut")) + "\nnonsense\n").encode()
    connection.send(b"%x\r\n%s\r\n" % (len(body), body))
    wait_until(lambda: live.metric("teltel_ingest_accepted_events_total") == 1, "the good line is in")
    assert live.metric("teltel_ingest_rejected_lines_total") == 1
    wait_until(lambda: rejections(live, "cut") == ({"invalid-json": 1}, [(2, "invalid-json")], 1), "the bad line is counted")
    connection.close()


@pytest.mark.parametrize("bad, code", REJECTED)
def test_each_rule_has_its_code(live, bad, code):
    answer = post(live, raw=bad)[1]
    assert (answer["rejected"], answer["errors"][0]["code"]) == (1, code)


def test_accepted_oddities(live):
    lines = [
        b'{"V":7,"RUNID":"odd","SourceId":"s"}', b'{"v":-1,"runId":"odd","sourceId":"s","runId":"odd","x":null,"payload":null}',
        b'{"v":1,"runId":"odd","sourceId":"s","tags":null,"wallTimeMs":-5,"payload":[1,"a"]}',
        b'{"v":1,"runId":"odd","sourceId":"s","simTime":"NaN","payload":{"a":"Infinity"}}',
    ]
    with subscribe(live, runId="odd") as socket:
        assert post(live, raw=b"\n".join(lines))[1]["accepted"] == 4
        events = [next_event(socket) for _ in lines]
    assert events[0]["payload"] is None and events[0]["channel"] == ""
    assert events[2]["wallTimeMs"] == -5 and events[2]["payload"] == [1, "a"]
    assert events[3]["simTime"] == "NaN" and events[3]["payload"] == {"a": "Infinity"}


def test_a_line_that_is_too_long_is_one_rejected_line(make_collector):
    collector = make_collector("--no-storage", "--max-line-bytes", "10000")
    long = json.dumps(line(payload="x" * 200_000)).encode()
    fits = json.dumps(line(payload="x" * 9000)).encode()
    answer = post(collector, raw=b"\n".join([fits, long, fits]))[1]
    assert (answer["accepted"], answer["rejected"], answer["errors"][0]["code"]) == (2, 1, "line-too-long")
    assert answer["errors"][0]["line"] == 2


def test_streamed_body_is_live_before_it_ends(live):
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)
    connection.putrequest("POST", "/api/ingest")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()

    def chunk(data: bytes):
        connection.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    with subscribe(live, runId="posted") as socket:
        for frame in range(20):
            text = json.dumps(line(frameIndex=frame)).encode() + b"\n"
            chunk(text[:40])
            chunk(text[40:])
            assert next_event(socket)["frameIndex"] == frame
        connection.send(b"0\r\n\r\n")
        assert json.loads(connection.getresponse().read())["accepted"] == 20


def test_run_start_and_end_give_the_run_its_status(live):
    start = line(type="run.start", payload={"engine_version": "2.1", "seed": 7}, wallTimeMs=1_700_000_000_000)
    post(live, start)
    run = live.wait_status("posted", "running")
    assert (run["engineVersion"], run["seed"], run["created"][:19]) == ("2.1", 7, "2023-11-14T22:13:20")
    post(live, line(type="run.end", frameIndex=9, payload={"reason": "crashed", "status": "failed"}))
    assert live.wait_status("posted", "failed")["endReason"] == "crashed"


def test_unknown_encoding_is_415_and_other_methods_405(live):
    assert live.request("/api/ingest", data=b"x", headers={"Content-Encoding": "br"})[0] == 415
    assert live.request("/api/ingest")[0] == 405
    assert live.request("/api/runs", data=b"")[0] == 405


def test_twenty_thousand_lines_over_many_runs(live):
    events = [line(runId=f"run-{index % 50}", frameIndex=index, type=f"t{index % 7}") for index in range(20_000)]
    assert post(live, *events)[1] == {"accepted": 20_000, "rejected": 0, "dropped": 0, "errors": []}
    wait_until(lambda: sum(run["accepted"] for run in live.json("/api/runs")) == 20_000, "all are live")
