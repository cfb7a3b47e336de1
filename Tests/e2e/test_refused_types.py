"""A type whose table takes no rows any more, beside others that are stored: the spool is for all of them."""
import json
import random
import re
import subprocess

from bodies import line
from clickhouse import Server
from invariants import assert_goes_on
from support import BUILD, wait_until
from test_ingest import post
from test_storage_faults import trouble


def test_a_type_that_is_never_taken_does_not_fill_the_spool(make_collector, tmp_path):
    """Somebody has renamed a column. Its rows wait while there is room; then they are given up and named, and those of others are not."""
    server = Server(tmp_path / "server")
    collector = make_collector("--clickhouse-url", server.url, "--spool-mib", "16")
    dice = random.Random(7)
    bad = good = 0

    def send(rows: int):
        """So many of the type that will be refused, and one of another, whose run ends: it is sent at once. What cannot be packed."""
        nonlocal bad, good
        sent = [
            line(runId="bad", type="refused", frameIndex=bad + i, payload={"x": dice.random(), "t": dice.randbytes(500).hex()})
            for i in range(rows)]
        sent += [line(runId=f"good-{good}", type="taken"), line(runId=f"good-{good}", type="run.end", payload={"status": "completed"})]
        assert post(collector, *sent)[1]["accepted"] == len(sent)
        bad, good = bad + rows, good + 1

    def is_taken(run_id: str) -> bool:
        run = collector.run(run_id)
        assert not run or not run["lost"], run
        return bool(run) and run["stored"] == 2

    def lost() -> dict:
        return collector.json("/api/run?runId=bad")["lostByReason"]

    send(1)
    wait_until(lambda: collector.run("bad") and collector.run("bad")["stored"] == 1, "the table is there")
    (table,) = [row["name"] for row in server.ask("SELECT name FROM system.tables WHERE name LIKE 'events_physics_refused%'")]
    server.ask(f"ALTER TABLE {table} RENAME COLUMN sim_time TO seconds")

    waiting = lambda: collector.json("/api/storage")["spool"]["waitingBytes"]
    while waiting() < 10 << 20:
        send(3000)
        wait_until(lambda: collector.json("/api/storage")["spool"]["waitingRows"] >= bad - 1, "all are spooled")
    wait_until(lambda: is_taken(f"good-{good - 1}"), "the other type is stored meanwhile")
    wait_until(lambda: table in trouble(collector) and "sim_time" in trouble(collector), "it is said what to do")
    assert not lost(), "there is room"

    # Its refusals are counted while others come.
    def is_given_up() -> bool:
        # Never more than there is room for, however long it takes.
        send(120 if waiting() < 13 << 20 else 0)
        wait_until(lambda: is_taken(f"good-{good - 1}"), "the other type is stored")
        return collector.json("/api/storage")["inserts"]["givenUpRows"] > 0

    wait_until(is_given_up, "rows of the refused type are given up", 180)
    for _ in range(5):
        send(3000)
        wait_until(lambda: is_taken(f"good-{good - 1}"), "the other type is stored in a spool that was full twice")
    assert set(lost()) == {"refused_by_storage"}, lost()
    assert all(run["lost"] == 0 for run in collector.json("/api/runs") if run["runId"].startswith("good-"))

    def is_told_alike() -> bool:
        """One look and the next may have another group given up between them."""
        inserts = collector.json("/api/storage")["inserts"]
        (named,) = inserts["givenUp"]
        assert (named["channel"], named["type"]) == ("physics", "refused") and table in named["reason"]
        return named["rows"] == inserts["givenUpRows"] == inserts["refusedRows"] == lost()["refused_by_storage"] == collector.metric(
            "teltel_storage_given_up_rows_total") == collector.metric("teltel_storage_refused_rows_total")

    wait_until(is_told_alike, "all tell the same")
    assert 'teltel_storage_given_up_rows_total{channel="physics",type="refused"}' in collector.request("/metrics")[2].decode()
    said = wait_until(lambda: re.findall("rows of physics refused are given up.*", collector.output()), "the log says it")
    assert len(said) == 1 and table in said[0]
    letters = [json.loads(text) for text in (collector.data / "spool/dead-letters.ndjson").read_text().splitlines()]
    assert letters and all(letter["type"] == "refused" and table in letter["reason"] for letter in letters)

    # Who only drains gives nothing up.
    collector.kill()
    command = lambda name, *more: subprocess.run(
        [BUILD / "bin/teltel", "spool", name, "--data-dir", collector.data, *more], capture_output=True, text=True, timeout=120)
    waits = lambda: re.search("([0-9,]+) rows wait", command("check").stdout)[1]
    before = waits()
    drained = command("drain", "--clickhouse-url", server.url, "--patience", "2")
    assert drained.returncode == 1 and f"{before} rows are left" in drained.stderr, drained
    assert waits() == before

    # What still waits is stored as soon as somebody has mended it.
    server.ask(f"ALTER TABLE {table} RENAME COLUMN seconds TO sim_time")
    collector.start()
    run = wait_until(lambda: (run := collector.run("bad")) and run["stored"] + run["lost"] == run["accepted"] and run, "the rest is stored", 120)
    assert run["stored"] > 1000 and int(server.ask("SELECT count() AS n FROM telemetry_events WHERE run_id = 'bad'")[0]["n"]) == run["stored"]
    assert_goes_on(collector)
    server.kill()
