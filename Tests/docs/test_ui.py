"""docs/ui.md: every promise has a test that exists."""
import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/ui.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w.]+\.py)::(\w+)`", TEXT)))


@pytest.mark.parametrize("file, name", NAMED, ids=[name for _, name in NAMED])
def test_named_test(file, name):
    (path,) = (ROOT / "Tests").rglob(file)
    functions = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert name in functions and name.startswith("test_")


def test_every_promise_names_tests():
    rows = TEXT.split("| Promise | Test |\n|---|---|\n")[1].strip().splitlines()
    assert len(rows) > 30
    for row in rows:
        assert re.fullmatch(r"\| [^|]+ \| `[\w.]+\.py::\w+`(, `[\w.]+\.py::\w+`)* \|", row), row
