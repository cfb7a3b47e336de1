"""Random requests, whole and mangled, in random pieces: the collector goes on, and forgets every connection."""
import os
import random
import socket

import pytest
from support import wait_until
from wire import UPGRADE, ROUTES, head

WORDS = [
    b"\r\n", b"\n", b"\0", b" ", b":", b"%00", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/9.9", b"\xff" * 20, b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 18446744073709551616\r\n", b"Content-Length: 5\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive, upgrade\r\n", b"Upgrade: websocket\r\n", b"Upgrade: h2c\r\n", b"Expect: 100-continue\r\n",
    b"Host: localhost\r\n", b"Host: evil\r\n", b"Origin: null\r\n", b"Authorization: Bearer x\r\n", b"Cookie: a=b;;=;teltel-session-80=\r\n",
    b"x" * 9_000, b"X: y\r\n" * 120, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"CONNECT localhost:80 HTTP/1.1\r\n\r\n", b"\x81\x82\0\0\0\0{}", b"\x88\x00", b"\x89\xfe\xff\xff",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


def request(rng: random.Random) -> bytes:
    method, path = rng.choice(ROUTES)
    headers = rng.sample(UPGRADE, rng.randint(0, 4)) if rng.random() < 0.3 else []
    body = b""
    if method != "GET" or rng.random() < 0.2:
        body = rng.choice([b"", b'{"v":1,"runId":"fuzz","sourceId":"s"}\n', b"{", rng.randbytes(2_000)])
        headers.append(f"Content-Length: {len(body)}")
    return head(rng.choice([method, method, "HEAD", "OPTIONS", "BREW"]), path, *headers) + body


def mangled(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice([0, 0, 1, 2, 5])):
        at = rng.randint(0, len(data))
        end = min(len(data), at + rng.choice([0, 0, 1, 8]))
        data = data[:at] + rng.choice([rng.choice(WORDS), rng.randbytes(rng.randint(0, 12))]) + data[end:]
    return data


def converse(collector, rng: random.Random):
    with socket.create_connection(("127.0.0.1", collector.port), timeout=30) as connection:
        data = b"".join(mangled(request(rng), rng) for _ in range(rng.randint(1, 4)))
        try:
            while data:
                size = rng.choice([1, 7, 100, 5_000, len(data)])
                connection.sendall(data[:size])
                data = data[size:]
            if rng.random() < 0.5:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    pass
        except OSError:
            pass  # the collector closes on what it does not like


# 3617966334 has found an upgrade with a body and a request behind it.
@pytest.mark.parametrize("seed", [1, 3617966334, int.from_bytes(os.urandom(4))], ids=["one", "found", "random"])
def test_random_requests(make_collector, seed):
    collector = make_collector("--no-storage", "--idle-timeout", "2s", "--request-timeout", "1s")
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(600):
        converse(collector, rng)
        assert collector.process.poll() is None, f"the collector has left; seed {seed}:\n" + collector.output()
    assert collector.request("/api/health")[0] == 200
    wait_until(lambda: collector.metric("teltel_http_connections") == 1, "all connections are forgotten")
    assert collector.stop() == 0
