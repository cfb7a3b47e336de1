"""The same run, told in two ways: emitted by an engine with libteltel (Tests/e2e/typed.c), and posted as lines."""
from __future__ import annotations

import json
import math
import os
import subprocess

from analysis import all_stored
from support import BUILD
from test_ingest import post


class Told:
    """Events of a run with their types: `kinds[type]` has the kind of each field by its name."""

    def __init__(self, **kinds: dict[str, str]):
        self.kinds = {name.replace("_", "."): fields for name, fields in kinds.items()}
        self.events: list[tuple[str, int, float, dict]] = []

    def add(self, type_name: str, frame: int, time: float, **values):
        self.events.append((type_name, frame, time, {name.replace("__", "."): value for name, value in values.items()}))
        return self

    def emit(self, collector, programs, run: str):
        names = list(self.kinds)
        arguments = []
        for name, fields in self.kinds.items():
            arguments += ["--", name, *(f"{field}:{kind}" for field, kind in fields.items())]
        text = "".join(
            f"{names.index(name)} {frame} {time!r} {' '.join(str(values[field]) for field in self.kinds[name])}\n"
            for name, frame, time, values in self.events)
        variables = {**os.environ, "TELTEL_SHM_DIR": collector.shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
        done = subprocess.run([programs / "typed", run, "c", *arguments], input=text, env=variables, check=True, capture_output=True, text=True)
        assert done.stdout == f"accepted {len(self.events)} refused 0\n"
        all_stored(collector, run, len(self.events) + 2)

    def post(self, collector, run: str):
        def line(name: str, frame: int, time: float, payload: dict) -> dict:
            return {"v": 1, "runId": run, "sourceId": "s", "channel": "c", "type": name, "frameIndex": frame, "simTime": time, "payload": payload}

        lines = [line(name, frame, time, nested(values)) for name, frame, time, values in self.events]
        begin = line("run.start", 0, 0, {})
        end = line("run.end", self.events[-1][1], self.events[-1][2], {"status": "completed", "reason": "done"})
        assert post(collector, begin, *lines, end)[1]["accepted"] == len(lines) + 2
        all_stored(collector, run, len(lines) + 2)


def nested(values: dict) -> dict:
    """`{"pos.x": 1}` as `{"pos": {"x": 1}}`, numbers that JSON has not as the strings that stand for them; without those that are None."""
    payload: dict = {}
    for name, value in values.items():
        if value is None:
            continue
        *parents, last = name.split(".")
        place = payload
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = spelled(value)
    return payload


def spelled(value):
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def answer(collector, path: str, *pairs, **parameters) -> list[dict]:
    """Rows; a parameter may stand several times among the pairs."""
    from urllib.parse import quote, urlencode

    query = urlencode([*pairs, *parameters.items()], quote_via=quote)
    status, _, body = collector.request(f"/api/analysis/{path}?{query}")
    assert status == 200, body
    return [json.loads(line) for line in body.splitlines()]
