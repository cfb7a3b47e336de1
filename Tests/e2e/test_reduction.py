"""Values reduced, and several beside each other: nothing that matters is lost."""
import json
import math
import random
from urllib.parse import urlencode

import pytest
from support import wait_until
from told import Told, answer, spelled

NAN, INF = math.nan, math.inf


@pytest.fixture(scope="module")
def world(module_collector, programs):
    """Fields of 100 Hz and of 1 Hz; a value of each kind with a missing one in between."""
    told = Told(fast={"x": "f64"}, slow={"temperature": "f32", "state": "i64"}, wheel_force={"wheelId": "i64*", "load": "f64"})
    for frame in range(1_000):
        told.add("fast", frame, frame / 100, x=math.sin(frame))
        if frame % 100 == 50:
            told.add("slow", frame, frame / 100, temperature=20 + frame / 1000, state=2**63 - 1 - frame)
    for frame in range(100):
        for wheel in range(2):
            told.add("wheel.force", frame, frame / 100, wheelId=wheel, load=float(frame % 10 + 10 * wheel))
    told.emit(module_collector, programs, "engine")
    told.post(module_collector, "posted")
    return module_collector


@pytest.fixture(params=["engine", "posted"])
def ask(world, request):
    return lambda path, *pairs, **parameters: answer(world, path, *pairs, **{"runId": request.param, **parameters})


def test_fields_of_other_rates_are_both_complete(ask):
    """Rows are not joined: a field of 1 Hz takes nothing of one of 100 Hz, and the other way round."""
    rows = ask("multi-series", ("eventType", "fast"), ("jsonPath", "x"), ("eventType", "slow"), ("jsonPath", "temperature"), ("eventType", "slow"),
               ("jsonPath", "state"), sourceId="s")
    assert list(rows[0]) == ["frame_index", "sim_time", "x", "temperature", "state", "type"]
    fast, slow = ([row for row in rows if row["type"] == name] for name in ("fast", "slow"))
    assert [(row["frame_index"], row["x"]) for row in fast] == [(frame, math.sin(frame)) for frame in range(1_000)]
    assert {(row["temperature"], row["state"]) for row in fast} == {(None, None)} == {(row["x"], None) for row in slow}
    assert [(row["frame_index"], row["state"]) for row in slow] == [(frame, str(2**63 - 1 - frame)) for frame in range(50, 1_000, 100)]
    assert [row["temperature"] for row in slow] == pytest.approx([20 + frame / 1000 for frame in range(50, 1_000, 100)], rel=1e-6)
    assert [row["frame_index"] for row in rows] == sorted(row["frame_index"] for row in rows)


def test_one_value_of_several_instances_and_types(ask):
    rows = ask("multi-series", ("eventType", "wheel.force"), ("eventType", "wheel.force"), ("eventType", "fast"), ("jsonPath", "load"),
               ("jsonPath", "load"), ("jsonPath", "x"), ("key", "0"), ("key", "1"), ("key", ""), toFrame=0)
    # The key of a type without key fields is empty.
    assert {(row["type"], row["load"], row["load_2"], row["x"], row["key"]) for row in rows} == {
        ("wheel.force", 0, None, None, "0"), ("wheel.force", None, 10, None, "1"), ("fast", None, None, 0, "")}


def buckets(values: list[float | None], count: int) -> list[dict]:
    """The same in plain Python."""
    width = (len(values) - 1) // count + 1
    found = []
    for begin in range(0, len(values), width):
        part = [(frame, value) for frame, value in enumerate(values) if begin <= frame < begin + width]
        there = [(frame, value) for frame, value in part if value is not None]
        finite = [(frame, value) for frame, value in there if math.isfinite(value)]
        low, high = (min(finite, key=lambda one: one[1]), max(finite, key=lambda one: one[1])) if finite else ((None, None),) * 2
        (first_frame, first), (last_frame, last) = (there[0], there[-1]) if there else ((None, None),) * 2
        found.append({
            "from_frame": part[0][0], "to_frame": part[-1][0], "count": len(there), "missing": len(part) - len(there),
            "nan": sum(math.isnan(value) for _, value in there), "infinite": sum(math.isinf(value) for _, value in there), "first": spelled(first),
            "first_frame": first_frame, "last": spelled(last), "last_frame": last_frame, "min": low[1], "min_frame": low[0], "max": high[1],
            "max_frame": high[0]})
    return found


@pytest.mark.parametrize("seed", range(3))
def test_buckets_are_what_their_rows_are(module_collector, seed):
    random.seed(seed)
    values = [random.choice([None, NAN, INF, -INF, 0.0, random.gauss(0, 1), random.gauss(0, 1), random.gauss(0, 1e9)]) for _ in range(500)]
    values += [None] * 20 + [NAN] * 20
    told = Told()
    for frame, value in enumerate(values):
        told.add("t", frame, frame / 10, other=1, x=value)
    told.post(module_collector, f"random-{seed}")
    for count in (1, 7, 60, 540, 10_000):
        rows = answer(module_collector, "buckets", runId=f"random-{seed}", eventType="t", jsonPath="x", sourceId="s", buckets=count)
        assert [{name: value for name, value in row.items() if not name.endswith("_time")} for row in rows] == buckets(values, count), (seed, count)
        assert all(row["from_time"] == row["from_frame"] / 10 and row["to_time"] == row["to_frame"] / 10 for row in rows)


@pytest.mark.parametrize("seed", range(3))
def test_summaries_of_blocks_say_what_rows_say(module_collector, programs, seed):
    """Wide buckets are answered from what digests say of blocks. A range of time that leaves nothing out is answered from rows."""
    random.seed(seed)
    told, run = Told(t={"x": "f64", "single": "f32", "zero": "f64", "n": "i32", "nan": "f64"}), f"summaries-{seed}"
    frame = random.randrange(5_000)
    for _ in range(25_000):
        frame += random.choice([1, 1, 1, 2, 40]) if random.random() < 0.999 else 3_000
        told.add("t", frame, frame / 100, x=random.choice([NAN, INF, -INF, 0.0, random.gauss(0, 1), random.gauss(0, 1), random.gauss(0, 1e9)]),
                 single=random.gauss(0, 1), zero=random.choice([0.0, -0.0]), n=random.randrange(-5, 5), nan=NAN)
    told.emit(module_collector, programs, run)
    asked = {"runId": run, "eventType": "t"}
    wait_until(lambda: from_summaries(module_collector, jsonPath="x", buckets=3, **asked), "the digests of the run are stored")
    for field in ("x", "single", "zero", "n", "nan"):
        for source in ({}, {"sourceId": "s"}):
            for count in (1, 2, 7, 20):
                one = {**asked, **source, "jsonPath": field, "buckets": count}
                assert from_summaries(module_collector, **one) and not from_summaries(module_collector, **one, fromTime=-1), one
                rows = answer(module_collector, "buckets", **one)
                # As texts, which tell a zero with its sign from one without.
                assert [json.dumps(row) for row in rows] == [json.dumps(row) for row in answer(module_collector, "buckets", **one, fromTime=-1)], one
                assert len(rows) <= count and sum(row["count"] for row in rows) == 25_000
                assert all(row["from_frame"] // 1024 != before["to_frame"] // 1024 for before, row in zip(rows, rows[1:]))
    # Narrow buckets need not be where blocks are.
    assert not from_summaries(module_collector, jsonPath="x", buckets=1_000, **asked)


def from_summaries(collector, **parameters) -> bool:
    status, _, body = collector.request(f"/api/analysis/buckets?{urlencode({**parameters, 'explain': 1})}")
    assert status == 200, body
    return "run_digests" in json.loads(body)["sql"]


def test_a_spike_a_nan_and_an_infinity_among_a_million(module_collector, programs):
    """Of 1e6 points reduced to 1,000 rows nothing that matters is lost; the first and the last point are exact."""
    count, spike, nan, infinity = 1_000_000, 123_456, 500_000, 777_777
    told = Told(t={"x": "f64"})
    for frame in range(count):
        told.add("t", frame, frame / 1000, x={0: 0.1, spike: -1e6, nan: NAN, infinity: INF, count - 1: 1 / 3}.get(frame, math.sin(frame / 1e4)))
    told.emit(module_collector, programs, "million")
    rows = answer(module_collector, "buckets", runId="million", eventType="t", jsonPath="x", buckets=1_000)
    assert len(rows) == 1_000 and sum(row["count"] for row in rows) == count
    assert (rows[0]["first"], rows[0]["first_frame"], rows[-1]["last"], rows[-1]["last_frame"]) == (0.1, 0, 1 / 3, count - 1)
    assert [(row["from_frame"], row["min_frame"]) for row in rows if row["min"] == -1e6] == [(123_000, spike)]
    assert [row["from_frame"] for row in rows if row["nan"]] == [500_000] and [row["from_frame"] for row in rows if row["infinite"]] == [777_000]
    assert [row["frame_index"] for row in answer(module_collector, "nan", runId="million", eventType="t", jsonPath="x")] == [nan, infinity]
    # So does the series that the page draws.
    points = {row["frame_index"]: row["value"] for row in answer(
        module_collector, "series", runId="million", sourceId="s", eventType="t", jsonPath="x", points=1_000)}
    assert (points[0], points[spike], points[nan], points[infinity], points[count - 1]) == (0.1, -1e6, "NaN", "Infinity", 1 / 3)
    assert len(points) < 1_100


def test_frames_may_lie_further_apart_than_half_of_all_there_are(module_collector, programs):
    """The difference of two frames has 64 bits, and no sign."""
    told, step = Told(far={"x": "f64"}), (2**64 - 1) // 999
    for number in range(1_000):
        told.add("far", number * step, number / 10, x=math.sin(number))
    told.emit(module_collector, programs, "far")
    asked = {"runId": "far", "eventType": "far", "jsonPath": "x", "sourceId": "s"}
    assert [row["count"] for row in answer(module_collector, "buckets", **asked, buckets=10)] == [100] * 10
    rows = answer(module_collector, "series", **asked, points=20)
    assert 2 <= len(rows) <= 24 and (rows[0]["frame_index"], rows[-1]["frame_index"]) == (0, 999 * step)


def test_a_histogram_has_every_number_in_one_bin(ask):
    rows = ask("histogram", eventType="wheel.force", jsonPath="load", sourceId="s", bins=4)
    # The same bins for both wheels: 0 … 19.
    assert {(row["low"], row["high"]) for row in rows} == {(0, 4.75), (4.75, 9.5), (9.5, 14.25), (14.25, 19)}
    assert [row["count"] for row in rows if row["key"] == "0"] == [50, 50, 0, 0] and [row["count"] for row in rows if row["key"] == "1"] == [0, 0, 50, 50]
    rows = ask("histogram", eventType="wheel.force", jsonPath="load", sourceId="s", key="1", bins=2, low=12, high=18)
    assert [(row["bin"], row["low"], row["high"], row["count"]) for row in rows] == [
        (-1, "-Infinity", 12, 20), (0, 12, 15, 30), (1, 15, 18, 40), (2, 18, "Infinity", 10)]


def test_histograms_of_odd_values(module_collector):
    cases = {
        "one": ([5.0] * 3, [(0, 5, 5, 3)]), "none": ([NAN, None], []), "only-infinite": ([INF], []),
        "widest": ([-1.7e308, 0.0, 1.7e308], [(0, -1.7e308, 0, 1), (1, 0, 1.7e308, 2)]),
        "infinite": ([1.0, 2.0, INF, -INF, NAN], [(-1, "-Infinity", 1, 1), (0, 1, 1.5, 1), (1, 1.5, 2, 1), (2, 2, "Infinity", 1)]),
    }
    told = Told()
    for name, (values, _) in cases.items():
        for frame, value in enumerate(values):
            told.add(f"h-{name}", frame, 0, x=value, other=0)
    told.post(module_collector, "histograms")
    for name, (_, wanted) in cases.items():
        rows = answer(module_collector, "histogram", runId="histograms", eventType=f"h-{name}", jsonPath="x", sourceId="s", bins=2)
        assert [(row["bin"], row["low"], row["high"], row["count"]) for row in rows if row["count"]] == wanted, name


def test_quantiles_lie_between_values_in_proportion(ask, module_collector):
    rows = ask("quantiles", eventType="wheel.force", jsonPath="load", levels="0,0.5,0.25,1", key="1")
    assert list(rows[0]) == ["quantile", "value", "count", "source_id", "key"]
    assert [(row["quantile"], row["value"], row["count"]) for row in rows] == [(0, 10, 100), (0.25, 12, 100), (0.5, 14.5, 100), (1, 19, 100)]
    told = Told()
    for frame, value in enumerate([NAN, 3.0, INF, -1.7e308, None, 1.7e308]):
        told.add("q", frame, 0, x=value, other=0)
    told.post(module_collector, "quantiles")
    rows = answer(module_collector, "quantiles", runId="quantiles", eventType="q", jsonPath="x", levels="0,0.25,0.5,0.75,1")
    assert [row["value"] for row in rows] == [-1.7e308, -0.85e308, 3, 0.85e308, 1.7e308] and {row["count"] for row in rows} == {3}
    assert [row["quantile"] for row in answer(module_collector, "quantiles", runId="quantiles", eventType="q", jsonPath="other")] == [
        0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1]
    assert answer(module_collector, "quantiles", runId="quantiles", eventType="q", jsonPath="none") == []
