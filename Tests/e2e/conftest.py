"""Fixtures for tests that only ask: one collector for a whole file."""
import pytest
from support import lasting


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A collector without storage; its tests must not change what the others see."""
    with lasting(tmp_path_factory.mktemp("shared"), "--no-storage") as collector:
        yield collector
