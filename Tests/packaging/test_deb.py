"""`make deb`: the packages install into a root of their own, engines build against them, and nothing stays behind."""
import gzip
import os
import shutil

import pytest
from installation import MINIMAL, VERSION, Installation, check_records, files_under, make, newest_libc, run
from support import BUILD

PACKAGES = ["libteltel0", "libteltel-dev"]
ENVIRONMENT = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


@pytest.fixture(scope="module")
def packages():
    make("deb")
    return [next((BUILD / "deb").glob(f"{name}_*.deb")) for name in PACKAGES]


def dpkg(root, *arguments):
    as_root = ["unshare", "--map-root-user"] if os.geteuid() != 0 else []
    # libc6 is not installed in that root.
    return run([*as_root, "dpkg", f"--root={root}", "--log=/dev/null", "--force-depends", *arguments], env=ENVIRONMENT)


@pytest.fixture
def root(tmp_path):
    """A root without any package, as dpkg sees it."""
    admin = tmp_path / "root/var/lib/dpkg"
    for folder in ("info", "updates", "triggers"):
        (admin / folder).mkdir(parents=True)
    (admin / "status").touch()
    return tmp_path / "root"


def product_files(root):
    return {name for name in files_under(root) if not name.startswith("var/lib/dpkg/")}


def test_install_use_remove(packages, root, tmp_path, shm):
    dpkg(root, "--install", *packages)
    status = run(["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", "${Package} ${db:Status-Status}\n"])
    assert sorted(status.splitlines()) == [f"{name} installed" for name in sorted(PACKAGES)]
    multiarch = run(["gcc", "-print-multiarch"]).strip()
    installed = Installation(root / "usr", f"lib/{multiarch}")
    source = shutil.copy(MINIMAL["c"], tmp_path)
    run(["gcc", source, *installed.pkg_config("--cflags", "--libs"), "-lm", "-o", tmp_path / "engine"])
    check_records(tmp_path / "engine", shm, installed.lib)
    dpkg(root, "--purge", *PACKAGES)
    assert product_files(root) == set()


def test_an_engine_needs_the_runtime_package_only(packages, root, tmp_path, shm):
    dpkg(root, "--install", packages[0])
    (library,) = (root / "usr/lib").glob("*/libteltel.so.0")
    source = shutil.copy(MINIMAL["c"], tmp_path)
    run(["gcc", source, f"-I{BUILD / 'include'}", f"-L{BUILD / 'lib'}", "-lteltel", "-lm", "-o", tmp_path / "engine"])
    check_records(tmp_path / "engine", shm, library.parent)


def test_control_and_contents(packages):
    for name, package in zip(PACKAGES, packages):
        control = dict(
            line.split(": ", 1) for line in run(["dpkg-deb", "-f", package]).splitlines() if not line.startswith(" "))
        assert control["Package"] == name and control["Version"] == VERSION
        needs = {"libteltel0": f"libc6 (>= {newest_libc()})", "libteltel-dev": f"libteltel0 (= {VERSION})"}
        assert control["Depends"] == needs[name]
        contents = run(["dpkg-deb", "-c", package])
        assert all("root/root" in line for line in contents.splitlines()) and f"usr/share/doc/{name}/copyright" in contents
        for line in contents.splitlines():
            mode = line.split()[0]
            assert mode[0] == "l" or mode in ("drwxr-xr-x", "-rw-r--r--"), line


def test_the_checksums_hold(packages, tmp_path):
    for package in packages:
        target = tmp_path / package.stem
        run(["dpkg-deb", "-R", package, target])
        run(["md5sum", "--check", "--quiet", "--strict", "DEBIAN/md5sums"], cwd=target)
    page = next(tmp_path.rglob("teltel.3.gz"))
    assert b".SH NAME" in gzip.decompress(page.read_bytes())
