"""LTTng-UST as a rival: a session that records into memory, as a flight recorder does, and the daemon that it needs."""
from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from processes import wait_until


def installed() -> bool:
    headers = any(Path(folder).glob("lttng/tracepoint.h") for folder in ("/usr/include", *Path("/usr/include").glob("*-linux-gnu")))
    return headers and all(map(shutil.which, ("lttng", "lttng-sessiond")))


@contextlib.contextmanager
def recording(work: Path, name: str = "teltel-bench"):
    """The newest events stay in 2 x 8 MiB for each processor; older ones are overwritten, and nothing is written to disk. Gives the
    variables of the program that is recorded. Uses the daemon that runs, or its own."""
    variables = {"LTTNG_HOME": str(work), "LTTNG_UST_REGISTER_TIMEOUT": "10000"}

    def lttng(*words: str) -> bool:
        return subprocess.run(["lttng", "--no-sessiond", *words], env={**os.environ, **variables}, capture_output=True).returncode == 0

    daemon = None
    if not lttng("list"):
        daemon = subprocess.Popen(
            ["lttng-sessiond", "--no-kernel"], env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: lttng("list"), "LTTng's daemon answers", 20)
    try:
        ready = (
            lttng("create", name, "--snapshot", f"--output={work}/lttng")
            and lttng("enable-channel", "--session", name, "--userspace", "--overwrite", "--subbuf-size=8M", "--num-subbuf=2", "bench")
            and lttng("enable-event", "--session", name, "--userspace", "--channel=bench", "teltel_bench:*")
            and lttng("start", name))
        yield variables if ready else None
    finally:
        lttng("destroy", name)
        if daemon:
            daemon.terminate()
            daemon.wait()
