"""The soak's judges notice what they are there for."""
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "e2e")]
import engines
import final
import live
from clients import LINES, Poster
from world import World


class Run:
    run_id, killed = "run", False

    def truth(self):
        return [4, 3], 0


HEARD = {
    "all": ([[0, 1, 2, 3], [0, 1, 2]], 0, False, True), "missing": ([[0, 1, 3], [0, 1, 2]], 0, False, False),
    "cut": ([[0, 1, 2, 3], [0, 1]], 0, False, False), "announced": ([[0, 1, 3], [0, 1, 2]], 1, False, True),
    "too-few-announced": ([[0, 3], [0, 1, 2]], 1, False, False), "unknown-gap": ([[3], []], 0, True, True),
    "twice": ([[0, 1, 1, 2, 3], [0, 1, 2]], 0, False, False), "turned": ([[0, 2, 1, 3], [0, 1, 2]], 9, True, False),
}


@pytest.mark.parametrize("case", HEARD)
def test_follower(case):
    world, follower = World(None, 1), engines.Follower.__new__(engines.Follower)
    follower.run = Run()
    follower.heard, follower.excused, follower.excused_wholly, good = HEARD[case]
    follower.check(world)
    assert (world.problems == []) == good, world.problems


STORED = {
    "all": ({0: (LINES, LINES), 1: (LINES, LINES)}, True), "missing": ({0: (LINES, LINES)}, False),
    "cut": ({0: (LINES - 1, LINES - 1), 1: (LINES, LINES)}, False), "twice": ({0: (2 * LINES, LINES), 1: (LINES, LINES)}, False),
    "twice-unanswered": ({0: (LINES, LINES), 1: (2 * LINES, LINES)}, True), "changed": ({0: (LINES, LINES - 1), 1: (LINES, LINES)}, False),
    "invented": ({0: (LINES, LINES), 1: (LINES, LINES), 9: (1, 1)}, False),
}


@pytest.mark.parametrize("case", STORED)
def test_posters(case, monkeypatch):
    rows, good = STORED[case]
    monkeypatch.setattr(final, "table_of", lambda *_: "t")
    monkeypatch.setattr(final, "sql", lambda *_: [{"batch": batch, "rows": both[0], "lines": both[1]} for batch, both in rows.items()])
    world, poster = World(None, 1), Poster("posted")
    poster.unanswered = [0, 1]
    world.posters = [poster]
    final.posters(world)
    assert (world.problems == []) == good, world.problems


@pytest.mark.parametrize("last, good", [(300, False), (120, True)], ids=["grows", "flat"])
def test_flat(last, good):
    world = World(None, 1)
    world.samples = [(100.0, 50)] * 10 + [(float(last), 50)] * 20
    live.flat(world, live.FILLED)
    assert (world.problems == []) == good
