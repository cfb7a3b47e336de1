"""In what way runs part, and what differs around them."""
import math

import pytest
from comparing import command, complete, store
from test_compare_modes import compare, ulps

FRAMES = range(80)


@pytest.fixture(scope="module")
def collector(module_collector):
    return module_collector


def wave(frame):
    return math.sin(frame * 0.7) * (frame + 1)


def chaos(seed_frame=None):
    value, values = 0.3, []
    for frame in FRAMES:
        value = ulps(value, 1) if frame == seed_frame else value
        values.append(value)
        value = 3.9 * value * (1 - value)
    return values


def of(value, kind="t"):
    return [(kind, frame, {"x": value(frame)}) for frame in FRAMES]


def wheels(forces, frames=range(3)):
    """One event for each wheel; the type's key is its wheel."""
    return [("wheel.force", frame, {"wheelId": wheel, "torque": torque}) for frame in frames for wheel, torque in forces(frame)]


REFERENCE, GROWN = chaos(), chaos(10)
FORCES = [(1, 10.5), (2, 20.5), (3, 30.5)]
RUNS = {
    "w-ref": of(wave), "w-late": of(lambda frame: wave(frame - 1) if frame >= 10 else wave(frame)),
    "w-deg": of(lambda frame: wave(frame) * math.pi / 180 if frame >= 10 else wave(frame)),
    "w-chaos": of(lambda frame: REFERENCE[frame]), "w-grown": of(lambda frame: GROWN[frame]),
    "w-few": [event for event in of(wave) if event[1] != 20],
    "f-ref": wheels(lambda frame: FORCES), "f-same": wheels(lambda frame: FORCES[::-1]),
    "f-swap": wheels(lambda frame: [(1, 20.5), (2, 10.5), (3, 30.5)] if frame == 1 else FORCES),
    "f-renamed": wheels(lambda frame: [(3, 10.5), (1, 20.5), (2, 30.5)]),
    "f-alike": wheels(lambda frame: [(1, 10.5), (2, 10.5)]), "f-alike2": wheels(lambda frame: [(3, 10.5), (1, 10.5)]),
    "d-two": [("t", 1, {"x": 1.0}), ("t", 1, {"x": 1.0}), ("t", 2, {"x": 3.0})],
    "d-one": [("t", 1, {"x": 1.0}), ("t", 2, {"x": 3.0})],
    "d-four": [*[("t", 1, {"x": 1.0})] * 4, ("t", 2, {"x": 3.0})],
}
STARTS = {"c-ref": {"seed": 1, "engine_version": "1.0", "config": {"dt": 0.01, "host": "a", "solver": {"order": 4}}},
          "c-other": {"seed": 2, "engine_version": "1.1", "config": {"dt": 0.02, "host": "b", "solver": {"order": 4}}}}


@pytest.fixture(scope="module")
def runs(module_collector):
    for run, events in RUNS.items():
        store(module_collector, run, events, last=90)
    for run, start in STARTS.items():
        store(module_collector, run, [("run.start", 0, start), *of(wave)], last=90)
    complete(module_collector, *RUNS, *STARTS)


def signatures(collector, first, second, **more):
    return compare(collector, first, second, **more)["signatures"]


def test_ways_to_part_have_names(collector, runs):
    (late,) = signatures(collector, "w-ref", "w-late")
    assert (late["kind"], late["value"], late["field"]) == ("frames-late", 1, "x")
    (factor,) = signatures(collector, "w-ref", "w-deg")
    assert factor["kind"] == "constant-factor" and "π/180" in factor["text"]
    assert "t.x: " + factor["text"] in command(collector, "w-ref", "w-deg")[1]
    assert signatures(collector, "w-ref", "w-ref") == []
    (counts,) = signatures(collector, "w-ref", "w-few")
    assert (counts["kind"], counts["text"]) == ("counts", "no value differs: the first run has 1 event alone, the second 0")


def test_chaos_is_told_by_its_growth(collector, runs):
    answer = compare(collector, "w-chaos", "w-grown")
    assert (answer["first"]["frame"], answer["first"]["differences"][0]["ulp"]) == (10, 1)
    (signature,) = answer["signatures"]
    assert signature["kind"] == "rounding-grows" and 1.3 < signature["value"] < 2 and "each frame" in signature["text"]
    assert answer["persistentFrom"] == 10
    # As long as the difference is small the runs are near.
    assert compare(collector, "w-chaos", "w-grown", toFrame=30, absolute=0.01)["verdict"] == "equal"


def test_values_that_are_exchanged_between_rows_are_found(collector, runs):
    """Of each field there are as many values as before."""
    assert compare(collector, "f-ref", "f-same")["verdict"] == "equal"
    answer = compare(collector, "f-ref", "f-swap")
    assert answer["first"]["frame"] == 1
    assert [(one["key"], one["field"]) for one in answer["first"]["differences"]] == [(["1"], "torque"), (["2"], "torque")]
    assert {one["kind"] for one in answer["signatures"]} >= {"keys-exchanged"}


def test_keys_that_are_numbered_otherwise_are_proposed(collector, runs):
    answer = compare(collector, "f-ref", "f-renamed")
    (exchanged,) = [one for one in answer["signatures"] if one["kind"] == "keys-exchanged"]
    assert exchanged["text"] == "the same rows under other keys: 1 → 3, 2 → 1, 3 → 2"
    # Two wheels that are alike could be either.
    alike = compare(collector, "f-alike", "f-alike2")
    assert alike["verdict"] == "different" and not [one for one in alike["signatures"] if one["kind"] == "keys-exchanged"]


def test_rows_that_are_there_more_often(collector, runs):
    for other, rows in (("d-one", [1, 0]), ("d-four", [0, 2])):
        answer = compare(collector, "d-two", other)
        assert (answer["first"]["frame"], answer["first"]["unpaired"][0]["rows"]) == (1, rows)


def test_what_was_set_otherwise_stands_before_the_values(collector, runs):
    answer = compare(collector, "c-ref", "c-other")
    assert answer["verdict"] == "equal"
    assert {one["what"]: one["values"] for one in answer["surroundings"]} == {
        "seed": ["1", "2"], "engine_version": ["1.0", "1.1"], "config.dt": ["0.01", "0.02"], "config.host": ["a", "b"]}
    rules = '{"ignoreConfiguration": ["host"]}'
    assert "config.host" not in {one["what"] for one in compare(collector, "c-ref", "c-other", rules=rules)["surroundings"]}
    assert "seed  1  ≠  2" in command(collector, "c-ref", "c-other")[1]
