"""The headers compile alone, without a warning, in every standard they promise; so does what they leave when switched off."""
import itertools

import pytest
from conftest import INCLUDE, LIB, run

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
USE = """
struct S { double a[3]; int32_t n; };
static const teltel_field fields[] = {
  TELTEL_FIELD(struct S, a, TELTEL_F64, "x,y,z", "m"),
  TELTEL_FIELD_KEY(struct S, n, TELTEL_I32, "n"),
};
int main(void) {
  teltel_run_options options = teltel_run_options_default();
  teltel_drops drops = teltel_drops_default();
  teltel_run *run;
  teltel_type type;
  teltel_tags tags = {0};
  struct S s = {{1, 2, 3}, 4};
  teltel_run_start(&options, &run);
  teltel_define(run, "c", "s", fields, 2, sizeof s, &type);
  teltel_emit(run, teltel_with_tags(type, tags), 0, 0, &s);
  return teltel_dropped(run, type, &drops) != 0 || teltel_run_end(run, TELTEL_COMPLETED, NULL) == TELTEL_OK;
}
"""
C = [(compiler, f"-std={std}", ".c") for compiler, std in itertools.product(("gcc", "clang"), ("c99", "c11", "c17"))]
CPP = [(compiler, f"-std=c++{std}", ".cpp") for compiler, std in itertools.product(("g++", "clang++"), (11, 14, 17, 20))]


@pytest.mark.parametrize("define", [[], ["-DTELTEL_STUB"]], ids=["library", "stub"])
@pytest.mark.parametrize("compiler, standard, suffix", C + CPP)
def test_teltel_h(tmp_path, compiler, standard, suffix, define):
    source = tmp_path / f"alone{suffix}"
    source.write_text("#include <teltel.h>\n" + USE)
    run([compiler, standard, *STRICT, *define, f"-I{INCLUDE}", "-c", source, "-o", tmp_path / "alone.o"])


@pytest.mark.parametrize("define", [[], ["-DTELTEL_STUB"]], ids=["library", "stub"])
@pytest.mark.parametrize("compiler, standard, suffix", [c for c in CPP if c[1] in ("-std=c++17", "-std=c++20")])
def test_teltel_hpp(tmp_path, compiler, standard, suffix, define):
    source = tmp_path / "alone.cpp"
    source.write_text("#include <teltel.hpp>\n" + USE)
    flags = ["-fno-exceptions", "-fno-rtti"]
    run([compiler, standard, *STRICT, *flags, *define, f"-I{INCLUDE}", "-c", source, "-o", tmp_path / "alone.o"])


def test_the_stub_needs_no_library(tmp_path):
    source = tmp_path / "stub.c"
    source.write_text("#include <teltel.h>\n" + USE)
    run(["gcc", "-DTELTEL_STUB", f"-I{INCLUDE}", source, "-o", tmp_path / "stub"])
    run([tmp_path / "stub"])


def test_the_library_exports_its_functions_only():
    names = {line.split()[-1] for line in run(["nm", "-D", "-g", "--defined-only", LIB / "libteltel.so"]).splitlines()}
    assert names and all(name.startswith("teltel_") for name in names)
    lines = run(["nm", "-g", "--defined-only", LIB / "libteltel.a"]).splitlines()
    assert {line.split()[-1] for line in lines if " T " in line} == names
    assert all(" T " in line for line in lines if line and not line.endswith(":"))


def test_the_library_needs_libc_only():
    needed = [line for line in run(["readelf", "-d", LIB / "libteltel.so"]).splitlines() if "NEEDED" in line]
    assert all("libc.so" in line or "ld-linux" in line for line in needed)


@pytest.mark.parametrize("compiler", ["gcc", "g++", "clang"])
def test_the_static_library_links_alone(tmp_path, compiler):
    source = tmp_path / ("main.cpp" if compiler == "g++" else "main.c")
    source.write_text("#include <teltel.h>\n" + USE)
    for flags in ([], ["-static"]):
        run([compiler, f"-I{INCLUDE}", source, LIB / "libteltel.a", *flags, "-o", tmp_path / "main"])


