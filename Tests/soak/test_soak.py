"""A quarter of a minute of the soak and a few kills; `make soak-live`, `make soak-engine` and `make soak-storage` go on for longer."""
import subprocess
import sys
from pathlib import Path


def test_a_short_soak(tmp_path):
    output = tmp_path / "soak.txt"
    command = [sys.executable, Path(__file__).with_name("live.py"), "0.25", "--output", output]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    text = output.read_text()
    assert text.endswith("all invariants hold\n") and "events stored: " in text and "runs followed to their end: " in text


def test_a_few_kills(tmp_path):
    output = tmp_path / "kills.txt"
    command = [sys.executable, Path(__file__).with_name("engine.py"), "3", "--stride", "2003", "--output", output]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    text = output.read_text()
    assert text.endswith("all invariants hold\n")
    for figure in ("attempted", "accepted", "refused", "stored", "lost"):
        assert f"\n{figure}: " in text


def test_a_few_kills_while_storing(tmp_path):
    output = tmp_path / "storage.txt"
    command = [sys.executable, Path(__file__).with_name("storage.py"), "3", "--output", output]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    text = output.read_text()
    assert text.endswith("all invariants hold\n") and "\nkills: 3\n" in text and "\nstored: " in text
