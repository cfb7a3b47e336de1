"""Some seconds of the soak and a few kills; `make soak-live`, `make soak-engine` and `make soak-storage` go on for longer."""
import subprocess
import sys
from pathlib import Path


def test_a_short_soak(tmp_path, amount):
    output = tmp_path / "soak.txt"
    command = [sys.executable, Path(__file__).with_name("live.py"), amount("0.12", whole="1"), "--output", output]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    text = output.read_text()
    assert text.endswith("all invariants hold\n") and "events stored: " in text and "runs followed to their end: " in text


def test_a_few_kills(tmp_path, amount):
    output = tmp_path / "kills.txt"
    command = [sys.executable, Path(__file__).with_name("engine.py"), amount("3", whole="50"), "--stride", amount("2003", whole="211"), "--output", output]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    text = output.read_text()
    assert text.endswith("all invariants hold\n")
    for figure in ("attempted", "accepted", "refused", "stored", "lost"):
        assert f"\n{figure}: " in text


def test_a_few_kills_while_storing(tmp_path, amount):
    kills = amount("3", whole="50")
    output = tmp_path / "storage.txt"
    command = [sys.executable, Path(__file__).with_name("storage.py"), kills, "--output", output]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    text = output.read_text()
    assert text.endswith("all invariants hold\n") and f"\nkills: {kills}\n" in text and "\nstored: " in text
