"""After the storm: what was accepted is stored, once; what was not seen was announced; and nothing is left behind."""
from __future__ import annotations

import os
import time

from clients import LINES
from database import sql, table_of
from support import wait_until
from invariants import attempt
from world import World

PATIENCE = 300.0


def check(world: World):
    try:
        everything_is_stored(world)
        engines(world)
        posters(world)
        followers(world)
        liveness(world)
        nothing_is_left(world)
    except AssertionError as error:
        world.require(False, f"{error}")


def everything_is_stored(world: World):
    """I1 as the collector tells it."""

    def done():
        runs = attempt(lambda: world.collector.json("/api/runs"))
        return runs and all(run["accepted"] == run["stored"] + run["lost"] for run in runs) and runs

    for run in wait_until(done, "accepted = stored + lost for every run", PATIENCE):
        world.count("events lost", run["lost"])
        world.count("events stored", run["stored"])


def engines(world: World):
    """I1 and I2 as the engines know it: each event that was accepted is stored, once, with its own values."""
    table = wait_until(lambda: attempt(lambda: table_of(world.collector, "test", "test.sample")), "the table is there")
    rows = sql(world.collector, f"""
        SELECT run_id, `payload.thread` AS thread, count() AS rows, uniqExact(`payload.index`) AS events, max(`payload.index`) AS last,
            countIf(frame_index != `payload.index` OR `payload.v/k` != `payload.index` * 0.25 + 10) AS wrong
        FROM {table} GROUP BY run_id, thread""")
    found = {(row["run_id"], int(row["thread"])): row for row in rows}
    for run in world.runs:
        accepted, refused = run.truth()
        told = world.collector.run(run.run_id)
        world.require(bool(told) or not sum(accepted), f"{run.run_id}: is not listed")
        for thread, count in enumerate(accepted):
            row = found.get((run.run_id, thread), {"rows": 0, "events": 0, "wrong": 0})
            # A killed engine may have got one more in than it could write down.
            allowed = {count, count + 1} if run.killed else {count}
            if told and told["lost"]:
                allowed = set(range(max(0, count - told["lost"]), count + 2))
            world.require(int(row["rows"]) in allowed, f"{run.run_id}: thread {thread} has {row['rows']} rows, accepted were {count}")
            world.require(row["rows"] == row["events"] and int(row["wrong"]) == 0, f"{run.run_id}: thread {thread}: {row}")
        world.count("events emitted", sum(accepted))
        world.count("events refused at the engine", refused)
        if told and not run.killed:
            world.require(told["refused"] == refused, f"{run.run_id}: {told['refused']} refused events are told, {refused} there were")
        world.require(not told or told["status"] == ("failed" if run.killed else "completed"), f"{run.run_id}: is {told and told['status']}")


def posters(world: World):
    """Each answered batch is stored whole; more than once only if it was cut off by the collector's own end."""
    table = table_of(world.collector, "soak", "soak.post")
    for poster in world.posters:
        rows = sql(world.collector, f"""
            SELECT toUInt64(`payload.batch`) AS batch, count() AS rows, uniqExact(`payload.line`) AS lines
            FROM {table} WHERE run_id = '{poster.name}' GROUP BY batch""")
        found = {int(row["batch"]): (int(row["rows"]), int(row["lines"])) for row in rows}
        for batch, unanswered in enumerate(poster.unanswered):
            stored, lines = found.pop(batch, (0, 0))
            world.require(
                lines == LINES and stored <= LINES * (1 + unanswered), f"{poster.name}: batch {batch} has {stored} rows, {lines} lines")
        world.require(not found, f"{poster.name}: batches that were never sent: {list(found)[:5]}")


def followers(world: World):
    for follower in world.followers:
        if follower.finished:  # the others were still on their way when the show was over
            follower.check(world)
            world.count("runs followed to their end")


def liveness(world: World):
    """I4: a fresh event is live and stored."""
    begin = time.monotonic()
    line = b'{"v":1,"runId":"fresh","sourceId":"s","channel":"soak","type":"soak.fresh"}\n'
    wait_until(lambda: attempt(lambda: world.collector.request("/api/ingest", data=line)[0] == 202), "a fresh event is taken")
    wait_until(lambda: world.collector.run("fresh"), "a fresh event is live")
    world.most("fresh event live after, ms", (time.monotonic() - begin) * 1000)
    wait_until(lambda: world.collector.run("fresh")["stored"] > 0, "a fresh event is stored", 60)
    world.most("fresh event stored after, ms", (time.monotonic() - begin) * 1000)


def nothing_is_left(world: World):
    for name in ("live_subscribers", "live_clients", "live_queued_events", "ingest_decoder_bytes", "storage_waiting_groups"):
        wait_until(lambda: world.collector.metric(f"teltel_{name}") == 0, f"{name} is 0", 60)
    # The question's own one.
    wait_until(lambda: world.collector.metric("teltel_http_connections") == 1, "no connection is left", 60)
    # The lock and the collector's own rings.
    wait_until(lambda: len(os.listdir(world.collector.shm)) == 2, "the rings of ended runs are gone", 60)
    world.require(world.collector.stop() == 0, "the collector leaves with 0")
