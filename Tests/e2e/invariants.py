"""What docs/reliability.md promises, asked after a fault. The truth is what the engine wrote into a file of its own, and what the
test itself sent; the answers are the collector's and, past the collector, the database's."""
import itertools
import struct
from pathlib import Path

from bodies import line, ndjson
from database import sql, table_of
from support import wait_until

THREADS_MAX = 64
PATIENCE = 60
fresh = itertools.count()


def attempt(question):
    """The answer, or None while ClickHouse or its tables are away."""
    try:
        return question()
    except (OSError, AssertionError, ValueError):
        return None


def truth(path: Path) -> tuple[int, int]:
    """What the engine's own file says: accepted and refused events."""
    words = struct.unpack("<128Q", path.read_bytes())
    return sum(words[:THREADS_MAX]), sum(words[THREADS_MAX:])


def stored(collector, run_id: str) -> int:
    rows = attempt(lambda: sql(collector, f"SELECT count() AS n FROM {table_of(collector, 'test', 'test.sample')} WHERE run_id = '{run_id}'"))
    return int(rows[0]["n"]) if rows else -1


def assert_exactly_once(collector, run_id: str, accepted: int, patience: float = PATIENCE):
    """Every accepted event of the test's engine is stored, none twice, none from nowhere, with its own values."""
    wait_until(lambda: stored(collector, run_id) >= accepted, f"{accepted} rows of {run_id}; now {stored(collector, run_id)}", patience)
    table = table_of(collector, "test", "test.sample")
    row = sql(collector, f"""
        SELECT count() AS rows, uniqExact(instance, writer, sequence) AS identities,
            uniqExact(`payload.thread`, `payload.index`) AS events,
            countIf(frame_index != `payload.index` OR sim_time != `payload.index` * 0.001
                OR `payload.v/a` != `payload.index` * 0.25 OR `payload.v/k` != `payload.index` * 0.25 + 10) AS wrong
        FROM {table} WHERE run_id = '{run_id}'""")[0]
    assert {key: int(value) for key, value in row.items()} == {
        "rows": accepted, "identities": accepted, "events": accepted, "wrong": 0}
    # The table has a row a moment before the view shows it.
    question = f"SELECT count() AS n FROM telemetry_events WHERE run_id = '{run_id}' AND type = 'test.sample'"
    view = wait_until(lambda: attempt(lambda: int(sql(collector, question)[0]["n"])), "the view shows the run", patience)
    assert view == accepted


def assert_accounted(collector, run_id: str, accepted: int, *, refused: int = 0, lost: int = 0, others: int = 2, patience: float = PATIENCE):
    """What the collector counts is what there was: accepted = stored + lost. `others`: run.start and run.end."""

    def settled():
        run = collector.run(run_id)
        return run and run["stored"] + run["lost"] == run["accepted"] == accepted + others and run

    run = wait_until(settled, f"{accepted} of {run_id} are accounted for; now {collector.run(run_id)}", patience)
    assert (run["refused"], run["lost"]) == (refused, lost)


def assert_goes_on(collector):
    """A fresh event is live and stored, and storage says that it is well."""
    run_id = f"fresh-{next(fresh)}"
    body = ndjson(line(runId=run_id), line(runId=run_id, type="run.end"))
    assert collector.request("/api/ingest", data=body)[0] == 202
    wait_until(lambda: (run := collector.run(run_id)) and run["size"] == 2, "a fresh event is live")
    wait_until(lambda: collector.run(run_id)["stored"] == 2, "a fresh event is stored")
    wait_until(lambda: collector.json("/api/storage")["state"] == "ok", "storage is well again")
