"""The questions that end each fault's test can say no: a row is deleted, repeated, invented, changed, cut."""
import shutil
import subprocess
import tempfile

import pytest
from clickhouse import Server
from database import table_of
from invariants import assert_accounted, assert_exactly_once, truth
from support import BUILD, Collector

EVENTS = 200


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A collector with a ClickHouse that others may write to."""
    folder = tmp_path_factory.mktemp("invariants")
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    server = Server(folder)
    collector = Collector(folder, shm, ["--clickhouse-url", server.url])
    collector.server = server
    collector.start()
    yield collector
    collector.kill()
    server.kill()
    shutil.rmtree(shm, ignore_errors=True)


WRONG = {
    "deleted": "ALTER TABLE {table} DELETE WHERE {row}",
    "repeated": "INSERT INTO {table} SELECT * FROM {table} WHERE {row}",
    "repeated-under-another-identity": "INSERT INTO {table} SELECT * REPLACE (sequence + 1 AS sequence) FROM {table} WHERE {row}",
    "invented": "INSERT INTO {table} SELECT * REPLACE (sequence + 1 AS sequence, 7777 AS `payload.index`, 7777 AS frame_index) FROM (SELECT * FROM {table} WHERE {row})",
    "exchanged": "ALTER TABLE {table} UPDATE `payload.index` = 6 WHERE {row}",
    "changed": "ALTER TABLE {table} UPDATE `payload.v/a` = `payload.v/a` + 0.25 WHERE {row}",
    "torn": "ALTER TABLE {table} UPDATE `payload.v/k` = 0 WHERE {row}",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_row_is_found(world, programs, tmp_path, wrong):
    variables = {"TELTEL_SHM_DIR": world.shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
    subprocess.run(
        [programs / "engine", wrong, str(EVENTS), "0", "1", tmp_path / "truth"], env=variables, check=True, capture_output=True, timeout=60)
    assert truth(tmp_path / "truth") == (EVENTS, 0)
    assert_exactly_once(world, wrong, EVENTS)
    row = f"run_id = '{wrong}' AND `payload.index` = 5"
    world.server.ask(WRONG[wrong].format(table=table_of(world, "test", "test.sample"), row=row), mutations_sync="2", insert_deduplicate="0")
    with pytest.raises(AssertionError):
        assert_exactly_once(world, wrong, EVENTS, patience=1)


def test_a_wrong_count_is_found(world, programs, tmp_path):
    variables = {"TELTEL_SHM_DIR": world.shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
    subprocess.run(
        [programs / "engine", "counted", str(EVENTS), "0", "1", tmp_path / "truth"], env=variables, check=True, capture_output=True, timeout=60)
    assert_accounted(world, "counted", EVENTS)
    for wrong in ({"accepted": EVENTS + 1}, {"accepted": EVENTS - 1}, {"accepted": EVENTS, "refused": 1}, {"accepted": EVENTS, "lost": 1}):
        with pytest.raises(AssertionError):
            assert_accounted(world, "counted", **wrong, patience=0.5)
