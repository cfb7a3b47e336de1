"""The example engines with and without telemetry, in turns: what it costs them, and that their results stay the same bits."""
from __future__ import annotations

import re
import statistics
import subprocess

from processes import BUILD, ROOT, Collector, folders, run
from sections import Row, Scale, check

# Events per frame.
ENGINES = {"vehicle": 7, "robot": 7, "flight": 5, "swift": 6}


def engines(scale: Scale) -> list[Row]:
    rows = []
    for engine, events in ENGINES.items():
        built = subprocess.run([ROOT / "scripts/build-engine.sh", engine, BUILD], capture_output=True, text=True)
        if built.returncode != 0:
            rows.append(Row("engines", engine, "is not built: " + built.stderr.strip().splitlines()[-1]))
            continue
        rows += slowdown(scale, engine, events, built.stdout.strip())
    return rows


def slowdown(scale: Scale, engine: str, events: int, program: str) -> list[Row]:
    per_frame: dict[str, list[float]] = {"with": [], "without": []}
    hashes, refused = set(), 0
    with folders() as (work, shm), Collector(work, shm, "--no-storage"):
        for _ in range(scale.engine_pairs):
            for way, arguments in (("with", []), ("without", ["--no-telemetry"])):
                # What a start costs is no part of it.
                _, first = run(shm, program, "--frames", 1, *arguments)
                text, cpu = run(shm, program, "--frames", scale.engine_frames + 1, *arguments)
                per_frame[way].append((cpu - first) / scale.engine_frames * 1e6)
                hashes.add(re.search(r"state hash +(\w+)", text)[1])
                refused += int((re.search(r"refused +(\d+)", text) or [0, 0])[1])
    check(len(hashes) == 1, f"telemetry changed what {engine} computes: {sorted(hashes)}")
    ratios = [a / b for a, b in zip(per_frame["with"], per_frame["without"])]
    with_, without = (statistics.median(per_frame[way]) for way in ("with", "without"))
    return [
        Row("engines", f"{engine}, {events} events a frame",
            f"{without:.1f} µs CPU a frame, with telemetry {with_:.1f}; ratio of neighbours min {min(ratios):.3f}, "
            f"median {statistics.median(ratios):.3f}; refused {refused}"),
        Row("engines", f"{engine}, state hash", f"{hashes.pop()}, the same in {2 * scale.engine_pairs} runs"),
    ]
