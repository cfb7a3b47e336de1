"""The tree of what a run has: where that is much, and where there is little room for it."""

import re

import pytest
from playwright.sync_api import expect
from run_support import field, open_with, panel, point_at
from web_support import event, ingest

LEVEL, HEAT = "tank/level", "tank/heat"


@pytest.fixture
def collector(module_collector):
    return module_collector


def test_the_tree_finds_whatever_the_run_has(live_page, live, run_id):
    """More types and fields than are listed."""
    page = live_page
    ingest(live, *[event(run_id, frame, {"x": number}, f"msg.{number}", "bus") for number in range(260) for frame in range(3)],
           *[event(run_id, frame, {f"f{number}": number for number in range(300)}, "wide", "bus") for frame in range(3)])
    page.goto(f"/runs/{run_id}")
    tree, search = page.get_by_test_id("tree"), page.get_by_test_id("tree-search")
    expect(tree).to_contain_text("61 more types are not listed: search for them.")
    search.fill("msg.250")
    field(page, "bus/msg.250//x").check()
    expect(panel(page, "msg.250/x").get_by_test_id("legend-value")).to_have_text("250")
    search.fill("wide f")
    expect(tree).to_contain_text("100 more fields are not listed: search for them.")
    search.fill("f299")
    field(page, "bus/wide//f299").check()
    expect(panel(page, "wide/f299").get_by_test_id("legend-value")).to_have_text("299")
    # What is plotted can be listed by itself.
    search.fill("")
    page.get_by_label("Plotted only").check()
    expect(field(page, "bus/wide//f299")).to_be_checked()
    expect(tree.locator("[data-testid=field]:not(:checked)")).to_have_count(0)


def test_the_tree_is_one_stop_of_the_tab_key_and_arrows_lead_through_it(page, known):
    page.goto(f"/runs/{known}?panels=chart:plant/tank//level")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    tree = page.get_by_test_id("tree")
    level, heat = field(page, "plant/tank//level"), field(page, "plant/tank//heat")
    branch = tree.locator("[data-testid=tree-branch][data-name=tank]")
    expect(level).to_be_visible()
    fields = tree.locator("[data-testid=field]")
    page.get_by_label("Plotted only").focus()
    page.keyboard.press("Tab")
    expect(tree.locator(".tree-list :focus")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(tree.locator(":focus")).to_have_count(0)
    # Back into it, and through it: from its first branch to its last field, never further.
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Home")
    expect(tree.locator("summary").first).to_be_focused()
    branch.locator("summary").focus()
    page.keyboard.press("ArrowDown")
    expect(fields.first).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    stop = page.evaluate("[...document.querySelectorAll('.tree-list summary, .tree-list input')].filter((item) => item.checkVisibility()).at(-1) === document.activeElement")
    assert stop
    # It comes back to where it was.
    heat.focus()
    page.keyboard.press("Space")
    expect(heat).to_be_checked()
    expect(heat).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(heat).to_be_focused()
    # Left leads to the branch and closes it, Right opens it and leads in.
    page.keyboard.press("ArrowLeft")
    expect(branch.locator("summary")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(heat).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(heat).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(fields.first).to_be_focused()


def test_on_a_phone_the_tree_is_a_sheet(page, known):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/runs/{known}?panels=chart:plant/tank//level")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    expect(page.get_by_test_id("tree")).to_be_hidden()
    # Status, bar and the first chart are what one sees.
    for part in (page.get_by_test_id("status"), page.get_by_test_id("time-bar"), panel(page, LEVEL), page.get_by_test_id("tree-button")):
        expect(part).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_test_id("tree-button").click()
    expect(page.get_by_test_id("tree")).to_be_in_viewport(ratio=1)
    field(page, "plant/tank//heat").check()
    page.mouse.click(200, 60)
    expect(page.get_by_test_id("tree")).to_be_hidden()
    expect(panel(page, HEAT)).to_be_in_viewport(ratio=0.5)


def test_the_tree_is_folded_and_stays_so(page, known):
    open_with(page, known, "tank//level")
    before = panel(page, LEVEL).bounding_box()["width"]
    page.keyboard.press("t")
    expect(page.get_by_test_id("tree")).to_be_hidden()
    assert panel(page, LEVEL).bounding_box()["width"] > before + 200
    page.reload()
    expect(panel(page, LEVEL)).to_be_visible()
    expect(page.get_by_test_id("tree")).to_be_hidden()
    # The search needs it.
    page.keyboard.press("/")
    expect(page.get_by_test_id("tree-search")).to_be_focused()
    page.get_by_test_id("tree-button").click()
    expect(page.get_by_test_id("tree")).to_be_hidden()


def test_values_stand_beside_what_is_plotted(page, known):
    """At the pointer, else at the first cursor, else the newest. Nobody is asked about anything else."""
    asked = []
    page.on("request", lambda request: asked.append(request.url) if re.search("/api/analysis/(series|summary|texts)", request.url) else None)
    open_with(page, known, "tank//level", "wheel.force/*/slipRatio")

    def value(series: str):
        return field(page, series).locator("xpath=..").get_by_test_id("field-value")

    expect(value("plant/tank//level")).to_have_text("1999")
    expect(value("plant/tank//heat")).to_have_text("")
    # Each of the instances that one tick plots has its own.
    branch = page.get_by_test_id("tree-branch")
    branch.and_(page.locator('[data-name="wheelId 1"]')).locator("summary").click()
    expect(value("plant/wheel.force/1/slipRatio")).to_have_text("1.1999")
    page.get_by_test_id("run-title").click()
    page.keyboard.press("Home")
    expect(value("plant/tank//level")).to_have_text("0")
    expect(value("plant/wheel.force/1/slipRatio")).to_have_text("1")
    point_at(page, LEVEL, 0.5)
    expect(value("plant/tank//level")).to_have_text(re.compile("^(99|100)"))
    before = len(asked)
    field(page, "plant/tank//level").uncheck()
    expect(value("plant/tank//level")).to_be_hidden()
    page.mouse.move(5, 5)
    expect(value("plant/wheel.force/1/slipRatio")).to_have_text("1")
    assert len(asked) == before
