"""The page with all runs."""

import re

from playwright.sync_api import expect
from web_support import event, ingest, open_run, row_of, wait_until


def test_a_run_appears_in_the_list_and_ends(page, vehicle, run_id):
    page.goto("/")
    process = vehicle(run_id, seconds=4)
    row = row_of(page, run_id)
    expect(row).to_be_visible()
    expect(row.get_by_test_id("status")).to_have_text("Running")
    process.wait(timeout=60)
    expect(row.get_by_test_id("status")).to_have_text("Completed")


def test_each_missing_event_is_counted_once(page, collector, run_id):
    ingest(collector, event(run_id, 1, {"pos": {"x": 1}}))
    page.goto("/")
    expect(row_of(page, run_id)).to_be_visible()
    counts = page.get_by_role("columnheader").filter(has_text=re.compile("Refused|Lost|Dropped"))
    expect(counts).to_have_text(["Refused", "Lost"])
    open_run(page, run_id)
    for name, times in (("refused", 1), ("lost", 1), ("dropped", 0)):
        expect(page.get_by_test_id(f"counter-{name}")).to_have_count(times)


def test_running_runs_are_on_top(page, collector, vehicle, run_id):
    page.goto("/")
    vehicle(run_id, seconds=20)
    expect(row_of(page, run_id)).to_be_visible()
    wait_until(
        page,
        """() => {
          const states = [...document.querySelectorAll('[data-testid="run-row"] [data-status]')].map(mark => mark.dataset.status);
          const firstEnded = states.findIndex(state => state !== 'running');
          return states.includes('running') && (firstEnded < 0 || !states.slice(firstEnded).includes('running'));
        }""",
    )


def test_the_empty_list_says_how_to_start(page):
    page.route("**/api/runs", lambda route: route.fulfill(json=[]))
    page.route("**/api/analysis/runs*", lambda route: route.fulfill(body=""))
    page.goto("/")
    expect(page.get_by_test_id("empty-state")).to_contain_text("make demo")
    expect(page.get_by_test_id("empty-state")).to_contain_text("/api/ingest")


def test_a_failing_list_says_why_and_recovers(page, watch):
    watch.may_fail += ("/api/runs",)
    problem = {"error": {"code": "busy", "message": "The collector is busy.", "hint": "Wait a little."}}
    page.route("**/api/runs", lambda route: route.fulfill(status=503, json=problem))
    page.goto("/")
    expect(page.get_by_test_id("error")).to_contain_text("The collector is busy.")
    expect(page.get_by_test_id("error")).to_contain_text("Wait a little.")
    page.unroute("**/api/runs")
    expect(page.get_by_test_id("error")).to_have_count(0)


def test_a_run_can_be_opened_by_keyboard(page, collector, run_id):
    ingest(collector, event(run_id, 1, {"pos": {"x": 1}}))
    page.goto("/")
    expect(row_of(page, run_id)).to_be_visible()
    page.get_by_test_id("run-search").focus()
    page.keyboard.type(run_id)
    expect(page.get_by_test_id("run-row")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(row_of(page, run_id).get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("run-title")).to_have_text(run_id)
    page.go_back()
    expect(page.get_by_test_id("run-search")).to_be_visible()
