"""A Swift package that depends on a released version gets the module, and nothing of what the collector needs."""
import json
import shutil
import subprocess

import pytest
from installation import VERSION, ended_runs, run
from support import ROOT

MANIFEST = """// swift-tools-version: 6.2
import PackageDescription
let package = Package(
    name: "engine",
    dependencies: [.package(url: "{url}", exact: "{version}")],
    targets: [.executableTarget(name: "engine", dependencies: [.product(name: "TeltelSDK", package: "teltel")])]
)
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The sources as they are now, as a repository with a release tag."""
    folder = tmp_path_factory.mktemp("released") / "teltel"
    folder.mkdir()
    shutil.copy(ROOT / "Package.swift", folder)
    for name in ("Sources", "include"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True)
    for target in (ROOT / "Tests").glob("*Tests"):  # the manifest names them; nothing of them is built
        (folder / "Tests" / target.name).mkdir(parents=True)
        (folder / "Tests" / target.name / "Empty.swift").touch()
    git = ["git", "-C", folder, "-c", "user.name=test", "-c", "user.email=test@localhost"]
    run(["git", "init", "-q", folder])
    run([*git, "add", "-A"])
    run([*git, "commit", "-q", "-m", "release"])
    run([*git, "tag", VERSION])
    return folder


def test_only_the_sdk_is_fetched_and_built(repository, tmp_path, shm):
    (tmp_path / "Sources/engine").mkdir(parents=True)
    shutil.copy(ROOT / "examples/minimal/swift/Sources/minimal/main.swift", tmp_path / "Sources/engine")
    (tmp_path / "Package.swift").write_text(MANIFEST.format(url=f"file://{repository}", version=VERSION))
    run(["swift", "build", "--package-path", tmp_path])
    pins = json.loads((tmp_path / "Package.resolved").read_text())["pins"]
    assert [pin["identity"] for pin in pins] == ["teltel"]
    compiled = {folder.name for folder in (tmp_path / ".build/debug").glob("*.build") if any(folder.rglob("*.o"))}
    assert compiled == {"CTeltel.build", "TeltelSDK.build", "engine.build"}
    run([tmp_path / ".build/debug/engine"], env={"TELTEL_SHM_DIR": shm})
    assert ended_runs(shm) == 1


def test_a_plain_build_of_everything_says_how_it_is_built(repository, tmp_path):
    done = subprocess.run(
        ["swift", "build", "--package-path", str(repository), "--scratch-path", str(tmp_path), "--target", "CTeltelUI"], capture_output=True, text=True)
    assert done.returncode != 0 and "`make build`" in done.stdout + done.stderr
    assert not (tmp_path / "checkouts").exists() or not any((tmp_path / "checkouts").iterdir()), "nothing was fetched"
