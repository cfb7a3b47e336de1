"""What a full ring leaves behind under each policy (overflow.c, .cpp, swift/Sources/overflow): the newest events, and exact counts of the others."""
import pytest
from conftest import BUILD, HERE, compile_program, environment, run
from ring_reader import read_instance

EVENTS, SMALL, LARGE = 20000, 16, 3000


@pytest.fixture(scope="module", params=["dynamic", "static", "cpp", "swift"])
def overflow(request, programs):
    if request.param == "cpp":
        return compile_program(HERE / "overflow.cpp", programs / "overflow-cpp")
    if request.param == "swift":
        package = ["swift", "build", "--package-path", HERE / "swift", "--scratch-path", BUILD / "conformance-swift", "-c", "release"]
        run(package)
        return run([*package, "--show-bin-path"]).strip() + "/overflow"
    return compile_program(HERE / "overflow.c", programs / f"overflow-{request.param}", static=request.param == "static")


def left_behind(shm):
    instance = read_instance(next(shm.iterdir()))
    names = {id: type.name for id, type in instance.types.items()}
    lost = {names[row]: n for ring in instance.rings for (row, reason), n in ring.refused.items() if reason == "overwritten"}
    return instance, names, lost


def check_contents(record, name):
    assert name in ("small", "large") and len(record.payload) == (SMALL if name == "small" else LARGE)
    assert record.payload == bytes([record.frame & 0xFF]) * len(record.payload)


def test_the_newest_events_overwrite_the_oldest(overflow, shm):
    told = run([overflow, "overwrite"], env=environment(shm)).split()
    instance, names, lost = left_behind(shm)
    ring, = instance.rings
    *kept, end = ring.records
    assert names[end.type] == "run.end"
    assert [record.frame for record in kept] == list(range(EVENTS - len(kept), EVENTS))
    for record in kept:
        check_contents(record, names[record.type])
    gone = range(EVENTS - len(kept))
    assert lost == {"run.start": 1, "small": sum(i % 7 != 0 for i in gone), "large": sum(i % 7 == 0 for i in gone)}
    # The engine knew as much; only run.end came later, and may have overwritten some more.
    assert int(told[1]) <= lost["small"] and int(told[3]) <= lost["large"]
    assert ring.head - ring.low > ring.data_bytes * 3 // 4  # not more was given up than room was needed


def test_reserved_records_overwrite_too(overflow, shm):
    run([overflow, "overwrite_reserved"], env=environment(shm))
    instance, names, lost = left_behind(shm)
    ring = instance.rings[1]
    committed = [i for i in range(EVENTS) if i % 3]
    assert [record.frame for record in ring.records] == committed[-len(ring.records):]
    for record in ring.records:
        check_contents(record, names[record.type])
    assert sum(lost.values()) + len(ring.records) == len(committed)


def test_a_full_ring_refuses_what_does_not_fit_and_nothing_else(overflow, shm):
    run([overflow, "full"], env=environment(shm))
    own, = [ring for ring in left_behind(shm)[0].rings if ring.name == "own"]
    assert [record.frame for record in own.records if record.frame > 1][:1] == [2] and own.records[-1].frame == 3


@pytest.mark.parametrize("case", ["block_without_a_reader", "block_ends_with_the_run"])
def test_a_blocked_engine_goes_on(overflow, shm, case):
    run([overflow, case], env=environment(shm))
    instance, names, lost = left_behind(shm)
    assert not lost and [record.frame for record in instance.rings[0].records if names[record.type] in ("small", "large")]
