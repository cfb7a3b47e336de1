"""Other users of the machine: their connections to the loopback port are refused."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from support import BUILD, ROOT, Collector, wait_until
from wire import ask, refused

OTHER = 65534  # nobody
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as a second user")

CLIENT = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30)
connection.sendall(sys.argv[3].encode().decode("unicode_escape").encode())
print(connection.recv(4096).decode())
"""
UPGRADE = "\\r\\n".join([
    "GET /ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""])
PLAIN = "GET /api/runs HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"


def ask_as(user: int, collector, request: str, host: str = "127.0.0.1") -> str:
    command = ["/usr/bin/python3", "-I", "-c", CLIENT, host, str(collector.port), request]
    return subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, timeout=60, check=True).stdout


@as_root
@pytest.mark.parametrize("request_text", [PLAIN, UPGRADE], ids=["http", "ws"])
def test_another_user_gets_403(live, request_text):
    answer = ask_as(OTHER, live, request_text)
    assert answer.startswith("HTTP/1.1 403 ") and '"other-user"' in answer and "--allow-local-users" in answer
    assert refused(live, "user") == 1


@as_root
def test_another_user_gets_403_over_ipv6(make_collector):
    collector = make_collector("--no-storage", "--bind", "::1")
    assert ask_as(OTHER, collector, PLAIN, host="::1").startswith("HTTP/1.1 403 ")
    assert ask_as(os.geteuid(), collector, PLAIN, host="::1").startswith("HTTP/1.1 200 ")


@as_root
def test_another_user_gets_403_with_the_token_too(make_collector, tmp_path):
    """Over IPv4 on a port that listens on all addresses of both kinds."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    collector = make_collector("--no-storage", "--bind", "::", "--token-file", str(token))
    request = PLAIN.replace("Host:", "Authorization: Bearer 0123456789abcdef\\r\\nHost:")
    assert '"other-user"' in ask_as(OTHER, collector, request)
    assert ask_as(os.geteuid(), collector, request).startswith("HTTP/1.1 200 ")


@as_root
def test_allow_local_users_lets_them_in(make_collector):
    collector = make_collector("--no-storage", "--allow-local-users")
    assert ask_as(OTHER, collector, PLAIN).startswith("HTTP/1.1 200 ")
    assert ask_as(OTHER, collector, UPGRADE).startswith("HTTP/1.1 101 ")


@as_root
def test_who_closes_at_once_does_not_pass_for_root(live):
    """A socket that nobody holds any more is shown with root as its owner."""
    line = '{"v":1,"runId":"smuggled","sourceId":"s"}\\n'.encode().decode("unicode_escape")
    script = f"""
import socket
for _ in range(50):
    connection = socket.create_connection(("127.0.0.1", {live.port}))
    connection.sendall(b"POST /api/ingest HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: {len(line)}\\r\\n\\r\\n" + {line.encode()!r})
    connection.close()
"""
    subprocess.run(["/usr/bin/python3", "-I", "-c", script], user=OTHER, cwd="/", check=True, timeout=60)
    wait_until(lambda: live.metric("teltel_http_connections") <= 1, "all of them are closed")
    assert live.json("/api/runs") == []


@as_root
def test_root_is_let_in_by_the_collector_of_another_user():
    folder = Path(tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm"))
    try:
        folder.chmod(0o755)
        shutil.copy(BUILD / "bin/teltel", folder / "teltel")
        for name in ("rings", "work"):
            (folder / name).mkdir(mode=0o700)
            os.chown(folder / name, OTHER, OTHER)
        if subprocess.run([folder / "teltel", "version"], user=OTHER, cwd="/", capture_output=True).returncode != 0:
            pytest.skip("the Swift runtime cannot be read by other users here")
        collector = Collector(folder / "work", str(folder / "rings"), ["--no-storage"])
        collector.program = folder / "teltel"
        collector.user = OTHER
        collector.start()
        assert ask(collector, "GET", "/api/runs").status == 200
        assert ask_as(OTHER, collector, PLAIN).startswith("HTTP/1.1 200 ")
        assert ask_as(OTHER - 1, collector, PLAIN).startswith("HTTP/1.1 403 ")
        assert collector.stop() == 0
    finally:
        shutil.rmtree(folder)


@as_root
def test_both_ways_to_ask_the_kernel_agree(tmp_path):
    program = tmp_path / "peer"
    sources = [ROOT / "Tests/e2e/peer/peer.c", ROOT / "Sources/CTeltelPort/peer_owner.c"]
    command = ["gcc", "-Wall", "-Werror", "-I", ROOT / "Sources/CTeltelPort/include", "-o", program, *sources]
    subprocess.run([*map(str, command)], check=True)
    answer = subprocess.run([program, str(OTHER)], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stdout + answer.stderr
