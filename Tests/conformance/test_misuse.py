"""Wrong use never crashes or hangs, and says what was wrong (misuse.c)."""
import json
import os
import re
import struct
import subprocess

import pytest
from conftest import BUILD, HERE, compile_program, environment, run
from ring_reader import read_instance


@pytest.fixture(scope="module", params=["dynamic", "static"])
def misuse(request, programs):
    static = request.param == "static"
    return compile_program(HERE / "misuse.c", programs / f"misuse-{request.param}", static=static)


@pytest.mark.parametrize("case", ["null_run", "after_the_end", "limits", "wrong_definitions", "wrong_options", "no_descriptors",
                                  "too_many_writers", "names_of_teltel", "flags_of_fields", "counts_after_the_end"])
def test_misuse(misuse, shm, case):
    run([misuse, case], env=environment(shm))
    for folder in shm.iterdir():
        read_instance(folder)


def test_a_run_starts_without_its_bad_tags(misuse, shm):
    run([misuse, "bad_tags"], env=environment(shm))
    instances = {instance.header["run_id"]: instance for instance in map(read_instance, shm.iterdir())}
    assert instances["bad-tags"].run_tags == [("night", "7"), ("seat", "")]
    start = json.loads(instances["bad-tags"].rings[0].records[0].payload)
    assert start["tags_left_out"] == ["number 2", "number 3", "number 4", "car", "number 6", "lap", "night"]
    assert instances["one-bad-tag"].run_tags == [("night", "7"), ("seat", "")]
    assert len(instances["many-tags"].run_tags) == 1024


def test_a_limit_of_file_sizes_is_no_signal(misuse, shm):
    run([misuse, "limit_of_files"], env=environment(shm))
    folder, = shm.iterdir()  # of the run that could not start nothing is left
    instance = read_instance(folder)
    assert instance.header["run_id"] == "limited" and [ring.data_bytes for ring in instance.rings] == [512 << 10]


@pytest.mark.parametrize("case", ["thousand_runs", "end_while_others_emit"])
def test_misuse_that_takes_seconds(programs, shm, case):
    run([compile_program(HERE / "misuse.c", programs / "misuse"), case], env=environment(shm))
    for folder in shm.iterdir():
        read_instance(folder)


def test_a_thousand_short_threads_share_a_ring(misuse, shm):
    run([misuse, "thousand_threads"], env=environment(shm))
    instance = read_instance(next(shm.iterdir()))
    assert len(instance.rings) == 2
    assert instance.rings[1].users == 1000
    assert len(instance.rings[1].records) == 3000


def test_a_forked_child_leaves_the_parents_run_alone(misuse, shm):
    run([misuse, "forked"], env=environment(shm))
    instances = [read_instance(folder) for folder in shm.iterdir()]
    parent, = [i for i in instances if len(i.rings) == 2]
    child, = [i for i in instances if len(i.rings) == 1]
    assert parent.header["pid"] != child.header["pid"]
    assert {reason for _, reason in parent.refused} == {"fork"} and sum(parent.refused.values()) == 5
    assert [r.frame for r in parent.rings[0].records] == [0, 2, 2]  # run.start, the emit after the fork, run.end
    assert struct.unpack("<d", parent.rings[1].records[0].payload[:8]) == (1.0,)  # not the 99 that the child wrote


def test_disabled_by_the_environment_nothing_is_made(misuse, shm):
    run([misuse, "disabled"], env=environment(shm, TELTEL_DISABLED="1"))
    assert not any(shm.iterdir())


@pytest.mark.parametrize("mode", [0o777, 0o750, 0o705])
def test_a_folder_open_to_others_is_refused(misuse, shm, mode):
    shm.chmod(mode)
    done = subprocess.run([misuse, "thousand_threads"], env=environment(shm), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "must have mode 0700" in done.stderr
    assert not any(shm.iterdir())


def test_a_symbolic_link_as_folder_is_refused(misuse, shm):
    (shm / "real").mkdir(mode=0o700)
    (shm / "link").symlink_to("real")
    done = subprocess.run([misuse, "thousand_threads"], env=environment(shm / "link"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert not any((shm / "real").iterdir())


def test_files_are_private(misuse, shm):
    before = os.umask(0)
    try:
        run([misuse, "after_the_end"], env=environment(shm))
    finally:
        os.umask(before)
    for folder in shm.iterdir():
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


@pytest.fixture
def small_memory(tmp_path):
    """A shared memory of 64 MiB, as containers have."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", tmp_path], capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_small_memory_is_said_by_the_library_and_by_the_doctor(misuse, small_memory):
    run([misuse, "small_memory"], env=environment(small_memory))
    doctor = subprocess.run([BUILD / "bin/teltel", "doctor", "--shm-dir", small_memory], capture_output=True, text=True)
    (at,) = [place for place, line in enumerate(doctor.stdout.splitlines()) if "shared memory: " in line]
    told = " ".join(doctor.stdout.splitlines()[at:at + 2])
    assert "64 MiB" in told and re.search(r"engines' rings have about \S+ [KM]iB instead of 8 MiB", told) and "--shm-size" in told, doctor.stdout


def test_too_little_space_makes_smaller_rings_and_then_none(misuse, tmp_path):
    options = ["-t", "tmpfs", "-o", "size=1500k,mode=0700", "tmpfs", tmp_path]
    if subprocess.run(["mount", *options], capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        run([misuse, "little_space"], env=environment(tmp_path))
        folder, = tmp_path.iterdir()  # the run that could not start left nothing behind
        instance = read_instance(folder)
        assert [ring.data_bytes for ring in instance.rings] == [1 << 20]
        assert instance.header["ring_bytes"] == 1 << 20
    finally:
        subprocess.run(["umount", tmp_path], check=True)
