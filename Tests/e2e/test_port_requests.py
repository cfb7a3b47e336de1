"""What the port makes of odd hosts, origins, paths and ids; and the headers of its answers."""
import json

import pytest
from wire import OPEN_ROUTES, ROUTES, UPGRADE, Wire, ask, frame, head, names, refused, upgrade

ALL = ROUTES + OPEN_ROUTES
FOREIGN_HOSTS = {
    "name": "evil.example", "subdomain": "localhost.evil.example", "suffix": "evillocalhost", "dot": "localhost.",
    "userinfo": "localhost@evil.example", "user": "me@localhost", "port-twice": "localhost:80:80", "port-name": "localhost:http",
    "port-sign": "localhost:+80", "port-long": "localhost:000000080", "ipv6-open": "[::1", "ipv6-bare": "::1",
    "ipv6-rest": "[::1]evil.example", "ipv6-other": "[::2]", "other-loopback": "127.0.0.2", "decimal": "2130706433",
    "hex": "0x7f000001", "octal": "0177.0.0.1", "wildcard": "0.0.0.0", "empty": "", "port-only": ":8080", "list": "localhost, localhost",
    "space": "local host", "slash": "localhost/", "unicode": "localhost\u3002", "backslash": "localhost\\",
}
OWN_HOSTS = ["localhost", "LOCALHOST", "LocalHost:1", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:8080", "localhost:"]
FOREIGN_ORIGINS = {
    "name": "http://evil.example", "null": "null", "empty": "", "port": "http://localhost:1", "scheme": "ftp://localhost:8080",
    "userinfo": "http://localhost:8080@evil.example", "user": "http://me@localhost:8080", "suffix": "http://localhost:8080.evil.example",
    "path": "http://localhost:8080/", "bare": "localhost:8080", "file": "file://", "no-port": "http://localhost", "star": "*",
    "two": "http://localhost:8080 http://evil.example", "extension": "chrome-extension://abcdef",
}


@pytest.mark.parametrize("method, path", ALL, ids=names(ALL))
def test_foreign_hosts_and_origins_are_refused_on_every_route(shared, method, path):
    assert ask(shared, method, path, host="evil.example").code == "foreign-host"
    assert ask(shared, method, path, host=None).code == "foreign-host"
    assert ask(shared, method, path, "Origin: http://evil.example").code == "foreign-origin"
    assert ask(shared, method, path, "Origin: null").code == "foreign-origin"
    assert ask(shared, method, path, "Origin: http://localhost").status != 403


@pytest.mark.parametrize("case", FOREIGN_HOSTS)
def test_foreign_host(shared, case):
    before = refused(shared, "host")
    for answer in (ask(shared, "GET", "/api/runs", host=FOREIGN_HOSTS[case]), upgrade(shared, host=FOREIGN_HOSTS[case])):
        assert (answer.status, answer.code) == (403, "foreign-host")
    assert refused(shared, "host") == before + 2


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_own_host(shared, host):
    assert ask(shared, "GET", "/api/runs", host=host).status == 200
    assert upgrade(shared, host=host).status == 101


def test_two_hosts_are_none(shared):
    assert ask(shared, "GET", "/api/runs", "Host: evil.example").code == "foreign-host"
    assert ask(shared, "GET", "/api/runs", host=None, version="HTTP/1.0").code == "foreign-host"


@pytest.mark.parametrize("case", FOREIGN_ORIGINS)
def test_foreign_origin(shared, case):
    before = refused(shared, "origin")
    origin = f"Origin: {FOREIGN_ORIGINS[case]}"
    host = "localhost:8080"
    for answer in (ask(shared, "GET", "/api/runs", origin, host=host), upgrade(shared, "/ws", origin, host=host)):
        assert (answer.status, answer.code) == (403, "foreign-origin")
    assert refused(shared, "origin") == before + 2


def test_own_origin(shared):
    for origin in ("http://localhost:8080", "https://localhost:8080", "HTTP://LOCALHOST:8080"):
        assert ask(shared, "GET", "/api/runs", f"Origin: {origin}", host="localhost:8080").status == 200
        assert upgrade(shared, "/ws", f"Origin: {origin}", host="localhost:8080").status == 101
    both = ask(shared, "GET", "/api/runs", "Origin: http://localhost", "Origin: http://localhost")
    assert both.code == "foreign-origin"


TARGETS = {
    "absolute": "http://localhost/api/runs", "absolute-foreign": "http://evil.example/api/runs", "star": "*",
    "bare": "api/runs", "authority": "localhost:80",
}


@pytest.mark.parametrize("case", TARGETS)
def test_a_target_is_a_path(shared, case):
    for method in ("GET", "OPTIONS"):
        answer = ask(shared, method, TARGETS[case])
        assert answer.status == 400 and answer.code in ("bad-target", "bad-request")


# What is put behind each prefix below.
ODD = {
    "up": "../../../../etc/passwd", "up-encoded": "%2e%2e/%2e%2e/%2e%2e/etc/passwd", "up-slash-encoded": "..%2f..%2f..%2fetc%2fpasswd",
    "up-twice-encoded": "%252e%252e%252fetc%252fpasswd", "null": "a%00b", "slashes": "//etc//passwd", "backslash": "..\\..\\etc\\passwd",
    "backslash-encoded": "..%5c..%5cetc%5cpasswd", "overlong": "%c0%ae%c0%ae%c0%afetc%c0%afpasswd", "not-utf8": "%ff%fe%80",
    "surrogate": "%ed%a0%80", "newline": "a%0d%0aX-Evil:%201", "cut-percent": "a%2", "bad-percent": "%zz", "unicode": "\u00fcber",
    "markup": "%3Cscript%3Ealert(1)%3C/script%3E", "dots": "...", "long": "x" * 8_000, "many-parts": "a/" * 2_000,
    "semicolon": ";a=b", "only-slash": "/",
}
PREFIXES = {
    "root": "/", "pages": "/runs/", "run": "/api/run?runId=", "stored": "/api/analysis/run/", "runs": "/api/analysis/runs?sourceId=",
    "series": "/api/analysis/series?runId=r&sourceId=s&eventType=t&jsonPath=", "login": "/login?code=", "api": "/api/",
    "ws": "/ws/", "metrics": "/metrics/", "ingest": "/api/ingest/",
}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("odd", ODD)
def test_odd_paths_and_ids_get_typed_answers(shared, prefix, odd):
    answer = ask(shared, "GET", PREFIXES[prefix] + ODD[odd])
    assert b"root:" not in answer.body and "x-evil" not in answer.headers
    if prefix == "pages" and answer.status == 200:
        assert answer.headers["content-type"].startswith("text/html")  # the application's own page for any run
    elif prefix == "login" and answer.status == 303:
        assert answer.headers["location"] == "/"
    elif odd == "only-slash" and prefix in ("root", "metrics", "ws"):
        assert answer.status in (200, 426)  # slashes at the end do not count
    else:
        assert 400 <= answer.status < 504 and answer.status != 500, answer.body
        error = json.loads(answer.body)["error"]
        assert error["code"] and error["message"]
    assert shared.process.poll() is None


@pytest.mark.parametrize("method, path", ALL, ids=names(ALL))
def test_a_target_that_is_too_long_gets_414(shared, method, path):
    mark = "&" if "?" in path else "?"
    for length in (9_000, 20_000, 65_536):
        answer = ask(shared, method, f"{path}{mark}id={'x' * length}")
        assert (answer.status, answer.code) == (414, "target-too-long")


def test_odd_ids_of_stored_runs(collector):
    """With storage: the ids reach ClickHouse as parameters."""
    for odd, text in ODD.items():
        for prefix in ("stored", "runs", "series"):
            answer = ask(collector, "GET", PREFIXES[prefix] + text)
            assert answer.status in (200, 400, 404, 414, 503), (prefix, odd, answer.body)
            if answer.status != 200:
                assert json.loads(answer.body)["error"]["code"], (prefix, odd)
            assert b"root:" not in answer.body


# --- headers ---------------------------------------------------------------------------------------------------------

BROKEN = {
    "no-http": b"hello\r\n\r\n", "version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "header": b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    "long-target": head("GET", "/" + "x" * 9_000), "long-header": head("GET", "/", "X: " + "y" * 20_000),
    "many-headers": head("GET", "/", *[f"X{index}: y" for index in range(200)]), "foreign-host": head("GET", "/", host="evil.example"),
    "large-body": head("GET", "/", "Content-Length: 100000") + b"x" * 100_000,
    "two-lengths": head("POST", "/api/ingest", "Content-Length: 1", "Content-Length: 2") + b"xy",
    "length-and-chunks": head("POST", "/api/ingest", "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
}


def assert_safe_headers(answer):
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    for part in ("default-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("method, path", ALL, ids=names(ALL))
def test_every_answer_has_safe_headers(shared, method, path):
    for answer in (ask(shared, method, path), ask(shared, method, path, host="evil.example"), ask(shared, "HEAD", path)):
        assert_safe_headers(answer)
        if path.startswith("/api"):
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("case", BROKEN)
def test_answers_before_the_router_have_safe_headers(shared, case):
    with Wire(shared) as wire:
        answer = wire.send(BROKEN[case]).answer()
        assert 400 <= answer.status < 500 and answer.code
        assert_safe_headers(answer)
        assert wire.is_closed()


def test_a_refusal_on_the_way_comes_after_the_answers_before_it(shared):
    with Wire(shared) as wire:
        good = head("GET", "/api/health")
        wire.send(good + good + b"nonsense\r\n\r\n" + good)
        assert [wire.answer().status for _ in range(3)] == [200, 200, 400]
        assert wire.is_closed()
    with Wire(shared) as wire:
        wire.send(head("GET", "/api/health") + head("GET", "/api/runs", host="evil.example"))
        assert [wire.answer().status for _ in range(2)] == [200, 403]


NO_UPGRADES = {
    "length": (UPGRADE + ["Content-Length: 5"], b"hello"), "chunks": (UPGRADE + ["Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "no body": (UPGRADE + ["Content-Length: 0"], b""), "no connection": ([line for line in UPGRADE if "Connection" not in line], b""),
    "keep-alive": ([line.replace("Connection: Upgrade", "Connection: keep-alive") for line in UPGRADE], b""),
}


@pytest.mark.parametrize("case", NO_UPGRADES)
def test_a_request_with_a_body_or_half_an_upgrade_stays_http(shared, case):
    """What comes behind it would be read as HTTP by one part of the collector and as frames by another."""
    headers, body = NO_UPGRADES[case]
    with Wire(shared) as wire:
        wire.send(head("GET", "/ws", *headers) + body + head("GET", "/api/health"))
        assert wire.answer().status == 426
        assert wire.is_closed()


def test_what_comes_behind_an_upgrade_is_read_as_frames(shared):
    with Wire(shared) as wire:
        wire.send(head("GET", "/ws", *UPGRADE) + frame(b"{}") + head("GET", "/api/health") * 9)
        assert wire.answer().status == 101
        assert b"HTTP" not in wire.rest()
    assert ask(shared, "GET", "/api/health").status == 200
