"""Engines faster than their collector, under each policy: every event is stored, shown or counted, exactly once."""
import pytest
from support import wait_until
from invariants import assert_exactly_once, truth

SMALL = {"ENGINE_RING_BYTES": "262144"}
OWN = 2  # run.start and run.end


def ended(collector, name: str) -> dict:
    run = collector.wait_status(name, "completed")
    assert run["refused"] == 0
    return run


def lost(collector, name: str) -> dict:
    return collector.json(f"/api/run?runId={name}")["lostByReason"]


def overwritten(collector, name: str) -> dict:
    return {row["type"]: row["byReason"]["overwritten"] for row in collector.json(f"/api/run?runId={name}")["refusedByType"]}


def test_overwritten_and_stored_are_all_that_was_accepted(collector, programs, start_engine, tmp_path):
    engine = start_engine(programs / "engine", "recorder", 300_000, 0, 3, tmp_path / "truth", ENGINE_OVERFLOW="overwrite", **SMALL)
    assert "accepted 900000 refused 0" in engine.communicate()[0]
    ended(collector, "recorder")

    def settled():
        run = collector.run("recorder")
        return run if run["stored"] + run["lost"] == 900_000 + OWN else None

    run = wait_until(settled, f"all are stored or overwritten; now {collector.run('recorder')}", 60)
    assert run["accepted"] == 900_000 + OWN and run["lost"] > 0
    assert lost(collector, "recorder") == {"overwritten": run["lost"]}
    assert collector.metric("teltel_lost_events_total") == run["lost"]
    types = overwritten(collector, "recorder")
    assert sum(types.values()) == run["lost"]
    assert_exactly_once(collector, "recorder", 900_000 - types["test.sample"])


def test_overwritten_and_shown_are_all_without_storage(live, programs, start_engine, tmp_path):
    engine = start_engine(programs / "engine", "recorder", 200_000, 0, 2, tmp_path / "truth", ENGINE_OVERFLOW="overwrite", **SMALL)
    assert "accepted 400000 refused 0" in engine.communicate()[0]
    run = ended(live, "recorder")
    assert run["accepted"] == 400_000 + OWN and run["lost"] > 0


def test_a_collector_that_comes_late_finds_the_newest(make_collector, programs, start_engine, tmp_path):
    start_engine(programs / "engine", "late", 50_000, 0, 1, tmp_path / "truth", ENGINE_OVERFLOW="overwrite", **SMALL).communicate()
    collector = make_collector()
    ended(collector, "late")
    run = wait_until(lambda: (run := collector.run("late"))["stored"] + run["lost"] == 50_000 + OWN and run, "all is settled")
    assert run["accepted"] == 50_000 + OWN and run["stored"] > 1_500
    assert_exactly_once(collector, "late", run["stored"] - 1)


@pytest.mark.parametrize("storage", ["stored", "live"])
def test_a_blocked_engine_loses_nothing(request, programs, start_engine, tmp_path, storage):
    collector = request.getfixturevalue({"stored": "collector", "live": "live"}[storage])
    more = {"ENGINE_OVERFLOW": "block", "ENGINE_BLOCK_MS": "60000", **SMALL}
    engine = start_engine(programs / "engine", "offline", 100_000, 0, 2, tmp_path / "truth", **more)
    assert "accepted 200000 refused 0" in engine.communicate()[0]
    ended(collector, "offline")
    if storage == "stored":
        assert_exactly_once(collector, "offline", 200_000)
    run = wait_until(lambda: (run := collector.run("offline"))["accepted"] == 200_000 + OWN and run, "all are counted")
    assert run["lost"] == 0


def test_a_blocked_engine_survives_its_collector(collector, programs, start_engine, tmp_path):
    more = {"ENGINE_OVERFLOW": "block", "ENGINE_BLOCK_MS": "60000", **SMALL}
    engine = start_engine(programs / "engine", "patient", 200_000, 0, 2, tmp_path / "truth", **more)
    wait_until(lambda: (run := collector.run("patient")) and run["stored"] > 0, "some are stored", 60)
    collector.kill()
    collector.start()
    assert "accepted 400000 refused 0" in engine.communicate()[0]
    ended(collector, "patient")
    assert_exactly_once(collector, "patient", 400_000)


def test_an_overwriting_engine_and_a_killed_collector_invent_nothing(collector, programs, start_engine, tmp_path):
    path = tmp_path / "truth"
    engine = start_engine(programs / "engine", "rough", 20_000_000, 100_000, 2, path, ENGINE_OVERFLOW="overwrite", **SMALL)
    wait_until(lambda: (run := collector.run("rough")) and run["stored"] > 0, "some are stored", 60)
    collector.kill()
    collector.start()
    seen = collector.run("rough")["stored"]
    wait_until(lambda: collector.run("rough")["stored"] > seen, "it goes on", 60)
    engine.kill()
    engine.wait()
    collector.wait_status("rough", "failed")
    run = wait_until(lambda: (run := collector.run("rough"))["stored"] + run["lost"] == run["accepted"] and run, "all is settled", 60)
    # What the first collector had taken and not yet written is gone with it, unless it was still in the ring.
    assert 0 < run["accepted"] <= truth(path)[0] + OWN + 2
    assert_exactly_once(collector, "rough", run["stored"] - 1 + overwritten(collector, "rough").get("run.start", 0))
