"""An engine killed after each instruction of an event: the event is wholly there or wholly not, and the run has failed."""
import struct
from pathlib import Path

import pytest
from fault_support import compile_engine, instances, removed_when_old, run
from support import wait_until


@pytest.fixture(scope="module")
def step(tmp_path_factory):
    return compile_engine("step", tmp_path_factory.mktemp("step"), "-Wl,-z,now")


def kill_after_each(step, shm, kind: str, thing: str, stride: int = 1) -> tuple[list, int]:
    """The instances in the order of n, and how many events each had before."""
    last, before = map(int, run(shm, step, kind, thing, stride).split())
    made = {instance.header["run_id"]: instance for instance in instances(shm)}
    steps = range(0, last + 1, stride)
    return [made.pop(f"{thing}-{n}") for n in steps if f"{thing}-{n}" in made], before


def samples(instance) -> list:
    return [record for ring in instance.rings for record in ring.records if instance.types[record.type].name == "step.sample"]


@pytest.mark.parametrize("thing", ["emit", "first", "wrap", "commit"])
def test_each_instruction_of_an_event(step, shm, make_collector, thing):
    made, before = kill_after_each(step, shm, "instruction", thing)
    assert len(made) > 30, "so few instructions are no event"
    counts = [len(samples(instance)) for instance in made]
    # Once the head has moved it stays: exactly one instruction makes the event.
    assert counts == sorted(counts) and set(counts) == {before, before + 1}
    for instance in made:
        for record in samples(instance):
            index, *values = struct.unpack("<Q12d", record.payload)
            assert record.frame == index and values == [index + k for k in range(12)]
    collector = make_collector("--no-storage")

    def ended():
        told = {entry["runId"]: entry for entry in collector.json("/api/runs")}
        return len(told) == len(made) and all(entry["status"] == "failed" for entry in told.values()) and told

    told = wait_until(ended, "every killed run has failed")
    for instance, count in zip(made, counts):
        run_start = any(record.type == 1 for ring in instance.rings for record in ring.records)
        assert told[instance.header["run_id"]]["accepted"] == count + run_start


@pytest.mark.parametrize("thing", ["define", "end"])
def test_instructions_of_slow_calls(step, shm, thing):
    made, before = kill_after_each(step, shm, "instruction", thing, 1009)
    assert all(len(samples(instance)) == before for instance in made) and len(made) > 5
    assert {instance.header["state"] for instance in made} == ({1, 2} if thing == "end" else {1})


@pytest.mark.parametrize("thing", ["start", "attach", "end"])
def test_each_system_call_of_slow_calls(step, shm, make_collector, thing):
    made, before = kill_after_each(step, shm, "call", thing)
    assert made and all(len(samples(instance)) == before for instance in made)
    unfinished = [folder for folder in Path(shm).iterdir() if not (folder / "run").exists()]
    assert bool(unfinished) == (thing == "start")
    collector = make_collector("--no-storage")
    wait_until(lambda: removed_when_old(shm), "nothing is left of engines that died in the middle")
    statuses = {entry["status"] for entry in collector.json("/api/runs")}
    assert statuses == ({"failed", "completed"} if thing == "end" else {"failed"})
