"""docs/reliability.md: every fault has a test that exists, and what it calls on exists. The tests that docs/answers.md names exist as well."""
import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/reliability.md").read_text()
ANSWERS = (ROOT / "docs/answers.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w.]+\.(?:py|swift))::(\w+)`", TEXT + ANSWERS)))
FAULTS = [line for section in TEXT.split("\n## ") if section.startswith("Faults") for line in section.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("file, name", NAMED, ids=[name for _, name in NAMED])
def test_named_test(file, name):
    (path,) = (ROOT / "Tests").rglob(file)
    if file.endswith(".swift"):
        assert re.search(rf"@Test\b[^{{]*func {name}\(", path.read_text())
        return
    functions = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert name in functions and name.startswith("test_")


def test_every_fault_names_a_test_and_a_result():
    rows = [line for line in FAULTS if not re.match(r"\|(---|\s*Fault)", line)]
    assert len(rows) > 50
    for row in rows:
        _, fault, test, result, _ = re.split(r"(?<!\\)\|", row)
        assert fault.strip() and result.strip() and re.fullmatch(r" `[\w.]+\.(py|swift)::\w+` ", test), row


def test_its_targets_are_in_the_makefile():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"make ([a-z-]+)", TEXT))
    assert {"soak-live", "fuzz", "test"} <= named <= targets
    for variable in re.findall(r"make [a-z-]+ ([A-Z_]+)=", TEXT):
        assert f"$({variable})" in (ROOT / "Makefile").read_text()
