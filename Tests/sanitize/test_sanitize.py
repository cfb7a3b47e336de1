"""Writers and a reader at once under the thread and the address sanitizer; `make sanitize` runs more under them."""
import pytest
from sanitize import PLANTED, RACES, build, check_planted, check_race

KINDS = ["thread", "address"]


@pytest.fixture(scope="module")
def kind(request):
    build(request.param, ["race"])
    return request.param


@pytest.mark.parametrize("what", RACES)
@pytest.mark.parametrize("kind", KINDS, indirect=True)
def test_writers_and_reader_at_once(kind, what):
    assert not check_race(kind, what)


@pytest.mark.parametrize("kind, bug", [(kind, bug) for kind, bugs in PLANTED.items() for bug in bugs], indirect=["kind"])
def test_a_planted_bug_is_found(kind, bug):
    assert not check_planted(kind, bug)
