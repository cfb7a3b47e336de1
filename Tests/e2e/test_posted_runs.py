"""Runs that are posted: when one begins, when it has ended, and what its sender's words and clock are taken for."""
import time

import pytest
from bodies import line, ndjson
from support import wait_until
from test_ingest import post


def start(run_id: str, source: str = "s", **payload) -> dict:
    return line(runId=run_id, sourceId=source, type="run.start", frameIndex=0, payload=payload)


def value(run_id: str, source: str = "s", frame: int = 1) -> dict:
    return line(runId=run_id, sourceId=source, type="t", frameIndex=frame, payload={"x": 1})


def end(run_id: str, source: str = "s", **payload) -> dict:
    return line(runId=run_id, sourceId=source, type="run.end", frameIndex=2, payload=payload)


def send(collector, *lines):
    assert post(collector, raw=ndjson(*lines))[1]["accepted"] == len(lines)


def runs(collector, prefix: str) -> dict:
    return {run["runId"]: run for run in collector.json("/api/runs") if run["runId"].startswith(prefix)}


def facts(collector, prefix: str) -> dict:
    return {run_id: (run["status"], run.get("seed"), run["accepted"], run["lateEvents"]) for run_id, run in runs(collector, prefix).items()}


def script(run_id: str, seed: int, status: str) -> list:
    return [start(run_id, seed=seed), value(run_id), end(run_id, status=status)]


@pytest.mark.parametrize("together", [True, False], ids=["one-post", "three-posts"])
def test_a_script_that_runs_again_makes_another_run(shared, together):
    run_id = f"again-{together}"
    for seed, status in ((1, "completed"), (2, "failed"), (3, "cancelled")):
        lines = script(run_id, seed, status)
        for part in [lines] if together else [[one] for one in lines]:
            send(shared, *part)
    # Lines of several connections may be seen in another order: which of them are late is no matter here.
    assert {name: known[:3] for name, known in facts(shared, run_id).items()} == {
        run_id: ("completed", 1, 3), f"{run_id}~2": ("failed", 2, 3), f"{run_id}~3": ("cancelled", 3, 3)}


def test_all_of_it_in_one_post(shared):
    send(shared, *script("whole", 1, "completed"), *script("whole", 2, "failed"))
    assert facts(shared, "whole") == {"whole": ("completed", 1, 3, 0), "whole~2": ("failed", 2, 3, 0)}


def test_a_line_behind_the_end_is_late(shared):
    send(shared, *script("late", 1, "completed"), value("late", frame=3))
    send(shared, value("late", frame=4))
    assert facts(shared, "late") == {"late": ("completed", 1, 5, 2)}


def test_a_line_long_behind_the_end_begins_another_run(make_collector):
    collector = make_collector("--no-storage", "--silence-timeout", "100ms")
    send(collector, *script("long", 1, "completed"))
    wait_until(lambda: send(collector, value("long")) or "long~2" in runs(collector, "long"), "a second run")
    assert runs(collector, "long~2")["long~2"]["accepted"] == 1


def test_what_had_ended_before_a_restart_stays_as_it_was(collector):
    send(collector, *script("kept", 1, "completed"))
    collector.wait_status("kept", "completed")
    send(collector, start("open"), value("open"))
    collector.stop()
    collector.start()
    send(collector, value("kept"), value("open"))
    assert facts(collector, "kept") == {"kept": ("completed", 1, 3, 0), "kept~2": ("running", None, 1, 0)}
    assert facts(collector, "open") == {"open": ("running", None, 3, 0)}


def test_the_second_run_has_its_rows_in_storage(collector):
    send(collector, *script("rows", 1, "completed"), *script("rows", 2, "completed"))
    wait_until(lambda: {run["runId"]: run["stored"] for run in collector.json("/api/runs")} == {"rows": 3, "rows~2": 3}, "both are stored", 60)


def test_the_name_of_a_removed_run_is_free(collector):
    send(collector, *script("gone", 1, "completed"))
    wait_until(lambda: collector.run("gone")["stored"] == 3, "it is stored", 60)
    assert collector.request("/api/run?runId=gone", method="DELETE")[0] == 200
    send(collector, *script("gone", 2, "failed"))
    assert facts(collector, "gone") == {"gone": ("failed", 2, 3, 0)}


def test_a_name_that_is_too_long_for_a_number_gives_way(shared):
    run_id = "é" * 127
    send(shared, *script(run_id, 1, "completed"), *script(run_id, 2, "failed"))
    assert set(runs(shared, "é" * 100)) == {run_id, "é" * 126 + "~2"}


def test_of_several_starts_the_last_one_counts(shared):
    send(shared, start("one", seed=1), start("one", seed=2))
    send(shared, start("two", seed=1))
    begun = shared.run("two")["created"]
    send(shared, start("two", seed=2))
    assert shared.run("one")["seed"] == shared.run("two")["seed"] == 2
    assert shared.run("two")["created"] == begun


def test_a_run_ends_when_all_have_ended_that_started_it(shared):
    send(shared, start("many", "a"), start("many", "b"), value("many", "silent"), end("many", "a", status="failed", reason="broke"))
    assert shared.run("many")["status"] == "running"
    send(shared, end("many", "b", status="completed", reason="all well"))
    run = shared.run("many")
    assert (run["status"], run["endReason"]) == ("failed", "broke")


def test_a_posted_end_does_not_end_an_engines_run(live, programs, start_engine, tmp_path):
    go_on = tmp_path / "go-on"
    start_engine(programs / "engine", "both", 100, 0, 1, ENGINE_HOLD_AT="50", ENGINE_HOLD_UNTIL=str(go_on))
    wait_until(lambda: live.run("both") and live.run("both")["accepted"] > 0, "the engine's run is there")
    send(live, value("both"), end("both", status="failed", reason="the sidecar broke"))
    run = wait_until(lambda: (run := live.run("both"))["accepted"] >= 53 and run, "what was posted is in it")
    assert run["status"] == "running"
    go_on.touch()
    # The engine says how it ended; that something else failed is not forgotten for it.
    assert live.wait_status("both", "failed")["endReason"] == "the sidecar broke"


@pytest.mark.parametrize("word,status", [
    ("completed", "completed"), ("SUCCESS", "completed"), ("finished", "completed"), ("FAILED", "failed"), ("error", "failed"),
    ("crashed", "failed"), ("aborted", "cancelled"), ("Canceled", "cancelled"), ("exploded", "failed"), (None, "completed"),
])
def test_words_for_an_end(shared, word, status):
    run_id = f"word-{word}"
    send(shared, value(run_id), end(run_id, reason="r", **({"status": word} if word else {})))
    run = shared.run(run_id)
    assert run["status"] == status
    assert run["endReason"] == ('status "exploded": r' if word == "exploded" else "r")


@pytest.mark.parametrize("seed,known", [(0, True), (2**64 - 1, True), (-1, False), (2**64, False), (1.5, False), ("7", False)])
def test_a_seed_is_a_whole_number_or_none(shared, seed, known):
    run_id = f"seed-{seed}"
    send(shared, start(run_id, seed=seed))
    assert shared.run(run_id).get("seed") == (seed if known else None)


@pytest.mark.parametrize("unit,factor", [("seconds", 1e-3), ("microseconds", 1e3), ("nanoseconds", 1e6)])
def test_a_clock_that_cannot_be_right_is_named_and_not_believed(shared, unit, factor):
    run_id, now = f"clock-{unit}", time.time() * 1000
    wall = int(now * factor)
    send(shared, {**start(run_id), "wallTimeMs": wall}, {**end(run_id), "wallTimeMs": wall})
    run = shared.run(run_id)
    for when in (run["created"], run["endedAt"], run["receivedAt"]):
        assert abs(time.mktime(time.strptime(when[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone - now / 1000) < 60, when
    warning, = run["warnings"]
    assert warning["code"] == "implausible-clock" and unit in warning["message"]


def test_runs_are_listed_as_they_came(shared):
    """A file of last year that is posted today is the newest run."""
    for name, seconds in (("first", 0), ("second", -300 * 86_400), ("third", 3_600), ("fourth", 0)):
        send(shared, {**value(f"order-{name}"), "wallTimeMs": int((time.time() + seconds) * 1000)})
        assert shared.run(f"order-{name}")
    assert list(runs(shared, "order-")) == ["order-fourth", "order-third", "order-second", "order-first"]
    assert runs(shared, "order-second")["order-second"]["warnings"] == []


@pytest.mark.parametrize("order", [("zeta", "alpha", "mid"), ("alpha", "zeta", "mid"), ("mid", "zeta", "alpha")], ids="-".join)
def test_sources_are_in_the_order_in_which_they_came(make_collector, order):
    """Each from a connection of its own: rings of several threads are read one after the other, whatever came first."""
    collector = make_collector("--no-storage")
    for attempt in range(10):
        for source in order:
            send(collector, line(runId=f"many-{attempt}", sourceId=source, type="t"))
    for attempt in range(10):
        run = collector.json(f"/api/run?runId=many-{attempt}")
        assert run["sources"] == list(order) and run["sourceId"] == order[0]
    send(collector, line(runId="at-once", sourceId=order[0]), line(runId="at-once", sourceId=order[1]), line(runId="at-once", sourceId=order[0], type="u"))
    assert collector.json("/api/run?runId=at-once")["sources"] == list(order[:2])


def test_sources_keep_their_order_over_a_restart(collector):
    for source in ("zeta", "alpha"):
        send(collector, line(runId="kept", sourceId=source))
    assert collector.stop() == 0
    collector.start()
    send(collector, line(runId="kept", sourceId="beta"))
    assert collector.json("/api/run?runId=kept")["sources"] == ["zeta", "alpha", "beta"]


def test_the_highest_frame_is_not_the_last_one(shared):
    send(shared, *(line(runId="episodes", type="t", frameIndex=frame, simTime=frame / 100) for frame in [*range(100), *range(10)]))
    run = shared.run("episodes")
    assert (run["lastFrame"], run["lastSimTime"]) == (99, 0.99)


def test_two_engines_at_once_under_one_id_are_said_to_be(live, programs, start_engine, tmp_path):
    go_on = tmp_path / "go-on"
    for _ in range(2):
        start_engine(programs / "engine", "twins", 100, 0, 1, ENGINE_HOLD_AT="50", ENGINE_HOLD_UNTIL=str(go_on))
    warnings = wait_until(lambda: (run := live.run("twins")) and run["warnings"], "the run says so")
    assert [warning["code"] for warning in warnings] == ["concurrent-instances"]
    go_on.touch()
    assert live.wait_status("twins", "completed")["warnings"] == warnings
    # One after the other is no such case.
    start_engine(programs / "engine", "alone", 10, 0, 1).communicate()
    assert live.wait_status("alone", "completed")["warnings"] == []
