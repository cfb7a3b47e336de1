"""What the README says is done: its commands run, its code is the examples' code, its commands are the program's."""
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.M | re.S)
# These take the whole machine, or are what runs this test.
NOT_HERE = ("git clone", "make demo", "make test")


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def test_its_commands_run_in_order(live, shm):
    script = "\n".join(text for text in blocks("sh") if not any(words in text for words in NOT_HERE))
    port = str(live.port)
    environment = {**os.environ, "TELTEL_SHM_DIR": shm, "TELTEL_BASE_URL": live.url, "TELTEL_HTTP_PORT": port}
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script.replace("8080", port)], cwd=ROOT, env=environment, capture_output=True,
        text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"accepted":202' in done.stdout and "pos.x=" in done.stdout
    runs = live.json("/api/runs")
    balls = [run for run in runs if run["sourceId"] == "ball-engine"]
    assert len(balls) == 3  # C++, C, Swift
    for run in balls:
        live.wait_status(run["runId"], "completed")
    assert live.wait_status("posted-run", "completed")["accepted"] == 202


def test_its_code_is_the_code_of_the_examples():
    files = {
        "cpp": ["examples/minimal/cpp/main.cpp"],
        "swift": ["examples/minimal/swift/Package.swift", "examples/minimal/swift/Sources/minimal/main.swift"],
    }
    assert {kind for kind, _ in BLOCKS} == {"sh", *files}
    for language, names in files.items():
        assert len(blocks(language)) == len(names)
        for text, name in zip(blocks(language), names):
            assert text in (ROOT / name).read_text(), f"not in {name}:\n{text}"


def test_it_names_exactly_the_commands_that_there_are():
    build = Path(os.environ.get("TELTEL_BUILD", ROOT / "build"))
    text = subprocess.run([build / "bin/teltel", "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    there = re.findall(r"^  ([a-z-]+)(?:, [a-z-]+)*  ", text.split("SUBCOMMANDS:")[1], re.M)
    assert re.findall(r"^\| `teltel ([\w-]+)", README, re.M) == there


def test_it_names_targets_that_the_makefile_has():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"make ([a-z]+)", README))
    assert {"demo", "test"} <= named <= targets


def test_its_pictures_are_small():
    for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / name).stat().st_size < 200_000
