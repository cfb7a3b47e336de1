"""Working on the page: saved is built, and served at the next reload."""
import os
import shutil
import signal
import subprocess

import pytest
from support import BUILD, ROOT, Collector, wait_until


@pytest.fixture
def served(tmp_path, shm):
    """A copy of the page's sources that is being worked on: `.url`, `.output()`, `.folder`, the folder of the sources."""
    for part in ("web", "scripts"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "build/bin").mkdir(parents=True)
    (tmp_path / "build/bin/teltel").symlink_to(BUILD / "bin/teltel")
    log = open(tmp_path / "collector.log", "wb")
    command = [tmp_path / "scripts/web_dev.py", "--no-storage", "--port", "0", "--shm-dir", shm, "--data-dir", tmp_path / "data"]
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env={**os.environ, "NO_COLOR": "1"})
    served = Collector(tmp_path, shm, [])
    served.process = process

    def url():
        assert process.poll() is None, served.output()
        return next((line.split()[1].rstrip("/") for line in served.output().splitlines() if line.startswith("url ")), None)

    try:
        served.url = wait_until(url, "the URL")
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def test_a_save_is_served(served):
    assert b"uPlot" in served.request("/")[2] and b"edited-by-a-test" not in served.request("/app.css")[2]
    with open(served.folder / "web/styles/base.css", "a") as style:
        style.write("\n.edited-by-a-test { color: red; }\n")
    wait_until(lambda: b"edited-by-a-test" in served.request("/app.css")[2], "the edited style is served")
    # A mistake is told, and what can be built is served.
    (served.folder / "web/src/main.ts").write_text('const wrong: number = "text";\nconsole.log(wrong);\n')
    wait_until(lambda: b"console.log" in served.request("/app.js")[2], "the edited script is served")
    wait_until(lambda: "error TS2322" in served.output(), "the type checker's complaint")
    # Nothing but the page's files is.
    (served.folder / "build/secret.txt").write_text("secret")
    for path in ("/../secret.txt", "/..%2Fsecret.txt", "/%2e%2e/secret.txt", "/.%2Fapp.js"):
        assert served.request(path)[0] == 404, path
