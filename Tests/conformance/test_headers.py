"""The headers compile alone and twice, without a warning, in every standard they promise; so does what they leave when off."""
import itertools
import re
import subprocess

import pytest
from conftest import HERE, INCLUDE, LIB, run

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]
STRICT_CPP = [*STRICT, "-Wold-style-cast", "-Wzero-as-null-pointer-constant", "-Wcast-qual"]
USE = """
struct S { double a[3]; int32_t n; };
static const teltel_field fields[] = {
  TELTEL_FIELD(struct S, a, TELTEL_F64, "x,y,z", "m"),
  TELTEL_FIELD_KEY(struct S, n, TELTEL_I32, "n"),
  TELTEL_FIELD_ENUM(struct S, n, TELTEL_I32, "state", "off,on"),
  TELTEL_FIELD_INPUT(struct S, n, TELTEL_I32, "command", NULL),
  TELTEL_FIELD_MEASURED(struct S, n, TELTEL_I32, "cost", "ms"),
  TELTEL_FIELD_WITH(struct S, n, TELTEL_I32, "mode", NULL, "off,on", TELTEL_KEY | TELTEL_INPUT),
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
  return teltel_known_flags(fields[0].flags) != 0 || teltel_dropped(run, type, &drops) != 0 || teltel_run_end(run, TELTEL_COMPLETED, NULL) == TELTEL_OK;
}
"""
USE_HPP = """
struct Body { double pos[3]; float mass; std::int32_t id, command; bool awake; char name[8]; double cost; };
TELTEL_DESCRIBE(Body, "physics", "body", TELTEL_MEMBER(Body, pos, "x,y,z", "m"), TELTEL_MEMBER(Body, mass, "mass", "kg"),
                TELTEL_MEMBER_KEY(Body, id, "id"), TELTEL_MEMBER(Body, awake, "awake"), TELTEL_MEMBER(Body, name, "name"),
                TELTEL_MEMBER_INPUT(Body, command, "command", nullptr, "off,on"), TELTEL_MEMBER_MEASURED(Body, cost, "cost", "ms"));
void use(const teltel::Run &run) {
  const teltel_tag tag = {"car", "red"};
  const auto type = run.define<Body>().with(run.tags(&tag, 1));
  teltel::Writer writer(run, "job");
  type.emit(run, 0, 0, Body{});
  type.fill(writer, 0, 0, [](Body &body) { body = Body{}; });
  run.frame_start(0, 0, 0.01);
  run.emit_json("c", "t", 0, 0, "{}");
}
"""
# What gcc 12 calls C23 is c2x; both compilers take that name.
C = [(compiler, f"-std={std}", ".c") for compiler, std in itertools.product(("gcc", "clang"), ("c99", "c11", "c17", "c2x"))]
CPP = [(compiler, f"-std=c++{std}", ".cpp") for compiler, std in itertools.product(("g++", "clang++"), (11, 14, 17, 20, 23))]
CPP17 = [case for case in CPP if case[1][-2:] >= "17"]
DEFINES = pytest.mark.parametrize("define", [[], ["-DTELTEL_STUB"]], ids=["library", "stub"])


def name(case):
    return "".join(case[:2]).replace("-std=", "-")


def check(tmp_path, case, header, text, define=(), flags=()):
    """Included twice, first of all; and on its own, where what it needs must not come from elsewhere."""
    compiler, standard, suffix = case
    source = tmp_path / f"alone{suffix}"
    source.write_text(f"#include <{header}>\n#include <{header}>\n{text}")
    strict = STRICT_CPP if suffix == ".cpp" else STRICT
    run([compiler, standard, *strict, *flags, *define, f"-I{INCLUDE}", "-c", source, "-o", tmp_path / "alone.o"])


@DEFINES
@pytest.mark.parametrize("case", C + CPP, ids=name)
def test_teltel_h(tmp_path, case, define):
    check(tmp_path, case, "teltel.h", USE, define)


@DEFINES
@pytest.mark.parametrize("case", CPP17, ids=name)
def test_teltel_hpp(tmp_path, case, define):
    check(tmp_path, case, "teltel.hpp", USE + USE_HPP, define)
    check(tmp_path, case, "teltel.hpp", USE + USE_HPP, define, ["-fno-exceptions", "-fno-rtti"])


@pytest.mark.parametrize("case", [case for case in CPP if case not in CPP17], ids=name)
def test_teltel_hpp_says_that_it_needs_a_newer_standard(tmp_path, case):
    """One line rather than a hundred about the standard library."""
    compiler, standard, _ = case
    source = tmp_path / "old.cpp"
    source.write_text("#include <teltel.hpp>\n")
    command = [compiler, standard, f"-I{INCLUDE}", "-c", source, "-o", tmp_path / "old.o"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode != 0 and "teltel.hpp needs C++17" in done.stderr and done.stderr.count("error:") == 1


@pytest.mark.parametrize("flag", ["TELTEL_KEY", "TELTEL_INPUT"])
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_what_is_compared_and_never_compared_does_not_compile(tmp_path, compiler, flag):
    source = tmp_path / "both.cpp"
    both = f'TELTEL_DESCRIBE(Both, "c", "both", TELTEL_MEMBER(Both, a, "a", nullptr, nullptr, {flag} | TELTEL_MEASURED));\n'
    source.write_text(f"#include <teltel.hpp>\nstruct Both {{ double a; }};\n{both}void f(teltel::Run &run) {{ (void)run.define<Both>(); }}\n")
    command = [compiler, "-std=c++17", f"-I{INCLUDE}", "-c", source, "-o", tmp_path / "both.o"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode != 0 and "a measured field is neither key nor input" in done.stderr


def test_the_headers_in_two_files_of_one_program(tmp_path):
    (tmp_path / "a.cpp").write_text("#include <teltel.hpp>\n" + USE)
    (tmp_path / "b.cpp").write_text("#include <teltel.hpp>\n" + USE_HPP)
    (tmp_path / "c.c").write_text("#include <teltel.h>\nuint32_t version(void) { return teltel_version(); }\n")
    run(["gcc", *STRICT, f"-I{INCLUDE}", "-c", tmp_path / "c.c", "-o", tmp_path / "c.o"])
    sources = [tmp_path / "a.cpp", tmp_path / "b.cpp", tmp_path / "c.o"]
    run(["g++", "-std=c++17", *STRICT_CPP, f"-I{INCLUDE}", *sources, LIB / "libteltel.a", "-o", tmp_path / "program"])


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("call", ["teltel_writer_open(0, 0)", "teltel_reserve(0, type, 0, 0)", "teltel_version()"])
def test_a_result_that_must_be_used(tmp_path, compiler, call):
    source = tmp_path / "ignored.c"
    source.write_text(f"#include <teltel.h>\nvoid f(teltel_type type) {{ (void)type; {call}; }}\n")
    command = [compiler, "-Wall", f"-I{INCLUDE}", "-c", source, "-o", tmp_path / "ignored.o"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0 and "-Wunused-result" in done.stderr


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("call", ["run.define<Body>()", "run.tags(nullptr, 0)", "run.why()"])
def test_a_result_that_must_be_used_in_cpp(tmp_path, compiler, call):
    source = tmp_path / "ignored.cpp"
    source.write_text(f"#include <teltel.hpp>\n{USE_HPP}void g(teltel::Run &run) {{ {call}; }}\n")
    command = [compiler, "-std=c++17", "-Wall", f"-I{INCLUDE}", "-c", source, "-o", tmp_path / "ignored.o"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0 and "-Wunused-result" in done.stderr


def test_each_function_tells_errors_threads_and_cost():
    text = (INCLUDE / "teltel.h").read_text()
    functions = re.findall(r"(/\*\*(?:(?!\*/).)*\*/)?\s*(?:TELTEL_API|static inline) [^;{(]*?(teltel_\w+)\(", text, re.S)
    library = text[: text.index("#else /* TELTEL_STUB")]
    helpers = text[text.index("/* ---- inline helpers") :]
    words = ("errors", "threads", "cost")
    documented = {function for comment, function in functions if all(word in comment.lower() for word in words)}
    promised = set(re.findall(r"^(?:TELTEL_API|static inline) [^;{(]*?(teltel_\w+)\(", library + helpers, re.M))
    assert len(promised) > 25 and promised == documented


def test_the_stub_has_every_function_of_the_library():
    text = (INCLUDE / "teltel.h").read_text()
    library, stub = text.split("#else /* TELTEL_STUB")
    exported = set(re.findall(r"^TELTEL_API [^;{(]*?(teltel_\w+)\(", library, re.M))
    assert exported <= set(re.findall(r"^static inline [^;{(]*?(teltel_\w+)\(", stub, re.M))


def test_the_stub_needs_no_library(tmp_path):
    source = tmp_path / "stub.c"
    source.write_text("#include <teltel.h>\n" + USE)
    run(["gcc", "-DTELTEL_STUB", f"-I{INCLUDE}", source, "-o", tmp_path / "stub"])
    run([tmp_path / "stub"])


def test_the_library_exports_its_functions_only():
    promised = set(re.findall(r"^TELTEL_API [^;{(]*?(teltel_\w+)\(", (INCLUDE / "teltel.h").read_text(), re.M))
    lines = run(["nm", "-D", "-g", "--defined-only", LIB / "libteltel.so"]).splitlines()
    assert {line.split()[-1].split("@")[0] for line in lines if " A " not in line} == promised  # A: the version itself
    lines = run(["nm", "-g", "--defined-only", LIB / "libteltel.a"]).splitlines()
    assert {line.split()[-1] for line in lines if " T " in line} == promised
    assert all(" T " in line for line in lines if line and not line.endswith(":"))


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_flags_that_an_older_library_does_not_know_are_left_out(tmp_path, compiler):
    flags = ["-std=c++17", "-O1", *STRICT_CPP, f"-I{INCLUDE}"]
    run([compiler, *flags, HERE / "older_library.cpp", "-o", tmp_path / "program"])
    run([tmp_path / "program"])


@pytest.mark.parametrize("compiler", ["gcc", "g++", "clang"])
def test_the_static_library_links_alone(tmp_path, compiler):
    source = tmp_path / ("main.cpp" if compiler == "g++" else "main.c")
    source.write_text("#include <teltel.h>\n" + USE)
    for flags in ([], ["-static"]):
        run([compiler, f"-I{INCLUDE}", source, LIB / "libteltel.a", *flags, "-o", tmp_path / "main"])
