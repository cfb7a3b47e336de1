"""The memory of all decoders together is bounded: who finds no room is told to come again, and nothing is lost or held."""
import pytest
from bodies import frames, gzipped, line, ndjson, zstd_frame
from support import wait_until
from test_ingest_encoding import memory
from wire import Wire

WINDOW = 23  # 8 MiB: two of them fit
LIMIT = 20 << 20


@pytest.fixture
def tight(make_collector):
    return make_collector("--no-storage", "--decoder-memory-mib", str(LIMIT >> 20))


def taken(collector) -> float:
    return collector.metric("teltel_ingest_accepted_events_total")


def decoders(collector) -> float:
    return collector.metric("teltel_ingest_decoder_bytes")


def begin(collector, window_log: int = WINDOW, *headers: str) -> Wire:
    """An open zstd body; its first line is sent."""
    return Wire(collector).post("Content-Encoding: zstd", *headers).chunk(zstd_frame(ndjson(line()), window_log, last=False))


def two_open(collector) -> list[Wire]:
    before = taken(collector)
    bodies = []
    for count in (1, 2):
        bodies.append(begin(collector))
        wait_until(lambda: taken(collector) == before + count, "its line is taken")
    return bodies


def test_beyond_the_limit_is_503(tight):
    open_ones = two_open(tight)
    assert 16 << 20 < decoders(tight) <= LIMIT == tight.metric("teltel_ingest_decoder_limit_bytes")
    answer = begin(tight).answer()
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "decoders-busy", "1")
    assert "--decoder-memory-mib" in answer.json["error"]["message"]
    assert tight.metric("teltel_ingest_broken_bodies_total") == 1 and taken(tight) == 2
    # Small windows and bodies that come as they are still find room.
    assert tight.request("/api/ingest", data=gzipped(frames(3)), headers={"Content-Encoding": "gzip"})[0] == 202
    assert tight.request("/api/ingest", data=frames(3))[0] == 202
    open_ones[0].close()
    wait_until(lambda: decoders(tight) < 10 << 20, "what the first one had is free")
    assert begin(tight).chunk((1).to_bytes(3, "little")).end().answer().json["accepted"] == 1
    open_ones[1].close()
    wait_until(lambda: decoders(tight) == 0, "nothing is held")


def test_a_window_that_grows_on_the_way(tight):
    """Lines of the frames before are taken; with a key the rest may come later."""
    first = begin(tight, 12, "Idempotency-Key: grows").chunk((1).to_bytes(3, "little"))
    wait_until(lambda: taken(tight) == 1, "its line is taken")
    open_ones = two_open(tight)
    answer = first.chunk(zstd_frame(frames(2), WINDOW)).end().answer()
    assert (answer.status, answer.json["accepted"]) == (202, 1)
    assert [(error["line"], error["code"]) for error in answer.json["errors"]] == [(2, "decoders-busy")]
    for body in open_ones:
        body.close()
    wait_until(lambda: decoders(tight) == 0, "there is room again")
    text = ndjson(line()) + frames(2)
    repeat = Wire(tight).post("Content-Encoding: zstd", "Idempotency-Key: grows").chunk(zstd_frame(text, WINDOW)).end().answer()
    assert (repeat.status, repeat.json) == (202, {"accepted": 3, "rejected": 0, "dropped": 0, "errors": []})
    assert taken(tight) == 5


def test_a_crowd_of_decoders(tight):
    """Fifty who fill 4 MiB of their windows each: all but two are refused, and memory stays below the limit and a little."""
    before = memory(tight)
    frame = zstd_frame(b" " * 100_000, WINDOW, last=False)
    block = (100_000 << 3).to_bytes(3, "little") + b" " * 100_000
    crowd = [Wire(tight).post("Content-Encoding: zstd").chunk(frame) for _ in range(50)]
    for body in crowd:
        try:
            for _ in range(40):
                body.chunk(block)
        except OSError:
            pass  # refused on the way
    wait_until(lambda: tight.metric("teltel_ingest_broken_bodies_total") == 48, "all but two are refused")
    assert memory(tight) - before < LIMIT + (48 << 20) and decoders(tight) <= LIMIT
    for body in crowd:
        body.close()
    wait_until(lambda: decoders(tight) == 0, "nothing is held")
    assert tight.request("/api/health")[0] == 200
