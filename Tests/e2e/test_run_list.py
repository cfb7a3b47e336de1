"""The run list: all of it, and what has changed since."""
import http.client
import json

from bodies import frames, line, ndjson
from support import wait_until
from test_ingest import post


def post_run(collector, run_id: str, events: int = 1, end: bool = True):
    last = ndjson(line(runId=run_id, type="run.end", frameIndex=events, payload={"status": "completed"})) if end else b""
    assert post(collector, raw=frames(events, runId=run_id) + last)[0] == 202


class Follower:
    """Keeps the run list by asking for changes alone."""

    def __init__(self, collector):
        self.collector, self.cursor, self.runs = collector, "", {}

    def ask(self) -> dict:
        answer = self.collector.json(f"/api/runs?after={self.cursor}")
        if answer["complete"]:
            self.runs = {}
        for run_id in answer["removed"]:
            self.runs.pop(run_id, None)
        self.runs |= {run["runId"]: run for run in answer["runs"]}
        self.cursor = answer["cursor"]
        return answer

    def until(self, condition, what: str):
        """Asks until it holds."""
        return wait_until(lambda: self.ask() and condition(self.runs), what)

    def until_quiet(self):
        wait_until(lambda: self.ask()["runs"] == [], "nothing changes any more")


def test_who_posts_sees_it_in_the_next_answer(live):
    """However seldom the live reader looks while nobody watches."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port)

    def ask(method: str, path: str, body: bytes | None = None):
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    for number in range(1, 101):
        assert ask("POST", "/api/ingest", frames(3, runId=f"r{number}"))[1]["accepted"] == 3
        status, run = ask("GET", f"/api/run?runId=r{number}")
        assert (status, run.get("accepted"), run.get("size")) == (200, 3, 3)
        ask("POST", "/api/ingest", frames(2, runId=f"r{number}"))
        assert {run["runId"]: run["accepted"] for run in ask("GET", "/api/runs")[1]} == {f"r{n}": 5 for n in range(1, number + 1)}
        ask("POST", "/api/ingest", frames(1, runId=f"named{number}"))
        assert ask("PATCH", f"/api/run?runId=named{number}", b'{"name": "a"}')[0] == 200
        ask("POST", "/api/ingest", ndjson(line(runId=f"named{number}", type="run.end", frameIndex=2)))
        assert ask("DELETE", f"/api/run?runId=named{number}")[0] == 200


def test_only_what_has_changed_is_told(live):
    for number in range(5):
        post_run(live, f"r{number}")
    follower = Follower(live)
    assert follower.ask()["complete"]
    follower.until(lambda runs: sorted(runs) == [f"r{n}" for n in range(5)], "all runs")
    follower.until_quiet()
    assert not follower.ask()["complete"]
    post_run(live, "r5", end=False)
    told: set[str] = set()

    def r5_is_there():
        told.update(run["runId"] for run in follower.ask()["runs"])
        return "r5" in follower.runs

    wait_until(r5_is_there, "the new run")
    assert told == {"r5"}
    assert {run["runId"]: run for run in live.json("/api/runs")}.keys() == follower.runs.keys()


def test_every_kind_of_change_is_told(live):
    post_run(live, "one", events=3, end=False)
    follower = Follower(live)
    follower.until(lambda runs: runs.get("one", {}).get("accepted") == 3, "the run with its events")
    follower.until_quiet()
    assert follower.runs["one"]["ratePerSecond"] == 0
    assert post(live, raw=frames(2, runId="one"))[0] == 202
    follower.until(lambda runs: runs["one"]["accepted"] == 5, "more events")
    follower.until_quiet()
    assert post(live, raw=ndjson(line(runId="one", frameIndex=-1)))[0] == 202
    follower.until(lambda runs: runs["one"]["rejected"] == 1, "a rejected line")
    follower.until_quiet()
    assert live.request("/api/run?runId=one", b'{"name": "first"}', method="PATCH")[0] == 200
    follower.until(lambda runs: runs["one"].get("name") == "first", "a name")
    follower.until_quiet()
    post_run(live, "one", events=0)
    follower.until(lambda runs: runs["one"]["status"] == "completed", "the end")


def test_a_removed_run_is_told(live):
    for run_id in ("goes", "stays"):
        post_run(live, run_id)
        live.wait_status(run_id, "completed")
    follower = Follower(live)
    follower.until(lambda runs: len(runs) == 2, "both")
    assert live.request("/api/run?runId=goes", method="DELETE")[0] == 200
    follower.until(lambda runs: list(runs) == ["stays"], "one is gone")
    follower.until_quiet()
    post_run(live, "goes")
    follower.until(lambda runs: sorted(runs) == ["goes", "stays"], "the id is used anew")


def test_what_is_no_cursor_gets_everything(live):
    post_run(live, "r")
    live.wait_status("r", "completed")
    for cursor in ("", "nonsense", "x-1", "-1", "0-0", "%00"):
        answer = live.json(f"/api/runs?after={cursor}")
        assert answer["complete"] and [run["runId"] for run in answer["runs"]] == ["r"], cursor
    # One from the future: of this collector, but never given.
    collector, number = answer["cursor"].rsplit("-", 1)
    assert live.json(f"/api/runs?after={collector}-{int(number) + 10**9}")["complete"]


def test_the_next_collector_tells_everything(collector):
    post_run(collector, "r")
    collector.wait_status("r", "completed")
    follower = Follower(collector)
    follower.until(lambda runs: "r" in runs, "the run")
    collector.stop()
    collector.start()
    assert follower.ask()["complete"]
    assert "r" in follower.runs


def test_thousands_of_runs(live):
    count = 4_000
    for begin in range(0, count, 1_000):
        body = b"".join(
            ndjson(line(runId=f"r{number}"), line(runId=f"r{number}", type="run.end", payload={"status": "completed"}))
            for number in range(begin, begin + 1_000))
        assert post(live, raw=body)[0] == 202
    follower = Follower(live)
    follower.until(lambda runs: sum(run["status"] == "completed" for run in runs.values()) == count, "all runs have ended")
    follower.until_quiet()
    post_run(live, "one more", end=False)
    follower.until(lambda runs: "one more" in runs, "the new run")
    size = len(live.request(f"/api/runs?after={follower.cursor}")[2])
    assert size < 2_000 < len(live.request("/api/runs")[2]) / 100
