"""Where two runs first differ: by API and by command, of posted runs and of engines."""
import json
import subprocess
from urllib.parse import urlencode

import pytest
from analysis import all_stored
from comparing import TELTEL, ask, command, complete, series, store, wait_digested
from database import change, sql
from support import wait_until
from test_ingest import post
from test_stored_fields import end, event


@pytest.fixture(scope="module")
def collector(module_collector):
    return module_collector


@pytest.fixture(scope="module")
def runs(module_collector):
    """A reference, the same again, and one for each way to differ."""
    collector = module_collector
    store(collector, "ref", series())
    store(collector, "same", series())
    store(collector, "value", series(other=lambda frame: {"pos": {"x": 1.5, "y": frame * 2}} if frame in (2050, 2051, 2900) else None))
    store(collector, "text", series(other=lambda frame: {"on": "yes"} if frame == 1500 else None))
    store(collector, "hole", series([frame for frame in range(3000) if frame != 1040]))
    store(collector, "half", series(range(1500)))
    store(collector, "other", series(kind="another"))
    store(collector, "more", [*series(), ("another", 7, {"x": 1})])
    names = ["ref", "same", "value", "text", "hole", "half", "other", "more"]
    complete(collector, *names)
    wait_digested(collector, {name: 3000 for name in names} | {"hole": 2999, "half": 1500, "more": 3001})
    return names


def test_equal_runs_are_equal_by_digests(collector, runs):
    answer = ask(collector, "ref", "same")
    assert (answer["verdict"], answer["equalUpToFrame"], answer.get("first")) == ("equal", 2999, None)
    assert [run["rows"] for run in answer["runs"]] == [3000, 3000] and all(run["complete"] for run in answer["runs"])
    assert [stream["recomputed"] for stream in answer["streams"]] == [False]
    assert (answer["streams"][0]["blocks"], answer["coverage"]["streams"]) == (3, 1)
    assert command(collector, "ref", "same") == (
        0, ["equal up to frame 2,999: 3,000 events of 1 type have the same bits", f"{collector.url}/runs/same"])


def test_the_first_frame_and_all_its_fields_are_named(collector, runs):
    answer = ask(collector, "ref", "value")
    assert (answer["verdict"], answer["equalUpToFrame"], answer["first"]["frame"]) == ("different", 2049, 2050)
    (difference,) = answer["first"]["differences"]
    assert (difference["field"], difference["class"]) == ("pos.x", "ulp")
    assert [value["text"] for value in difference["values"]] == [repr(2050 / 7), "1.5"]
    assert difference["values"][1]["bits"] == "0x3ff8000000000000"
    assert answer["streams"][0]["differingBlocks"] == 1 and answer["streams"][0]["firstDifferingBlock"] == 2048
    code, lines = command(collector, "ref", "value")
    assert (code, lines[0]) == (1, "different at frame 2,050; equal up to frame 2,049")
    assert lines[1] == f"state.pos.x  {2050 / 7!r}  ≠  1.5"
    assert lines[-1] == f"{collector.url}/runs/value"


def test_what_a_run_lacks_is_said(collector, runs):
    first = ask(collector, "ref", "hole")["first"]
    assert (first["frame"], first["differences"]) == (1040, [])
    assert first["unpaired"] == [{"channel": "c", "type": "state", "sourceId": "s", "rows": [1, 0]}]
    assert ask(collector, "ref", "half")["first"]["frame"] == 1500
    assert ask(collector, "ref", "more")["first"]["unpaired"][0]["rows"] == [0, 1]
    assert command(collector, "ref", "half")[1][1] == "state  1 event of ref alone"


def test_payloads_kept_as_text_are_compared(collector, runs):
    first = ask(collector, "ref", "text")["first"]
    assert first["frame"] == 1500
    (difference,) = first["differences"]
    assert difference["field"] == "on" and [value["text"] for value in difference["values"]] == ["true", "yes"]


def test_nothing_compared_is_never_equal(collector, runs):
    answer = ask(collector, "ref", "other")
    assert answer["verdict"] == "incomparable" and "in common" in answer["reason"]
    code, lines = command(collector, "ref", "other")
    assert code == 2 and lines[0].startswith("not compared: ")
    assert ask(collector, "ref", "same", eventType="none")["verdict"] == "incomparable"
    assert ask(collector, "ref", "nobody", status=404)["error"]["code"] == "unknown-run"
    code, lines = command(collector, "ref", "nobody")
    assert code == 2 and "there is no run nobody" in lines[0]


def test_frames_bound_the_question(collector, runs):
    assert ask(collector, "ref", "value", fromFrame=0, toFrame=2049)["verdict"] == "equal"
    assert ask(collector, "ref", "value", fromFrame=2052, toFrame=2899)["verdict"] == "equal"
    assert ask(collector, "ref", "value", fromFrame=2051)["first"]["frame"] == 2051
    assert ask(collector, "ref", "half", toFrame=1499)["verdict"] == "equal"
    assert command(collector, "ref", "value", "--until", "2049")[0] == 0
    assert ask(collector, "ref", "value", status=400, fromFrame=9, toFrame=8)["error"]["code"] == "bad-parameter"


def test_digests_that_do_not_fit_are_made_again(collector, runs):
    """As if the collector had been killed: a part of them is missing."""
    store(collector, "lame", series())
    complete(collector, "lame")
    wait_digested(collector, {"lame": 3000})
    change(collector, "ALTER TABLE run_digests DELETE WHERE run_id = 'lame' AND block = 1")
    answer = ask(collector, "ref", "lame")
    assert answer["verdict"] == "equal" and answer["streams"][0]["recomputed"]
    assert ask(collector, "lame", "value")["first"]["frame"] == 2050


def same_as(collector, run) -> dict:
    status, _, body = collector.request(f"/api/analysis/same-as?{urlencode({'runId': run})}")
    assert status == 200, body
    return json.loads(body)


def test_equal_runs_have_one_fingerprint(collector, runs):
    answer = same_as(collector, "ref")
    assert (answer["same"], answer["rows"], answer["complete"], answer["recomputed"]) == (["same"], 3000, True, False)
    prints = {run: same_as(collector, run)["fingerprint"] for run in runs}
    assert len(set(prints.values())) == len(runs) - 1 and prints["ref"] == prints["same"] and len(prints["ref"]) == 16
    done = subprocess.run([TELTEL, "same", "ref", "--url", collector.url], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.splitlines()) == (0, [f"{prints['ref']}  3,000 events", "same"])


def test_a_fingerprint_from_rows_is_that_from_digests(collector, runs):
    store(collector, "worn", series(other=lambda frame: {"on": "yes"} if frame == 3 else None))
    store(collector, "worn2", series(other=lambda frame: {"on": "yes"} if frame == 3 else None))
    complete(collector, "worn", "worn2")
    wait_digested(collector, {"worn": 3000, "worn2": 3000})
    before = same_as(collector, "worn")
    assert not before["recomputed"] and before["same"] == ["worn2"]
    change(collector, "ALTER TABLE run_digests DELETE WHERE run_id = 'worn' AND block = 2")
    after = same_as(collector, "worn")
    assert after["recomputed"] and (after["fingerprint"], after["same"]) == (before["fingerprint"], ["worn2"])
    assert same_as(collector, "worn2")["same"] == []


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "-0.0"])
def test_numbers_that_text_has_no_room_for(collector, value):
    number = value if value[0] != "-" or "I" in value else float(value)
    name = f"odd{value}"
    for run, x in ((name + "-a", number), (name + "-b", number), (name + "-c", 0.0)):
        store(collector, run, [("t", frame, {"x": x}) for frame in range(3)])
    complete(collector, *(name + end for end in ("-a", "-b", "-c")))
    assert ask(collector, name + "-a", name + "-b")["verdict"] == "equal"
    (difference,) = ask(collector, name + "-a", name + "-c")["first"]["differences"]
    assert difference["class"] == {"NaN": "nan-vs-number", "-Infinity": "inf", "-0.0": "zero-sign"}[value]
    assert difference["values"][0]["text"] == value.removesuffix(".0")


def test_engines_with_keys_and_all_kinds(collector, start_engine, programs, module_collector):
    fields = ["wheel:u8*=1", "x:f64=1.5", "y:f32=0.1", "n:i64=-7", "u:u64=18446744073709551615", "ok:bool=1", "word:text:8=hello",
              "long:f32:20=3"]
    environment = {"TELTEL_SHM_DIR": module_collector.shm}
    changed = {"x": "x:f64=1.5000000000000002", "y": "y:f32=0.2", "n": "n:i64=-8", "u": "u:u64=18446744073709551614", "ok": "ok:bool=0",
               "word": "word:text:8=hellO", "long": "long:f32:20=4"}
    start_engine(programs / "shape", "e-ref", "t", 100, 50, *fields, **environment).communicate()
    for name, field in {"same": None, **changed}.items():
        parts = [field if field and part.startswith(name + ":") else part for part in fields]
        start_engine(programs / "shape", f"e-{name}", "t", 100, 50, *parts, **environment).communicate()
    for name in ("ref", "same", *changed):
        all_stored(collector, f"e-{name}", 51)
    complete(collector, *(f"e-{name}" for name in ("ref", "same", *changed)))
    assert ask(collector, "e-ref", "e-same")["verdict"] == "equal"
    for name in changed:
        first = ask(collector, "e-ref", f"e-{name}")["first"]
        assert (first["frame"], [difference["field"] for difference in first["differences"]]) == (100, [name])
        assert first["differences"][0]["key"] == ["1"]
    (difference,) = ask(collector, "e-ref", "e-x")["first"]["differences"]
    assert (difference["class"], difference["ulp"]) == ("ulp", 1)
    (difference,) = ask(collector, "e-ref", "e-u")["first"]["differences"]
    assert [value["text"] for value in difference["values"]] == ["18446744073709551615", "18446744073709551614"]


@pytest.mark.parametrize("text", ["'", "\\", "`; DROP TABLE run_digests", "ref' OR '1'='1", "%", "{a:String}", "\n--", "é\u0301", ""])
def test_texts_are_taken_as_they_are(collector, runs, text):
    for parameter in ("eventType", "sourceId", "channel"):
        answer = ask(collector, "ref", "same", **{parameter: text})
        assert answer["verdict"] == "incomparable" or (parameter == "channel" and text == "")
    status, _, body = collector.request(f"/api/analysis/first-divergence?{urlencode({'runId1': 'ref', 'runId2': text})}")
    assert status in (400, 404), body


def test_a_run_is_the_same_as_itself(collector, runs):
    answer = ask(collector, "ref", "ref")
    assert answer["verdict"] == "equal" and not answer["streams"][0]["recomputed"]


def test_a_run_that_goes_on_is_compared_as_far_as_it_is_stored(collector, runs):
    lines = [event("on-its-way", kind, payload, frame) for kind, frame, payload in series(range(1700))]
    assert post(collector, *lines)[1]["accepted"] == 1700
    wait_until(lambda: collector.run("on-its-way")["stored"] == 1700, "its events are stored", 60)
    answer = ask(collector, "ref", "on-its-way")
    # Its last frame may get further events.
    assert (answer["verdict"], answer["equalUpToFrame"], answer["runs"][1]["complete"]) == ("equal", 1698, False)
    assert ask(collector, "value", "on-its-way")["verdict"] == "equal"
    assert ask(collector, "hole", "on-its-way")["first"]["frame"] == 1040
    code, lines = command(collector, "ref", "on-its-way")
    assert code == 2 and lines[0].startswith("equal so far up to frame 1,698: ") and any("on-its-way is not complete" in line for line in lines)
    # Of a type that it has not got yet nothing can be said.
    assert ask(collector, "more", "on-its-way")["verdict"] == "equal"
    post(collector, end("on-its-way", 1700))
    complete(collector, "on-its-way")
    assert ask(collector, "ref", "on-its-way")["first"]["frame"] == 1700


def test_digests_whose_counts_agree_by_chance_are_found_out(collector, runs):
    store(collector, "lucky", series())
    complete(collector, "lucky")
    wait_digested(collector, {"lucky": 3000})
    change(collector, "ALTER TABLE run_digests UPDATE row_digest = row_digest + 1 WHERE run_id = 'lucky' AND block = 1")
    answer = ask(collector, "ref", "lucky")
    assert answer["verdict"] == "equal" and answer["streams"][0]["recomputed"]


def test_what_is_measured_is_not_compared_where_payloads_are_text_either(collector):
    for run, time in (("host-a", 1.25), ("host-b", 9.5)):
        store(collector, run, [("frame.end", frame, {"perf": {"cpu_time_ms": time + frame}, "ok": True, "dt": 0.5}) for frame in range(50)])
    complete(collector, "host-a", "host-b")
    wait_digested(collector, {"host-a": 50, "host-b": 50})
    answer = ask(collector, "host-a", "host-b")
    assert answer["verdict"] == "equal" and not answer["streams"][0]["recomputed"]
    assert "frame.end.perf.cpu_time_ms" in next(left["what"] for left in answer["coverage"]["notCompared"] if "measured" in left["why"])
    assert same_as(collector, "host-a")["same"] == ["host-b"]


def test_deleting_a_run_takes_its_digests_along(collector):
    store(collector, "gone", series(range(100)))
    complete(collector, "gone")
    count = "SELECT count() AS n FROM run_digests WHERE run_id = 'gone'"
    wait_until(lambda: int(sql(collector, count)[0]["n"]) > 0, "it is digested", 60)
    assert collector.request("/api/run?runId=gone", method="DELETE")[0] in (200, 202, 204)
    wait_until(lambda: int(sql(collector, count)[0]["n"]) == 0, "its digests are gone", 60)


def groups(collector, *runs, status=200) -> dict:
    code, _, body = collector.request(f"/api/analysis/groups?{urlencode({'runId': runs}, doseq=True)}")
    assert code == status, body
    return json.loads(body)


def test_runs_are_grouped_and_where_they_part_is_said(collector, runs):
    answer = groups(collector, "ref", "same", "value", "text", "hole", "half", "more")
    assert answer["groups"][0] == {"runs": ["ref", "same"], "rows": 3000} and len(answer["groups"]) == 6
    # `more` has an event in the first block, `text`, `hole` and `half` differ in the second, `value` in the third.
    tree = answer["tree"]
    assert (tree["partAtBlock"], [branch["runs"] for branch in tree["branches"]]) == (0, [["ref", "same", "value", "text", "hole", "half"], ["more"]])
    inner = tree["branches"][0]
    assert (inner["partAtBlock"], inner["branches"][0]["runs"]) == (1024, ["ref", "same", "value"])
    assert inner["branches"][0]["partAtBlock"] == 2048 and answer["notCompared"] == []
    done = subprocess.run([TELTEL, "same", "ref", "same", "value", "--url", collector.url], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["3 runs part in frames 2,048 to 3,071:", "  equal: ref, same", "  value"]


def test_runs_of_which_nothing_can_be_said_are_named(collector, runs):
    post(collector, event("unfinished", "state", {"x": 1}, 1))
    wait_until(lambda: collector.run("unfinished")["stored"] == 1, "its event is stored", 60)
    answer = groups(collector, "ref", "unfinished", "ref")
    assert answer["groups"] == [{"runs": ["ref"], "rows": 3000}]
    assert answer["notCompared"] == [{"what": "unfinished", "why": "it is not complete"}]
    assert groups(collector, "ref", "nobody", status=404)["error"]["code"] == "unknown-run"
    def of_many(content):
        status, _, body = collector.request("/api/analysis/groups", json.dumps(content).encode(), {"Content-Type": "application/json"})
        return status, json.loads(body)
    assert of_many({"runIds": ["ref", "same"]})[1]["groups"] == [{"runs": ["ref", "same"], "rows": 3000}]
    assert of_many({"runIds": [f"r{number}" for number in range(1001)]})[0] == 400
    assert {of_many(content)[0] for content in ({}, [], {"runIds": []}, {"runIds": "ref"})} == {400}
    post(collector, end("unfinished", 2))


def test_a_run_shows_its_fingerprint_and_its_equals(collector, runs):
    run = collector.json("/api/run?runId=ref")
    assert (run["fingerprint"], run["sameRuns"]) == (same_as(collector, "ref")["fingerprint"], ["same"])
    post(collector, event("going", "state", {"x": 1}, 1))
    assert "fingerprint" not in collector.json("/api/run?runId=going")
    done = subprocess.run([TELTEL, "runs", "--fingerprint", "--url", collector.url], capture_output=True, text=True, timeout=60)
    rows = {line.split()[2]: line.split()[0] for line in done.stdout.splitlines()[1:] if line.split()[0] != "running"}
    assert rows["ref"] == rows["same"] == run["fingerprint"] != rows["value"]
    status, _, body = collector.request("/api/analysis/fingerprints?runId=ref&runId=going")
    told = json.loads(body)["runs"]
    assert status == 200 and told[0]["fingerprint"] == run["fingerprint"] and told[1]["reason"] == "it is not complete"
    post(collector, end("going", 2))
