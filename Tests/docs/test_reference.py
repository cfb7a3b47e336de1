"""`make docs`: the reference pages name every function, and show programs that are compiled elsewhere."""
import json
import re
import subprocess

from support import ROOT


def test_the_reference_names_every_function_and_type(tmp_path):
    done = subprocess.run([ROOT / "scripts/build-docs.sh", tmp_path], cwd=ROOT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "c/teltel_8h.html").read_text()
    functions = re.findall(r"^TELTEL_API .*?\b(teltel_\w+)\(", (ROOT / "include/teltel.h").read_text(), re.M)
    assert len(functions) > 25 and not [name for name in functions if f"{name}()</h2>" not in page]
    assert "ball.state" in (tmp_path / "c/index.html").read_text()
    front = json.loads((tmp_path / "swift/data/documentation/teltelsdk.json").read_text())
    assert "ball.state" in json.dumps(front)
    titles = {reference["title"] for reference in front["references"].values() if "title" in reference}
    assert {"Run", "RunOptions", "EventType", "Field", "Writer", "TypeSchema", "Drops", "Tags"} <= titles
