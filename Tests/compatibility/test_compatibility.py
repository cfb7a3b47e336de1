"""Every version of the library that was ever released: its rings are read, its programs run. Versions to come are refused."""
import json
import lzma
import os
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from support import BUILD, wait_until

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE))
sys.path.append(str(HERE.parent / "conformance"))
from make_fixtures import build, contents, emit  # noqa: E402
from ring_reader import BadFile, read_instance  # noqa: E402

KEPT = sorted(path.parent for path in HERE.glob("*/expected.json.xz"))
VERSION_AT = 8  # of both kinds of files (ring_abi.h)


@pytest.fixture(params=KEPT, ids=lambda path: path.name)
def kept(request):
    return request.param


@pytest.fixture
def rings(kept, shm):
    """What a version left behind, as if its engines had run on this machine before it was started again."""
    with tarfile.open(kept / "rings.tar.xz") as archive:
        archive.extractall(shm, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(shm)
    for path in [*Path(shm).iterdir(), *Path(shm).glob("*/*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.chown(path, os.getuid(), os.getgid())
    return Path(shm)


def expected(kept) -> dict:
    return json.loads(lzma.decompress((kept / "expected.json.xz").read_bytes()))


def recover(folder, code=0):
    done = subprocess.run([BUILD / "bin/teltel", "recover", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def counts(run: dict) -> Counter:
    return Counter(record["type"] for ring in run["rings"] for record in ring["records"])


def test_the_stored_rings_are_as_small_as_they_may_be(kept):
    assert sum(path.stat().st_size for path in kept.iterdir()) < 100_000


def test_its_rings_are_read(kept, rings, collector):
    """By the three readers: without a collector, live and for storage. The first two have looked on, the last one takes."""
    before = expected(kept)
    assert contents(rings) == before
    events, _ = recover(rings)
    for run_id, run in before.items():
        assert Counter(f"{event['channel']}/{event['type']}" for event in events if event["runId"] == run_id) == counts(run)
    car = next(event for event in events if event["runId"] == "everything" and event["type"] == "car" and event["frameIndex"] == 3)
    assert car["payload"] == {"pos": {"x": 0.30000000000000004, "y": 0, "z": 0}, "speed": 3, "gear": -1, "wheel": 3, "mode": 1,
                              "on": True, "name": "red"}
    for run_id, run in before.items():
        total = sum(counts(run).values())
        overwritten = sum(n for ring in run["rings"] for _, reason, n in ring["refused"] if reason == "overwritten")
        shown = wait_until(lambda: (found := collector.run(run_id)) and found["stored"] == total and found, f"{run_id} is stored", 60)
        assert (shown["accepted"], shown["lost"]) == (total + overwritten, overwritten)
        assert shown["status"] == {"everything": "completed", "overwritten": "cancelled"}[run_id]
    types = {entry["type"]: entry["fields"] for entry in collector.json("/api/run?runId=everything")["types"]}
    said = {flag: [field["name"] for fields in types.values() for field in fields if field[flag]] for flag in ("key", "input", "measured")}
    # What a library says that knows of keys only; and what is always measured.
    assert "wheel" in said["key"] and said["input"] == [] and said["measured"] == ["perf.cpu_time_ms"]


@pytest.fixture
def collector(rings, make_collector):
    """Started when the rings are there."""
    class Later:
        def __getattr__(self, name):
            self.__dict__["made"] = self.__dict__.get("made") or make_collector()
            return getattr(self.made, name)

    return Later()


def test_its_programs_run_with_the_library_of_today(kept, shm, tmp_path):
    build(tmp_path / "engine", kept, BUILD / "lib")  # with the header of then
    emit(tmp_path / "engine", Path(shm), BUILD / "lib")
    assert contents(Path(shm)) == expected(kept)


@pytest.mark.parametrize("file", ["run", "ring-0"])
def test_a_version_to_come_is_refused_with_advice(rings, make_collector, file):
    folder, = [path for path in rings.iterdir() if read_instance(path).header["run_id"] == "everything"]
    with (folder / file).open("r+b") as patched:
        patched.seek(VERSION_AT)
        patched.write((2).to_bytes(4, "little"))
    with pytest.raises(BadFile):
        read_instance(folder)
    events, said = recover(rings, code=1)
    assert "version 2 of the ring files, known is 1" in said and "install a newer teltel" in said
    assert {event["runId"] for event in events} == {"overwritten"}
    live = make_collector("--no-storage")
    wait_until(lambda: live.metric("teltel_rings_quarantined") == 1, "the instance is put aside")
    wait_until(lambda: "version 2 of the ring files" in live.output(), "the log says why")
    live.wait_status("overwritten", "cancelled")
    assert (folder / file).exists()
