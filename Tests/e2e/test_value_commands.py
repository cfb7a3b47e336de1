"""`teltel series`, `teltel at` and `teltel markers`: what they print in a terminal and in a pipe."""
import csv
import io
import json
import os
import pty
import subprocess

import pytest
from support import BUILD
from told import Told

TELTEL = BUILD / "bin/teltel"
FRAMES = 40


@pytest.fixture(scope="module")
def world(module_collector, programs):
    told = Told(body_state={"pos.x": "f64", "count": "i64"}, wheel_force={"wheelId": "i64*", "load": "f64"})
    for frame in range(FRAMES):
        told.add("body.state", frame, frame / 100, pos__x=float("nan") if frame == 7 else frame / 4, count=2**60 + frame)
        if frame % 2 == 0:
            for wheel in range(2):
                told.add("wheel.force", frame, frame / 100, wheelId=wheel, load=100.0 * wheel + frame)
    told.emit(module_collector, programs, "drive-1")
    told.post(module_collector, "drive-2")
    return module_collector


def teltel(collector, *arguments, code: int = 0):
    done = subprocess.run([TELTEL, *arguments, "--url", collector.url], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return done


def table(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text)))


def in_terminal(collector, *arguments) -> list[str]:
    master, slave = pty.openpty()
    process = subprocess.Popen([TELTEL, *arguments, "--url", collector.url], stdout=slave, stderr=subprocess.PIPE)
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 65536):
            text += piece
    except OSError:
        pass  # it has ended
    os.close(master)
    process.communicate()
    return text.decode().splitlines()


@pytest.mark.parametrize("run", ["drive-1", "drive-2"])
def test_values_of_one_frame_stand_side_by_side_and_none_is_lost(world, run):
    rows = table(teltel(world, "series", run, "body.state.pos.x", "wheel.force[1].load", "body.state.count").stdout)
    assert list(rows[0])[-3:] == ["body.state.pos.x", "wheel.force[1].load", "body.state.count"]
    body = [row for row in rows if row["body.state.pos.x"]]
    assert [row["frame"] for row in body] == [str(frame) for frame in range(FRAMES)]
    assert [row["body.state.pos.x"] for row in body][:8] == ["0", "0.25", "0.5", "0.75", "1", "1.25", "1.5", "NaN"]
    assert [row["body.state.count"] for row in body] == [str(2**60 + frame) for frame in range(FRAMES)]
    wheel = [row for row in rows if row["wheel.force[1].load"]]
    assert [(int(row["frame"]), float(row["wheel.force[1].load"]), row["key"]) for row in wheel] == [(frame, 100.0 + frame, "1") for frame in range(0, FRAMES, 2)]


def test_two_values_of_a_type_share_their_rows(world):
    rows = [json.loads(line) for line in teltel(world, "series", "drive-1", "body.state.pos.x", "body.state.count", "--from", "6", "--until", "8", "--json").stdout.splitlines()]
    assert rows == [
        {"frame": frame, "time": frame / 100, "body.state.pos.x": "NaN" if frame == 7 else frame / 4, "body.state.count": str(2**60 + frame)} for frame in (6, 7, 8)]


def test_a_terminal_gets_a_table_and_not_all_of_it(world):
    lines = in_terminal(world, "series", "drive-1", "body.state.pos.x", "--limit", "3")
    assert [line.split() for line in lines] == [["frame", "time", "body.state.pos.x"], ["0", "0", "0"], ["1", "0.01", "0.25"], ["2", "0.02", "0.5"]]
    assert "3 of 40 rows" in teltel(world, "series", "drive-1", "body.state.pos.x", "--limit", "3").stderr


def test_points_keep_extremes_and_what_is_no_number(world):
    rows = table(teltel(world, "series", "drive-1", "body.state.pos.x", "--points", "4").stdout)
    assert len(rows) < 12 and rows[0]["frame"] == "0" and rows[-1]["frame"] == "39" and "NaN" in {row["body.state.pos.x"] for row in rows}


@pytest.mark.parametrize("name, said", [
    ("body.state.pos.y", "did you mean body.state.pos.x"), ("wheel.forc.load", "did you mean wheel.force.load"), ("pos.x", "did you mean body.state.pos.x"),
    ("zzzzzzzz", "has no value zzzzzzzz")])
def test_a_value_that_there_is_not_is_named_with_those_that_may_be_meant(world, name, said):
    done = teltel(world, "series", "drive-1", name, code=1)
    assert said in done.stderr and done.stdout == ""


def test_what_holds_at_a_frame(world):
    rows = {row["value"]: row for row in table(teltel(world, "at", "drive-1", "9").stdout)}
    assert (rows["body.state.pos.x"]["is"], rows["body.state.pos.x"]["at frame"]) == ("2.25", "9")
    assert rows["body.state.count"]["is"] == str(2**60 + 9)
    # Of the wheels the last ones before it.
    assert (rows["wheel.force[1].load"]["is"], rows["wheel.force[1].load"]["at frame"]) == ("108", "8")
    only = json.loads(teltel(world, "at", "drive-1", "9", "--type", "body.state", "--json").stdout)
    assert only["payload"] == {"pos": {"x": 2.25}, "count": str(2**60 + 9)}
    assert in_terminal(world, "at", "drive-1", "9")[0].split() == ["VALUE", "IS", "AT", "FRAME", "SOURCE"]
    assert "nothing is stored" in teltel(world, "at", "drive-1", "9", "--type", "nothing", code=1).stderr


def test_markers_are_found_made_listed_and_removed(world):
    found = teltel(world, "markers", "drive-2", "--find")
    assert "body.state.pos.x is NaN at frame 7" in found.stdout and "looked at" in found.stderr
    made = teltel(world, "markers", "drive-2", "--add", "a curve", "--frame", "10-12", "--severity", "warning", "--type", "body.state", "--field", "pos.x").stdout.strip()
    lines = [json.loads(line) for line in teltel(world, "markers", "drive-2", "--json").stdout.splitlines()]
    assert [(one["kind"], one["origin"], one["fromFrame"], one["toFrame"]) for one in lines] == [("nan", "rule", 7, 7), ("note", "person", 10, 12)]
    assert [row["text"] for row in table(teltel(world, "markers", "drive-2", "--csv", "--severity", "warning").stdout)] == ["a curve"]
    assert teltel(world, "markers", "drive-2", "--remove", made).stdout == f"removed {made}\n"
    assert "there is no marker" in teltel(world, "markers", "drive-2", "--remove", made, code=1).stderr
    assert teltel(world, "markers", "drive-2", "--kind", "lap").stderr == "teltel: nothing is marked in drive-2\n"


@pytest.mark.parametrize("arguments", [
    ["series", "drive-1"], ["series", "drive-1", "x", "--json", "--csv"], ["series", "drive-1", "x", "--points", "1"], ["at", "drive-1", "x"], ["at", "drive-1", "--", "-1"],
    ["markers", "drive-1", "--add", "x"], ["markers", "drive-1", "--frame", "3"], ["markers", "drive-1", "--add", "x", "--frame", "3-2"], ["markers", "drive-1", "--baseline", "x"],
    ["markers", "drive-1", "--add", "x", "--frame", "1", "--severity", "loud"]])
def test_what_was_typed_wrongly_ends_with_64(world, arguments):
    assert subprocess.run([TELTEL, *arguments], capture_output=True, timeout=60).returncode == 64


def test_a_run_that_nobody_knows_is_said(world):
    for arguments in (["series", "none", "x.y"], ["at", "none", "1"], ["markers", "none"]):
        assert "none" in teltel(world, *arguments, code=1).stderr
