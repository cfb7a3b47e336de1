"""Runs that are compared: stored for it, and asked about."""
import json
import subprocess
from urllib.parse import urlencode

from database import sql
from support import BUILD, wait_until
from test_ingest import post
from test_stored_fields import end, event

TELTEL = BUILD / "bin/teltel"


def complete(collector, *runs):
    """Their last events are stored."""
    for run in runs:
        wait_until(lambda run=run: settled(collector, run), f"{run} is complete", 60)


def settled(collector, run) -> bool:
    entry = collector.run(run)
    return entry["status"] != "running" and entry["stored"] == entry["accepted"] > 0


def store(collector, run, events, last=5000):
    """Events of a whole run."""
    lines = [event(run, kind, payload, frame, **more) for kind, frame, payload, *rest in events for more in [rest[0] if rest else {}]]
    lines.append(end(run, last))
    for begin in range(0, len(lines), 5000):
        assert post(collector, *lines[begin:begin + 5000])[1]["rejected"] == 0


def ask(collector, first, second, status=200, path="first-divergence", **more) -> dict:
    query = urlencode({"runId1": first, "runId2": second, **more}, doseq=True)
    code, _, body = collector.request(f"/api/analysis/{path}?{query}")
    assert code == status, body
    return json.loads(body)


def command(collector, *arguments) -> tuple[int, list[str]]:
    done = subprocess.run([TELTEL, "compare", *arguments, "--url", collector.url], capture_output=True, text=True, timeout=60)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def series(frames=range(0, 3000), other=None, kind="state"):
    """Events by frame; `other` gives other values where it wants to."""
    for frame in frames:
        payload = {"pos": {"x": frame / 7, "y": frame * 2}, "on": frame % 3 == 0}
        yield kind, frame, {**payload, **(other(frame) or {} if other else {})}


def wait_digested(collector, rows: dict[str, int]):
    """Digests tell of so many rows of the runs."""
    def told():
        found = sql(collector, "SELECT run_id, toUInt32(sum(rows)) AS n FROM run_digests GROUP BY run_id")
        return rows.items() <= {row["run_id"]: row["n"] for row in found}.items()
    wait_until(told, "all rows are digested", 60)
