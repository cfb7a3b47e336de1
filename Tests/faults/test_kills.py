"""Engines killed at any moment: what they had emitted is stored, once, and their runs end as failed."""
import os
import sys

import pytest
from fault_support import HERE, compile_engine, removed_when_old
from kills import ENDED, ENDING, STARTED, STARTING, Found, Truth, check, judge, kill_many
from support import wait_until

sys.path.append(str(HERE.parent / "e2e"))  # kills.py asks the database


def test_engines_killed_at_random_moments(collector, shm, tmp_path, amount):
    seed = int(os.environ.get("TELTEL_SEED", int.from_bytes(os.urandom(2))))
    print(f"TELTEL_SEED={seed}")
    program, truths = compile_engine("many_runs", tmp_path), tmp_path / "truths"
    truths.mkdir()
    names = kill_many(program, shm, truths, amount(30, whole=300), seed)
    sums, problems = check(collector, names, truths)
    assert not problems, "\n".join(problems[:10])
    assert sums["runs that are failed"] > 10 and sums["accepted"] > 1000, sums
    wait_until(lambda: removed_when_old(shm), "the rings of dead engines are gone")


GOOD = [Found(10, 10, 0), Found(7, 7, 0)]
TOLD = {"status": "failed", "accepted": 18, "stored": 18, "lost": 0, "refused": 0}
CASES = {
    "all": (STARTED, TOLD, GOOD, True),
    "one-in-flight": (STARTED, TOLD, [Found(10, 10, 0), Found(8, 8, 0)], True),
    "missing": (STARTED, TOLD, [Found(9, 9, 0), Found(7, 7, 0)], False),
    "invented": (STARTED, TOLD, [Found(11, 11, 0), Found(7, 7, 0)], False),
    "twice": (STARTED, TOLD, [Found(10, 9, 0), Found(7, 7, 0)], False),
    "changed": (STARTED, TOLD, [Found(10, 10, 1), Found(7, 7, 0)], False),
    "not-listed": (STARTED, None, [Found(), Found()], False),
    "never-started": (STARTING, None, [Found(), Found()], True),
    "still-running": (STARTED, TOLD | {"status": "running"}, GOOD, False),
    "ended-but-failed": (ENDED, TOLD, GOOD, False),
    "ended": (ENDED, TOLD | {"status": "completed"}, GOOD, True),
    "ending": (ENDING, TOLD | {"status": "completed"}, GOOD, True),
    "lost": (STARTED, TOLD | {"stored": 17, "lost": 1}, GOOD, False),
    "uncounted": (STARTED, TOLD | {"stored": 17}, GOOD, False),
}


@pytest.mark.parametrize("case", CASES)
def test_judge(case):
    stage, told, found, good = CASES[case]
    attempted = (0, 0) if stage == STARTING else (10, 8)
    accepted = (0, 0) if stage == STARTING else (10, 7)
    truth = Truth("run.0", stage, attempted, accepted, (0, 0))
    problems = judge(truth, told, found)
    assert (problems == []) == good, problems
