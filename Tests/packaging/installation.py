"""What the packaging tests share: an installation as a user makes it, programs built against it, what they have recorded."""
import os
import re
import struct
import subprocess
from pathlib import Path

from support import BUILD, ROOT

MINIMAL = {"c": ROOT / "examples/minimal/c/main.c", "cpp": ROOT / "examples/minimal/cpp/main.cpp"}
ENDED = 2  # state of a run file, at byte 1044 (ring_abi.h)


def run(command, **options) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


VERSION = run([ROOT / "scripts/library-version.sh"]).strip()


def make(target: str, **variables) -> str:
    """A target of the Makefile, without building anew what `make build` has built."""
    built = [word for name in ("build", "library", BUILD / "lib/libteltel.a") for word in ("-o", name)]
    given = [f"{name}={value}" for name, value in variables.items()]
    return run(["make", "-s", "-C", ROOT, *built, target, f"BUILD={BUILD}", *given])


def newest_libc() -> str:
    """The newest version of libc whose symbols the library asks for."""
    versions = re.findall(r"GLIBC_([\d.]+)", run(["readelf", "-V", BUILD / "lib/libteltel.so.0"]))
    return max(versions, key=lambda version: tuple(map(int, version.split("."))))


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}


class Installation:
    """A prefix in which the library was installed; it may have been moved since."""

    def __init__(self, prefix: Path, libdir: str = "lib"):
        self.prefix = prefix
        self.lib = prefix / libdir

    def pkg_config(self, *arguments: str) -> list[str]:
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}
        return run(["pkg-config", *arguments, "teltel"], env=environment).split()


def ended_runs(shm) -> int:
    """How many runs lie in the folder; each must have ended."""
    headers = [(instance / "run").read_bytes() for instance in Path(shm).iterdir()]
    assert all(struct.unpack_from("<I", header, 1044)[0] == ENDED for header in headers)
    return len(headers)


def check_records(program: Path, shm: Path, library_path: Path | None = None):
    """The program runs, in an empty environment but for the folder of its rings, and leaves one ended run."""
    environment = {"TELTEL_SHM_DIR": str(shm)}
    if library_path:
        environment["LD_LIBRARY_PATH"] = str(library_path)
    run([program], env=environment)
    assert ended_runs(shm) == 1
