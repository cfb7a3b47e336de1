"""Where the collector keeps its things: linked folders, homes, and what a clean stop leaves."""
import fcntl
import os
import subprocess
import time
from pathlib import Path

import pytest
from support import BUILD, wait_until

TELTEL = BUILD / "bin/teltel"
EVENT = b'{"v":1,"runId":"posted","sourceId":"s","channel":"c","type":"t","payload":{"x":1}}\n'


def teltel(*arguments, **environment):
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "TELTEL_"))}
    return subprocess.run(
        [str(TELTEL), *map(str, arguments)], capture_output=True, text=True, timeout=60, env={**variables, **environment})


def test_a_linked_data_folder_is_as_good_as_any(make_collector, tmp_path, shm):
    """Also when the link leads elsewhere later."""
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    collector = make_collector(start=False)
    collector.data.symlink_to(disk)
    doctor = teltel("doctor", "--data-dir", collector.data, "--shm-dir", shm, "--port", "0")
    assert f"ok       data folder: {disk}" in doctor.stdout
    collector.start()
    collector.request("/api/ingest", EVENT)
    wait_until(lambda: (collector.run("posted") or {}).get("stored") == 1, "it is stored")
    collector.data.unlink()
    collector.data.symlink_to(tmp_path / "nowhere")
    collector.request("/api/ingest", EVENT)
    wait_until(lambda: (collector.run("posted") or {}).get("stored") == 2, "it goes on in its folder")
    assert collector.stop() == 0
    collector.data.unlink()
    collector.data.symlink_to(disk)
    check = teltel("spool", "check", "--data-dir", collector.data)
    assert check.returncode == 0 and "nothing is damaged" in check.stdout


@pytest.mark.parametrize("through_link", [False, True])
def test_a_data_folder_that_others_can_write_to(tmp_path, shm, through_link):
    """Embedded storage could never begin: said at once, and by the doctor too."""
    disk = tmp_path / "disk"
    disk.mkdir()
    disk.chmod(0o770)
    given = tmp_path / "link" if through_link else disk
    if through_link:
        given.symlink_to(disk)
    collect = teltel("collect", "--port", "0", "--data-dir", given, "--shm-dir", shm)
    assert collect.returncode == 1 and f"`chmod go-w {disk}`" in collect.stderr
    doctor = teltel("doctor", "--port", "0", "--data-dir", given, "--shm-dir", shm)
    assert doctor.returncode == 1 and f"MISSING  data folder: others can write to {disk}" in doctor.stdout


def test_the_home_is_that_of_the_environment(tmp_path):
    """Containers and services set it for users whose entry in passwd names none."""
    def place(**environment):
        return teltel("spool", "list", **environment).stderr

    home = str(tmp_path / "home")
    assert f"there is no spool in {home}/.local/share/teltel;" in place(HOME=home)
    assert f"there is no spool in {tmp_path}/xdg/teltel;" in place(HOME=home, XDG_DATA_HOME=f"{tmp_path}/xdg")
    # A relative path counts as none.
    assert f"there is no spool in {home}/.local/share/teltel;" in place(HOME=home, XDG_DATA_HOME="xdg")
    doctor = teltel("doctor", "--port", "0", HOME=home).stdout
    assert f"data folder: {home}/.local/share/teltel" in doctor and "embedded ClickHouse: not installed" in doctor


def folders(shm) -> set[str]:
    return {path.name for path in Path(shm).iterdir() if path.is_dir()}


@pytest.mark.parametrize("options", [[], ["--no-storage"]], ids=["storage", "live"])
def test_a_clean_stop_leaves_no_rings_that_are_empty(make_collector, vehicle, shm, options):
    collector = make_collector(*options)
    assert len(folders(shm)) == 1, "its own rings"
    collector.request("/api/ingest", EVENT)
    vehicle("driven", 1, False).wait()
    collector.wait_status("driven", "completed")
    wait_until(lambda: collector.run("posted"), "the posted run is known")
    assert collector.stop() == 0
    assert folders(shm) == set()


def half_made(shm, name, seconds_ago=5):
    folder = Path(shm) / name
    folder.mkdir(mode=0o700)
    (folder / "run.new").write_bytes(bytes(4096))
    (folder / "ring-0").write_bytes(bytes(4096))
    os.utime(folder, (time.time() - seconds_ago,) * 2)
    return folder


def test_a_clean_stop_takes_half_made_runs_along(make_collector, shm):
    """Of engines that are gone; not of one that is still at it."""
    half_made(shm, "00000000000000aa")
    living = half_made(shm, "00000000000000bb")
    with open(living / "run.new", "rb+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 1)
        collector = make_collector("--no-storage")
        assert collector.stop() == 0
        assert folders(shm) == {living.name} and len(list(living.iterdir())) == 2


def test_a_tag_that_a_run_starts_without_is_in_the_log(live, programs, start_engine):
    engine = start_engine(programs / "bad_tag", "tagged")
    assert "starts without a tag" in engine.communicate(timeout=60)[0]
    run = live.wait_status("tagged", "completed")
    assert run["tags"] == {"night": "7", "car": "red"} and run["accepted"] == 2
    wait_until(lambda: "run tagged starts without its tag number 2" in live.output(), "the log names it")


def test_the_collector_leaves_most_of_a_small_shared_memory_to_engines(make_collector, shm):
    """A container has 64 MiB, unless it is given more."""
    collector = make_collector("--no-storage", start=False)
    script = f"mount -t tmpfs -o size=64m,mode=0700 tmpfs '{shm}' && exec \"$@\""
    collector.prefix = ["unshare", "-rm", "sh", "-c", script, "sh"]
    collector.start()
    assert collector.request("/api/ingest", EVENT)[0] == 202
    wait_until(lambda: collector.run("posted"), "its ring works")
    # The folder as the collector sees it.
    facts = os.statvfs(f"/proc/{collector.process.pid}/root{shm}")
    assert facts.f_blocks * facts.f_frsize == 64 << 20
    assert facts.f_bavail * facts.f_frsize > 40 << 20
