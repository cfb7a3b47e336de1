"""Killed between an insert and its answer; `make soak-storage` goes on for longer."""
import os

import pytest
from clickhouse import Gate, Server
from insert_kills import check, post_and_kill


@pytest.fixture
def stored_elsewhere(make_collector, tmp_path):
    """A collector, the server behind its gate, the gate."""
    server = Server(tmp_path / "server")
    gate = Gate(server.connect)
    yield make_collector("--clickhouse-url", gate.url), server, gate
    gate.close()
    server.kill()


def test_fifty_kills_between_insert_and_answer(stored_elsewhere):
    figures, problems = post_and_kill(*stored_elsewhere, kills=50, seed=int(os.environ.get("TELTEL_SEED", "7")))
    assert not problems, (figures, problems)
    assert figures["stored"] == figures["accepted"] > 0 and sum(figures[way] for way in figures if " " in way) == 50


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
