"""The list of five thousand runs: the newest are there at once, the others when somebody wants them."""

import re

import pytest
from crowd import crowd
from list_support import expect_shown, summary
from playwright.sync_api import expect
from support import lasting
from web_support import event, ingest, row_of

RUNS = 5_000
NEWEST = f"run-{RUNS - 1}"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    with lasting(tmp_path_factory.mktemp("crowded")) as collector:
        crowd(collector, RUNS)
        yield collector


@pytest.fixture
def collector(crowded):
    return crowded


@pytest.fixture
def asked(page):
    """What has been asked of the run list."""
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url.split("/api/")[1]) if "/api/runs" in request.url else None)
    return urls


def heading(page):
    return page.locator(".run-list-page .summary")


def test_the_newest_are_there_at_once_and_an_old_one_is_found(page, collector, asked):
    patch = {"data": b'{"note": "needle"}', "headers": {"Content-Type": "application/json"}, "method": "PATCH"}
    assert collector.request("/api/run?runId=run-17", **patch)[0] == 200
    within = []
    for _ in range(3):
        asked.clear()
        page.goto("/")
        expect(row_of(page, NEWEST)).to_be_visible()
        # From the moment the page was asked for.
        within.append(page.evaluate("performance.now()"))
    expect(heading(page)).to_have_text("200 loaded, 0 running; scroll down for older ones")
    assert asked[0] == "runs?limit=200" and not [path for path in asked if "before=" in path or path.endswith("after=")]
    page.get_by_test_id("run-search").fill("needle")
    expect(row_of(page, "run-17")).to_be_visible()
    expect(heading(page)).to_have_text("1 of 5,000")
    assert [path for path in asked if "before=" in path] and not [path for path in asked if path.endswith("after=")]
    print(f"first rows after {', '.join(f'{time:.0f}' for time in within)} ms")
    assert min(within) < 1000  # one of them at least, if the machine does something else, too


def test_scrolling_brings_older_ones_part_by_part(page, asked):
    page.goto("/")
    grid, scroller = page.get_by_role("grid"), page.locator(".run-scroller")
    expect(grid).to_have_attribute("aria-rowcount", "201")
    scroller.evaluate("scroller => { scroller.scrollTop = scroller.scrollHeight; }")
    expect(grid).to_have_attribute("aria-rowcount", "1201")
    expect(row_of(page, f"run-{RUNS - 200}")).to_be_visible()
    assert len([path for path in asked if "before=" in path]) == 1
    # By key to the very end: once all are there.
    grid.focus()
    page.keyboard.press("End")
    expect(grid).to_have_attribute("aria-rowcount", "5001")
    expect(heading(page)).to_have_text("5,000 in all, 0 running")
    page.keyboard.press("End")
    expect(row_of(page, "run-0")).to_have_attribute("aria-selected", "true")


def test_the_order_is_that_of_all_runs(page):
    page.goto("/?sort=run")
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "5001")
    expect(page.get_by_test_id("run-row").first).to_have_attribute("data-run", "run-0")


def test_an_old_run_that_still_runs_is_on_top_and_what_happens_is_seen(page, collector):
    ingest(collector, event("early bird", 1, {"v": 1}))
    later = [event(f"later-{number}", 2, {"status": "completed"}, type_name="run.end", channel="run") for number in range(250)]
    ingest(collector, *later)
    collector.wait_status("later-249", "completed")
    page.goto("/")
    expect(page.get_by_test_id("run-row").first).to_have_attribute("data-run", "early bird")
    # More than the first part, where counts of the others have changed since.
    expect(heading(page)).to_have_text(re.compile(r"^2\d\d loaded, 1 running; scroll down for older ones$"))
    ingest(collector, event("one more", 1, {"v": 1}))
    expect(row_of(page, "one more")).to_be_visible()
    ingest(collector, *(event(run_id, 3, {"status": "completed"}, type_name="run.end", channel="run") for run_id in ("early bird", "one more")))
    expect(page.get_by_test_id("run-row").first).to_have_attribute("data-status", "completed")


def test_what_is_not_loaded_yet_is_neither_missed_nor_counted(live_page):
    """While older runs are still coming: no word of "no run matches", and counts that say that they are not the last."""
    newest, older = [summary("new", status="failed")], [summary("lost and found")]
    waiting = []

    def answer(route):
        if "before=" in route.request.url:
            waiting.append(route)
        else:
            told = {"before": "12xa", "running": []} if "limit=" in route.request.url else {"complete": False, "removed": []}
            route.fulfill(json={"cursor": "c", "runs": newest if "limit=" in route.request.url else [], **told})

    live_page.route("**/api/runs?*", answer)
    # One run is less than a screen shows: the older ones are asked for at once, and the handler above keeps the question.
    with live_page.expect_request(lambda request: "before=" in request.url):
        live_page.goto("/")
    expect_shown(live_page, "new")
    expect(live_page.get_by_test_id("filter-failed")).to_have_text("Failed 1+")
    expect(live_page.get_by_test_id("filter-running")).to_have_text("Running 0")
    live_page.get_by_test_id("run-search").fill("found")
    expect(live_page.get_by_text("Looking through older runs …")).to_be_visible()
    expect(live_page.get_by_text("No run matches.")).to_have_count(0)
    expect(heading(live_page)).to_have_text(re.compile("^0 of 1 so far"))
    waiting[0].fulfill(json={"cursor": "c", "before": "", "runs": older, "running": []})
    expect_shown(live_page, "lost and found")
    expect(live_page.get_by_test_id("filter-failed")).to_have_text("Failed 0")
    live_page.get_by_test_id("run-search").fill("nothing like it")
    expect(live_page.get_by_text("No run matches.")).to_be_visible()
