"""`make install`: engines build from an empty folder with plain compilers, pkg-config and CMake, wherever the prefix is now."""
import os
import re
import shutil
import subprocess

import pytest
from installation import MINIMAL, VERSION, Installation, check_records, files_under, make, run
from support import ROOT

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Installation:
    """Installed through DESTDIR, then moved: nothing in it may remember where it was."""
    stage = tmp_path_factory.mktemp("stage")
    make("install", PREFIX="/opt/teltel", DESTDIR=stage)
    moved = tmp_path_factory.mktemp("moved") / "tools"
    (stage / "opt/teltel").rename(moved)
    return Installation(moved)


def test_what_is_installed(installation):
    files = files_under(installation.prefix)
    for name in (
        "bin/teltel", "include/teltel.h", "include/teltel.hpp", "lib/libteltel.a", "lib/libteltel.so", "lib/libteltel.so.0",
        f"lib/libteltel.so.{VERSION}", "lib/pkgconfig/teltel.pc", "lib/cmake/teltel/teltelConfig.cmake",
        "lib/cmake/teltel/teltelConfigVersion.cmake", "share/man/man1/teltel.1", "share/man/man3/teltel.3", "share/bash-completion/completions/teltel",
        "share/zsh/site-functions/_teltel", "share/fish/vendor_completions.d/teltel.fish",
    ):
        files.remove(name)
    assert not files


def test_nothing_remembers_where_it_was_built_or_installed(installation):
    for name in files_under(installation.prefix) - {"bin/teltel"}:
        content = (installation.prefix / name).read_bytes()
        assert b"/opt/teltel" not in content and str(ROOT).encode() not in content, name


def test_the_library_alone(tmp_path):
    make("install-library", PREFIX="/usr", LIBDIR="/usr/lib/some-machine", DESTDIR=tmp_path)
    files = files_under(tmp_path)
    assert "usr/lib/some-machine/libteltel.so.0" in files and not any("bin/" in name for name in files)


@pytest.mark.parametrize("compiler, language", [("gcc", "c"), ("clang", "c"), ("g++", "cpp"), ("clang++", "cpp")])
def test_pkg_config(installation, tmp_path, shm, compiler, language):
    source = shutil.copy(MINIMAL[language], tmp_path)
    standard = {"c": "-std=c99", "cpp": "-std=c++17"}[language]
    flags = installation.pkg_config("--cflags", "--libs")
    run([compiler, standard, *WARNINGS, source, *flags, "-lm", "-o", "engine"], cwd=tmp_path)
    check_records(tmp_path / "engine", shm, installation.lib)


@pytest.mark.parametrize("compiler, language", [("gcc", "c"), ("clang", "c"), ("g++", "cpp")])
def test_pkg_config_fully_static(installation, tmp_path, shm, compiler, language):
    source = shutil.copy(MINIMAL[language], tmp_path)
    flags = installation.pkg_config("--cflags", "--libs", "--static")
    standard = {"c": "-std=c99", "cpp": "-std=c++17"}[language]
    run([compiler, standard, "-static", source, *flags, "-lm", "-Wl,--fatal-warnings", "-o", "engine"], cwd=tmp_path)
    assert "INTERP" not in run(["readelf", "-l", tmp_path / "engine"])
    check_records(tmp_path / "engine", shm)


CMAKE = """
cmake_minimum_required(VERSION 3.18)
project(engines C CXX)
find_package(teltel {version} REQUIRED)
set(CMAKE_CXX_STANDARD 17)
add_executable(shared main.c)
target_link_libraries(shared PRIVATE teltel::teltel m)
add_executable(static main.cpp)
target_link_libraries(static PRIVATE teltel::static)
"""


def configure(installation, folder, version):
    for source in MINIMAL.values():
        shutil.copy(source, folder)
    (folder / "CMakeLists.txt").write_text(CMAKE.format(version=version))
    command = ["cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={installation.prefix}"]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("target", ["shared", "static"])
def test_cmake(installation, tmp_path, shm, target):
    done = configure(installation, tmp_path, "0.1")
    assert done.returncode == 0, done.stderr
    run(["cmake", "--build", tmp_path / "build", "--target", target])
    check_records(tmp_path / "build" / target, shm)  # CMake's own run path finds the shared one
    needed = "libteltel.so.0" in run(["readelf", "-d", tmp_path / "build" / target])
    assert needed == (target == "shared")


@pytest.mark.parametrize("version, fits", [("", True), ("0.1.0", True), ("0.1.9", False), ("0.2", False), ("1", False)])
def test_cmake_asks_for_a_version(installation, tmp_path, version, fits):
    done = configure(installation, tmp_path, version)
    assert (done.returncode == 0) == fits, done.stderr
    assert fits or "version" in done.stderr


def test_a_broken_installation_is_named(installation, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(installation.prefix, broken, symlinks=True, ignore=shutil.ignore_patterns("libteltel.a", "bin"))
    done = configure(Installation(broken), tmp_path, "")
    assert done.returncode != 0 and "libteltel.a is missing" in " ".join(done.stderr.split())


def test_make_install_says_why_not(tmp_path):
    environment = {**os.environ, "PREFIX": "relative"}
    command = [ROOT / "scripts/install.sh", tmp_path, "runtime"]
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "PREFIX must be absolute: relative" in done.stderr


@pytest.mark.parametrize("page", ["man1/teltel.1", "man3/teltel.3"])
def test_manual_pages(installation, page):
    path = installation.prefix / "share/man" / page
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "" and VERSION in done.stdout
    assert "@" not in path.read_text()


def test_the_manual_names_every_function_and_command(installation):
    header = (installation.prefix / "include/teltel.h").read_text()
    functions = set(re.findall(r"^(?:TELTEL_API|static inline) [^;{(]*?(teltel_\w+)\(", header, re.M))
    text = (installation.prefix / "share/man/man3/teltel.3").read_text().replace("\\-", "-")
    assert functions == set(re.findall(r"\bteltel_[a-z_]+", text[: text.index(".SH RETURN VALUE")]))
    usage = run([installation.prefix / "bin/teltel", "--help"])
    commands = re.findall(r"^  ([a-z-]+)(?:, [a-z-]+)*  ", usage.split("SUBCOMMANDS:")[1], re.M)
    manual = (installation.prefix / "share/man/man1/teltel.1").read_text().replace("\\-", "-")
    section = manual[manual.index(".SH COMMANDS") : manual.index(".SH ENVIRONMENT")]
    assert re.findall(r'^\.TP\n\.BI? "?([a-z-]+)', section, re.M) == commands


def test_the_program_of_the_manual_runs(installation, tmp_path, shm):
    text = (installation.prefix / "share/man/man3/teltel.3").read_text()
    example = text[text.index(".SH EXAMPLES") : text.index(".SH SEE ALSO")]
    lines = [line.removeprefix(".B ") for line in example.splitlines()[2:-1] if line != ".PP"]
    (tmp_path / "main.c").write_text("\n".join(lines) + "\n")
    flags = installation.pkg_config("--cflags", "--libs")
    run(["gcc", "-std=c99", *WARNINGS, "main.c", *flags, "-o", "engine"], cwd=tmp_path)
    check_records(tmp_path / "engine", shm, installation.lib)
