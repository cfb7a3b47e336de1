"""One scenario, written by every face of the library, must leave the same files behind."""
import time

import pytest
from conftest import BUILD, HERE, compile_program, environment, run
from expected import WRAP_SIZES, expected_conformance, expected_wrap, summary, type_summary
from ring_reader import BadFile, read_instance


def c_dynamic(programs):
    return [compile_program(HERE / "scenario.c", programs / "c-dynamic")]


def c_static(programs):
    return [compile_program(HERE / "scenario.c", programs / "c-static", static=True)]


def cpp_static(programs):
    return [compile_program(HERE / "scenario.cpp", programs / "cpp-static", static=True)]


def swift_module(programs):
    scratch = BUILD / "conformance-swift"  # kept: the first build takes a quarter of a minute
    package = ["swift", "build", "--package-path", HERE / "swift", "--scratch-path", scratch, "-c", "release"]
    run(package)
    return [run([*package, "--show-bin-path"]).strip() + "/scenario"]


FACES = [c_dynamic, c_static, cpp_static, swift_module]


@pytest.fixture(scope="module", params=FACES, ids=lambda face: face.__name__)
def instances(request, programs, tmp_path_factory):
    """The three instances that a face leaves behind, by run id."""
    shm = tmp_path_factory.mktemp("shm")
    shm.chmod(0o700)
    before = time.time_ns()
    run(request.param(programs), env=environment(shm))
    found = {instance.header["run_id"]: instance for instance in map(read_instance, shm.iterdir())}
    assert sorted(found) == ["conformance", "other", "wrap"]
    return found, before


def test_the_scenario_is_found_in_the_files(instances):
    assert summary(instances[0]["conformance"]) == expected_conformance()


def test_what_was_described_is_defined_alike(instances):
    conformance, other = (instances[0][name] for name in ("conformance", "other"))
    kinds = [type_summary(t) for run in (conformance, other) for t in run.types.values() if t.name == "all.kinds"]
    assert len(kinds) == 2 and {**kinds[0], "id": 0} == {**kinds[1], "id": 0}


def test_the_header_says_who_and_when(instances):
    found, before = instances
    for instance in found.values():
        header = instance.header
        assert before <= header["wall_ns"] <= header["end_wall_ns"] <= time.time_ns()
        assert header["pid_namespace"] > 0 and header["pid_start"] > 0 and any(header["boot_id"])
        assert header["library_version"] == 100


def test_frame_start_bears_a_clock_mark(instances):
    instance = instances[0]["conformance"]
    marks = [r.payload for ring in instance.rings for r in ring.records if instance.types[r.type].name == "frame.start"]
    assert len(marks) == 1
    assert instance.header["mono_ns"] <= int.from_bytes(marks[0][:8], "little") <= time.monotonic_ns()


def test_records_of_odd_sizes_wrap_as_the_rules_say(instances):
    instance = instances[0]["wrap"]
    ring, = instance.rings
    start = len('{"engine_version":"1.0 \\"beta\\"","seed":18446744073709551615,"config":{"car":"red"}}')
    records, refused, head = expected_wrap(start)
    assert ring.head == head
    assert [(record.sequence, record.frame) for record in ring.records] == records
    for record in ring.records:
        assert record.payload == bytes([record.frame & 0xFF]) * WRAP_SIZES[record.frame % len(WRAP_SIZES)]
    by_name = {instance.types[row].name: n for (row, reason), n in ring.refused.items() if reason == "full"}
    assert by_name == {**{f"bytes.{size}": n for size, n in refused.items()}, "run.end": 1}


@pytest.mark.parametrize("offset", [0, 12, 24, 1024, 1032])  # magic, byte order, instance, file_bytes, table_head
def test_the_checker_notices_a_changed_run_file(programs, shm, offset):
    run(c_dynamic(programs), env=environment(shm))
    folder = next(shm.iterdir())
    data = bytearray((folder / "run").read_bytes())
    data[offset] ^= 0x55
    (folder / "run").write_bytes(data)
    with pytest.raises(BadFile):
        read_instance(folder)


@pytest.mark.parametrize("offset", [0, 16, 24, 52, 128, 256])
def test_the_checker_notices_a_changed_ring_file(programs, shm, offset):
    run(c_dynamic(programs), env=environment(shm))
    folder = next(shm.iterdir())
    data = bytearray((folder / "ring-0").read_bytes())
    data[offset] ^= 0x55
    (folder / "ring-0").write_bytes(data)
    with pytest.raises(BadFile):
        read_instance(folder)
