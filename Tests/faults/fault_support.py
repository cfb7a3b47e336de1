"""What the fault tests share: compiling their engines, and reading ring files as the ABI promises them to be."""
from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from support import BUILD

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "conformance"))
from ring_reader import BadFile, read_instance  # noqa: E402, F401  (for the tests)


def compile_engine(name: str, folder: Path, *flags, static: bool = False) -> Path:
    """Tests/faults/NAME.c, with the real header and the built library."""
    program = folder / name
    library = [BUILD / "lib/libteltel.a"] if static else [f"-L{BUILD / 'lib'}", "-lteltel", f"-Wl,-rpath,{BUILD / 'lib'}"]
    command = ["gcc", "-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", f"-I{BUILD / 'include'}", HERE / f"{name}.c"]
    subprocess.run([*map(str, command), "-o", str(program), *map(str, library), "-pthread", "-lm", *flags], check=True)
    return program


def environment(shm, **more) -> dict:
    return {**os.environ, "TELTEL_SHM_DIR": str(shm), **more}


def run(shm, *command, code: int = 0, timeout: float = 300, **more) -> str:
    done = subprocess.run(
        [str(part) for part in command], env=environment(shm, **more), capture_output=True, text=True, timeout=timeout)
    assert done.returncode == code, f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def instances(shm) -> list:
    """All instances of a folder, read strictly; a file that breaks a promise is a BadFile."""
    return [read_instance(path) for path in sorted(Path(shm).iterdir()) if (path / "run").exists()]


def removed_when_old(shm) -> bool:
    """Whether the collector has removed all runs, also what engines have left that died while they made one: it waits a minute
    for those, unless their folders are older."""
    for folder in Path(shm).iterdir():
        if folder.is_dir() and not (folder / "run").exists():
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                os.utime(folder, (0, 0))
    return len(os.listdir(shm)) == 2  # the collector's lock and its own rings
