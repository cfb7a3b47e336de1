"""Two seconds of each fuzzer; `make fuzz` goes on for longer."""
import re

import pytest
from fuzz import HERE, NAMES, fuzz


@pytest.mark.parametrize("name", NAMES)
def test_fuzz(name, amount):
    good, output = fuzz(name, amount(2, whole=20))
    assert good, output[-4000:]
    seeds = len(list((HERE / "corpus" / name).iterdir()))
    runs = int(re.search(r"Done (\d+) runs", output)[1])
    assert runs > seeds, "it did more than read its corpus"
