"""TELTEL_ENABLE: which types a run records, and how often (selection.c)."""
from collections import Counter

import pytest
from conftest import HERE, compile_program, environment, run
from ring_reader import read_instance

ALL = {"frame.start": 100, "aero.state": 100, "wheel.force": 200, "wing": 200, "remark": 100}


@pytest.fixture(scope="module", params=["dynamic", "static"])
def selection(request, programs):
    return compile_program(HERE / "selection.c", programs / f"selection-{request.param}", static=request.param == "static")


def recorded(selection, shm, text):
    told = run([selection], env=environment(shm, TELTEL_ENABLE=text)).split(maxsplit=2)
    instance = read_instance(next(shm.iterdir()))
    found = Counter(instance.types[record.type].name for ring in instance.rings for record in ring.records)
    assert found.pop("run.start") == found.pop("run.end") == 1
    assert [int(n) for n in told[:2]] == [sum(found.values()), sum(ALL.values()) - sum(found.values())]
    return dict(found), instance, told[2] if len(told) > 2 else ""


CASES = {
    "": ALL,
    "*": ALL,
    "aero.*,frame.*": {"aero.state": 100, "frame.start": 100},
    " aero.state , wing ,": {"aero.state": 100, "wing": 200},
    "*,wheel.*:10": {**ALL, "wheel.force": 20},
    "*,wheel.*:10,wheel.force:0": {name: n for name, n in ALL.items() if name != "wheel.force"},
    "*:0,*.start:50": {"frame.start": 2},
    "physics/*": {"aero.state": 100, "wheel.force": 200},
    "aero*/*": {"wing": 200},
    "*e*f*r*": {"wheel.force": 200},
    "remark:7": {"remark": 15},
    "*:1000000": {name: n // 100 for name, n in ALL.items()},
    "wing:3": {"wing": 68},
    "nothing": {},
}


@pytest.mark.parametrize("text", CASES, ids=range(len(CASES)))
def test_the_last_entry_that_matches_decides(selection, shm, text):
    found, instance, message = recorded(selection, shm, text)
    assert found == CASES[text] and message == ""


def test_only_frames_that_the_number_divides_are_recorded_with_all_their_events(selection, shm):
    _, instance, _ = recorded(selection, shm, "*:0,wheel.*:30")
    wheel, = [type for type in instance.types.values() if type.name == "wheel.force"]
    records = [record for ring in instance.rings for record in ring.records if record.type == wheel.id]
    assert [record.frame for record in records] == [0, 0, 30, 30, 60, 60, 90, 90] and {record.tag_set for record in records} == {1}


def test_the_table_says_what_is_left_out(selection, shm):
    _, instance, _ = recorded(selection, shm, "*,wheel.*:10,remark:0")
    every = {type.name: type.every for type in instance.types.values()}
    assert (every["wheel.force"], every["remark"], every["wing"], every["run.start"]) == (10, 0xFFFFFFFF, 1, 1)


@pytest.mark.parametrize("text", [":5", "a:", "a:x", "a:-1", "a:1.5", "a:1000001", "a:99999999999999999999", "a,b:1:c", "\udcff"],
                         ids=range(9))
def test_what_is_not_understood_leaves_nothing_out(selection, shm, text):
    found, _, message = recorded(selection, shm, text)
    assert found == ALL and message.startswith("TELTEL_ENABLE is not understood")
