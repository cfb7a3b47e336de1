"""Imports of the page's source point one way: which folder may import which, and no file imports itself by a detour.

Type imports count as well: a file that needs the words of another cannot be read without it.
"""

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "web/src"

# Each folder may import itself, and those that are named here; those stand above it. What is not needed any more is struck off.
IMPORTS: dict[str, set[str]] = {
    "base": set(),
    "format": set(),
    # Requests to the collector, and what it answers.
    "wire": {"base", "format"},
    # What page and worker say to each other.
    "protocol": {"wire"},
    "worker": {"base", "wire", "protocol"},
    "data": {"base", "wire", "protocol"},
    "series": {"wire", "protocol", "data"},
    "plot": {"base", "format", "protocol"},
    "shell": {"base", "format", "wire"},
    # What several pages share.
    "pages": {"base", "wire", "shell"},
    "pages/run-list": {"base", "format", "wire", "shell", "pages"},
    "pages/run": {"base", "format", "wire", "protocol", "data", "series", "plot", "shell", "pages"},
    # `main.ts`, which puts all together.
    "": {"base", "shell", "pages", "pages/run-list", "pages/run"},
}

IMPORT = re.compile(r'''^import\b[^;"]*"([^"]+)"|^export\b[^;"]*\bfrom "([^"]+)"|\bimport\("([^"]+)"\)''', re.M)


def files() -> list[Path]:
    return [path for path in sorted(SOURCES.rglob("*.ts")) if not path.name.endswith(".d.ts")]


def imported(path: Path) -> list[Path]:
    names = ["".join(found) for found in IMPORT.findall(path.read_text())]
    assert all(name.startswith(".") for name in names), f"{path} imports a package: {names}"
    return [(path.parent / f"{name}.ts").resolve() for name in names]


def folder(path: Path) -> str:
    name = path.parent.relative_to(SOURCES).as_posix()
    return "" if name == "." else name


def test_every_folder_is_in_the_table():
    assert {folder(path) for path in files()} == set(IMPORTS)


@pytest.mark.parametrize("name", IMPORTS)
def test_which_folder_imports_which(name):
    found: dict[str, list[str]] = {}
    for path in files():
        if folder(path) == name:
            for other in imported(path):
                found.setdefault(folder(other), []).append(path.name)
    found.pop(name, None)
    assert set(found) == IMPORTS[name], found


def test_imports_point_one_way():
    order = list(IMPORTS)
    for place, name in enumerate(order):
        for other in IMPORTS[name]:
            assert order.index(other) < place, f"{name or 'main.ts'} imports {other}"


def test_no_file_imports_itself_by_a_detour():
    imports = {path: imported(path) for path in files()}
    done: set[Path] = set()

    def walk(path: Path, way: list[Path]) -> None:
        assert path not in way, " → ".join(str(step.relative_to(SOURCES)) for step in [*way[way.index(path):], path])
        if path not in done:
            for other in imports[path]:
                walk(other, [*way, path])
            done.add(path)

    for path in imports:
        walk(path, [])
