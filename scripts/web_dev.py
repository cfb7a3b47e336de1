#!/usr/bin/env python3
"""Work on the page: serves web/ from a running collector and rebuilds it on each save, so that a reload shows it.

    scripts/web_dev.py [options of `teltel collect`]

Needs build/bin/teltel (`make build`). Ctrl-C ends both. What the type checker finds is printed; the page is rebuilt all the same.
"""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build/web-dev"
LOOK_SECONDS = 0.3


def states() -> dict[Path, int]:
    """When each file of the page was last written."""
    found = {}
    for folder, _, names in os.walk(ROOT / "web"):
        for name in names:
            path = Path(folder) / name
            try:
                found[path] = path.stat().st_mtime_ns
            except FileNotFoundError:
                pass  # Editors write a new file and rename it: seen at the next look.
    return found


def build() -> None:
    began = time.monotonic()
    if subprocess.run([ROOT / "scripts/build-web.sh", "--unchecked", OUT]).returncode != 0:
        print("web-dev: not built", flush=True)
        return
    print(f"web-dev: built in {time.monotonic() - began:.1f} s", flush=True)


class Check:
    """The type checker, which takes longer than the build: it runs beside it, and the next save ends it."""

    def __init__(self):
        self.process = subprocess.Popen(["tsc", "-p", ROOT / "web"])
        self.is_told = False

    def tell(self) -> None:
        if not self.is_told and self.process.poll() is not None:
            self.is_told = True
            if self.process.returncode == 0:
                print("web-dev: types are right", flush=True)

    def end(self) -> None:
        self.is_told = True
        self.process.kill()
        self.process.wait()


def watch(collector: subprocess.Popen, seen: dict[Path, int]) -> int:
    """Until the collector ends."""
    check = Check()
    try:
        while collector.poll() is None:
            time.sleep(LOOK_SECONDS)
            now = states()
            if now != seen:
                seen = now
                check.end()
                build()
                check = Check()
            check.tell()
        return collector.returncode
    finally:
        check.end()


def main() -> int:
    program = ROOT / "build/bin/teltel"
    if not program.exists():
        print(f"web-dev: {program} is missing; run `make build`", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    seen = states()
    build()
    # Ctrl-C reaches the collector by the terminal; it ends its services by itself.
    collector = subprocess.Popen([program, "collect", "--web-folder", OUT, *sys.argv[1:]])
    try:
        return watch(collector, seen)
    except KeyboardInterrupt:
        return 0
    finally:
        if collector.poll() is None:
            collector.terminate()
        collector.wait()


if __name__ == "__main__":
    sys.exit(main())
