"""Runs that others are compared with, by name: set, kept, chosen."""
import json
import subprocess

import pytest
from comparing import TELTEL, ask, command, complete, store
from support import wait_until
from test_ingest import post
from test_stored_fields import event


@pytest.fixture(scope="module")
def collector(module_collector):
    return module_collector


def steady(value=1.0):
    return [("t", frame, {"x": value + frame}) for frame in range(20)]


@pytest.fixture(scope="module")
def runs(module_collector):
    collector = module_collector
    tags = {"commit": "a1", "scene": "hill"}
    for run, value, more in (("b-one", 1.0, tags), ("b-two", 1.25, {**tags, "commit": "b2"}), ("b-flat", 1.0, {"scene": "flat"}),
                             ("b-new", 1.25, {**tags, "commit": "c3"}), ("b-named", 1.0, {"baseline": "named"})):
        store(collector, run, [("run.start", 0, {}, {"tags": more}), *steady(value)], last=30)
        complete(collector, run)


def api(collector, path, method="GET", content=None):
    body = None if content is None else json.dumps(content).encode()
    status, _, answer = collector.request(path, body, {"Content-Type": "application/json"}, method)
    return status, json.loads(answer)


def baseline(collector, *arguments):
    done = subprocess.run([TELTEL, "baseline", *arguments, "--url", collector.url], capture_output=True, text=True, timeout=60)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_a_name_stands_for_a_run_and_has_a_history(collector, runs):
    assert baseline(collector, "set", "main", "b-one", "--note", "first") == (0, ["main is b-one"])
    assert ask(collector, "baseline:main", "b-one", path="compare")["verdict"] == "equal"
    answer = ask(collector, "baseline:main", "b-two")
    assert (answer["verdict"], answer["baseline"], answer["runs"][0]["runId"]) == ("different", "main", "b-one")
    # Setting it anew says what changes.
    code, lines = baseline(collector, "set", "main", "b-two")
    assert (code, lines[:3]) == (0, ["main is b-two", "before it was b-one; between the two:", "different at frame 0"])
    assert command(collector, "baseline:main", "b-two")[0] == 0
    history = api(collector, "/api/baselines/main/history")[1]
    assert [(one["runId"], "endedAt" in one, one.get("note")) for one in history] == [("b-two", False, None), ("b-one", True, "first")]
    assert [line.split()[:2] for line in baseline(collector, "history", "main")[1][1:]] == [["main", "b-two"], ["main", "b-one"]]
    assert "main" in [one["name"] for one in api(collector, "/api/baselines")[1]]
    assert baseline(collector, "remove", "main")[0] == 0
    assert api(collector, "/api/baselines/main")[0] == 404
    assert ask(collector, "baseline:main", "b-one", status=404)["error"]["code"] == "unknown-baseline"


def test_its_rules_count_unless_the_question_has_its_own(collector, runs, tmp_path):
    rules = tmp_path / "rules.json"
    rules.write_text('{"rules": [{"field": "x", "absolute": 0.5}]}')
    assert baseline(collector, "set", "ruled", "b-one", "--rules", str(rules))[0] == 0
    answer = ask(collector, "baseline:ruled", "b-two", path="compare")
    assert (answer["verdict"], answer["mode"], answer["rules"][0]["from"]) == ("equal", "tolerance", "rule 1")
    assert ask(collector, "baseline:ruled", "b-two", mode="bits")["verdict"] == "different"
    assert ask(collector, "baseline:ruled", "b-two", absolute=0.1)["verdict"] == "different"


def test_a_baseline_is_kept(collector, runs):
    store(collector, "b-kept", steady(), last=30)
    complete(collector, "b-kept")
    assert baseline(collector, "set", "kept", "b-kept")[0] == 0
    status, answer = api(collector, "/api/run?runId=b-kept", "DELETE")
    assert (status, answer["error"]["code"]) == (409, "run-is-a-baseline")
    # What ended later would go.
    store(collector, "b-last", steady(), last=30)
    complete(collector, "b-last")

    def pruned():
        status, answer = api(collector, "/api/storage/prune", "POST", {"retain": "completed=1s", "dryRun": True})
        assert status == 200, answer
        return json.dumps(answer)
    wait_until(lambda: "b-last" in pruned(), "what ended later would go", 30)
    assert "b-kept" not in pruned()
    assert baseline(collector, "remove", "kept")[0] == 0
    assert api(collector, "/api/run?runId=b-kept", "DELETE")[0] == 200


def test_what_a_run_is_compared_with_by_itself(collector, runs):
    """The last completed run of its source whose tags are the same but for those that tell attempts apart."""
    answer = ask(collector, "baseline:auto", "b-new", path="compare")
    assert (answer["runs"][0]["runId"], answer["verdict"], answer.get("baseline")) == ("b-two", "equal", None)
    # Its tag names a baseline: there is none yet.
    assert ask(collector, "baseline:auto", "b-named", status=404)["error"]["code"] == "no-baseline"
    assert baseline(collector, "set", "named", "b-flat")[0] == 0
    assert ask(collector, "baseline:auto", "b-named")["baseline"] == "named"
    error = ask(collector, "baseline:auto", "b-one", status=404)["error"]
    assert error["code"] == "no-baseline" and "named" in error["hint"]


def test_what_cannot_be_a_baseline_is_refused(collector, runs):
    post(collector, event("b-going", "t", {"x": 1}, 1))
    wait_until(lambda: collector.run("b-going"), "the run is known", 30)
    for name, content, code in (("a", {"runId": "b-going"}, "run-is-running"), ("a", {"runId": "nobody"}, "unknown-run"),
                                ("a", {}, "bad-body"), ("a", {"runId": "b-one", "rules": "{"}, "bad-rules"),
                                ("auto", {"runId": "b-one"}, "bad-baseline-name"), ("%0A", {"runId": "b-one"}, "bad-baseline-name"),
                                ("n" * 101, {"runId": "b-one"}, "bad-baseline-name")):
        status, answer = api(collector, f"/api/baselines/{name}", "PUT", content)
        assert status in (400, 404, 409) and answer["error"]["code"] == code, (name, content, answer)
    assert api(collector, "/api/baselines/none", "DELETE")[0] == 404 == api(collector, "/api/baselines/none/history")[0]


def test_names_are_names_whatever_they_hold(collector, runs):
    for name in ("a b", "ä", "%", "'; DROP TABLE baselines", "..", "?x=1"):
        quoted = "".join(f"%{byte:02X}" for byte in name.encode())
        assert api(collector, f"/api/baselines/{quoted}", "PUT", {"runId": "b-one"})[0] == 200, name
        assert api(collector, f"/api/baselines/{quoted}")[1]["name"] == name
        assert api(collector, f"/api/baselines/{quoted}", "DELETE")[0] == 200


def test_baselines_outlive_the_collector(make_collector):
    collector = make_collector()
    store(collector, "one", steady(), last=30)
    complete(collector, "one")
    assert api(collector, "/api/baselines/kept", "PUT", {"runId": "one", "note": "n"})[0] == 200
    before = api(collector, "/api/baselines")[1]
    collector.kill()
    collector.start()
    assert api(collector, "/api/baselines")[1] == before
