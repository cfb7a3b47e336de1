"""A port with a token: programs send it, browsers log in."""
import os
import re
import stat
import subprocess
from urllib.parse import quote

import pytest
from support import BUILD, wait_until
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from wire import OPEN_ROUTES, ROUTES, ask, names, refused, upgrade

TELTEL = BUILD / "bin/teltel"
TOKEN = "0123456789abcdef-test-token"


def teltel(*arguments, **environment):
    return subprocess.run(
        [str(TELTEL), *map(str, arguments)], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def guarded(make_collector, token_file):
    return make_collector("--no-storage", "--token-file", str(token_file))


def with_token(token: str = TOKEN) -> str:
    return f"Authorization: Bearer {token}"


def login_path(collector) -> str:
    return wait_until(lambda: re.search(r"^login +http://[^/]+(/login\?code=\w+)", collector.output(), re.M), "a login URL")[1]


def log_in(collector) -> str:
    """The cookie."""
    answer = ask(collector, "GET", login_path(collector), host=f"localhost:{collector.port}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    return answer.headers["set-cookie"]


def test_without_a_token_the_collector_does_not_listen_beyond_loopback(tmp_path):
    for bind in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        answer = teltel("collect", "--no-storage", "--port", "0", "--shm-dir", tmp_path / "rings", "--bind", bind)
        assert answer.returncode == 1, bind
        assert "teltel token new" in answer.stderr and f"--bind {bind} --token-file" in answer.stderr
    assert not (tmp_path / "rings").exists()


BAD_FILES = {
    "readable by others": (TOKEN, 0o644, "chmod 600"), "writable by others": (TOKEN, 0o602, "chmod 600"),
    "too short": ("short", 0o600, "16 to 512"), "empty": ("", 0o600, "16 to 512"), "too long": ("x" * 600, 0o600, "16 to 512"),
    "spaces": ("two words and some more", 0o600, "visible ASCII"),
}


@pytest.mark.parametrize("case", BAD_FILES, ids=[case.replace(" ", "-") for case in BAD_FILES])
def test_a_bad_token_file_is_explained(tmp_path, case):
    text, mode, word = BAD_FILES[case]
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)
    for command in (["collect", "--no-storage", "--port", "0", "--shm-dir", tmp_path / "rings"], ["runs"]):
        answer = teltel(*command, "--token-file", path)
        assert answer.returncode == 1 and word in answer.stderr and str(path) in answer.stderr
        assert not text or text not in answer.stderr


def test_a_token_file_that_is_not_there_is_explained(tmp_path):
    answer = teltel("runs", "--token-file", tmp_path / "none")
    assert answer.returncode == 1 and "teltel token new" in answer.stderr
    doctor = teltel("doctor", "--no-storage", "--port", "1", "--shm-dir", tmp_path / "rings", "--token-file", tmp_path / "none")
    assert doctor.returncode == 1 and "MISSING  access" in doctor.stdout
    assert "MISSING  access" in teltel("doctor", "--no-storage", "--bind", "0.0.0.0", "--shm-dir", tmp_path / "rings").stdout


def test_token_new_writes_a_file_of_its_user_alone(tmp_path):
    path = tmp_path / "token"
    first = teltel("token", "new", path)
    assert first.returncode == 0 and stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert re.fullmatch(r"[0-9a-f]{64}\n", text) and text.strip() not in first.stdout + first.stderr
    again = teltel("token", "new", path)
    assert again.returncode == 1 and "exists" in again.stderr and path.read_text() == text


@pytest.mark.parametrize("method, path", ROUTES, ids=names(ROUTES))
def test_every_route_wants_the_token(guarded_shared, method, path):
    without = ask(guarded_shared, method, path)
    assert (without.status, without.code) == (401, "login-required")
    assert without.headers["www-authenticate"].startswith("Bearer")
    wrong = ask(guarded_shared, method, path, with_token(TOKEN[:-1] + "x"))
    assert (wrong.status, wrong.code) == (401, "wrong-token")
    assert ask(guarded_shared, method, path, with_token()).status != 401


@pytest.mark.parametrize("method, path", OPEN_ROUTES, ids=names(OPEN_ROUTES))
def test_open_routes_do_not(guarded_shared, method, path):
    assert ask(guarded_shared, method, path).status != 401


@pytest.fixture(scope="module")
def guarded_shared(tmp_path_factory):
    from support import Collector

    folder = tmp_path_factory.mktemp("guarded")
    path = folder / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    collector = Collector(folder, str(folder / "rings"), ["--no-storage", "--token-file", str(path)]).start()
    yield collector
    collector.kill()


ODD_AUTHORIZATIONS = {
    "prefix": f"Bearer {TOKEN[:-1]}", "longer": f"Bearer {TOKEN}x", "basic": f"Basic {TOKEN}", "bare": TOKEN, "empty": "",
    "none": "Bearer ", "twice": f"Bearer {TOKEN}\r\nAuthorization: Bearer {TOKEN}",
}


@pytest.mark.parametrize("case", ODD_AUTHORIZATIONS)
def test_anything_but_the_token_is_refused(guarded_shared, case):
    before = refused_with_token(guarded_shared)
    assert ask(guarded_shared, "GET", "/api/runs", "Authorization: " + ODD_AUTHORIZATIONS[case]).status == 401
    assert upgrade(guarded_shared, "/ws", "Authorization: " + ODD_AUTHORIZATIONS[case]).status == 401
    assert refused_with_token(guarded_shared) == before + 2


def refused_with_token(collector) -> float:
    text = ask(collector, "GET", "/metrics", with_token()).body.decode()
    return float(re.search(r'^teltel_http_refused_total\{reason="token"\} (\d+)', text, re.M)[1])


def test_the_scheme_may_be_written_in_any_case(guarded_shared):
    assert ask(guarded_shared, "GET", "/api/runs", f"authorization: bEARER {TOKEN}").status == 200


def test_the_websocket_wants_the_token(guarded):
    url = guarded.url.replace("http", "ws") + "/ws"
    with pytest.raises(InvalidStatus) as refusal:
        connect(url)
    assert refusal.value.response.status_code == 401
    with connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
        socket.send("{}")
        socket.ping().wait(timeout=30)


def test_a_login_url_works_once(guarded):
    cookie = log_in(guarded)
    for word in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"):
        assert word in cookie
    assert TOKEN not in cookie and cookie.startswith(f"teltel-session-{guarded.port}=")
    again = ask(guarded, "GET", login_path(guarded))
    assert (again.status, again.code) == (403, "bad-login-code") and "set-cookie" not in again.headers
    page = ask(guarded, "GET", login_path(guarded), "Accept: text/html")
    assert page.status == 403 and b"teltel login-url" in page.body


def test_a_login_leads_where_its_link_says(guarded, token_file):
    def landed(next_: str) -> str:
        made = teltel("login-url", "--url", guarded.url, "--token-file", token_file).stdout.strip().removeprefix(guarded.url)
        answer = ask(guarded, "GET", f"{made}&next={quote(next_, safe='')}")
        assert answer.status == 303
        return answer.headers["location"]

    for path in ("/runs/job-7?from=1&to=2", "/runs/a%2Fb%20c?panels=chart!t=A%21:c/t//f", "/?q=%C3%A9&tag=a%3D1"):
        assert landed(path) == path


FOREIGN = {
    "another server": "https://evil.example/", "without a scheme": "//evil.example/", "a backslash": "/\\evil.example/", "a tab": "/\t/evil.example",
    "a line end": "/\r\nLocation: https://evil.example", "a script": "javascript:alert(1)", "relative": "evil", "empty": "", "a blank": "/ /evil",
    "not ASCII": "/\u2044evil.example", "the login itself": "/login?code=x", "too long": "/" + "x" * 9000,
}


@pytest.mark.parametrize("case", FOREIGN, ids=[case.replace(" ", "-") for case in FOREIGN])
def test_a_login_leads_to_this_server_only(guarded_shared, token_file, case):
    made = ask(guarded_shared, "POST", "/api/login", with_token()).json["url"].split("/login?", 1)[1]
    target = f"/login?{made}&next={quote(FOREIGN[case], safe='')}"
    if case == "too long":
        assert ask(guarded_shared, "GET", target).status == 414
        return
    answer = ask(guarded_shared, "GET", target)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    # Nor does the page that asks for the login.
    page = ask(guarded_shared, "GET", f"/login?next={quote(FOREIGN[case], safe='')}", "Accept: text/html")
    assert page.status == 200 and b"evil" not in page.body and b"<script" not in page.body


def test_the_login_page_leads_back_to_what_was_asked_for(guarded):
    page = ask(guarded, "GET", "/runs/job-7?from=1&to=2&q=%22%3Cb%3E", "Accept: text/html")
    assert page.status == 401
    body = page.body.decode()
    assert 'name="next" value="/runs/job-7?from=1&amp;to=2&amp;q=%22%3Cb%3E"' in body
    # People paste the whole URL, not its code.
    pasted = quote("  " + guarded.url + login_path(guarded) + "\n", safe="")
    answer = ask(guarded, "GET", f"/login?code={pasted}&next={quote('/runs/job-7?from=1&to=2', safe='')}", host=f"localhost:{guarded.port}")
    assert (answer.status, answer.headers["location"]) == (303, "/runs/job-7?from=1&to=2")
    again = ask(guarded, "GET", f"/login?code={pasted}&next=%2Fruns%2Fjob-7", "Accept: text/html")
    assert again.status == 403 and b'value="/runs/job-7"' in again.body and b"has been used" in again.body


def test_a_session_reads_and_changes_only_from_the_own_page(guarded):
    host = f"localhost:{guarded.port}"
    cookie = "Cookie: other=1; " + log_in(guarded).split(";")[0]
    assert ask(guarded, "GET", "/api/runs", cookie, host=host).status == 200
    assert ask(guarded, "GET", "/", cookie, host=host).status == 200
    # Another port's cookie: the browser would send it here too.
    assert ask(guarded, "GET", "/api/runs", cookie, host="localhost:1").status == 401
    line = b'{"v":1,"runId":"posted","sourceId":"s"}\n'
    assert ask(guarded, "POST", "/api/ingest", cookie, host=host, body=line).code == "foreign-origin"
    foreign = ask(guarded, "POST", "/api/ingest", cookie, "Origin: http://evil.example", host=host, body=line)
    assert foreign.code == "foreign-origin"
    own = f"Origin: http://{host}"
    assert ask(guarded, "POST", "/api/ingest", cookie, own, host=host, body=line).status == 202
    assert upgrade(guarded, "/ws", cookie, host=host).status == 403
    assert upgrade(guarded, "/ws", cookie, own, host=host).status == 101
    assert ask(guarded, "POST", "/api/login", cookie, own, host=host).code == "token-required"
    assert ask(guarded, "GET", "/api/runs", "Cookie: " + cookie[8:][:-1] + "x", host=host).status == 401


def test_login_url_makes_another(guarded, token_file):
    answer = teltel("login-url", "--url", guarded.url, "--token-file", token_file)
    assert answer.returncode == 0 and answer.stdout.startswith(guarded.url + "/login?code=")
    path = answer.stdout.strip().removeprefix(guarded.url)
    assert ask(guarded, "GET", path).status == 303
    assert ask(guarded, "GET", login_path(guarded)).status == 303  # the first one still works
    without = teltel("login-url", "--url", guarded.url)
    assert without.returncode == 1 and "--token-file" in without.stderr


def test_only_so_many_login_urls_are_open(guarded):
    for _ in range(20):
        assert ask(guarded, "POST", "/api/login", with_token()).status == 200
    assert ask(guarded, "GET", login_path(guarded)).code == "bad-login-code"


def test_commands_take_the_token(guarded, token_file, vehicle):
    vehicle("watched", 1, False).wait()
    wait_until(lambda: b'"completed"' in ask(guarded, "GET", "/api/runs", with_token()).body, "the run has ended")
    assert "watched" in teltel("runs", "--url", guarded.url, "--token-file", token_file).stdout
    tail = teltel("tail", "watched", "--url", guarded.url, "--lines", "1", TELTEL_TOKEN=TOKEN)
    assert tail.returncode == 0 and "run.end" in tail.stdout
    for command in (["runs"], ["tail", "watched"]):
        without = teltel(*command, "--url", guarded.url)
        assert without.returncode == 1 and "--token-file" in without.stderr
    assert "a collector is running" in teltel("doctor", "--no-storage", "--shm-dir", guarded.shm, "--port", guarded.port).stdout


def test_the_token_is_said_nowhere(make_collector, monkeypatch):
    monkeypatch.setenv("TELTEL_TOKEN", TOKEN)
    monkeypatch.setenv("TELTEL_LOG_LEVEL", "trace")
    collector = make_collector()
    for authorization in ([], [with_token()], [with_token("y" * 30)]):
        ask(collector, "GET", "/api/runs", *authorization)
    host = wait_until(lambda: subprocess.run(["pgrep", "-P", str(collector.process.pid)], capture_output=True, text=True).stdout, "the child")
    for pid in host.split():
        assert TOKEN.encode() not in open(f"/proc/{pid}/environ", "rb").read()
    assert collector.stop() == 0
    assert TOKEN not in collector.output() and "y" * 30 not in collector.output()


def test_a_browser_without_a_login_is_told_how(guarded):
    answer = ask(guarded, "GET", "/", "Accept: text/html,*/*;q=0.8")
    assert answer.status == 401 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"teltel login-url" in answer.body and b"<script" not in answer.body


def test_beyond_loopback_addresses_are_hosts_and_foreign_names_are_not(make_collector, token_file):
    collector = make_collector("--no-storage", "--bind", "0.0.0.0", "--token-file", str(token_file), "--allow-host", "lab.example")
    for host in ("127.0.0.1", "192.0.2.7:8080", "[2001:db8::1]:80", "localhost", "lab.example:1"):
        assert ask(collector, "GET", "/api/runs", with_token(), host=host).status == 200, host
        assert ask(collector, "GET", "/api/runs", host=host).status == 401, host
    for host in ("evil.example", "192.0.2.7.evil.example", "[::1", "1.2.3.4.5"):
        assert ask(collector, "GET", "/api/runs", with_token(), host=host).code == "foreign-host", host


def test_without_a_token_nobody_logs_in(shared):
    assert ask(shared, "GET", "/login?code=x").headers["location"] == "/"
    assert ask(shared, "POST", "/api/login").code == "no-token"
    assert refused(shared, "token") == 0
