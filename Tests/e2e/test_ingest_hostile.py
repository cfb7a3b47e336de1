"""What a sender may do wrong, or on purpose: the collector counts it, keeps its memory, and goes on."""
import json
import random
import time

import pytest
from bodies import frames, gzipped, line, ndjson
from support import wait_until
from test_ingest_encoding import memory
from test_live import next_event, subscribe
from wire import Wire, head


def taken(collector) -> float:
    return collector.metric("teltel_ingest_accepted_events_total")


def codes(collector) -> dict:
    """Rejected lines by code."""
    found = {}
    for text in collector.request("/metrics")[2].decode().splitlines():
        if text.startswith("teltel_ingest_rejected_lines_total{"):
            found[text.split('"')[1]] = int(text.rsplit(" ", 1)[1])
    return found


def post(collector, body: bytes):
    return json.loads(collector.request("/api/ingest", data=body)[2])


# ---- bodies that break off ----

def test_half_a_line_is_counted_and_not_published(live):
    whole = json.dumps(line(frameIndex=7)).encode()
    body = Wire(live).post().chunk(ndjson(line()) + whole)  # complete JSON, but nobody knows that nothing follows
    wait_until(lambda: taken(live) == 1, "the first line is in")
    body.close()
    wait_until(lambda: codes(live) == {"incomplete-line": 1}, "half a line is counted")
    assert taken(live) == 1 and live.metric("teltel_ingest_broken_bodies_total") == 1
    wait_until(lambda: live.json("/api/run?runId=posted")["rejectedByCode"] == {"incomplete-line": 1}, "at its run, too")


def test_a_half_closed_sender_is_told(live):
    told = Wire(live).post().chunk(frames(2) + b'{"v":1').half_close().answer()
    answer = told.json
    assert (told.status, answer["accepted"], answer["rejected"]) == (202, 2, 1)
    assert [(error["line"], error["code"]) for error in answer["errors"]] == [(3, "incomplete-line"), (3, "truncated-body")]


def test_content_length_that_is_too_long(live):
    body = frames(3)
    request = Wire(live).post(f"Content-Length: {len(body) + 1000}").send(body).half_close()
    answer = request.answer()
    assert (answer.status, answer.json["accepted"], answer.json["errors"][0]["code"]) == (202, 3, "truncated-body")


def test_content_length_that_is_too_short(live):
    body = frames(3)
    cut = len(ndjson(line())) * 2
    request = Wire(live).post(f"Content-Length: {cut}").send(body)
    answer = request.answer()
    assert (answer.status, answer.json["accepted"]) == (202, 2)
    assert request.answer().status == 400  # what follows is no request
    assert request.rest() == b"" and taken(live) == 2


def test_no_body_and_nothing_but_blanks(live):
    nothing = {"accepted": 0, "rejected": 0, "dropped": 0, "errors": []}
    for body in (b"", b"\n\n \r\n\t\n", b"\n" * 100_000):
        assert post(live, body) == nothing


# ---- lines ----

@pytest.mark.parametrize("size", [64 << 20])
def test_huge_line(live, size):
    before = memory(live)
    body = Wire(live).post().chunk(frames(1) + b'{"payload":"')
    for _ in range(size >> 20):
        body.chunk(b"x" * (1 << 20))
    answer = body.chunk(b'"}\n' + frames(1)).end().answer().json
    assert (answer["accepted"], answer["rejected"], answer["errors"][0]["code"]) == (2, 1, "line-too-long")
    assert answer["errors"][0]["line"] == 2 and memory(live) - before < 32 << 20


def test_endless_line_ends_with_its_connection(live):
    body = Wire(live).post().chunk(frames(1))
    for _ in range(8):
        body.chunk(b"x" * (1 << 20))
    body.close()
    wait_until(lambda: codes(live) == {"incomplete-line": 1}, "it is one line")


DEEP = 100_000


@pytest.mark.parametrize("bad", [
    b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b"[" * DEEP,
    b'{"v":1,"runId":"r","sourceId":"s","payload":' + b"[" * DEEP + b"]" * DEEP + b"}",
], ids=["arrays", "objects", "open", "payload"])
def test_deep_nesting(live, bad):
    answer = post(live, ndjson(line()) + bad + b"\n" + ndjson(line()))
    assert (answer["accepted"], answer["rejected"], answer["errors"][0]["code"]) == (2, 1, "invalid-json")


def test_nesting_that_is_fine(live):
    payload = "[" * 1000 + "]" * 1000
    answer = post(live, b'{"v":1,"runId":"deep","sourceId":"s","payload":' + payload.encode() + b"}")
    assert answer["accepted"] == 1


ODD = {
    "duplicates": (b'{"v":0,"v":1,"type":"a","type":"b","runId":"x","runId":"odd","sourceId":"s","payload":1,"payload":2}',
                   {"type": "b", "payload": 2}),
    "duplicate-tags": (b'{"v":1,"runId":"odd","sourceId":"s","tags":{"a":"1","a":"2"}}', {"tags": {"a": "2"}}),
    "surrogate": (b'{"v":1,"runId":"odd","sourceId":"s","payload":"\\ud800!","type":"\\udc00"}',
                  {"payload": "\ufffd!", "type": "\ufffd"}),
    "utf8": (b'{"v":1,"runId":"odd","sourceId":"s","payload":"\xff\xc3"}', {"payload": "\ufffd\ufffd"}),
    "huge": (b'{"v":1,"runId":"odd","sourceId":"s","payload":[1e999,-1e999]}', {"payload": [float("inf"), float("-inf")]}),
    "nul": (b'{"v":1,"runId":"odd","sourceId":"s","payload":"a\\u0000b"}', {"payload": "a\0b"}),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_line(live, name):
    text, expected = ODD[name]
    with subscribe(live, runId="odd") as socket:
        # Once with much behind it, once at the end of the body: both ways through the reader.
        assert post(live, text + b"\n" + b" " * 200 + b"\n" + text)["accepted"] == 2
        for event in (next_event(socket), next_event(socket)):
            assert {name: event[name] for name in expected} == expected


@pytest.mark.parametrize("bad", [
    b"\xef\xbb\xbf" + json.dumps(line()).encode(), b"{'v':1}", b"\0" * 30, b'{"v":1,"runId":"r","sourceId":"s"}//', b'"' * 3,
    b'{"v":1,"runId":"r","sourceId":"s",}', b"1e999", b'{"v":1,"runId":"r\x01","sourceId":"s"}',
], ids=["bom", "quotes", "nul", "comment", "string", "comma", "number", "control"])
def test_no_line(live, bad):
    answer = post(live, ndjson(line()) + bad + b"\n" + ndjson(line()) * 3)
    assert (answer["accepted"], answer["rejected"], answer["errors"][0]["line"]) == (4, 1, 2)


def test_lines_across_pieces(live):
    text = frames(200)
    for size in (1, 7, 97, 4096):
        body = Wire(live).post()
        for begin in range(0, len(text), size):
            body.chunk(text[begin:begin + size])
        assert body.end().answer().json == {"accepted": 200, "rejected": 0, "dropped": 0, "errors": []}


# ---- time ----

def test_silence_ends_a_body(make_collector):
    collector = make_collector("--no-storage", "--idle-timeout", "500ms")
    body = Wire(collector).post().chunk(frames(2) + b"{")
    answer = body.answer()
    assert (answer.status, answer.json["accepted"]) == (202, 2)
    assert [(error["line"], error["code"]) for error in answer.json["errors"]] == [(3, "incomplete-line"), (3, "truncated-body")]
    assert body.rest() == b"" and codes(collector) == {"incomplete-line": 1} and taken(collector) == 2


def test_a_slow_body_goes_on(make_collector):
    idle = 2.0
    collector = make_collector("--no-storage", "--idle-timeout", f"{idle:.0f}s")
    body = Wire(collector).post()
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < 2 * idle:
        text = ndjson(line(frameIndex=count))
        body.chunk(text[:1]).chunk(text[1:])
        count += 1
        wait_until(lambda: taken(collector) == count, "the line is in")
    assert body.end().answer().json["accepted"] == count


# ---- framing ----

LINE = ndjson(line())
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(LINE), LINE)
FRAMING = {
    "both": (b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(CHUNKED), CHUNKED),
    "both-turned": (b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", CHUNKED),
    "two-lengths": (b"Content-Length: %d\r\nContent-Length: 3\r\n" % len(LINE), LINE),
    "list-of-lengths": (b"Content-Length: %d, 3\r\n" % len(LINE), LINE),
    "negative-length": (b"Content-Length: -1\r\n", LINE),
    "signed-length": (b"Content-Length: +%d\r\n" % len(LINE), LINE),
    "huge-length": (b"Content-Length: 99999999999999999999999\r\n", LINE),
    "hex-length": (b"Content-Length: 0x10\r\n", LINE),
    "folded": (b"X-Note: a\r\n b\r\nContent-Length: %d\r\n" % len(LINE), LINE),
    "folded-encoding": (b"Transfer-Encoding:\r\n chunked\r\n", CHUNKED),
    "space-before-colon": (b"Transfer-Encoding : chunked\r\n", CHUNKED),
    "not-last": (b"Transfer-Encoding: chunked, identity\r\n", CHUNKED),
    "chunk-overflow": (b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffff0\r\n" + LINE),
    "chunk-negative": (b"Transfer-Encoding: chunked\r\n", b"-1\r\n" + LINE),
    "chunk-words": (b"Transfer-Encoding: chunked\r\n", b"zz\r\n" + LINE),
    "nul-in-name": (b"X-\0: a\r\nContent-Length: %d\r\n" % len(LINE), LINE),
    "bare-return": (b"X-Note: a\rContent-Length: 3\r\nContent-Length: %d\r\n" % len(LINE), LINE),
}


@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize("name", FRAMING)
def test_ambiguous_framing(live, name, first):
    headers, body = FRAMING[name]
    request = Wire(live)
    if not first:
        request.post("Content-Length: 0")
        assert request.answer().status == 202
    smuggled = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    request.send(b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n" + body + smuggled)
    assert request.answer().status == 400
    assert request.rest() == b"" and taken(live) == 0
    assert live.request("/api/health")[0] == 200


def test_bad_chunk_behind_lines(live):
    answer = Wire(live).post().chunk(frames(2)).send(b"zz\r\n").answer()
    assert (answer.status, answer.json["accepted"], answer.json["errors"][0]["code"]) == (202, 2, "bad-framing")


# ---- what short posts are spared must not show ----

def test_a_sender_that_waits_for_100_continue(live):
    request = Wire(live).post(f"Content-Length: {len(LINE)}", "Expect: 100-continue")
    assert request.line() == b"HTTP/1.1 100 Continue\r\n" and request.line() == b"\r\n"
    assert request.send(LINE).answer().json["accepted"] == 1


def test_pipelined_requests_are_answered_in_order(live):
    """Some go the short way, some the long one."""
    request = Wire(live)
    post_one = b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" + LINE
    get = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    chunked = b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED
    wrong = b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: br\r\nContent-Length: 0\r\n\r\n"
    parts = [post_one % len(LINE), get, chunked, post_one % len(LINE), post_one % len(LINE), wrong, get, post_one % len(LINE)] * 5
    request.send(b"".join(parts))
    for part in parts:
        answer = request.answer()
        assert answer.status == (415 if part == wrong else 200 if part == get else 202)
        if answer.status == 202:
            assert answer.json == {"accepted": 1, "rejected": 0, "dropped": 0, "errors": []}
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["server"] == "teltel" and answer.headers["date"]
    assert taken(live) == 25


def test_a_short_post_in_pieces(live):
    text = frames(2)
    request = Wire(live).post(f"Content-Length: {len(text)}")
    for index in range(2):
        request.send(text[index * len(text) // 2:(index + 1) * len(text) // 2])
        wait_until(lambda: taken(live) == index + 1, "lines are taken while the body comes")
    assert request.answer().json["accepted"] == 2


def test_foreign_host_and_origin_are_refused_on_every_way(live):
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert live.request("/api/ingest", data=LINE, headers=headers)[0] == 403
    assert taken(live) == 0


def test_short_posts_keep_a_connection_open_beyond_the_idle_limit(make_collector):
    idle = 1.0
    collector = make_collector("--no-storage", "--idle-timeout", f"{idle:.0f}s")
    request = Wire(collector)
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < 2.5 * idle:
        request.post(f"Content-Length: {len(LINE)}")
        assert request.send(LINE).answer().status == 202
        count += 1
    assert request.rest() == b"" and taken(collector) == count


def short_post(text: bytes, *extra: str) -> bytes:
    return head("POST", "/api/ingest", f"Content-Length: {len(text)}", *extra) + text


SHAPES = ("short in one piece", "short in two pieces", "chunked", "with a key", "gzip")


def in_shape(request: Wire, shape: str, text: bytes, name: str) -> Wire:
    if shape == "chunked":
        return request.post().chunk(text).end()
    if shape == "short in one piece":
        return request.send(short_post(text))
    text = gzipped(text) if shape == "gzip" else text
    special = {"with a key": [f"Idempotency-Key: {name}"], "gzip": ["Content-Encoding: gzip"]}.get(shape, [])
    return request.post(*special, f"Content-Length: {len(text)}").send(text)


def test_order_of_the_posts_of_a_connection(live):
    """Whatever their shape: all of them take the connection's ring."""
    request, choice = Wire(live), random.Random(1)
    with subscribe(live, runId="posted") as socket:
        for frame in range(300):
            shape = choice.choice(SHAPES)
            answer = in_shape(request, shape, ndjson(line(frameIndex=frame)), f"order-{frame}").answer()
            assert answer.status == 202 and answer.json["accepted"] == 1
        assert [next_event(socket)["frameIndex"] for _ in range(300)] == list(range(300))


# ---- posts with the head of the post before ----

def counts(request: Wire) -> tuple[int, int]:
    answer = request.answer()
    assert answer.status == 202
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["server"] == "teltel" and answer.headers["date"]
    return answer.json["accepted"], answer.json["rejected"]


def test_posts_with_the_same_head_however_they_are_cut(live):
    request, choice = Wire(live), random.Random(2)
    bodies = [frames(choice.choice((1, 1, 2, 12))) + b"nonsense\n" * choice.choice((0, 0, 0, 1)) for _ in range(400)]
    stream, begin = b"".join(short_post(body) for body in bodies), 0
    while begin < len(stream):
        end = begin + choice.choice((1, 50, 100, 700, 5000, 20_000))
        request.send(stream[begin:end])
        begin = end
    for body in bodies:
        assert counts(request) == (body.count(b"{\"v\""), body.count(b"nonsense"))
    assert taken(live) == sum(body.count(b"{\"v\"") for body in bodies)


def test_a_body_that_looks_like_a_request(live):
    request = Wire(live)
    bait = short_post(LINE)
    for cut in (None, 0, 3):
        request.send(short_post(LINE))
        assert counts(request) == (1, 0)
        whole = short_post(bait)
        at = len(whole) if cut is None else len(whole) - len(bait) + cut
        request.send(whole[:at]).send(whole[at:])
        # Its head is four bad lines, one of them blank; the line below is a line of this body.
        assert counts(request) == (1, 3)
    request.send(short_post(LINE))
    assert counts(request) == (1, 0) and taken(live) == 7


@pytest.mark.parametrize("head, status", [
    (b"POST /api/ingest HTTP/1.1\r\nHost: evil.example\r\nContent-Length: %d\r\n\r\n", 403),
    (b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nOrigin: http://evil.example\r\n\r\n", 403),
    (b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nContent-Length: 1\r\n\r\n", 400),
    (b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: +%d\r\n\r\n", 400),
    (b"POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999999999999999%d\r\n\r\n", 400),
    (b"POST /api/other HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", 404),
], ids=["host", "origin", "two-lengths", "chunked", "plus", "huge", "path"])
def test_a_head_that_is_nearly_the_same(live, head, status):
    request = Wire(live)
    for _ in range(3):
        request.send(short_post(LINE))
        assert counts(request) == (1, 0)
    request.send(head % len(LINE) + LINE)
    assert request.answer().status == status and taken(live) == 3


def test_another_token_than_before(make_collector, tmp_path):
    token = tmp_path / "token"
    token.write_text("t" * 43 + "\n")
    token.chmod(0o600)
    collector = make_collector("--no-storage", "--token-file", str(token))
    request = Wire(collector)
    for _ in range(2):
        request.send(short_post(LINE, f"Authorization: Bearer {'t' * 43}"))
        assert counts(request) == (1, 0)
    request.send(short_post(LINE, f"Authorization: Bearer {'u' * 43}"))
    assert request.answer().status == 401

