"""While storage has not answered yet, or has failed for a while: what the page of a run shows, and that it asks again."""

import re
import time

import pytest
from playwright.sync_api import expect
from run_support import FRAMES, columns_without_ink, wait_for_range
from support import wait_until as until
from web_support import event, ingest

LEVEL = "tank/level"
LINES = """() => [...document.querySelectorAll('[data-testid="panel"]')].map(({dataset}) => Number(dataset.lines ?? 0))"""


@pytest.fixture
def collector(module_collector):
    return module_collector


class Held:
    """Requests of a page that nobody answers until they are let go."""

    def __init__(self, page, url):
        self.routes, self.is_free = [], False
        page.route(url, lambda route: route.continue_() if self.is_free else self.routes.append(route))

    def let_go(self) -> None:
        self.is_free = True
        for route in self.routes:
            route.continue_()


def see_frames_drawn(page) -> None:
    """The page has asked for the run again, and had time to draw whatever it knows."""
    with page.expect_response(re.compile(r"/api/run\?")):
        pass
    page.evaluate("() => new Promise((done) => { let left = 20; const step = () => ((left -= 1) ? requestAnimationFrame(step) : done()); step(); })")


def expect_loading(page, place: str) -> None:
    """Nothing is drawn, and nothing is claimed that nobody knows."""
    expect(page.get_by_test_id(place).first).to_have_text("Loading …")
    see_frames_drawn(page)
    assert set(page.evaluate(LINES)) <= {0}
    expect(page.get_by_test_id(place).first).to_have_text("Loading …")
    expect(page.get_by_test_id("data-state")).to_have_text("Loading")
    expect(page.get_by_test_id("time-thumb")).to_be_hidden()
    assert page.get_by_test_id("time-memory").bounding_box()["width"] == 0


def test_a_stored_run_is_loading_until_storage_has_answered(page, collector, known):
    """The collector still has its rows in memory: they are not the run, and nobody says that it is being stored."""
    storage, series = Held(page, "**/api/ready"), Held(page, "**/api/analysis/series*")
    page.goto(f"/runs/{stored(collector, known)}")
    expect(page.get_by_test_id("status")).to_have_text("Completed")
    expect_loading(page, "no-panels")
    storage.let_go()
    expect(page.get_by_test_id("storage-state")).to_have_text("Storage")
    expect_loading(page, "panel-note")
    series.let_go()
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    wait_for_range(page, LEVEL, "from === 0 && to === more[0] && panel.dataset.lines > 0", FRAMES - 1)
    expect(page.get_by_test_id("panel-note").first).to_be_hidden()
    assert columns_without_ink(page, LEVEL, 0.02, 0.98) == 0


def stored(collector, run_id: str) -> str:
    until(lambda: (run := collector.run(run_id)) and run["stored"] == run["accepted"] and run["status"] == "completed", "all is stored")
    return run_id


def lapped(run_id: str, frames: range) -> list[dict]:
    return [event(run_id, frame, {"speed": frame, "phase": f"lap {frame // 10}"}, "car", "track") for frame in frames]


def end(run_id: str, frame: int) -> dict:
    return event(run_id, frame, {"reason": "done", "status": "completed"}, "run.end", "run")


@pytest.mark.parametrize("kind, place, shown", [("table", "texts", "lap 1"), ("number", "series", "15")])
def test_what_failed_for_a_while_is_asked_again_by_a_page_that_stands_still(page, collector, run_id, kind, place, shown):
    ingest(collector, *lapped(run_id, range(40)), end(run_id, 40))
    stored(collector, run_id)
    failed = []

    def fail_for_a_while(route):
        if not failed or time.monotonic() < failed[0] + 1.5:
            failed.append(time.monotonic())
            route.fulfill(status=503, body='{"error":{"code":"storage-unavailable","message":"made to fail","hint":"wait"}}')
        else:
            route.continue_()

    page.route(f"**/api/analysis/{place}?*", fail_for_a_while)
    page.goto(f"/runs/{run_id}?panels={kind}:track/car//{'phase' if kind == 'table' else 'speed'}&cursor=15")
    expect(page.get_by_test_id("table-value" if kind == "table" else "number-value")).to_have_text(shown)
    assert len(failed) == 1  # nor is it asked without a pause


def test_a_page_with_nothing_to_draw_does_not_load_for_ever(page, collector, known):
    """A panel of a kind that is not known here asks storage for nothing, and so nothing comes."""
    page.goto(f"/runs/{stored(collector, known)}?panels=hologram:")
    expect(page.get_by_test_id("status")).to_have_text("Completed")
    expect(page.get_by_test_id("panel")).to_contain_text("does not know panels of the kind hologram")
    expect(page.get_by_test_id("data-state")).to_have_text("Stored")
