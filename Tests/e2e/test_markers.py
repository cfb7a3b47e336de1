"""Markers: places in runs that somebody or some rule has marked, kept with what people have said."""
import csv
import io
import json
from urllib.parse import urlencode

import pytest
from control import WORDS, opened
from test_ingest import post

BIG = 2**64 - 1


@pytest.fixture
def collector(offline):
    """Markers by hand are none of ClickHouse's business."""
    start(offline, "run")
    return offline


def start(collector, *runs: str):
    lines = [{"v": 1, "runId": run, "sourceId": "s", "type": "run.start", "tags": {"car": run}, "payload": {}} for run in runs]
    lines += [{"v": 1, "runId": run, "sourceId": "s", "type": "run.end", "payload": {"status": "completed"}} for run in runs]
    assert post(collector, *lines)[1]["accepted"] == len(lines)


def ask(collector, method: str, path: str = "", body: dict | None = None, headers: dict | None = None, **parameters):
    query = "?" + urlencode(parameters) if parameters else ""
    content = None if body is None else json.dumps(body).encode()
    status, headers, answer = collector.request("/api/markers" + path + query, content, headers or {}, method=method)
    return status, json.loads(answer), headers


def add(collector, frame: int, text: str = "look", **more) -> dict:
    status, marker, _ = ask(collector, "POST", body={"runId": "run", "fromFrame": frame, "text": text, **more})
    assert status == 200, marker
    return marker


def listed(collector, **parameters) -> list[dict]:
    status, answer, _ = ask(collector, "GET", runId="run", **parameters)
    assert status == 200, answer
    return answer["markers"]


def test_a_marker_is_kept_as_it_is_and_survives_a_kill(collector):
    full = {"sourceId": "s", "channel": "c", "eventType": "body.state", "toFrame": BIG, "simTime": 0.1, "kind": "bad-lap", "field": "pos.x", "severity": "warning"}
    marker = add(collector, BIG - 1, "ä €\n,\"", **full)
    assert {**full, "fromFrame": BIG - 1, "runId": "run", "origin": "person", "text": "ä €\n,\"", "id": marker["id"], "createdAt": marker["createdAt"]} == marker
    small = add(collector, 5)
    assert (small["kind"], small["severity"], small["toFrame"]) == ("note", "info", 5) and "field" not in small
    collector.kill()
    collector.start()
    assert listed(collector) == [small, marker]


def test_choices_hold_together(collector):
    one = add(collector, 10, toFrame=20, kind="a", severity="error", sourceId="s", eventType="t", field="x")
    two = add(collector, 30, kind="b", severity="warning", sourceId="u", eventType="t", field="y")
    three = add(collector, 2**63, kind="b")
    def found(**parameters):
        return [marker["id"] for marker in listed(collector, **parameters)]
    assert found() == [one["id"], two["id"], three["id"]]
    assert found(kind="b") == [two["id"], three["id"]] and found(kind="a,b", severity="error,warning") == [one["id"], two["id"]]
    assert found(sourceId="u") == found(field="y") == [two["id"]] and found(eventType="t", kind="a") == [one["id"]]
    # Frames that a marker has in part are enough, and beyond 63 bits they are in order.
    assert found(fromFrame=20, toFrame=29) == [one["id"]] and found(fromFrame=21) == [two["id"], three["id"]] and found(fromFrame=2**63) == [three["id"]]
    assert found(origin="rule") == [] and len(found(origin="person")) == 3


def test_a_long_list_comes_in_parts(collector):
    ids = [add(collector, frame)["id"] for frame in (1, 1, 1, 2, 3)]
    seen, after = [], ""
    while True:
        _, answer, _ = ask(collector, "GET", runId="run", limit=2, after=after)
        seen += [marker["id"] for marker in answer["markers"]]
        assert answer["total"] == 5
        after = answer["next"]
        if not after:
            break
    assert sorted(seen) == sorted(ids) and len(seen) == 5


def test_a_request_that_comes_again_adds_nothing(collector):
    body, key = {"runId": "run", "fromFrame": 1, "text": "once"}, {"Idempotency-Key": "k1"}
    first = ask(collector, "POST", body=body, headers=key)
    collector.kill()
    collector.start()
    second = ask(collector, "POST", body=body, headers=key)
    assert first[1] == second[1] and second[2]["Idempotency-Replayed"] == "true" and len(listed(collector)) == 1
    assert ask(collector, "POST", body=body, headers={"Idempotency-Key": "k2"})[1]["id"] != first[1]["id"]
    assert ask(collector, "POST", body=body, headers={"Idempotency-Key": ""})[1]["code"] == "bad-idempotency-key"


def test_markers_are_deleted_one_by_one_by_choice_and_with_their_run(collector):
    one, two, three = add(collector, 1), add(collector, 2, kind="lap"), add(collector, 3, kind="lap")
    assert ask(collector, "DELETE", "/" + one["id"])[:2] == (200, {"id": one["id"]})
    assert ask(collector, "DELETE", "/" + one["id"])[1]["code"] == "unknown-marker"
    # All that was said of a run does not go by a word that was forgotten.
    assert ask(collector, "DELETE", runId="run")[1]["code"] == "missing-parameter" and listed(collector) == [two, three]
    assert ask(collector, "DELETE", runId="run", kind="lap", fromFrame=3)[1] == {"runId": "run", "removed": 1}
    assert listed(collector) == [two]


def test_a_deleted_run_takes_its_markers_along(live):
    start(live, "run", "other")
    add(live, 1)
    kept = add(live, 2, runId="other")
    assert live.request("/api/run?runId=run", method="DELETE")[0] == 200
    with opened(live, WORDS) as database:
        assert [row[0] for row in database.execute("SELECT id FROM markers")] == [kept["id"]]
    start(live, "run")
    assert listed(live) == []


def test_whole_lists_as_lines_and_as_csv(collector):
    markers = [add(collector, 1, 'a "b", c\nd', field="pos.x", simTime=0.5), add(collector, 2, "plain")]
    status, headers, body = collector.request("/api/markers?runId=run&format=jsonl")
    assert status == 200 and headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in body.splitlines()] == markers
    _, headers, body = collector.request("/api/markers?runId=run&format=csv")
    assert headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert rows == [{name: str(marker.get(name, "")) for name in rows[0]} for marker in markers]


@pytest.mark.parametrize("body, said", [
    ({"fromFrame": 1, "text": "x"}, "runId"), ({"runId": "run", "text": "x"}, "fromFrame"), ({"runId": "run", "fromFrame": 1}, "text"),
    ({"runId": "run", "fromFrame": -1, "text": "x"}, "fromFrame"), ({"runId": "run", "fromFrame": 5, "toFrame": 4, "text": "x"}, "toFrame"),
    ({"runId": "run", "fromFrame": 1, "text": ""}, "text"), ({"runId": "run", "fromFrame": 1, "text": "x" * 2049}, "text"),
    ({"runId": "run", "fromFrame": 1, "text": "x", "kind": "No Word"}, "kind"), ({"runId": "run", "fromFrame": 1, "text": "x", "severity": "fatal"}, "severity"),
    ({"runId": "run", "fromFrame": 1, "text": "x", "simTime": "NaN"}, "simTime"), ({"runId": "run", "fromFrame": 1, "text": "x", "field": "y" * 256}, "field"),
    ({"runId": "", "fromFrame": 1, "text": "x"}, "runId"), ([], "object"),
])
def test_what_is_no_marker_is_refused_and_named(collector, body, said):
    status, answer, _ = ask(collector, "POST", body=body)
    assert (status, answer["code"]) == (400, "bad-marker") and said in answer["detail"], answer
    assert listed(collector) == []


def test_a_run_that_nobody_knows_has_no_markers(collector):
    assert ask(collector, "POST", body={"runId": "none", "fromFrame": 1, "text": "x"})[1]["code"] == "unknown-run"
    assert ask(collector, "GET", runId="none")[1]["code"] == "unknown-run"
    assert ask(collector, "GET", runId="run", severity="loud")[1]["code"] == "bad-parameter"
    assert ask(collector, "GET", runId="run", format="xml")[1]["code"] == "bad-parameter"


def test_a_run_has_room_for_so_many(collector):
    add(collector, 0)
    with opened(collector, WORDS) as database:
        database.executemany(
            "INSERT INTO markers SELECT 'm' || ?, run_id, source_id, channel, type, first_frame, last_frame, sim_time, kind, field, severity, text, origin, created_ms, NULL FROM markers WHERE request_key IS NULL LIMIT 1",
            [(number,) for number in range(9_999)])
    status, answer, _ = ask(collector, "POST", body={"runId": "run", "fromFrame": 1, "text": "one more"})
    assert (status, answer["code"]) == (409, "too-many-markers")
