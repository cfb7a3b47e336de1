"""The examples build with the commands they name; an engine computes the same bits with and without telemetry."""
import shutil

import pytest
from conftest import BUILD, ROOT, compile_program, environment, run
from ring_reader import read_instance

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def vehicle(programs):
    for folder in ("common", "vehicle"):
        shutil.copytree(EXAMPLES / folder, programs / "examples" / folder, ignore=lambda _, names: {"vehicle"} & set(names))
    run(["make", "-C", programs / "examples/vehicle", f"BUILD={BUILD}"])
    return programs / "examples/vehicle/vehicle"


def lines(output, *starts):
    return [line for line in output.splitlines() if line.startswith(starts)]


def test_telemetry_changes_no_bit_of_the_vehicle(vehicle, shm):
    hashes = ("body.state", "wheel.force", "state hash")
    with_telemetry = run([vehicle, "--frames", 2000, "--run-id", "v1"], env=environment(shm))
    without = run([vehicle, "--frames", 2000, "--no-telemetry"], env=environment(shm))
    off = run([vehicle, "--frames", 2000], env=environment(shm, TELTEL_DISABLED="1"))
    full = run([vehicle, "--frames", 2000, "--ring-bytes", 262144], env=environment(shm))
    assert lines(with_telemetry, "run id", "refused") == ["run id       v1", "refused      0"]
    assert lines(full, "refused") != ["refused      0"]
    for other in (without, off, full):
        assert lines(other, *hashes) == lines(with_telemetry, *hashes)


def test_a_nudge_changes_the_hash(vehicle, shm):
    straight = run([vehicle, "--frames", 500, "--no-telemetry"])
    nudged = run([vehicle, "--frames", 500, "--no-telemetry", "--diverge-at", 100, "--eps", 1e-6])
    assert lines(straight, "state hash") != lines(nudged, "state hash")


def test_the_vehicle_records_what_it_computes(vehicle, shm):
    run([vehicle, "--frames", 100], env=environment(shm))
    instance = read_instance(next(shm.iterdir()))
    names = [instance.types[record.type].name for record in instance.rings[0].records]
    frame = ["frame.start", "body.state"] + ["wheel.force"] * 4 + ["frame.end"]
    assert names == ["run.start"] + frame * 100 + ["run.end"]
    assert instance.rings[0].records[-1].frame == 99


@pytest.mark.parametrize("source", ["c/main.c", "cpp/main.cpp"])
def test_minimal_examples(programs, shm, source):
    text = EXAMPLES / "minimal" / source
    assert len(text.read_text().splitlines()) <= 40
    run([compile_program(text, programs / text.parent.name, flags=["-lm"])], env=environment(shm))
    check_minimal(shm)


def test_minimal_swift_example_in_a_clone_of_any_name(programs, shm):
    clone = programs / "a clone"
    clone.mkdir()
    shutil.copy(ROOT / "Package.swift", clone)
    for name in ("Sources", "include", "examples"):
        shutil.copytree(ROOT / name, clone / name, symlinks=True)
    for target in (ROOT / "Tests").glob("*Tests"):  # the manifest names them; nothing of them is built
        (clone / "Tests" / target.name).mkdir(parents=True)
    package = clone / "examples" / "minimal" / "swift"
    assert len((package / "Sources" / "minimal" / "main.swift").read_text().splitlines()) <= 40
    command = ["swift", "build", "--package-path", package, "--scratch-path", BUILD / "minimal-swift"]
    run(command)
    run([run([*command, "--show-bin-path"]).strip() + "/minimal"], env=environment(shm))
    check_minimal(shm)


def check_minimal(shm):
    instance = read_instance(next(shm.iterdir()))
    assert instance.header["state"] == 2 and instance.header["end_status"] == 0
    assert sum(len(ring.records) for ring in instance.rings) > 100
