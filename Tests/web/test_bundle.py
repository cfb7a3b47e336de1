"""What a browser has to load."""

import gzip
import re
import subprocess

from support import BUILD, ROOT

BYTES_MAX = 250_000


def test_the_page_is_small():
    """All of it, compressed: page, scripts, styles, the worker."""
    files = [path for path in (BUILD / "web").iterdir() if path.suffix in (".html", ".js", ".css", ".svg")]
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in files}
    loaded = re.findall(r'(?:src|href)="/([^"]+)"', (BUILD / "web/index.html").read_text())
    assert loaded and set(loaded) <= set(sizes), sizes
    assert sum(sizes.values()) < BYTES_MAX, sizes


def test_what_is_served_is_what_was_built(live):
    """The files lie in the program: one that is older than they are shows an old page."""
    for path in (BUILD / "web").iterdir():
        assert live.request(f"/{path.name}")[2] == path.read_bytes(), path.name


def test_the_linter_finds_nothing():
    """What types can say was said by the build, which does not go on after a complaint of the compiler."""
    done = subprocess.run([ROOT / "scripts/lint-web.sh"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
