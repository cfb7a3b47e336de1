"""Compressed bodies: taken as they stream in, and never more than the limits allow."""
import json
import random
import zlib

import pytest
from bodies import deflated, deflated_raw, frames, gzipped, line, ndjson, zstd
from support import wait_until
from wire import Wire

CODINGS = {
    "gzip": ("gzip", gzipped), "x-gzip": ("x-gzip", gzipped), "deflate": ("deflate", deflated), "raw": ("deflate", deflated_raw),
    "zstd": ("zstd", zstd), "identity": ("identity", bytes), "case": ("GZip", gzipped),
}


def post(collector, body: bytes, coding: str):
    status, _, answer = collector.request("/api/ingest", data=body, headers={"Content-Encoding": coding})
    return status, json.loads(answer)


def taken(collector) -> float:
    return collector.metric("teltel_ingest_accepted_events_total")


@pytest.mark.parametrize("name", CODINGS)
def test_coding(live, name):
    coding, pack = CODINGS[name]
    status, answer = post(live, pack(frames(3000)), coding)
    assert (status, answer) == (202, {"accepted": 3000, "rejected": 0, "dropped": 0, "errors": []})
    run = wait_until(lambda: live.run("posted"), "the run is there")
    wait_until(lambda: live.run("posted")["lastFrame"] == 2999, f"all frames are live; first seen {run['lastFrame']}")


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_concatenated(live, name):
    coding, pack = CODINGS[name]
    text = frames(10)
    # The cut goes through a line: members are parts of one text.
    body = pack(text[:250]) + pack(text[250:]) + pack(b"")
    assert post(live, body, coding)[1]["accepted"] == 10


@pytest.mark.parametrize("name", ["gzip", "raw", "deflate", "zstd"])
def test_byte_by_byte(live, name):
    coding, pack = CODINGS[name]
    body = Wire(live).post(f"Content-Encoding: {coding}")
    for byte in pack(frames(20)):
        body.chunk(bytes([byte]))
    answer = body.end().answer()
    assert (answer.status, answer.json["accepted"]) == (202, 20)


def test_lines_are_taken_while_the_body_comes(live):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    body = Wire(live).post("Content-Encoding: gzip")
    for count in (1, 2, 3):
        body.chunk(packer.compress(ndjson(line(frameIndex=count))) + packer.flush(zlib.Z_SYNC_FLUSH))
        wait_until(lambda: taken(live) == count, f"line {count} is in while the body is open")
    assert body.chunk(packer.flush()).end().answer().json["accepted"] == 3


@pytest.mark.parametrize("coding", ["br", "compress", "gzip, gzip", "gzip, identity", "exi"])
def test_unknown_coding(live, coding):
    status, answer = post(live, b"x", coding)
    assert (status, answer["error"]["code"]) == (415, "unsupported-encoding")
    assert live.metric("teltel_ingest_broken_bodies_total") == 1


def test_two_headers_are_a_list(live):
    body = Wire(live).post("Content-Encoding: gzip", "content-encoding: zstd")
    assert body.end().answer().status == 415


@pytest.mark.parametrize("name", ["gzip", "deflate", "raw", "zstd"])
def test_nothing_of_it_can_be_read(live, name):
    coding, pack = CODINGS[name]
    status, answer = post(live, b"\xff" + frames(3), coding)
    assert (status, answer["error"]["code"]) == (400, "bad-encoding")
    status, answer = post(live, pack(frames(1))[:12], coding)
    assert (status, answer["error"]["code"]) == (400, "truncated-body")
    assert live.metric("teltel_ingest_broken_bodies_total") == 2 and taken(live) == 0


def noise(count: int) -> bytes:
    """Lines that do not compress well, so that damage hits in the middle."""
    source = random.Random(7)
    return ndjson(*(line(frameIndex=index, payload=source.random()) for index in range(count)))


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_damage_half_way(live, name):
    coding, pack = CODINGS[name]
    good, more = pack(noise(5000)), pack(noise(5000))
    damaged = good + more[:200] + b"\x00\xff" * 40 + more[280:]
    status, answer = post(live, damaged, coding)
    assert status == 202 and 5000 <= answer["accepted"] < 10_000
    assert answer["errors"][-1]["code"] == "bad-encoding" and answer["errors"][-1]["line"] > 5000
    assert taken(live) == answer["accepted"]


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_truncated_half_way(live, name):
    coding, pack = CODINGS[name]
    text = noise(20_000)
    status, answer = post(live, pack(text)[:-100], coding)
    codes = [error["code"] for error in answer["errors"]]
    assert status == 202 and 0 < answer["accepted"] <= 20_000 and codes[-1] == "truncated-body"
    # Half a line is counted, not published.
    assert answer["rejected"] == codes.count("incomplete-line")
    assert taken(live) == answer["accepted"]


@pytest.mark.parametrize("behind", [b"\n", b"\r\n", b"\0" * 3, b"\0" * 100_000], ids=["newline", "crlf", "zeros", "block"])
def test_padding_behind_gzip_is_ignored(live, behind):
    """Tapes fill blocks with zeros, tools end files with a newline; gzip(1) takes both."""
    status, answer = post(live, gzipped(frames(1)) + gzipped(frames(2)) + behind, "gzip")
    assert (status, answer["accepted"], answer["errors"]) == (202, 3, [])


@pytest.mark.parametrize("behind", [b"x", b"\0\0\0x", b"\n\x1f\x8b", b"\x1f\x8b"], ids=["garbage", "padded", "padded-member", "begun"])
def test_what_follows_is_not_ignored(live, behind):
    status, answer = post(live, gzipped(frames(2)) + behind, "gzip")
    codes = {b"\x1f\x8b": "truncated-body", b"x": "truncated-body"}
    assert (status, answer["accepted"], answer["errors"][-1]["code"]) == (202, 2, codes.get(behind, "bad-encoding"))


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_bomb_of_blanks(live, name):
    coding, pack = CODINGS[name]
    before = memory(live)
    status, answer = post(live, pack(b" " * (64 << 20)), coding)
    assert (status, answer["error"]["code"]) == (413, "too-dense")
    assert memory(live) - before < 64 << 20
    assert live.metric("teltel_ingest_broken_bodies_total") == 1


def test_bomb_behind_lines(live):
    status, answer = post(live, gzipped(frames(100)) + gzipped(b"\n" * (64 << 20)), "gzip")
    assert (status, answer["accepted"], answer["errors"][-1]["code"]) == (202, 100, "too-dense")


def test_dense_but_short_is_fine(live):
    text = ndjson(line()) * 40_000  # 6 MB of equal lines
    packed = zstd(text)
    assert len(text) / len(packed) > 200
    assert post(live, packed, "zstd")[1]["accepted"] == 40_000


def test_decoded_size_has_a_limit(make_collector):
    collector = make_collector("--no-storage", "--max-body-mib", "1")
    text = noise(20_000)
    assert len(text) > 3 << 20
    status, answer = post(collector, gzipped(text), "gzip")
    assert status == 202 and 0 < answer["accepted"] < 10_000 and answer["errors"][-1]["code"] == "body-too-large"
    status, answer = post(collector, gzipped(b" " * (2 << 20)), "gzip")
    assert (status, answer["error"]["code"]) == (413, "body-too-large")
    # Not of bodies that come as they are: their sender pays for each byte.
    assert post(collector, text, "identity")[1]["accepted"] == 20_000


def test_zstd_window(live):
    text = noise(120_000)
    assert len(text) > 16 << 20
    assert post(live, zstd(text, window_log=23), "zstd")[1]["accepted"] == 120_000
    status, answer = post(live, zstd(text, window_log=24), "zstd")
    assert (status, answer["error"]["code"]) == (400, "bad-encoding") and "window" in answer["error"]["message"]


def memory(collector) -> int:
    """Anonymous resident bytes: rings are shared memory and do not count."""
    with open(f"/proc/{collector.process.pid}/status") as status:
        return next(int(text.split()[1]) << 10 for text in status if text.startswith("RssAnon"))
