"""Where in a run events are missing: as exactly as the engine itself knows it."""
from pathlib import Path

from support import wait_until

SMALL = {"ENGINE_RING_BYTES": "262144"}


def losses(collector, run_id: str) -> list[tuple]:
    return [(loss["kind"], loss["reason"], loss["from"], loss["to"], loss["count"]) for loss in collector.json(f"/api/run?runId={run_id}")["losses"]]


def placed(collector, run_id: str) -> list[tuple]:
    """When all that was refused has its place."""
    def all_of_it():
        found = losses(collector, run_id)
        return found and sum(loss[4] for loss in found) == collector.run(run_id)["refused"] and found

    return wait_until(all_of_it, "every refused event has its place")


def test_an_engine_that_came_and_went_before_anybody_looked(make_collector, programs, start_engine):
    engine = start_engine(programs / "engine", "quick", 20_000, 0, 1, **SMALL)
    output = engine.communicate()[0].split()
    accepted, refused = int(output[1]), int(output[3])
    assert refused > 0 and accepted + refused == 20_000
    collector = make_collector("--no-storage")
    collector.wait_status("quick", "completed")
    # The first ones found room, and no later one did.
    assert placed(collector, "quick") == [("refused", "full", accepted, 19_999, refused)]
    # What was seen stays where it is.
    assert collector.run("quick")["lastFrame"] == accepted - 1


def test_what_is_refused_while_the_collector_stands_still(make_collector, programs, start_engine, tmp_path):
    """Twice the ring fills up; between both there is room again, and the frames accepted then are in no loss."""
    go_on = tmp_path / "go-on"
    engine = start_engine(programs / "engine", "twice", 20_000, 0, 1, ENGINE_HOLD_AT="10000", ENGINE_HOLD_UNTIL=str(go_on), **SMALL)
    collector = make_collector("--no-storage", start=False)
    # The collector comes when the first half has been emitted, and makes room.
    ring = wait_until(lambda: [*Path(collector.shm).glob("*/ring-0")], "the ring is there")[0]
    wait_until(lambda: head(ring) > 250_000, "the ring is full")
    collector.start()
    wait_until(lambda: collector.run("twice") and collector.run("twice")["accepted"] > 1_000, "there is room again")
    collector.kill()
    go_on.touch()
    output = engine.communicate()[0].split()
    refused = int(output[3])
    collector.start()
    collector.wait_status("twice", "completed")
    found = placed(collector, "twice")
    assert [(kind, reason) for kind, reason, *_ in found] == [("refused", "full")] * 2
    (_, _, first, until, early), (_, _, again, last, later) = found
    assert (until, last) == (9_999, 19_999)
    # Of the second stretch is the run.end, too, which found no room either.
    assert (early, later) == (until - first + 1, last - again + 2) and early + later == refused + 1
    assert again > 10_000 and again - 10_000 + first == int(output[1])


def head(ring) -> int:
    return int.from_bytes(ring.read_bytes()[128:136], "little")
