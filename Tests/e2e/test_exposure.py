"""What others on this machine and on the network can reach: nothing beyond loopback, and no file."""
import os
import stat
from pathlib import Path

import pytest
from database import host_pid, socket_path, sql
from support import wait_until
from test_ingest import line, post

LISTENING = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


def sockets(pid: int) -> set[str]:
    """Inodes of the process' sockets."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except OSError:
            continue  # closed meanwhile
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def reachable(pids: list[int]) -> list[tuple[str, str, int]]:
    """Protocol, address and port of everything on which others may begin to talk."""
    own = set().union(*(sockets(pid) for pid in pids))
    found = []
    for protocol in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "udplite", "udplite6"):
        table = Path(f"/proc/net/{protocol}")
        for text in table.read_text().splitlines()[1:] if table.exists() else []:
            fields = text.split()
            if fields[9] in own and (not protocol.startswith("tcp") or fields[3] == LISTENING):
                address, port = fields[1].split(":")
                found.append((protocol, address, int(port, 16)))
    return found


@pytest.fixture
def working(collector, programs, start_engine):
    """A collector with storage, and an engine that is at work."""
    start_engine(programs / "engine", "exposed", 1_000_000, 1000, 1)
    post(collector, line())
    wait_until(lambda: collector.metric("teltel_storage_stored_rows_total") > 0, "rows are stored")
    wait_until(lambda: host_pid(collector), "the embedded ClickHouse is there")
    return collector


def test_nothing_listens_beyond_loopback(working):
    pids = [working.process.pid, host_pid(working)]
    assert reachable(pids) == [("tcp", "0100007F", working.port)]


def test_the_search_finds_who_listens_on_all_addresses(make_collector, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    collector = make_collector("--no-storage", "--bind", "0.0.0.0", "--token-file", str(token))
    assert reachable([collector.process.pid]) == [("tcp", "00000000", collector.port)]


def open_to_others(folder: Path) -> list[str]:
    """Everything below (and the folder itself) that another user could open. Links lead nowhere else."""
    found = []
    for path in [folder, *folder.rglob("*")]:
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue  # files come and go
        if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) & 0o077:
            found.append(f"{path.relative_to(folder.parent)} {stat.filemode(mode)}")
    return found


def test_files_belong_to_their_user_alone(working, shm):
    """Rings, spool, control store, database, sockets. ClickHouse's own files lie in a closed folder."""
    assert open_to_others(Path(shm)) == []
    assert stat.S_IMODE(working.data.stat().st_mode) == 0o700
    for path in working.data.iterdir():
        if path.name == "clickhouse":
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        else:
            assert open_to_others(path) == [], path
    names = {path.name for path in working.data.iterdir()}
    assert {"spool", "control", "clickhouse"} <= names
    assert stat.S_IMODE(socket_path(working).stat().st_mode) & 0o077 == 0
    assert sql(working, "SELECT 1 AS one") == [{"one": 1}]


def test_files_are_closed_under_any_umask(make_collector, shm, programs, start_engine):
    old = os.umask(0)
    try:
        collector = make_collector("--clickhouse-url", "http://127.0.0.1:9")
        start_engine(programs / "engine", "umask", 1000, 1000, 1).communicate()
    finally:
        os.umask(old)
    wait_until(lambda: collector.metric("teltel_spool_waiting_segments") > 0, "a segment is written")
    assert open_to_others(Path(shm)) == [] and open_to_others(collector.data) == []


def test_the_search_finds_open_files(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    (folder / "file").touch(mode=0o640)
    assert open_to_others(folder) == ["folder/file -rw-r-----"]
