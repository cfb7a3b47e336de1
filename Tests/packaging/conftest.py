"""Fixtures of the packaging tests."""
import pytest
from installation import Installation, make


@pytest.fixture(scope="session")
def installation(tmp_path_factory) -> Installation:
    """Installed through DESTDIR, then moved: nothing in it may remember where it was."""
    stage = tmp_path_factory.mktemp("stage")
    make("install", PREFIX="/opt/teltel", DESTDIR=stage)
    moved = tmp_path_factory.mktemp("moved") / "tools"
    (stage / "opt/teltel").rename(moved)
    return Installation(moved)
