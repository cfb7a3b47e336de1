"""What the analysis of stored runs answers."""
import json
from urllib.parse import urlencode

from support import wait_until


def lines(collector, path: str, **parameters) -> list[dict]:
    """Rows of an answer of /api/analysis."""
    status, _, body = collector.request(f"/api/analysis/{path}?" + urlencode(parameters).replace("+", "%20"))
    assert status == 200, body
    return [json.loads(text) for text in body.splitlines()]


def series(collector, run: str, type_name: str, path: str, source: str = "s", kind: str = "series", **more) -> list[dict]:
    return lines(collector, kind, runId=run, sourceId=source, eventType=type_name, jsonPath=path, **more)


def values(collector, run: str, type_name: str, path: str, source: str = "s", **more) -> list:
    return [row["value"] for row in series(collector, run, type_name, path, source, **more)]


def fields(collector, run: str, type_name: str | None = None, **more) -> dict[str, str]:
    """By name: their kinds."""
    return {row["field"]: row["kind"] for row in lines(collector, "fields", runId=run, **more) if type_name in (None, row["type"])}


def all_stored(collector, run: str, count: int, patience: float = 60):
    wait_until(lambda: (found := collector.run(run)) and found["stored"] == found["accepted"] >= count, f"{run} is stored", patience)
