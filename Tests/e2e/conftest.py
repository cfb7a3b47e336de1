"""Fixtures for tests that only ask: one collector for a whole file."""
import shutil
import tempfile

import pytest
from support import Collector


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A collector without storage; its tests must not change what the others see."""
    shm = tempfile.mkdtemp(prefix="teltel-test-", dir="/dev/shm")
    collector = Collector(tmp_path_factory.mktemp("shared"), shm, ["--no-storage"]).start()
    yield collector
    collector.kill()
    shutil.rmtree(shm, ignore_errors=True)
