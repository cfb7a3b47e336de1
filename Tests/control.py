"""The control store's two files, read and changed as another program would."""
from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from pathlib import Path

WORDS, RUNS = "control/words.sqlite", "control/runs.sqlite"


@contextmanager
def opened(collector, name: str, timeout: float = 30):
    """Committed at the end, and closed: of a connection alone `with` only does the first."""
    database = sqlite3.connect(collector.data / name, timeout=timeout)
    try:
        with database:
            yield database
    finally:
        database.close()


def parts(collector, run_id: str) -> dict[str, dict]:
    """Of a run's record: identity, lifecycle, schema and counts; {} if there is none."""
    with opened(collector, RUNS) as database:
        return {part: json.loads(text) for part, text in database.execute("SELECT part, content FROM run_parts WHERE run_id = ?", (run_id,))}


def recorded(collector, run_id: str) -> int:
    """Accepted events of the run that the control store knows of."""
    return sum(parts(collector, run_id).get("counts", {}).get("accepted", []))


def delete(collector, name: str):
    """The file, with what SQLite keeps beside it. The collector is not running."""
    for path in Path(collector.data / name).parent.glob(Path(name).name + "*"):
        path.unlink()
