"""What docs/library.md says is done: its commands run, its code is the examples' code."""
import os
import re
import subprocess

from installation import VERSION
from support import ROOT

PAGE = (ROOT / "docs/library.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.M | re.S)


def test_its_commands_run_in_order(shm):
    script = "\n".join(text for kind, text in BLOCKS if kind == "sh")
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script], cwd=ROOT, env={**os.environ, "TELTEL_SHM_DIR": shm}, capture_output=True,
        text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"libteltel-dev_{VERSION}" in done.stdout and len(os.listdir(shm)) == 4


def test_its_c_code_compiles(tmp_path):
    (text,) = [text for kind, text in BLOCKS if kind == "c"]
    source = tmp_path / "block.c"
    source.write_text(f"#include <teltel.h>\nvoid f(teltel_field *fields, size_t field_count);\n"
                      f"void f(teltel_field *fields, size_t field_count) {{\n{text}}}\n")
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}", "-fsyntax-only", source], check=True)


def test_its_swift_code_is_that_of_the_example():
    (text,) = [text for kind, text in BLOCKS if kind == "swift"]
    assert text in (ROOT / "examples/minimal/swift/Package.swift").read_text()
