"""Measures what teltel costs and how fast it is; prints a table and writes it to build/bench.txt.

    build/test-python/bin/python Benchmarks/bench.py [--quick] [--only SECTION ...] [--output FILE]

    emit      what one event costs its engine, beside the least that a copy can cost and beside other ways
    engines   the example engines with and without telemetry, in turns
    stored    100,000 events a second into storage: what arrives, when, and what it costs
    latency   from the engine's emit to a WebSocket client, at 1 kHz and at 60 Hz
    live      a million events a second as columns, many readers, idle runs, clients that come and go, POST to WebSocket
    ingest    NDJSON over HTTP: how much is taken and what it costs, with a subscriber and with storage
    storage   bytes an event and codecs, ring to spool and to ClickHouse at full rate, a disk that pauses, many types, many runs
    answers   comparisons of whole runs, groups, series and reductions, beside the same questions over the reference's layout
    ui        the page in headless Chromium, beside plain uPlot

BENCH_SECONDS (default 60) is the length of `stored`; the others follow, `answers` in how much is asked about. Figures depend on the machine and on what else runs
there: compare within one table. Exit code 1 when a count does not add up; never because something was slow.
"""
from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

from answers import answers
from emit import emit
from engines import engines
from ingest import ingest
from live import live
from processes import BUILD, BenchError
from sections import SECTIONS as OTHERS
from sections import Row, Scale
from storage import storage
from ui import ui

SECTIONS = {"emit": emit, "engines": engines, **OTHERS, "live": live, "ingest": ingest, "storage": storage, "answers": answers, "ui": ui}

QUICK = Scale(seconds=2, emit_rounds=3, engine_pairs=2, engine_frames=1000, latency_seconds=0.5, rounds=1)


def full() -> Scale:
    seconds = float(os.environ.get("BENCH_SECONDS", "60"))
    return Scale(
        seconds=seconds, emit_rounds=max(10, int(seconds)), engine_pairs=max(3, int(seconds / 6)), engine_frames=20_000,
        latency_seconds=max(1.0, seconds / 4), rounds=3)


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} CPUs, Linux {platform.release()}"


def table(rows: list[Row]) -> str:
    widths = [max(len(getattr(row, column)) for row in rows) for column in ("section", "what")]
    return "\n".join(f"{row.section:<{widths[0]}}  {row.what:<{widths[1]}}  {row.value}" for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="shrinks everything: does it work at all?")
    parser.add_argument("--only", nargs="+", choices=list(SECTIONS), default=list(SECTIONS), metavar="SECTION")
    parser.add_argument("--output", type=Path, default=BUILD / "bench.txt")
    options = parser.parse_args()
    scale = QUICK if options.quick else full()
    rows = []
    for name in options.only:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        try:
            rows += SECTIONS[name](scale)
        except BenchError as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            return 1
    text = f"{machine()}, {time.strftime('%Y-%m-%d')}\n{table(rows)}\n"
    options.output.write_text(text)
    print(text, end="")
    return 0


sys.exit(main())
