"""Layouts of the page, saved by name."""
import json
import re
import sqlite3
from urllib.parse import quote

import pytest
from support import wait_until

JSON = {"Content-Type": "application/json"}
BYTES_MAX = 256 << 10


def ask(collector, method: str, name: str | None = None, body: bytes | None = None):
    """Status and answer."""
    path = "/api/layouts" if name is None else "/api/layouts/" + quote(name, safe="")
    status, headers, answer = collector.request(path, body, JSON, method=method)
    return status, json.loads(answer), headers


def save(collector, name: str, layout) -> int:
    return ask(collector, "PUT", name, json.dumps(layout).encode())[0]


def code(answer) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


def test_a_layout_is_kept_as_it_is(collector):
    body = '{ "panels": [1, 2.50, "ä€😀"], "z": null, "a": {} }'.encode()
    status, facts, _ = ask(collector, "PUT", "tyres", body)
    assert (status, facts["name"], facts["size"]) == (200, "tyres", len(body))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", facts["savedAt"])
    assert collector.request("/api/layouts/tyres")[2] == body
    assert ask(collector, "GET")[:2] == (200, [facts])


def test_a_layout_survives_a_restart(collector):
    assert save(collector, "kept", {"panels": []}) == 200
    collector.kill()
    collector.start()
    assert ask(collector, "GET", "kept")[:2] == (200, {"panels": []})


def test_a_layout_is_replaced_and_deleted(collector):
    for version in (1, 2):
        assert save(collector, "one", {"version": version}) == 200
    assert ask(collector, "GET", "one")[1] == {"version": 2}
    assert ask(collector, "DELETE", "one")[:2] == (200, {"name": "one"})
    assert code(ask(collector, "GET", "one")) == (404, "unknown-layout")
    assert code(ask(collector, "DELETE", "one")) == (404, "unknown-layout")
    assert ask(collector, "GET")[1] == []


def test_layouts_are_listed_by_name(collector):
    for name in ("b", "a", "c"):
        assert save(collector, name, {}) == 200
    assert [facts["name"] for facts in ask(collector, "GET")[1]] == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["a/b", "a b", "%41", "..", "<b>", "ä€😀", "x" * 100, "€" * 100], ids=range(8))
def test_any_text_is_a_name(collector, name):
    assert save(collector, name, {"of": name}) == 200
    assert ask(collector, "GET", name)[1] == {"of": name}
    assert [facts["name"] for facts in ask(collector, "GET")[1]] == [name]


@pytest.mark.parametrize("name", [" ", "x" * 101, "a\nb", "a\0"], ids=["blank", "long", "line", "nul"])
def test_what_is_no_name_is_refused(collector, name):
    assert code(ask(collector, "PUT", name, b"{}")) == (400, "bad-layout-name")
    assert ask(collector, "GET")[1] == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b'{"a":', b"{}{}", b'{"a":"\xff"}', b'{"a":' * 20_000 + b"1" + b"}" * 20_000],
    ids=["empty", "array", "number", "half", "two", "utf8", "deep"])
def test_what_is_no_object_is_refused(collector, body):
    assert code(ask(collector, "PUT", "bad", body)) == (400, "bad-layout")
    assert ask(collector, "GET")[1] == []


def test_the_largest_layout(collector):
    room = BYTES_MAX - len('{"a":""}')
    assert save(collector, "full", {"a": "x" * (room - 1)}) == 200
    assert ask(collector, "PUT", "larger", b'{"a":"' + b"x" * (room + 1) + b'"}')[:1] == (413,)
    assert [facts["name"] for facts in ask(collector, "GET")[1]] == ["full"]


def test_there_are_at_most_200(collector):
    for number in range(200):
        assert save(collector, f"layout {number}", {}) == 200
    assert code(ask(collector, "PUT", "one more", b"{}")) == (409, "too-many-layouts")
    # One that is there may be changed.
    assert save(collector, "layout 7", {"new": True}) == 200
    assert ask(collector, "DELETE", "layout 8")[0] == 200
    assert save(collector, "one more", {}) == 200


def test_other_pages_cannot_write(collector):
    status, _, body = collector.request("/api/layouts/x", b"{}", {"Origin": "http://evil.example"}, method="PUT")
    assert (status, json.loads(body)["error"]["code"]) == (403, "foreign-origin")
    assert code(ask(collector, "POST", "x", b"{}")) == (405, "method-not-allowed")


def test_without_storage_nothing_is_kept(live):
    for method, name in (("GET", None), ("GET", "x"), ("DELETE", "x")):
        assert code(ask(live, method, name)) == (503, "storage-off")
    assert code(ask(live, "PUT", "x", b"{}")) == (503, "storage-off")


def test_a_failure_of_the_disk_is_said_and_logged(collector):
    assert save(collector, "x", {}) == 200
    with sqlite3.connect(collector.data / "control.sqlite", timeout=30) as database:
        database.execute("DROP TABLE layouts")
    status, answer, headers = ask(collector, "GET")
    assert (status, answer["error"]["code"]) == (500, "layouts-failed")
    assert "no such table" in answer["error"]["message"]
    wait_until(lambda: f"request {headers['X-Request-Id']}: GET /api/layouts: " in collector.output(), "the log has the request")
