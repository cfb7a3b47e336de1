"""Panels on the page of a run: what can be done to them by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import expect
from run_support import field, legend_lines, open_with, panel, panels
from web_support import row_of, wait_until

LEVEL, HEAT, SLIP = "tank/level", "tank/heat", "wheel.force/slipRatio"
BESIDE = """() => { const [dialog, panel] = [document.querySelector('.settings-dialog'), document.querySelector('.panel.is-set')]
  .map((element) => element?.getBoundingClientRect());
  return dialog && panel && dialog.top >= 0 && dialog.left >= 0 && dialog.right <= innerWidth && dialog.bottom <= innerHeight
    && (dialog.left >= panel.right || dialog.right <= panel.left || dialog.top >= panel.bottom || dialog.bottom <= panel.top); }"""


@pytest.fixture
def collector(module_collector):
    return module_collector


def test_a_channel_is_dragged_into_a_panel(page, known):
    open_with(page, known, "tank//level")
    label = field(page, "plant/tank//heat").locator("xpath=..")
    label.drag_to(panel(page, LEVEL))
    expect(panel(page, "tank/level, heat").get_by_test_id("legend-line")).to_have_count(2)
    expect(field(page, "plant/tank//heat")).to_be_checked()
    # Beside the panels it makes a panel of its own.
    page.get_by_test_id("tree-branch").and_(page.locator('[data-name="wheel.force"]')).locator("summary").first.click()
    page.get_by_test_id("tree-branch").and_(page.locator('[data-name="every wheelId"]')).locator("summary").click()
    slip = field(page, "plant/wheel.force/*/slipRatio").locator("xpath=..")
    slip.hover()
    page.mouse.down()
    page.mouse.move(400, 400, steps=3)
    page.get_by_test_id("drop-place").hover()
    page.get_by_test_id("drop-place").hover()
    page.mouse.up()
    expect(legend_lines(page, SLIP)).to_have_count(2)
    expect(page.get_by_test_id("drop-place")).to_be_hidden()


def test_channels_are_plotted_by_keyboard(page, known):
    open_with(page, known, "tank//level")
    page.keyboard.press("/")
    expect(page.get_by_test_id("tree-search")).to_be_focused()
    page.keyboard.type("heat")
    field(page, "plant/tank//heat").focus()
    page.keyboard.press("Enter")
    expect(legend_lines(page, HEAT)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(panel(page, HEAT)).to_have_count(0)
    panel(page, LEVEL).get_by_test_id("panel-link").focus()
    field(page, "plant/tank//heat").focus()
    page.keyboard.press("Shift+Enter")
    expect(legend_lines(page, "tank/level, heat")).to_have_count(2)


def test_panels_are_moved_by_dragging_their_heads(page, known):
    open_with(page, known, "tank//level", "tank//heat", "wheel.force/*/slipRatio")
    assert panels(page) == [LEVEL, HEAT, SLIP]
    panel(page, SLIP).locator(".panel-head h3").drag_to(panel(page, LEVEL).locator(".panel-head h3"))
    wait_until(page, "() => document.querySelector('[data-testid=panel]').dataset.panel === 'wheel.force/slipRatio'")
    assert panels(page) == [SLIP, LEVEL, HEAT]
    page.reload()
    wait_until(page, "() => document.querySelector('[data-testid=panel]')?.dataset.panel === 'wheel.force/slipRatio'")


def test_a_panel_is_changed_in_its_settings(page, known):
    open_with(page, known, "tank//level+tank//heat", "wheel.force/*/slipRatio")
    both = "tank/level, heat"
    panel(page, both).focus()
    panel(page, both).get_by_test_id("panel-settings").click()
    dialog = page.get_by_test_id("panel-settings-dialog")
    dialog.get_by_test_id("panel-title-input").fill("Plant <b>")
    dialog.get_by_test_id("panel-width").select_option("2")
    dialog.get_by_test_id("panel-height").select_option("2")
    dialog.get_by_test_id("panel-scale").select_option("log")
    dialog.get_by_test_id("panel-later").click()
    dialog.get_by_test_id("dialog-close").click()
    wait_until(page, "() => document.querySelector('[data-testid=panel]').dataset.panel === 'wheel.force/slipRatio'")
    named = panel(page, "tank/Plant <b>")
    expect(named).to_have_class(re.compile("wide-2.*tall-2|tall-2.*wide-2"))
    for part in ("log", "w2", "h2", "t=Plant"):
        assert part in page.url
    # Limits need both ends, the lower one first.
    named.get_by_test_id("panel-settings").click()
    dialog.get_by_test_id("panel-limit-from").fill("10")
    dialog.get_by_test_id("panel-limit-to").fill("1000")
    dialog.get_by_test_id("panel-limit-to").press("Tab")
    dialog.get_by_test_id("dialog-close").click()
    wait_until(page, "() => location.search.includes('y=10~1000')")
    named.get_by_test_id("panel-settings").click()
    dialog.get_by_test_id("panel-split").click()
    expect(page.get_by_test_id("panel")).to_have_count(3)
    assert panels(page) == [SLIP, LEVEL, HEAT]


@pytest.mark.parametrize("name", [LEVEL, HEAT, SLIP])
def test_settings_stand_beside_their_panel_and_show_at_once_what_they_do(page, known, name):
    """Escape and Cancel take back whatever was tried; the browser's Back knows nothing of it."""
    open_with(page, known, "tank//level", "tank//heat", "wheel.force/*/slipRatio")
    before, steps = page.url, page.evaluate("history.length")
    card, dialog = panel(page, name), page.get_by_test_id("panel-settings-dialog")
    for way in ("Escape", "Cancel"):
        card.get_by_test_id("panel-settings").click()
        title = dialog.get_by_test_id("panel-title-input")
        expect(title).to_be_focused()
        wait_until(page, BESIDE)
        page.keyboard.type("Seen at once")
        expect(page.get_by_test_id("panel-title").and_(page.get_by_text("Seen at once"))).to_be_visible()
        dialog.get_by_test_id("panel-scale").select_option("log")
        dialog.get_by_test_id("panel-width").select_option("2")
        dialog.get_by_test_id("panel-limit-from").fill("1")
        dialog.get_by_test_id("panel-limit-to").fill("7")
        expect(page.locator(".wide-2").get_by_test_id("plot")).to_have_attribute("data-values", "1~7")
        if way == "Escape":
            page.keyboard.press("Escape")
        else:
            dialog.get_by_test_id("dialog-cancel").click()
        expect(dialog).to_have_count(0)
        expect(card).to_have_class(re.compile("wide-1"))
        expect(card.get_by_test_id("panel-title")).to_have_text(name.split("/")[1])
        assert (page.url, page.evaluate("history.length")) == (before, steps)


def test_a_panel_is_resized_by_its_corner(page, known):
    open_with(page, known, "tank//level", "tank//heat")
    corner = panel(page, LEVEL).get_by_test_id("panel-corner").bounding_box()
    page.mouse.move(corner["x"] + 8, corner["y"] + 8)
    page.mouse.down()
    page.mouse.move(corner["x"] + 450, corner["y"] + 8, steps=6)
    page.mouse.up()
    expect(panel(page, LEVEL)).to_have_class(re.compile("wide-2"))
    wait_until(page, "() => location.search.includes('chart!w2')")


def test_a_panel_fills_the_page_and_goes_back(page, known):
    open_with(page, known, "tank//level", "tank//heat")
    panel(page, HEAT).get_by_test_id("panel-maximise").click()
    expect(panel(page, LEVEL)).to_be_hidden()
    # All of the window: time axis and legend are in it, too.
    assert panel(page, HEAT).bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 800}
    expect(panel(page, HEAT).get_by_test_id("legend-line")).to_be_in_viewport(ratio=1)
    assert panel(page, HEAT).get_by_test_id("plot").bounding_box()["height"] > 600
    page.keyboard.press("m")
    expect(panel(page, LEVEL)).to_be_visible()
    panel(page, LEVEL).focus()
    page.keyboard.press("m")
    expect(panel(page, HEAT)).to_be_hidden()
    page.keyboard.press("Escape")
    expect(panel(page, HEAT)).to_be_visible()
    panel(page, HEAT).get_by_test_id("panel-remove").click()
    expect(page.get_by_test_id("panel")).to_have_count(1)
    page.keyboard.press("n")
    expect(page.get_by_test_id("panel-note").last).to_have_text("Drag channels here, or choose them in the tree.")


def test_a_new_panel_comes_into_view(page, known):
    page.set_viewport_size({"width": 1280, "height": 500})
    open_with(page, known, *["tank//level"] * 6)
    page.mouse.wheel(0, -5000)
    field(page, "plant/tank//heat").check()
    expect(panel(page, HEAT)).to_be_in_viewport(ratio=0.9)
    page.evaluate("scrollTo(0, 0)")
    expect(panel(page, HEAT)).not_to_be_in_viewport()
    page.get_by_test_id("tree-branch").and_(page.locator('[data-name="wheel.force"]')).locator("summary").first.click()
    page.get_by_test_id("tree-branch").and_(page.locator('[data-name="every wheelId"]')).locator("summary").click()
    field(page, "plant/wheel.force/*/slipRatio").focus()
    page.keyboard.press("Enter")
    expect(panel(page, SLIP)).to_be_in_viewport(ratio=0.9)


def test_where_one_is_in_the_run_stays_in_sight(page, known):
    page.set_viewport_size({"width": 1280, "height": 500})
    open_with(page, known, *["tank//level"] * 8)
    page.get_by_test_id("panel").last.scroll_into_view_if_needed()
    expect(page.get_by_role("toolbar")).to_be_in_viewport(ratio=1)
    expect(page.get_by_test_id("time-bar")).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") > 200


@pytest.mark.parametrize("size, columns, rows", [((1440, 900), 2, 3), ((1920, 1080), 3, 2)], ids=["1440x900", "1920x1080"])
def test_six_panels_fill_the_window(page, known, size, columns, rows):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_with(page, known, *["tank//level"] * 6)
    boxes = [each.bounding_box() for each in page.get_by_test_id("panel").all()]
    assert (len({box["x"] for box in boxes}), len({box["y"] for box in boxes})) == (columns, rows)
    bottom = max(box["y"] + box["height"] for box in boxes)
    assert size[1] - 30 < bottom <= size[1], bottom
    assert page.evaluate("document.documentElement.scrollHeight") == size[1]


def test_a_page_that_is_left_while_its_settings_are_open_keeps_its_url_to_itself(page, known):
    page.goto("/")
    row_of(page, known).get_by_role("link").click()
    expect(panel(page, LEVEL).get_by_test_id("legend-line")).to_be_visible()
    panel(page, LEVEL).get_by_test_id("panel-settings").click()
    page.get_by_test_id("panel-title-input").fill("Plant")
    expect(panel(page, "tank/Plant")).to_be_visible()
    page.go_back()
    expect(row_of(page, known)).to_be_visible()
    # Whatever would still be written would be so by the time that this has been read.
    wait_until(page, "begin => performance.now() > begin + 600", page.evaluate("() => performance.now()"))
    assert page.evaluate("() => location.pathname + location.search") == "/"
