"""Keeps what this version of the library writes, and its header, for all later versions to read and to run.

    python3 Tests/compatibility/make_fixtures.py NAME

makes Tests/compatibility/NAME with the built library (make library): the two instances of engine.c as rings.tar.xz, teltel.h, and
what an independent reader finds in the rings as expected.json.xz. Run once, when a version is released; never for an old one.
"""
import json
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "Tests/conformance"))
from expected import summary  # noqa: E402
from ring_reader import read_instance  # noqa: E402


def build(target: Path, header_folder: Path, library_folder: Path):
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{header_folder}", HERE / "engine.c", "-o", target]
    subprocess.run([*map(str, command), f"-L{library_folder}", "-lteltel"], check=True)


def emit(program: Path, shm: Path, library_folder: Path):
    environment = {**os.environ, "TELTEL_SHM_DIR": str(shm), "LD_LIBRARY_PATH": str(library_folder)}
    subprocess.run([program], env=environment, check=True)


def contents(shm: Path) -> dict:
    """By run id; without what differs from run to run."""
    found = {}
    for folder in shm.iterdir():
        instance = read_instance(folder)
        found[instance.header["run_id"]] = summary(instance)
    return found


def make(name: str, build_folder: Path):
    kept = HERE / name
    kept.mkdir()
    shutil.copy(build_folder / "include/teltel.h", kept)
    with tempfile.TemporaryDirectory(prefix="teltel-test-", dir="/dev/shm") as shm:
        program = Path(tempfile.mkdtemp()) / "engine"
        build(program, build_folder / "include", build_folder / "lib")
        emit(program, Path(shm), build_folder / "lib")
        (kept / "expected.json.xz").write_bytes(lzma.compress(json.dumps(contents(Path(shm)), sort_keys=True).encode()))
        with tarfile.open(kept / "rings.tar.xz", "w:xz") as archive:
            for folder in sorted(Path(shm).iterdir()):
                archive.add(folder, folder.name, filter=anonymous)


def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    make(sys.argv[1], Path(os.environ.get("TELTEL_BUILD", ROOT / "build")))
