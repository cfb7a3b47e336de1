"""An engine with telemetry is the same engine: its process (influence.c) and the bits that it computes (engine_bits.cpp)."""
import platform

import pytest
from conftest import HERE, compile_program, environment, run

VARIANTS = {
    "plain": [],
    "fast-math": ["-ffast-math"],
    "fast-math-O3": ["-O3", "-ffast-math", "-funroll-loops"],
    "round-up": ["-frounding-math", "-DROUND_UP"],
    "x87": ["-mfpmath=387"],
    "no-exceptions": ["-fno-exceptions", "-fno-rtti"],
}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="sets the x86-64 floating-point registers")
@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
def test_nothing_of_the_process_changes(programs, shm, static):
    program = compile_program(HERE / "influence.c", programs / f"influence-{'static' if static else 'dynamic'}", static=static)
    assert run([program], env=environment(shm)) == "so does this"


@pytest.mark.parametrize("variant", VARIANTS)
def test_telemetry_changes_no_bit_of_the_state(programs, shm, variant):
    if variant == "x87" and platform.machine() != "x86_64":
        pytest.skip("x87 is of x86-64")
    program = compile_program(HERE / "engine_bits.cpp", programs / f"engine-bits-{variant}", flags=VARIANTS[variant])
    without, off = (run([program, "none"], env=environment(shm)).split()[0] for _ in range(2))
    recorded, overflowed = run([program, "telemetry"], env=environment(shm)).split()
    assert recorded == without == off and overflowed == "1"


def test_the_variants_do_compute_otherwise(programs, shm):
    """Else they would show nothing."""
    hashes = {variant: run([compile_program(HERE / "engine_bits.cpp", programs / f"engine-bits-{variant}", flags=VARIANTS[variant]),
                            "none"], env=environment(shm)) for variant in ("plain", "fast-math", "round-up")}
    assert len(set(hashes.values())) == 3
