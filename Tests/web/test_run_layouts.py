"""Layouts on the page of a run that has not all of their channels."""

import pytest
from playwright.sync_api import expect
from run_support import open_known_run, panels

SERIES = [{"channel": "plant", "type": "tank", "key": "", "field": field} for field in ("level", "pressure")]
LAYOUT = {
    "version": 1, "axis": "simTime", "windowSeconds": 30, "panels": [
        {"kind": "chart", "title": "Tank", "series": SERIES},
        {"kind": "chart", "title": "Gone", "series": [{"channel": "", "type": "nowhere", "key": "", "field": "x"}]},
    ],
}


@pytest.fixture
def page(browser, module_collector):
    from conftest import opened

    yield from opened(browser, module_collector)


def save(page, name: str) -> None:
    answer = page.request.put(f"/api/layouts/{name}", data=LAYOUT, headers={"Origin": page.url.split("/runs")[0]})
    assert answer.ok, answer.text()


def test_a_layout_whose_channels_are_missing_says_so_and_goes_back(page, known):
    open_known_run(page, known, "?window=60")
    before, shown = page.url, panels(page)
    save(page, "foreign")
    page.keyboard.press("l")
    page.get_by_role("button", name="Load foreign").click()
    news = page.get_by_test_id("toast-news")
    expect(news).to_contain_text("Layout foreign loaded. It also shows what this run has not: plant/tank pressure, nowhere x.")
    expect(page.get_by_test_id("panel")).to_have_count(2)
    # What is missing stays part of the layout: it is there for the runs that have it.
    page.keyboard.press("l")
    page.get_by_test_id("layout-name").fill("copy")
    page.get_by_test_id("layout-save").click()
    expect(page.locator('[data-testid="layout"][data-name="copy"]')).to_be_visible()
    copy = page.request.get("/api/layouts/copy").json()
    assert [[series["field"] for series in panel["series"]] for panel in copy["panels"]] == [["level", "pressure"], ["x"]]
    page.keyboard.press("Escape")
    news.filter(has_text="loaded").get_by_role("button", name="Undo").click()
    expect(page).to_have_url(before)
    expect(page.get_by_test_id("panel")).to_have_count(len(shown))
    assert panels(page) == shown


def test_a_layout_whose_channels_are_all_there_names_nothing(page, known):
    open_known_run(page, known)
    page.keyboard.press("l")
    page.get_by_test_id("layout-name").fill("own")
    page.get_by_test_id("layout-save").click()
    page.get_by_role("button", name="Load own").click()
    expect(page.get_by_test_id("toast-news").filter(has_text="loaded")).to_contain_text("Layout own loaded.")
    expect(page.get_by_test_id("toast-news").filter(has_text="has not")).to_have_count(0)


def test_a_panel_that_was_removed_comes_back_to_its_place(page, known):
    open_known_run(page, known)
    before = panels(page)
    assert len(before) > 1
    page.get_by_test_id("panel").first.get_by_role("button", name="Remove").click()
    expect(page.get_by_test_id("panel")).to_have_count(len(before) - 1)
    page.get_by_test_id("toast-news").filter(has_text="Panel removed").get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("panel")).to_have_count(len(before))
    assert panels(page) == before


def test_chosen_panels_come_back_from_the_proposed_ones(page, known):
    open_known_run(page, known, "?panels=table:plant/tank//level;chart:plant/tank//level")
    page.keyboard.press("Control+k")
    page.keyboard.type("proposed panels")
    page.keyboard.press("Enter")
    news = page.get_by_test_id("toast-news").filter(has_text="proposed ones")
    expect(news).to_be_visible()
    assert "panels=" not in page.evaluate("location.search")
    news.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => location.search.includes('panels=table:plant/tank//level;chart:plant/tank//level')")
