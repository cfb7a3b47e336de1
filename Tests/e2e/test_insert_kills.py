"""Killed between an insert and its answer; `make soak-storage` goes on for much longer."""
import os

import pytest
from bodies import line, ndjson
from clickhouse import RESET, Gate, Server
from insert_kills import WAYS, check, post_and_kill
from support import wait_until
from test_ingest import post


@pytest.fixture
def stored_elsewhere(make_collector, tmp_path):
    """A collector, the server behind its gate, the gate."""
    server = Server(tmp_path / "server")
    gate = Gate(server.connect)
    yield make_collector("--clickhouse-url", gate.url), server, gate
    gate.close()
    server.kill()


def test_kills_between_insert_and_answer(stored_elsewhere, amount):
    kills = amount(2 * len(WAYS), whole=150)
    figures, problems = post_and_kill(*stored_elsewhere, kills=kills, seed=int(os.environ.get("TELTEL_SEED", "7")))
    assert not problems, (figures, problems)
    assert figures["stored"] == figures["accepted"] > 0
    assert sum(figures[way] for way in WAYS) == kills and min(figures[way] for way in WAYS) > 1


def test_the_judge_notices(stored_elsewhere):
    """A row more, a row less, a row changed."""
    collector, server, gate = stored_elsewhere
    figures, problems = post_and_kill(collector, server, gate, kills=1, seed=1)
    assert not problems
    (table,) = {request.table for request in gate.inserts if "kind_1" in request.table}
    count = 6 * 40 + 1

    def said() -> str:
        (problem,) = check(collector, server, {"run-0": count})
        return problem

    server.ask(f"INSERT INTO {table} SELECT * FROM {table} WHERE frame_index = 3")
    assert f"({count + 1}, {count}, 0) rows" in said()
    server.ask(f"ALTER TABLE {table} DELETE WHERE frame_index = 3", mutations_sync="2")
    assert f"({count - 1}, {count - 1}, 0) rows" in said()
    server.ask(f"ALTER TABLE {table} UPDATE `payload.x` = 99 WHERE frame_index = 4", mutations_sync="2")
    assert f"({count - 1}, {count - 1}, 1) rows" in said()


def test_rows_that_are_there_twice_are_said(stored_elsewhere):
    """Somebody inserts rows of a group again before its ambiguous insert is judged: the proof by counting finds too many."""
    collector, server, gate = stored_elsewhere
    assert "surplus" not in collector.json("/api/storage")["detail"]

    def double_one_row(request, forward):
        answer = forward()
        if not request.table:
            return answer
        if server.ask(f"SELECT count() AS n FROM {request.table} WHERE run_id = 'doubled'")[0]["n"] in (3, "3"):
            server.ask(f"INSERT INTO {request.table} SELECT * FROM {request.table} WHERE run_id = 'doubled' AND frame_index = 1")
        return RESET if sum(made.table == request.table for made in gate.inserts) == 1 else answer

    gate.rule = double_one_row
    events = [line(runId="doubled", frameIndex=frame) for frame in range(3)]
    assert post(collector, raw=ndjson(*events))[1]["accepted"] == 3
    wait_until(lambda: (run := collector.run("doubled")) and run["stored"] == 3, "the run is stored", 60)
    wait_until(lambda: collector.json("/api/storage")["inserts"]["surplusRows"] == 1, "one row is too many")
    assert collector.metric("teltel_storage_surplus_rows_total") == 1
    assert "1 rows more than it was sent" in collector.json("/api/storage")["detail"]
    wait_until(lambda: "run doubled: ClickHouse has more rows than it was sent" in collector.output(), "the log says it")
    post(collector, raw=ndjson(line(runId="next")))
    wait_until(lambda: (run := collector.run("next")) and run["stored"] == 1, "others go on", 60)
    assert collector.output().count("run doubled: ClickHouse has more rows") == 1
