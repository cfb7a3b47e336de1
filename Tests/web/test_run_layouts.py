"""Layouts on the page of a run that has not all of their channels."""

import pytest
from playwright.sync_api import expect
from run_support import field, open_known_run, panels
from web_support import wait_until

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


def save(page, name: str, layout: dict = LAYOUT) -> None:
    answer = page.request.put(f"/api/layouts/{name}", data=layout, headers={"Origin": page.url.split("/runs")[0]})
    assert answer.ok, answer.text()


def save_shown(page, name: str) -> dict:
    """By hand; returned is what the collector has then."""
    page.keyboard.press("l")
    page.get_by_test_id("layout-name").fill(name)
    page.get_by_test_id("layout-save").click()
    expect(page.locator(f'[data-testid="layout"][data-name="{name}"]')).to_be_visible()
    page.keyboard.press("Escape")
    return page.request.get(f"/api/layouts/{name}").json()


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
    copy = save_shown(page, "copy")
    assert [[series["field"] for series in panel["series"]] for panel in copy["panels"]] == [["level", "pressure"], ["x"]]
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


# As a later version might save it: nothing of it but its kind, title and size is known here.
LATER = {"kind": "track map", "title": "Where <b>it</b> went", "width": 2, "height": 1, "series": [[SERIES[0], SERIES[1]]], "style": {"zoom": [1, 2.5]}}


def test_a_panel_of_an_unknown_kind_says_so_and_is_kept(page, known):
    open_known_run(page, known)
    save(page, "later", {**LAYOUT, "panels": [LAYOUT["panels"][0], LATER]})
    page.keyboard.press("l")
    page.get_by_role("button", name="Load later").click()
    unknown = page.locator('[data-kind="track map"]')
    expect(unknown.get_by_test_id("panel-note")).to_have_text("This version does not know panels of the kind track map. It is kept in the layout.")
    expect(unknown.get_by_test_id("panel-title")).to_have_text("Where <b>it</b> went")
    expect(page.get_by_test_id("panel").first.get_by_test_id("legend-line").first).to_be_visible()
    assert save_shown(page, "again")["panels"][1] == LATER
    # It stands in the URL, too, with what was done to it here.
    unknown.get_by_test_id("panel-settings").click()
    page.get_by_test_id("panel-height").select_option("2")
    page.get_by_test_id("dialog-close").click()
    wait_until(page, "() => location.search.includes('!h2')")
    page.reload()
    expect(unknown.get_by_test_id("panel-note")).to_contain_text("does not know panels of the kind track map")
    assert save_shown(page, "once more")["panels"][1] == {**LATER, "height": 2}


def test_a_panel_of_an_unknown_kind_takes_no_channels(page, known):
    """What is put into it would not be seen: it gets a panel of its own."""
    there = "track%20map!style=dark:plant/tank//level|plant/tank//heat;chart:plant/tank//level"
    open_known_run(page, known, f"?panels={there}")
    unknown = page.locator('[data-kind="track map"]')
    expect(unknown.get_by_test_id("panel-title")).to_have_text("track map")
    unknown.focus()
    page.get_by_test_id("tree-search").fill("heat")
    field(page, "plant/tank//heat").press("Shift+Enter")
    expect(page.get_by_test_id("panel")).to_have_count(3)
    wait_until(page, "there => location.search.endsWith(`panels=${there};chart:plant/tank//heat`)", there)
