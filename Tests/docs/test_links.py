"""Documents point only to what is there."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def documents():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.splitlines()
    if listed.returncode != 0:  # no clone: an unpacked archive
        paths = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
        names = [str(path) for path in paths if not any(part.startswith((".", "build")) for part in path.parts)]
    return sorted(name for name in names if (ROOT / name).exists())


def anchors(text: str) -> set[str]:
    """Of the headings, as code hosts make them."""
    titles = re.findall(r"^#+ +(.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", documents())
def test_relative_links_lead_somewhere(name):
    document = ROOT / name
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        pointed = (document.parent / path).resolve() if path else document
        assert pointed.exists(), f"{name}: {target} does not exist"
        if anchor and pointed.suffix == ".md":
            assert anchor in anchors(pointed.read_text()), f"{name}: {target} has no such heading"
