"""Layouts of the page, saved by name."""
import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from control import WORDS, opened
from support import wait_until

JSON = {"Content-Type": "application/json"}
BYTES_MAX = 256 << 10


@pytest.fixture
def collector(offline):
    """Layouts are none of ClickHouse's business."""
    return offline


def ask(collector, method: str, name: str | None = None, body: bytes | None = None, **headers: str):
    """Status and answer."""
    path = "/api/layouts" if name is None else "/api/layouts/" + quote(name, safe="")
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    status, headers, answer = collector.request(path, body, {**JSON, **headers}, method=method)
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


def tag(answer) -> str:
    assert re.fullmatch('"[^"]+"', answer[2]["ETag"])
    return answer[2]["ETag"]


def test_who_saves_what_has_changed_meanwhile_is_told(collector):
    """Two people have read the same layout; the second to save it learns that there was a first."""
    first = tag(ask(collector, "PUT", "shared", b'{"version": 1}'))
    assert tag(ask(collector, "GET", "shared")) == first
    changed = ask(collector, "PUT", "shared", b'{"version": 2}', If_Match=first)
    assert changed[0] == 200 and tag(changed) != first
    refused = ask(collector, "PUT", "shared", b'{"version": "mine"}', If_Match=first)
    assert code(refused) == (412, "layout-changed") and "shared" in refused[1]["error"]["message"]
    assert code(ask(collector, "DELETE", "shared", If_Match=first)) == (412, "layout-changed")
    found = ask(collector, "GET", "shared")
    assert found[1] == {"version": 2} and tag(found) == tag(changed)
    # It stays the same over a restart.
    collector.kill()
    collector.start()
    assert ask(collector, "PUT", "shared", b'{"version": 3}', If_Match=f'"other", {tag(changed)}')[0] == 200
    # Who says nothing overwrites what is there, as ever.
    assert save(collector, "shared", {"version": 4}) == 200
    assert ask(collector, "DELETE", "shared", If_Match=tag(ask(collector, "GET", "shared")))[0] == 200


@pytest.mark.parametrize("condition", ['"0"', 'W/"0"', "nonsense", ""])
def test_a_tag_that_is_another_saves_and_removes_nothing(collector, condition):
    assert code(ask(collector, "PUT", "x", b"{}", If_Match=condition)) == (412, "layout-changed")
    assert ask(collector, "GET")[1] == []
    saved = tag(ask(collector, "PUT", "x", b"{}"))
    assert code(ask(collector, "DELETE", "x", If_Match=condition)) == (412, "layout-changed")
    # Not a strong one, so it does not say that the bytes are the same.
    assert code(ask(collector, "PUT", "x", b"{}", If_Match="W/" + saved)) == (412, "layout-changed")
    assert ask(collector, "GET", "x")[1] == {}


def test_any_tag_means_that_there_is_one(collector):
    assert code(ask(collector, "PUT", "x", b"{}", If_Match="*")) == (412, "layout-changed")
    assert code(ask(collector, "DELETE", "x", If_Match="*")) == (412, "layout-changed")
    assert save(collector, "x", {}) == 200
    assert ask(collector, "PUT", "x", b'{"a": 1}', If_Match="*")[0] == 200
    assert ask(collector, "DELETE", "x", If_Match="*")[0] == 200


def test_of_many_who_save_at_once_one_does(collector):
    seen = tag(ask(collector, "PUT", "x", b"{}"))
    with ThreadPoolExecutor(16) as people:
        answers = list(people.map(lambda who: ask(collector, "PUT", "x", b'{"who": %d}' % who, If_Match=seen)[0], range(16)))
    assert sorted(answers) == [200] + [412] * 15
    assert ask(collector, "GET", "x")[1] == {"who": answers.index(200)}


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


def test_a_failure_of_the_disk_is_said_and_logged(collector):
    assert save(collector, "x", {}) == 200
    with opened(collector, WORDS) as database:
        database.execute("DROP TABLE layouts")
    status, answer, headers = ask(collector, "GET")
    assert (status, answer["error"]["code"]) == (500, "layouts-failed")
    assert "no such table" in answer["error"]["message"]
    wait_until(lambda: f"request {headers['X-Request-Id']}: GET /api/layouts: " in collector.output(), "the log has the request")
