"""The library and its reader under the address and the thread sanitizer.

    build/test-python/bin/python Tests/sanitize/sanitize.py [thread] [address]

Builds into build/sanitize; each program must say nothing, and each planted bug must be found.
"""
from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUTPUT = ROOT / "build/sanitize"
PACKAGE = OUTPUT / "package"
LINKED = ["TeltelSDK", "CTeltelJSON", "TeltelEvents", "TeltelRings", "CTeltelStorage", "TeltelStorage", "TeltelTestSupport"]
TESTS = ["TeltelSDKTests", "TeltelRingsTests"]
PROGRAMS = {
    "misuse": "conformance/misuse.c", "overflow": "conformance/overflow.c", "selection": "conformance/selection.c",
    "forks": "faults/forks.c", "scenario": "conformance/scenario.c", "scenario_cpp": "conformance/scenario.cpp"}
# An emit reads its limit plainly, which saves it a register (HotPath.swift); that function writes nothing else. The end of a run
# looks for the newest frame in rings that may be written at that moment (RunClosing.swift).
KNOWN = "race:^ctel_set_limit$\nrace:RunClosingO6newest\n"
# Payloads that the producer may overwrite while they are copied, and that are thrown away then (PAIR P6 of ring_abi.h).
OVERWRITTEN = "race:FileMappingC4copy\n"
FOUND = {"thread": "WARNING: ThreadSanitizer: data race", "address": "ERROR: AddressSanitizer"}


# MARK: the package

def assemble() -> None:
    """Links to the sources; CTeltel and CTeltelRings with their inline functions as ordinary ones."""
    sources = PACKAGE / "Sources"
    sources.mkdir(parents=True, exist_ok=True)
    for name in LINKED:
        link(sources / name, ROOT / "Sources" / name)
    for name in ("race", "sight"):
        link(sources / name, HERE / name)
    for name in TESTS:
        link(PACKAGE / "Tests" / name, ROOT / "Tests" / name)
    for name, path in PROGRAMS.items():
        program = ROOT / "Tests" / path
        link(sources / name / f"main{program.suffix}", program)
        for header in program.parent.glob("*.h"):
            link(sources / name / header.name, header)
    out_of_line(sources / "CTeltel", ROOT / "Sources/CTeltel", ["record_copy.h", "ring_atomics.h", "writer_state.h"])
    link(sources / "CTeltel/include/teltel.hpp", ROOT / "include/teltel.hpp")
    out_of_line(sources / "CTeltelRings", ROOT / "Sources/CTeltelRings", ["CTeltelRings.h"])
    write(PACKAGE / "Package.swift", (HERE / "Package.swift").read_text())


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink():
        path.symlink_to(target)


def write(path: Path, text: str) -> None:
    """Untouched if it is so already: nothing is compiled again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


FUNCTION = re.compile(r"^static inline (?:__attribute__\(\(always_inline\)\) )?(?P<head>[^;{]*\))\s*(?P<body>\{)", re.M)


def out_of_line(target: Path, source: Path, headers: list[str]) -> None:
    """A C target whose functions in `headers` are declared there and defined in one file more."""
    definitions = ""
    for path in source.rglob("*"):
        if path.is_dir():
            continue
        place = target / path.relative_to(source)
        if path.name not in headers:
            link(place, path)
            continue
        text, bodies = split(path.read_text())
        write(place, text)
        definitions += bodies
    includes = "".join(f'#include "{name}"\n' for name in headers)
    planted = "#include <stdlib.h>\nstatic int planted(const char *name) { return getenv(name) != NULL; }\n" if "CTeltel.h" not in headers else ""
    write(target / "out_of_line.c", f"{includes}{planted}{plant(definitions)}")


def split(text: str) -> tuple[str, str]:
    """The header with declarations only, and the definitions. One function is one match up to its last brace."""
    declared, defined, at = "", "", 0
    while match := FUNCTION.search(text, at):
        depth, end = 0, match.start("body")
        while True:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
            if depth == 0:
                break
        declared += text[at:match.start()] + match["head"] + ";"
        defined += text[match.start("head"):end] + "\n"
        at = end
    assert defined, "no inline functions: have they another form now?"
    return declared + text[at:], defined


def plant(definitions: str) -> str:
    """A bug to be found: with PLANT_ORDER in the environment, the head is published without release."""
    right = "__atomic_store_n(head, position, __ATOMIC_RELEASE);"
    wrong = "__atomic_store_n(head, position, __ATOMIC_RELAXED);"
    return definitions.replace(right, f'if (planted("PLANT_ORDER")) {wrong} else {right}')


# MARK: building and running

def build(kind: str, products: list[str]) -> None:
    assemble()
    for product in products:
        command = ["swift", "build", "--package-path", PACKAGE, "--scratch-path", OUTPUT / kind, "-c", "release", "--sanitize", kind, "--product", product]
        done = subprocess.run(
            [str(part) for part in command], env={**os.environ, "NO_COLOR": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{product} cannot be built:\n{done.stdout}")


@dataclass(frozen=True)
class Outcome:
    code: int
    output: str

    def found(self, kind: str) -> bool:
        return FOUND[kind] in self.output


def run(kind: str, program: str, *arguments: str, known: str = "", timeout: float = 120, **variables: str) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="teltel-test-", dir="/dev/shm") as shm, contextlib.ExitStack() as stack:
        options = "halt_on_error=0:die_after_fork=0:exitcode=66:history_size=7"  # without history no report
        file = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".txt"))
        file.write(KNOWN + known)
        file.flush()
        options += f":suppressions={file.name}"
        environment = {**os.environ, "TELTEL_SHM_DIR": shm, "SWIFT_BACKTRACE": "enable=no", **variables}
        environment["TSAN_OPTIONS"] = options
        environment["ASAN_OPTIONS"] = "detect_leaks=0:exitcode=66:detect_stack_use_after_return=0"
        symbolizer = Path(shutil.which("swift") or "/").resolve().parent / "llvm-symbolizer"
        if symbolizer.exists():
            environment["TSAN_SYMBOLIZER_PATH"] = environment["ASAN_SYMBOLIZER_PATH"] = str(symbolizer)
        done = subprocess.run(
            [str(OUTPUT / kind / "release" / program), *arguments], env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout)
        return Outcome(done.returncode, done.stdout)


# What the race program does, and what it may do besides.
RACES = {"stream": "", "overwrite": OVERWRITTEN, "block": ""}
# Bugs to be found, by sanitizer: what the race program does, with which variables, and what the report names.
PLANTED = {
    "thread": {
        "a reader that does not wait for the head": ("plant-header", {}, "plantHeader"),
        "a writer of two threads": ("plant-shared-writer", {}, "plantSharedWriter"),
        "a head that is published without release": ("stream", {"PLANT_ORDER": "1"}, "FileMapping")},
    "address": {"a record shorter than its type": ("plant-short-record", {}, "ctel_copy")}}
MISUSES = ["null_run", "after_the_end", "limits", "wrong_definitions", "wrong_options", "no_descriptors", "too_many_writers",
           "thousand_threads", "thousand_runs", "end_while_others_emit", "forked"]
OVERFLOWS = ["overwrite", "overwrite_reserved", "full", "block_without_a_reader", "block_ends_with_the_run"]
FORKS = ["emit", "own", "grandchild", "writer"]
CASES = [("scenario",), ("scenario_cpp",), ("selection",), *(("misuse", case) for case in MISUSES),
         *(("overflow", case) for case in OVERFLOWS), *(("forks", what) for what in FORKS)]


def check_race(kind: str, what: str) -> str:
    """What is wrong; empty: nothing."""
    outcome = run(kind, "race", what, known=RACES[what])
    return "" if outcome.code == 0 and "done" in outcome.output else f"race {what}: {outcome.code}\n{outcome.output}"


def check_planted(kind: str, bug: str) -> str:
    """A race is seen only if both sides of it run at the same time: a machine with much else to do may need more than one look."""
    what, variables, named = PLANTED[kind][bug]
    for _ in range(5):
        outcome = run(kind, "race", what, known=RACES.get(what, ""), **variables)
        if FOUND[kind] in outcome.output and named in outcome.output and outcome.code != 0:
            return ""
    return f"{bug} was not found: {outcome.code}\n{outcome.output}"


def check_case(kind: str, case: tuple[str, ...]) -> str:
    """The programs of the other tests, with all of the library under the sanitizer. What they leave behind is those tests' matter."""
    outcome = run(kind, *case, timeout=600, **({"TELTEL_ENABLE": "*"} if case == ("selection",) else {}))
    return "" if outcome.code == 0 and not outcome.found(kind) else f"{' '.join(case)}: {outcome.code}\n{outcome.output}"


def unit_tests(kind: str) -> str:
    command = ["swift", "test", "--package-path", PACKAGE, "--scratch-path", OUTPUT / kind, "-c", "release", "--disable-testable-imports",
               "--sanitize", kind]
    options = {"TSAN_OPTIONS": "exitcode=66", "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **options, "NO_COLOR": "1"}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace")
    return "" if done.returncode == 0 and FOUND[kind] not in done.stdout else f"unit tests: {done.returncode}\n{done.stdout}"


def main() -> int:
    wrong = []
    for kind in sys.argv[1:] or ["thread", "address"]:
        build(kind, ["race", *PROGRAMS])
        checks = [(f"race {what}", lambda what=what: check_race(kind, what)) for what in RACES]
        checks += [(f"planted: {bug}", lambda bug=bug: check_planted(kind, bug)) for bug in PLANTED[kind]]
        checks += [(" ".join(case), lambda case=case: check_case(kind, case)) for case in CASES]
        checks += [("unit tests", lambda: unit_tests(kind))]
        for name, check in checks:
            problem = check()
            print(f"sanitize: {kind}: {name}: {'not as it should be' if problem else 'good'}", flush=True)
            if problem:
                wrong.append(problem)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
