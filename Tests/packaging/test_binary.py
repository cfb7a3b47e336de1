"""What the library's files ask of a machine and of the program they are linked into."""
import re
import shutil

import pytest
from installation import newest_libc, run
from support import BUILD, ROOT

SHARED = BUILD / "lib/libteltel.so.0"
STATIC = BUILD / "lib/libteltel.a"


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """A plug-in with the static library in it, as an engine's game module would be."""
    target = tmp_path_factory.mktemp("plugin") / "plugin.so"
    run(["gcc", "-shared", "-o", target, "-Wl,--whole-archive", STATIC, "-Wl,--no-whole-archive"])
    return target


def test_libc_is_all_it_needs():
    needed = re.findall(r"NEEDED.*\[(.*)\]", run(["readelf", "-d", SHARED]))
    assert set(needed) <= {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"} and "libc.so.6" in needed


def test_the_libc_may_be_as_old_as_the_docs_say():
    told = re.search(r"glibc (\d+\.\d+) or later", (ROOT / "docs/library.md").read_text()).group(1)
    assert newest_libc() == told


def test_name_and_versions():
    dynamic = run(["readelf", "-d", SHARED])
    assert "[libteltel.so.0]" in re.search(r"SONAME.*", dynamic).group()
    symbols = run(["nm", "-D", "--defined-only", SHARED]).split("\n")
    assert all(line.endswith("@@TELTEL_0") for line in symbols if " T " in line)


def test_memory_is_never_writable_and_executable(plugin):
    for library in (SHARED, plugin):
        segments = run(["readelf", "-lW", library])
        stack = re.search(r"GNU_STACK(?:\s+0x\w+){5}\s+([RWE]+)\s", segments).group(1)
        assert stack == "RW"
        assert not [line for line in segments.splitlines() if "LOAD" in line and "RWE" in line]
        assert "TEXTREL" not in run(["readelf", "-d", library])


def test_the_static_library_marks_its_stack(tmp_path):
    run(["ar", "x", STATIC], cwd=tmp_path)
    for member in tmp_path.iterdir():
        (note,) = [line for line in run(["readelf", "-SW", member]).splitlines() if ".note.GNU-stack" in line]
        assert " X " not in note


@pytest.mark.parametrize("what", ["shared", "plugin"])
def test_loaded_and_unloaded_a_thousand_times(plugin, tmp_path, shm, what):
    source = ROOT / "Tests/packaging/unload.c"
    run(["gcc", "-O2", "-Wall", f"-I{BUILD / 'include'}", source, "-o", tmp_path / "unload", "-pthread"])
    library = {"shared": SHARED, "plugin": plugin}[what]
    environment = {"TELTEL_SHM_DIR": shm}
    assert run([tmp_path / "unload", library, 1000], env=environment) == "1000 rounds\n"
    shutil.rmtree(shm)


def test_two_copies_in_one_process(plugin, tmp_path, shm):
    """The host has the shared library, the plug-in its own: neither binds to the other's functions."""
    source = tmp_path / "host.c"
    source.write_text("""
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <teltel.h>
int main(int argc, char **argv) {
  void *plugin = dlopen(argv[argc - 1], RTLD_NOW | RTLD_LOCAL);
  uint64_t (*theirs)(teltel_run *) = NULL;
  void *symbol = dlsym(plugin, "teltel_instance");
  memcpy(&theirs, &symbol, sizeof symbol);
  teltel_run *run;
  if (teltel_run_start(NULL, &run) != TELTEL_OK) return 1;
  printf("%d %d\\n", teltel_instance(run) != 0, theirs(run) == 0);
  return teltel_run_end(run, TELTEL_COMPLETED, NULL) != TELTEL_OK;
}
""")
    command = ["gcc", f"-I{BUILD / 'include'}", source, f"-L{BUILD / 'lib'}", "-lteltel", "-o", tmp_path / "host"]
    run(command)
    environment = {"TELTEL_SHM_DIR": shm, "LD_LIBRARY_PATH": str(BUILD / "lib")}
    assert run([tmp_path / "host", plugin], env=environment) == "1 1\n"
