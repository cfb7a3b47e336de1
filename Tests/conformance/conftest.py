"""Builds the tests' programs against the laid-out library. TELTEL_BUILD: where it is (default <repository>/build)."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("TELTEL_BUILD", ROOT / "build"))
LIB, INCLUDE = BUILD / "lib", BUILD / "include"
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


def run(command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def compile_program(source, target, static=False, flags=()):
    """Compiles one C or C++ file, once, with the real header and links it with the library."""
    if target.exists():
        return target
    cpp = source.suffix == ".cpp"
    library = [LIB / "libteltel.a"] if static else [f"-L{LIB}", "-lteltel", f"-Wl,-rpath,{LIB}"]
    run(["g++" if cpp else "gcc", "-std=c++17" if cpp else "-std=gnu11", "-O2", "-g", *WARNINGS, f"-I{INCLUDE}", "-o", target,
         source, *library, "-pthread", *flags])
    return target


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    if not (LIB / "libteltel.so").exists():
        pytest.fail(f"no library in {LIB}: run scripts/build-library.sh {BUILD}")
    return tmp_path_factory.mktemp("programs")


@pytest.fixture
def shm():
    """A private shared-memory folder; TELTEL_SHM_DIR of the programs."""
    folder = Path(tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def environment(shm, **more):
    return {**os.environ, "TELTEL_SHM_DIR": str(shm), **more}
