"""Builds the fuzzers of Tests/fuzz and runs them.

    build/test-python/bin/python Tests/fuzz/fuzz.py SECONDS [NAME ...]

New inputs that reach new code go to build/fuzz/NAME/found; an input that breaks something is written to build/fuzz/NAME and its
path is printed. Keep it in Tests/fuzz/corpus/NAME when it is cured.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUTPUT = ROOT / "build/fuzz"
PACKAGE = HERE / "swift"
IN_CPP = sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.cpp"))
IN_SWIFT = sorted(path.name.removeprefix("fuzz_") for path in (PACKAGE / "Sources").glob("fuzz_*"))
NAMES = IN_CPP + IN_SWIFT
# A crash is the fuzzer's to report: Swift's own reporter would stop the program and take minutes.
ENVIRONMENT = {**os.environ, "SWIFT_BACKTRACE": "enable=no", "NO_COLOR": "1"}


@cache
def compiler() -> str:
    """The Swift toolchain's clang brings the fuzzer's runtime along; Debian's needs libclang-rt-14-dev."""
    swift = shutil.which("swift")
    beside = Path(swift).resolve().parent / "clang++" if swift else None
    for found in (beside, shutil.which("clang++"), shutil.which("clang++-14")):
        if found and Path(found).exists():
            check = subprocess.run(
                [found, "-fsanitize=fuzzer,address", "-x", "c++", "-", "-o", "/dev/null"], capture_output=True,
                input=b'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }')
            if check.returncode == 0:
                return str(found)
    raise SystemExit("no clang with libFuzzer: put Swift's own clang on PATH, or install clang-14 and libclang-rt-14-dev")


def build(name: str) -> Path:
    return build_swift(name) if name in IN_SWIFT else build_cpp(name)


def build_cpp(name: str) -> Path:
    program = OUTPUT / name / "fuzzer"
    program.parent.mkdir(parents=True, exist_ok=True)
    sources = [HERE / f"fuzz_{name}.cpp", *sorted((ROOT / "Sources/CTeltelJSON").glob("*.cpp"))]
    # What the fuzzers share is compiled once.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compiled, sources))
    command = [compiler(), "-fsanitize=fuzzer,address,undefined", *objects, "-lsimdjson", "-o", program]
    subprocess.run([str(part) for part in command], check=True)
    return program


def compiled(source: Path) -> Path:
    """Its object file, made anew when it or a header is younger."""
    target = OUTPUT / "cpp" / f"{source.stem}.o"
    target.parent.mkdir(parents=True, exist_ok=True)
    read = [source, *(ROOT / "Sources/CTeltelJSON").rglob("*.h*")]
    if target.exists() and target.stat().st_mtime > max(path.stat().st_mtime for path in read):
        return target
    command = [
        compiler(), "-std=c++17", "-g", "-O1", "-fsanitize=fuzzer-no-link,address,undefined", "-fno-sanitize-recover=undefined",
        f"-I{ROOT / 'Sources/CTeltelJSON/include'}", f"-I{ROOT / 'Sources/CTeltelJSON'}", "-c", source, "-o", target]
    subprocess.run([str(part) for part in command], check=True)
    return target


def build_swift(name: str) -> Path:
    """The collector's files and SwiftNIO, all of them watched by the fuzzer. The first time takes minutes."""
    scratch = OUTPUT / "swift"
    # Line numbers, but neither names of variables nor an index: a sixth less to wait for.
    quick = ["--disable-index-store", "-Xswiftc", "-gline-tables-only"]
    command = ["swift", "build", "--package-path", PACKAGE, "--scratch-path", scratch, "--sanitize", "fuzzer", *quick, "--product", f"fuzz_{name}"]
    done = subprocess.run([str(part) for part in command], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f"fuzz_{name} cannot be built:\n{done.stdout}")
    return scratch / "debug" / f"fuzz_{name}"


def fuzz(name: str, seconds: int) -> tuple[bool, str]:
    """Whether nothing broke, and what the fuzzer said."""
    program = build(name)
    found = OUTPUT / name / "found"
    found.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(program), f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048",
         f"-artifact_prefix={OUTPUT / name}/", str(found), str(HERE / "corpus" / name)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=OUTPUT / name, env=ENVIRONMENT)
    return done.returncode == 0, done.stdout


def main() -> int:
    seconds = int(sys.argv[1])
    for name in sys.argv[2:] or NAMES:
        good, output = fuzz(name, seconds)
        print(f"fuzz: {name}: {output.splitlines()[-1]}" if good else output, flush=True)
        if not good:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
