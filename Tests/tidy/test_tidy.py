"""The project's own rules, read from its source: who may import whom, where raw pointers and clocks may be, what must not be left behind."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "Sources"

# By target, in the data's order: the project's targets that it imports, all of them above; and modules of other packages.
IMPORTS: dict[str, tuple[set[str], set[str]]] = {
    "TeltelSDK": ({"CTeltel"}, set()),
    "TeltelEvents": ({"CTeltel", "CTeltelJSON"}, set()),
    "TeltelRings": ({"CTeltel", "CTeltelRings", "TeltelEvents"}, set()),
    "TeltelBus": ({"TeltelEvents"}, {"HeapModule"}),
    "TeltelLive": ({"CTeltel", "CTeltelRings", "TeltelEvents", "TeltelBus"}, {"NIOCore"}),
    "TeltelStorage": ({"CTeltel", "CTeltelJSON", "CTeltelRings", "CTeltelStorage", "TeltelEvents", "TeltelRings"}, set()),
    "TeltelAnalysis": ({"TeltelEvents"}, set()),
    "TeltelQuery": ({"TeltelAnalysis", "TeltelEvents", "TeltelStorage"}, set()),
    "TeltelControl": ({"TeltelEvents"}, {"GRDB"}),
    "TeltelIngest": (
        {"CTeltelCompression", "CTeltelJSON", "CTeltelRings", "TeltelControl", "TeltelEvents", "TeltelSDK"}, {"Logging", "NIOCore"}),
    "TeltelRuns": ({"TeltelControl", "TeltelEvents", "TeltelIngest", "TeltelRings"}, set()),
    "TeltelBooks": (
        {"CTeltelRings", "TeltelAnalysis", "TeltelBus", "TeltelControl", "TeltelEvents", "TeltelIngest", "TeltelQuery", "TeltelRings", "TeltelRuns",
         "TeltelStorage"}, {"Logging", "NIOPosix"}),
    "TeltelWebSocket": (set(), {"NIOCore", "NIOHTTP1", "NIOWebSocket"}),
    "TeltelAPI": ({"TeltelControl", "TeltelEvents"}, set()),
    "TeltelAnswers": ({"TeltelAPI", "TeltelAnalysis", "TeltelControl", "TeltelEvents", "TeltelQuery"}, set()),
    "TeltelHTTP": ({"CTeltelPort", "TeltelAPI"}, {"HTTPTypes", "Hummingbird", "HummingbirdCore", "NIOCore", "NIOHTTP1"}),
    "TeltelIngestHTTP": ({"TeltelHTTP", "TeltelIngest"}, {"HTTPTypes", "HummingbirdCore", "NIOCore", "NIOHTTP1", "NIOHTTPTypes"}),
    "Collector": (
        {"CTeltelPort", "CTeltelUI", "TeltelAPI", "TeltelAnalysis", "TeltelAnswers", "TeltelBooks", "TeltelBus", "TeltelControl", "TeltelEvents", "TeltelHTTP",
         "TeltelIngest", "TeltelIngestHTTP", "TeltelLive", "TeltelQuery", "TeltelRings", "TeltelRuns", "TeltelSDK", "TeltelStorage",
         "TeltelWebSocket"},
        {"ArgumentParser", "HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "NIOHTTP1", "NIOHTTPTypes",
         "NIOHTTPTypesHTTP1", "NIOPosix", "NIOWebSocket", "ServiceLifecycle"}),
    "TeltelTestSupport": ({"CTeltel", "TeltelEvents", "TeltelStorage"}, set()),
}
OF_THE_SYSTEM = {"Dispatch", "Foundation", "Glibc", "Synchronization"}

# Raw pointers belong into folders named Fence and into the writer's core. These files have some, each behind a small type; none may come.
POINTERS_OUTSIDE = """
Collector/HTTP/Analysis/StoredFields Collector/HTTP/UIRoutes
TeltelEvents/Batch TeltelEvents/JSONCheck TeltelEvents/JSONText TeltelEvents/Name TeltelEvents/PayloadParser TeltelEvents/PayloadTemplate
TeltelEvents/Schema TeltelEvents/TagText
TeltelIngest/BodyDecoder TeltelIngest/IngestLane TeltelIngest/IngestRequest TeltelIngest/LineCutter TeltelIngest/StreamTable
TeltelIngestHTTP/RepeatedHead
TeltelLive/ColumnBlock TeltelLive/ColumnReducer TeltelLive/NumberColumns
TeltelRings/LiveMarks TeltelRings/LiveReader TeltelRings/RecordScanner TeltelRings/RingCursor TeltelRings/RingMapping TeltelRings/RunFile
TeltelRings/RunTable
TeltelStorage/ClickHouse/HostFiles TeltelStorage/Spool/ByteCoding TeltelStorage/Spool/SegmentWriter
TeltelTestSupport/FaultyFiles TeltelTestSupport/RingFolder TeltelTestSupport/Rounds
""".split()
POINTER = re.compile(r"\b(Unsafe(Mutable)?(Raw)?(Buffer)?Pointer|OpaquePointer|withUnsafe\w+|unsafelyUnwrapped)\b")

# Rules get the time from outside. Nothing of these targets may ask for it.
WITHOUT_CLOCK = ["TeltelEvents", "TeltelBus", "TeltelAnalysis", "TeltelControl", "TeltelRuns", "TeltelWebSocket", "TeltelHTTP"]
CLOCK = re.compile(r"\b(Date\(\)|ContinuousClock\.now|SuspendingClock\.now|teltel_wall_ns|teltel_monotonic_ns|clock_gettime|time\(nil\))")

# Longer than a file should be, each for a reason.
LONG = {
    "include/teltel.h": "the face of the library: one file to read, most of it comments",
    "Tests/compatibility/0.1/teltel.h": "a frozen copy",
    "embedded-clickhouse/host.py": "written out and started alone",
    "Tests/conformance/misuse.c": "each misuse of the library, one after the other",
}
LINES_MAX = 400
CODE = {".swift", ".c", ".cpp", ".h", ".hpp", ".py", ".ts", ".css", ".sh"}


def files(folder: Path, *suffixes: str) -> list[Path]:
    skipped = {".build", ".build-library", ".git", "build", "vendor", "node_modules", "__pycache__"}
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name in skipped:
            continue
        if path.is_dir():
            found += files(path, *suffixes)
        elif path.suffix in suffixes:
            found.append(path)
    return found


def code(path: Path) -> str:
    """Without comments and texts."""
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', re.sub(r"//[^\n]*", "", path.read_text()))


def test_every_target_is_in_the_table():
    targets = {path.name for path in SOURCES.iterdir() if path.is_dir() and not path.is_symlink() and files(path, ".swift")}
    assert targets == set(IMPORTS)


@pytest.mark.parametrize("target", IMPORTS)
def test_who_imports_whom(target):
    found: set[str] = set()
    for path in files(SOURCES / target, ".swift"):
        found |= set(re.findall(r"^(?:@\w+ |public |package |internal |private )*import (?:struct |enum |func |class )?(\w+)", path.read_text(), re.M))
    own, foreign = IMPORTS[target]
    assert found - OF_THE_SYSTEM == own | foreign


def test_imports_point_one_way():
    order = list(IMPORTS)
    for place, target in enumerate(order):
        for imported in IMPORTS[target][0] & set(order):
            assert order.index(imported) < place, f"{target} imports {imported}"


def test_raw_pointers_stay_behind_the_fence():
    found = set()
    for target in IMPORTS:
        if target == "TeltelSDK":
            continue
        for path in files(SOURCES / target, ".swift"):
            if "Fence" not in path.parts and POINTER.search(code(path)):
                found.add(str(path.relative_to(SOURCES).with_suffix("")))
    assert found == set(POINTERS_OUTSIDE)


@pytest.mark.parametrize("target", WITHOUT_CLOCK)
def test_rules_get_the_time_from_outside(target):
    assert [path.name for path in files(SOURCES / target, ".swift") if CLOCK.search(code(path))] == []


def test_messages_name_no_file_of_the_repository():
    """Who has installed teltel has no docs/ beside it."""
    message = re.compile(r'"[^"\n]*docs/[^"\n]*"')
    found = [str(path.relative_to(ROOT)) for path in files(SOURCES, ".swift", ".c", ".cpp") if message.search(path.read_text())]
    assert found == []


def test_what_is_shipped_is_not_opened_for_tests():
    """Tests see what the rest of the package sees: nothing is compiled so that they could look deeper."""
    assert "enable-testing" not in (ROOT / "Package.swift").read_text()
    assert [str(path) for path in files(ROOT / "Tests", ".swift") if "@testable" in path.read_text()] == []


def test_nothing_is_left_to_be_done():
    mark = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    found = [f"{path.relative_to(ROOT)}: {line.strip()}" for path in files(ROOT, *CODE) for line in path.read_text().splitlines() if mark.search(line)]
    assert found == []


def test_files_are_of_a_size_that_can_be_read(record_property):
    sizes = sorted(((len(path.read_text().splitlines()), str(path.relative_to(ROOT))) for path in files(ROOT, *CODE)), reverse=True)
    record_property("largest files", ", ".join(f"{name} {lines}" for lines, name in sizes[:10]))
    assert {name for lines, name in sizes if lines > LINES_MAX} == set(LONG)
