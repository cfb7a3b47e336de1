"""What counts as equal: bits, units in the last place, tolerances, rules for fields; and all that differs, field by field."""
import json
import os
import struct
import subprocess

import pytest
from analysis import all_stored
from comparing import ask, command, complete, store, wait_digested
from support import BUILD


@pytest.fixture(scope="module")
def collector(module_collector):
    return module_collector


def ulps(value: float, steps: int) -> float:
    (bits,) = struct.unpack("<q", struct.pack("<d", value))
    (moved,) = struct.unpack("<d", struct.pack("<q", bits + steps))
    return moved


def posts(value, frames=range(20), kind="t"):
    """One event a frame; `value` gives its payload."""
    return [(kind, frame, value(frame)) for frame in frames]


def changed(base, changes):
    return lambda frame: {**base(frame), **changes.get(frame, {})}


def base(frame):
    return {"x": 1.0 + frame, "y": 100.0, "n": frame}


RUNS = {
    "m-ref": posts(base),
    "m-ulp": posts(changed(base, {4: {"x": ulps(5.0, 3)}})),
    "m-near": posts(changed(base, {4: {"x": 5.25}, 9: {"x": 10.5}})),
    "m-nan": posts(changed(base, {4: {"x": "NaN"}})),
    "m-nan-ref": posts(changed(base, {2: {"x": "NaN"}})),
    "m-nan-other": posts(changed(base, {2: {"x": "NaN"}, 7: {"x": 9.0}})),
    "m-zero": posts(changed(base, {4: {"y": 0.0}})),
    "m-minus": posts(changed(base, {4: {"y": -0.0}})),
    "m-tiny": posts(changed(base, {4: {"y": 1.3e-16}})),
    "m-1e-20": posts(changed(base, {4: {"y": 1e-20}})),
    "m-2e-20": posts(changed(base, {4: {"y": 2e-20}})),
    "m-count": posts(changed(base, {4: {"n": 5}})),
    "m-long": posts(base, range(30)),
    "m-later": posts(lambda frame: base(frame - 3), range(3, 23)),
    "m-three": posts(changed(base, {frame: {"x": -1.0, "y": -2.0} for frame in (5, 6, 15)})),
    "m-vector": posts(lambda frame: {"p": {"x": 1.0, "y": 0.0, "z": 0.0}, "q": [0.5, 0.5, 0.5, 0.5], "yaw": 359.9}),
    "m-vector2": posts(lambda frame: {"p": {"x": 1.0, "y": 1e-9, "z": 0.0}, "q": [-0.5, -0.5, -0.5, -0.5], "yaw": 0.1}),
    "m-host": posts(lambda frame: {"x": 1.0, "host": "a" * frame}),
    "m-host2": posts(lambda frame: {"x": 1.0, "host": "b" * frame}),
    "m-tail": posts(changed(base, {3000: {"x": -1.0}, 100: {"x": -1.0}}), range(0, 4000)),
    "m-tail2": posts(base, range(200, 4000)),
    "m-far": posts(base, range(200, 210)),
    "m-odd": posts(lambda frame: {"x": 1.0, "tags": "a", "n": None, "o": {}}),
    "m-odd2": posts(lambda frame: {"x": 1.0, "tags": "b", "n": None, "o": {}}),
    "m-odd3": posts(lambda frame: {"x": 1.0, "tags": "a", "n": "null", "o": {}}),
    "m-words": posts(lambda frame: {"x": "abc"}, kind="w"), "m-words2": posts(lambda frame: {"x": "def"}, kind="w"),
    "m-numbers": posts(lambda frame: {"x": 1.5}, kind="w"),
    "m-many": [("p", 1, {"x": number % 977 + 0.5}) for number in range(5000)],
    "m-many2": [("p", 1, {"x": number % 977 + 0.5}) for number in reversed(range(5000))],
    "m-hole": posts(base, [frame for frame in range(20) if frame != 10]),
}


@pytest.fixture(scope="module")
def runs(module_collector):
    for run, events in RUNS.items():
        store(module_collector, run, events, last=40)
    complete(module_collector, *RUNS)
    wait_digested(module_collector, {"m-tail": 4000, "m-tail2": 3800})
    return RUNS


def compare(collector, first, second, **more) -> dict:
    return ask(collector, first, second, path="compare", **more)


def verdict(collector, first, second, **more) -> str:
    answer = compare(collector, first, second, **more)
    compact = ask(collector, first, second, **more)
    assert compact["verdict"] == answer["verdict"] and compact.get("first") == answer.get("first")
    return answer["verdict"]


def test_units_in_the_last_place(collector, runs):
    assert verdict(collector, "m-ref", "m-ulp") == "different"
    assert verdict(collector, "m-ref", "m-ulp", ulp=2) == "different"
    assert verdict(collector, "m-ref", "m-ulp", ulp=3) == "equal"
    assert compare(collector, "m-ref", "m-ulp", ulp=3)["mode"] == "ulp"
    assert compare(collector, "m-ref", "m-ulp", ulp=3)["firstByBits"] == 4
    (field,) = compare(collector, "m-ref", "m-ulp", ulp=2)["fields"]
    assert (field["field"], field["ulp"], field["classes"]) == ("x", 3, {"ulp": 1})


def test_a_tolerance_says_what_it_allows_and_what_there_is(collector, runs):
    answer = compare(collector, "m-ref", "m-near", absolute=0.3)
    assert (answer["verdict"], answer["mode"], answer["first"]["frame"], answer["firstByBits"]) == ("different", "tolerance", 9, 4)
    (difference,) = answer["first"]["differences"]
    assert (difference["difference"], difference["allowed"]) == (0.5, 0.3)
    assert answer["equalUpToFrame"] == 8
    assert verdict(collector, "m-ref", "m-near", absolute=0.5) == "equal"
    assert verdict(collector, "m-ref", "m-near", relative=0.05) == "equal"
    assert verdict(collector, "m-ref", "m-near", relative=0.049) == "different"
    code, lines = command(collector, "m-ref", "m-near", "--absolute", "0.3")
    assert (code, lines[0]) == (1, "different at frame 9; equal up to frame 8 (tolerance)")
    assert lines[1] == "t.x  10  ≠  10.5  (0.5 apart, 0.3 allowed)"


def test_nan_is_never_within_a_tolerance(collector, runs):
    for bound in ({"absolute": 1e300}, {"relative": 1e300}, {"ulp": 2**63}):
        answer = compare(collector, "m-ref", "m-nan", **bound)
        assert answer["verdict"] == "different" and answer["first"]["frame"] == 4
        assert answer["first"]["differences"][0]["class"] == "nan-vs-number"
    # One in the reference hides nothing elsewhere.
    assert compare(collector, "m-nan-ref", "m-nan-other", absolute=0.5)["first"]["frame"] == 7
    assert verdict(collector, "m-nan-ref", "m-nan-ref", absolute=0) == "equal"


@pytest.mark.parametrize("bound", ["nan", "-1", "", "1e400", "inf", "0x1"])
def test_a_tolerance_is_a_finite_number_from_0_on(collector, runs, bound):
    assert ask(collector, "m-ref", "m-near", path="compare", status=400, absolute=bound)["error"]["code"] == "bad-parameter"
    code, lines = command(collector, "m-ref", "m-near", f"--absolute={bound}")
    # Nothing at all is no value to the command line.
    assert code == (2 if bound else 64), lines


def test_zeros_and_what_is_near_them(collector, runs):
    assert verdict(collector, "m-zero", "m-minus") == "different"
    assert verdict(collector, "m-zero", "m-minus", ulp=0) == "equal"
    assert verdict(collector, "m-zero", "m-minus", absolute=0) == "equal"
    assert verdict(collector, "m-zero", "m-tiny", relative=1e-6) == "different"
    assert verdict(collector, "m-zero", "m-tiny", relative=1e-6, nominal=1) == "equal"
    assert verdict(collector, "m-1e-20", "m-2e-20", relative=1e-6) == "different"
    # Small bounds are used as they are given.
    assert verdict(collector, "m-1e-20", "m-2e-20", absolute=1e-20) == "equal"
    assert verdict(collector, "m-1e-20", "m-2e-20", absolute=9e-21) == "different"


def test_of_integers_only_a_rule_for_their_field_lets_more_pass(collector, runs):
    assert verdict(collector, "m-ref", "m-count", eventType="t", absolute=0) == "different"
    rules = json.dumps({"rules": [{"field": "n", "absolute": 1}]})
    answer = compare(collector, "m-ref", "m-count", rules=rules)
    assert answer["verdict"] == "equal"
    assert answer["rules"] == [{"type": "t", "field": "n", "from": "rule 1", "rule": '{"absolute":1,"field":"n"}'}]


def test_a_longer_run_differs_unless_only_common_frames_count(collector, runs):
    answer = compare(collector, "m-ref", "m-long")
    assert (answer["verdict"], answer["first"]["frame"], answer["first"]["differences"]) == ("different", 20, [])
    assert [run["lastFrame"] for run in answer["runs"]] == [19, 29]
    assert answer["streams"][0]["unpairedRows"] == [0, 10] and answer["fields"] == []
    assert "m-ref ends at frame 19, m-long at 29" in command(collector, "m-ref", "m-long")[1]
    assert verdict(collector, "m-ref", "m-long", overlap=1) == "equal"
    assert command(collector, "m-ref", "m-long", "--overlap")[0] == 0


def test_only_common_frames_count_wherever_blocks_begin(collector, runs):
    """The first block that differs does so in frames that do not count."""
    for path in ("compare", "first-divergence"):
        answer = ask(collector, "m-tail", "m-tail2", path=path, overlap=1)
        assert (answer["verdict"], answer["first"]["frame"]) == ("different", 3000)
    assert ask(collector, "m-tail", "m-tail2")["first"]["frame"] == 0
    answer = compare(collector, "m-ref", "m-far", overlap=1)
    assert (answer["verdict"], answer["reason"]) == ("incomparable", "the runs have no frames in common")
    assert compare(collector, "m-ref", "m-far", overlap=1, offset=200)["verdict"] == "different"
    assert compare(collector, "m-ref", "m-later", overlap=1, offset=3)["verdict"] == "equal"


def test_a_field_that_is_none_is_no_equal_one(collector, runs):
    for field in ("none", "x.y", "t.none", "m"):
        answer = compare(collector, "m-ref", "m-three", field=field)
        assert (answer["verdict"], answer["reason"]) == ("incomparable", f"no field is called {field}")
    assert command(collector, "m-ref", "m-three", "--field", "none")[0] == 2
    for field in ("x", "t.x", "x*"):
        assert compare(collector, "m-ref", "m-three", field=field)["verdict"] == "different", field
    # What is text is kept with the payload.
    for field in ("host", "t.host", "h*"):
        assert compare(collector, "m-host", "m-host2", field=field)["verdict"] == "different", field
    assert compare(collector, "m-host", "m-host2", field="x")["verdict"] == "equal"
    everything = json.dumps({"rules": [{"ignore": True}]})
    assert compare(collector, "m-ref", "m-three", rules=everything)["verdict"] == "incomparable"


def test_what_a_column_does_not_have_is_judged_as_text(collector, runs):
    assert compare(collector, "m-odd", "m-odd2", absolute=0)["verdict"] == "different"
    assert compare(collector, "m-odd", "m-odd3", absolute=0)["verdict"] == "different"
    assert compare(collector, "m-words", "m-words2", ulp=0)["verdict"] == "different"
    assert compare(collector, "m-words", "m-numbers", ulp=0)["verdict"] == "different"


def test_many_rows_of_one_frame_are_a_multiset(collector, runs):
    for bound in ({}, {"absolute": 0.1}):
        assert compare(collector, "m-many", "m-many2", **bound)["verdict"] == "equal"


def test_frames_that_are_numbered_otherwise(collector, runs):
    """Without an offset nothing of it is the same."""
    assert compare(collector, "m-ref", "m-later")["first"]["frame"] == 0
    answer = compare(collector, "m-ref", "m-later", offset=3)
    assert (answer["verdict"], answer["pairing"]) == ("equal", "frame+3")
    assert verdict(collector, "m-later", "m-ref", offset=-3) == "equal"
    assert command(collector, "m-ref", "m-later", "--offset", "3")[0] == 0
    # Frame 0 of the other run would be one before the first.
    answer = compare(collector, "m-ref", "m-long", offset=1)
    assert answer["verdict"] == "different" and any("frames before 1" in left["what"] for left in answer["coverage"]["notCompared"])
    answer = compare(collector, "m-ref", "m-later", offset=4)
    assert answer["verdict"] == "different" and answer["first"]["frame"] == 0


def test_all_differences_are_listed_with_their_places(collector, runs):
    answer = compare(collector, "m-ref", "m-three")
    assert answer["intervals"] == [[5, 6], [15, 15]] and answer["intervalsLeftOut"] == 0
    assert [field["field"] for field in answer["fields"]] == ["x", "y"]
    x = answer["fields"][0]
    assert (x["compared"], x["differing"], x["firstFrame"], x["lastFrame"]) == (20, 3, 5, 15)
    assert x["absolute"] == {"value": 17, "frame": 15} and answer["streams"][0]["differingRows"] == 3
    assert answer.get("persistentFrom") is None
    assert compare(collector, "m-ref", "m-three", persistence=2)["persistentFrom"] == 5
    # What is around the first difference.
    around = answer["first"]["around"]
    assert [one["frame"] for one in around] == list(range(0, 11)) and around[5]["values"] == ["6", "-1"]


def test_a_hole_is_no_difference_of_what_follows(collector, runs):
    answer = compare(collector, "m-ref", "m-hole")
    assert answer["first"]["unpaired"][0]["rows"] == [1, 0] and answer["fields"] == []
    assert answer["intervals"] == [[10, 10]] and answer["streams"][0]["differingRows"] == 1


VECTORS = {"rules": [{"field": "p", "as": "vector", "relative": 1e-6}, {"field": "q", "as": "quaternion", "absolute": 1e-9},
                     {"field": "yaw", "as": "angle", "period": 360, "absolute": 0.5}]}


def test_vectors_attitudes_and_angles(collector, runs, tmp_path):
    assert compare(collector, "m-vector", "m-vector2", relative=1e-6)["first"]["frame"] == 0
    assert verdict(collector, "m-vector", "m-vector2", rules=json.dumps(VECTORS)) == "equal"
    tight = {"rules": [*VECTORS["rules"][:2], {**VECTORS["rules"][2], "absolute": 0.1}]}
    answer = compare(collector, "m-vector", "m-vector2", rules=json.dumps(tight))
    (difference,) = answer["first"]["differences"]
    assert difference["field"] == "yaw" and difference["difference"] == pytest.approx(0.2)
    strict = {"rules": [{"field": "q", "as": "vector"}, {"field": "p", "ignore": True}, {"field": "p.*", "ignore": True},
                        {"field": "yaw", "ignore": True}]}
    (difference,) = compare(collector, "m-vector", "m-vector2", rules=json.dumps(strict))["first"]["differences"]
    assert (difference["field"], difference["class"], difference["difference"]) == ("q", "vector", 2)
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(VECTORS))
    assert command(collector, "m-vector", "m-vector2", "--rules", str(file))[0] == 0
    assert command(collector, "m-vector", "m-vector2", "--rules", str(tmp_path / "none"))[0] == 2
    # Rules may be longer than a URL.
    many = {"rules": [*({"field": f"none.{number}", "absolute": number} for number in range(900)), *VECTORS["rules"]]}
    file.write_text(json.dumps(many))
    assert command(collector, "m-vector", "m-vector2", "--rules", str(file))[0] == 0


def test_fields_are_left_out_by_rules_and_by_asking(collector, runs):
    assert verdict(collector, "m-host", "m-host2") == "different"
    assert verdict(collector, "m-host", "m-host2", rules=json.dumps({"rules": [{"field": "host", "ignore": True}]})) == "equal"
    assert verdict(collector, "m-host", "m-host2", field="x", eventType="t") == "equal"
    answer = compare(collector, "m-ref", "m-three", field=["y", "n"])
    assert [field["field"] for field in answer["fields"]] == ["y"]
    assert any("y, n" in left["what"] for left in answer["coverage"]["notCompared"])


@pytest.mark.parametrize("rules", ["", "{", "[]", '{"rules": [{"absolut": 1}]}', '{"mode": "exact"}', '{"rules": 7}',
                                   '{"mode": "bits", "rules": [{"absolute": 1}]}', '{"rules": [{"absolute": NaN}]}'])
def test_rules_that_are_none_are_refused(collector, runs, rules):
    assert ask(collector, "m-ref", "m-near", path="compare", status=400, rules=rules)["error"]["code"] == "bad-rules"


def test_what_is_asked_wrongly_is_said(collector, runs):
    def code(**more):
        return ask(collector, "m-ref", "m-near", path="compare", status=400, **more)["error"]["code"]
    assert {code(mode="exact"), code(ulp="-1"), code(ulp="1.5"), code(offset="x"), code(persistence="0")} == {"bad-parameter"}
    assert code(mode="bits", ulp=1) == "bad-rules"


def test_progress_comes_before_the_document(collector, runs):
    status, head, body = collector.request("/api/analysis/compare?runId1=m-ref&runId2=m-three", headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in body.splitlines()]
    assert (status, head["Content-Type"]) == (200, "application/x-ndjson")
    assert [next(iter(line)) for line in lines] == ["first", "differs", "progress", "document"]
    assert lines[-1]["document"]["verdict"] == "different" and lines[0]["first"]["frame"] == 5
    assert lines[2]["progress"]["rows"] == lines[2]["progress"]["of"] > 0


def test_values_side_by_side(collector, runs):
    """The contract's form."""
    status, _, body = collector.request(
        "/api/analysis/compare?runId1=m-ref&runId2=m-nan&eventType=t&sourceId=s&jsonPath=x&fromFrame=3&toFrame=5")
    rows = [json.loads(line) for line in body.splitlines()]
    assert status == 200 and [row["frame_index"] for row in rows] == [3, 4, 5]
    assert rows[0] == {"frame_index": 3, "sim_time_1": 0, "sim_time_2": 0, "value_1": 4, "value_2": 4, "diff": 0}
    assert rows[1]["value_2"] == "NaN" and rows[1]["diff"] == "NaN"
    for missing in ("eventType", "sourceId"):
        query = "&".join(part for part in ("eventType=t", "sourceId=s", "jsonPath=x") if not part.startswith(missing))
        assert collector.request(f"/api/analysis/compare?runId1=m-ref&runId2=m-nan&{query}")[0] == 400


@pytest.fixture(scope="module")
def engines(module_collector, programs):
    """The same type from engines that define it differently."""
    runs = {"u-m": ["alt:f64@m=1000", "k:u8*=1"], "u-ft": ["alt:f64@ft=1000", "k:u8*=1"], "u-none": ["alt:f64=1000", "k:u8*=1"],
            "u-f32": ["alt:f32@m=1000.1", "k:u8*=1"], "u-f64": ["alt:f64@m=1000.0999755859375", "k:u8*=1"],
            "u-more": ["alt:f64@m=1000", "k:u8*=1", "extra:f64=1"]}
    for run, fields in runs.items():
        subprocess.run([programs / "shape", run, "t", "0", "10", *fields], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "TELTEL_SHM_DIR": str(module_collector.shm), "LD_LIBRARY_PATH": str(BUILD / "lib")})
        all_stored(module_collector, run, 11)
    complete(module_collector, *runs)
    return runs


def test_other_units_are_another_quantity(collector, engines):
    answer = compare(collector, "u-m", "u-ft")
    assert answer["verdict"] == "different" and answer.get("first") is None
    (difference,) = answer["schema"]
    assert (difference["what"], difference["values"], difference["counts"]) == ("unit", ["m", "ft"], True)
    assert difference["factor"] == pytest.approx(1 / 0.3048)
    assert verdict(collector, "u-m", "u-ft", absolute=1) == "different"
    assert verdict(collector, "u-m", "u-ft", rules=json.dumps({"rules": [{"field": "alt", "ignore": True}]})) == "equal"
    code, lines = command(collector, "u-m", "u-ft")
    assert code == 1 and "unit of t.alt  m  ≠  ft  (factor 3.280839895013123)" in lines


def test_a_wider_type_has_the_same_values(collector, engines):
    assert verdict(collector, "u-f32", "u-f64") == "different"
    answer = compare(collector, "u-f32", "u-f64")
    assert answer["first"]["differences"][0]["class"] == "type" and answer["schema"][0]["what"] == "kind"
    assert verdict(collector, "u-f32", "u-f64", absolute=0) == "equal"
    assert verdict(collector, "u-f32", "u-f64", ulp=0) == "equal"


def test_a_field_that_one_run_alone_has(collector, engines):
    answer = compare(collector, "u-m", "u-more")
    assert answer["verdict"] == "different" and answer["schema"][0]["what"] == "field" and answer["schema"][0]["values"] == [None, "f64"]
    assert answer["first"]["differences"][0]["class"] == "null-vs-value"
