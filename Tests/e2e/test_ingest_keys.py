"""A repeated POST with the same Idempotency-Key adds nothing."""
import json
import os
import signal
import time

import pytest
from bodies import frames, gzipped, line, ndjson
from control import RUNS, opened
from support import wait_until
from wire import Wire

NOTHING_LOST = {"rejected": 0, "dropped": 0, "errors": []}


def post(collector, body: bytes, key: str | None, **headers):
    """Status, was it answered as before, answer."""
    if key is not None:
        headers["Idempotency-Key"] = key
    status, given, answer = collector.request("/api/ingest", data=body, headers=headers)
    return status, given.get("Idempotency-Replayed") == "true", json.loads(answer)


def taken(collector) -> float:
    return collector.metric("teltel_ingest_accepted_events_total")


@pytest.fixture
def stored(make_collector):
    """With a data folder, and a ClickHouse that never answers: nothing here needs it."""
    return make_collector("--clickhouse-url", "http://127.0.0.1:9")


def test_a_repeated_post_is_answered_as_before(live):
    body = frames(3) + b"nonsense\n"
    first = post(live, body, "a")
    assert first[:2] == (202, False) and (first[2]["accepted"], first[2]["rejected"]) == (3, 1)
    assert post(live, body, "a") == (202, True, first[2])
    assert post(live, b"anything else", "a") == (202, True, first[2])
    assert post(live, body, "b")[:2] == (202, False)
    assert post(live, body, None)[:2] == (202, False)
    assert taken(live) == 9
    assert live.metric("teltel_ingest_replayed_requests_total") == 2


BAD_KEYS = {"empty": "", "long": "x" * 256, "tab": "a\tb", "latin": "é"}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_bad_key(live, name):
    status, _, answer = post(live, frames(1), BAD_KEYS[name])
    assert (status, answer["error"]["code"]) == (400, "bad-idempotency-key")
    assert taken(live) == 0


def test_two_keys_are_refused(live):
    answer = Wire(live).post("Idempotency-Key: a", "idempotency-key: b").end().answer()
    assert (answer.status, answer.code) == (400, "bad-idempotency-key")


def test_longest_key(live):
    key = "".join(chr(code) for code in range(0x21, 0x7F)) + "y" * 161
    assert len(key) == 255
    assert post(live, frames(1), key)[1] is False and post(live, frames(1), key)[1] is True


def test_at_the_same_time(live):
    first = Wire(live).post("Idempotency-Key: a").chunk(frames(2))
    wait_until(lambda: taken(live) == 2, "the first one is being read")
    status, _, answer = post(live, frames(2), "a")
    assert (status, answer["error"]["code"]) == (409, "request-in-progress") and answer["error"]["hint"]
    assert first.chunk(frames(1)).end().answer().json["accepted"] == 3
    assert post(live, frames(2), "a")[1:] == (True, {"accepted": 3, **NOTHING_LOST})
    assert taken(live) == 3 and live.metric("teltel_ingest_busy_keys_total") == 1


def resumed(collector, key, body, **headers):
    """Repeats until the collector has noticed that the connection of the first one is gone."""
    def repeat():
        answer = post(collector, body, key, **headers)
        return answer if answer[0] != 409 else None

    return wait_until(repeat, "the broken connection is noticed")


def test_a_post_that_broke_off_goes_on(live):
    lines = [ndjson(line(frameIndex=index)) for index in range(6)]
    body = lines[0] + b"\nnonsense\n" + b"".join(lines[1:])
    cut = body.index(lines[4]) + 30  # within a line
    first = Wire(live).post("Idempotency-Key: a").chunk(body[:cut])
    wait_until(lambda: taken(live) == 4, "four lines are in")
    first.close()
    status, replayed, answer = resumed(live, "a", body)
    assert (status, replayed, answer["accepted"], answer["rejected"]) == (202, False, 6, 1)
    assert [(error["line"], error["code"]) for error in answer["errors"]] == [(3, "invalid-json")]
    assert taken(live) == 6
    wait_until(lambda: live.run("posted")["accepted"] == 6, "each line is counted once")
    assert live.metric("teltel_ingest_resumed_requests_total") == 1
    assert post(live, body, "a") == (202, True, answer)


def test_it_may_break_off_many_times_and_change_its_coding(live):
    body = frames(1000)
    for accepted, part in ((100, frames(100)), (300, frames(300)), (700, frames(700))):
        def sent():
            request = Wire(live).post("Idempotency-Key: a").chunk(part)
            try:
                wait_until(lambda: taken(live) == accepted, "the next lines are in", patience=2)
            except AssertionError:
                return False  # 409: the one before has not been noticed yet
            finally:
                request.close()
            return True

        wait_until(sent, f"{accepted} lines")
    status, _, answer = resumed(live, "a", gzipped(body), **{"Content-Encoding": "gzip"})
    assert (status, answer) == (202, {"accepted": 1000, **NOTHING_LOST})
    assert taken(live) == 1000


def test_a_repeat_that_is_shorter_adds_nothing(live):
    first = Wire(live).post("Idempotency-Key: a").chunk(frames(5))
    wait_until(lambda: taken(live) == 5, "five lines are in")
    first.close()
    assert resumed(live, "a", frames(3))[2]["accepted"] == 5 and taken(live) == 5


def test_nothing_read_leaves_the_key_free(live):
    assert post(live, b"\xff\xff", "a", **{"Content-Encoding": "gzip"})[0] == 400
    assert post(live, frames(2), "a") == (202, False, {"accepted": 2, **NOTHING_LOST})


def test_the_oldest_keys_go_first(make_collector):
    collector = make_collector("--no-storage", "--idempotency-keys", "3")
    for key in "abcd":
        assert post(collector, frames(1), key)[1] is False
    assert collector.metric("teltel_ingest_keys") == 3 and collector.metric("teltel_ingest_evicted_keys_total") == 1
    assert [post(collector, frames(1), key)[1] for key in "dcb"] == [True, True, True]
    assert post(collector, frames(1), "a")[1] is False


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_answers_survive_a_restart(stored, end):
    body = frames(3) + b"nonsense\n"
    answers = {key: post(stored, body, key)[2] for key in ("a", "b")}
    os.kill(stored.process.pid, end)
    stored.process.wait(timeout=60)
    stored.start()
    for key, answer in answers.items():
        assert post(stored, body, key) == (202, True, answer)
    assert post(stored, body, "c")[1] is False


def test_a_key_is_forgotten_after_a_day(stored):
    for key in ("old", "young"):
        post(stored, frames(1), key)
    assert stored.stop() == 0
    with opened(stored, RUNS) as database:
        day = 24 * 60 * 60 * 1000
        for key, age in (("old", day + 60_000), ("young", day - 3_600_000)):
            database.execute("UPDATE answers SET answered_ms = ? WHERE key = ?", (int(time.time() * 1000) - age, key))
    stored.start()
    assert post(stored, frames(1), "young")[1] is True
    assert post(stored, frames(1), "old")[1] is False
    with opened(stored, RUNS) as database:
        assert database.execute("SELECT count(*) FROM answers").fetchall() == [(2,)]


def test_the_table_on_disk_is_bounded_too(make_collector):
    collector = make_collector("--clickhouse-url", "http://127.0.0.1:9", "--idempotency-keys", "5")
    for number in range(20):
        post(collector, frames(1), f"key-{number}")

    def kept():
        with opened(collector, RUNS) as database:
            return sorted(key for key, in database.execute("SELECT key FROM answers")) == sorted(
                f"key-{number}" for number in range(15, 20))

    wait_until(kept, "the newest five are kept")
