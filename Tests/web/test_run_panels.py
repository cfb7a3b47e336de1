"""Panels on the page of a run: what is drawn in them, and what can be done to them by mouse and by keyboard."""

import json
import re
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import expect
from run_support import open_known_run, panel, panels, wait_for_range
from web_support import event, ingest, wait_until

LEVEL, HEAT, SLIP = "tank/level", "tank/heat", "wheel.force/slipRatio"


@pytest.fixture
def collector(module_collector):
    return module_collector


@pytest.fixture
def shm(module_collector):
    return module_collector.shm


def field(page, series: str):
    return page.locator(f'[data-testid="field"][data-series="{series}"]')


def lines(page, name: str):
    return panel(page, name).get_by_test_id("legend-line")


def open_with(page, known, *names: str) -> None:
    """A page with one panel of each: "tank//level"."""
    texts = ";".join(f"chart:{','.join('plant/' + series for series in name.split('+'))}" for name in names)
    page.goto(f"/runs/{known}?panels={texts}")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    expect(page.get_by_test_id("panel")).to_have_count(len(names))
    expect(page.get_by_test_id("legend-line").first).to_be_visible()


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
    slip.drag_to(page.get_by_test_id("panels"), target_position={"x": 700, "y": 100})
    expect(lines(page, SLIP)).to_have_count(2)


def test_channels_are_plotted_by_keyboard(page, known):
    open_with(page, known, "tank//level")
    page.keyboard.press("/")
    expect(page.get_by_test_id("tree-search")).to_be_focused()
    page.keyboard.type("heat")
    field(page, "plant/tank//heat").focus()
    page.keyboard.press("Enter")
    expect(lines(page, HEAT)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(panel(page, HEAT)).to_have_count(0)
    panel(page, LEVEL).get_by_test_id("panel-link").focus()
    field(page, "plant/tank//heat").focus()
    page.keyboard.press("Shift+Enter")
    expect(lines(page, "tank/level, heat")).to_have_count(2)


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
    page.keyboard.press("Escape")
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
    wait_until(page, "() => location.search.includes('y=10~1000')")
    dialog.get_by_test_id("panel-split").click()
    expect(page.get_by_test_id("panel")).to_have_count(3)
    assert panels(page) == [SLIP, LEVEL, HEAT]


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
    assert panel(page, HEAT).bounding_box()["height"] > 400
    page.keyboard.press("m")
    expect(panel(page, LEVEL)).to_be_visible()
    panel(page, HEAT).get_by_test_id("panel-remove").click()
    expect(page.get_by_test_id("panel")).to_have_count(1)
    page.keyboard.press("n")
    expect(page.get_by_test_id("panel-note").last).to_have_text("Drag channels here, or choose them in the tree.")


def test_tables_and_numbers_show_newest_values(page, known):
    page.goto(f"/runs/{known}?panels=table:plant/wheel.force/*/slipRatio,plant/tank//level;number:plant/tank//heat")
    table = page.locator('[data-kind="table"]')
    expect(table.get_by_test_id("table-row")).to_have_count(3)
    expect(table.get_by_test_id("table-row").last).to_contain_text("1999")
    expect(table).to_contain_text("19.990 s")
    expect(page.get_by_test_id("number-value")).to_have_text("39.99")
    page.keyboard.press("Home")
    expect(page.get_by_test_id("number-value")).to_have_text("20")
    page.keyboard.press("Control+k")
    page.keyboard.type("table of newest")
    page.keyboard.press("Enter")
    expect(page.locator('[data-kind="table"]')).to_have_count(2)


def test_texts_stand_in_tables_live_and_stored(page, collector, run_id):
    def laps(frames: range) -> None:
        ingest(collector, *[event(run_id, frame, {"speed": frame, "phase": f"<b>lap {frame // 10}"}, "car", "track") for frame in frames])

    laps(range(40))
    page.goto(f"/runs/{run_id}")
    # Nobody has described posted events: storage tells which texts there are.
    field(page, "track/car//phase").check()
    value = page.locator('[data-kind="table"]').get_by_test_id("table-value")
    expect(value).to_have_text("<b>lap 3")
    laps(range(40, 50))
    expect(value).to_have_text("<b>lap 4")
    ingest(collector, event(run_id, 50, {"reason": "done", "status": "completed"}, "run.end", "run"))
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    expect(value).to_have_text("<b>lap 4")
    page.get_by_test_id("run-title").click()
    page.keyboard.press("Home")
    expect(value).to_have_text("<b>lap 0")
    page.reload()
    expect(value).to_have_text("<b>lap 0")
    page.locator('[data-kind="table"]').get_by_test_id("panel-sql").click()
    expect(page.get_by_test_id("sql")).to_contain_text("argMax")
    expect(page.get_by_test_id("curl")).to_contain_text("/api/analysis/texts?")


def test_units_have_axes_of_their_own(page, vehicle, run_id):
    vehicle(run_id, seconds=60)
    page.goto(f"/runs/{run_id}?panels=chart:physics/body.state//pos.x,physics/body.state//vel.x,physics/wheel.force/*/normalLoad")
    expect(page.get_by_test_id("legend-line")).to_have_count(6)
    expect(page.get_by_test_id("plot")).to_have_attribute("aria-label", "Lines over frames; value axes: m, m/s, N")


def test_the_proposed_panels_are_those_of_a_vehicle(page, vehicle, run_id):
    vehicle(run_id, seconds=60)
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_test_id("panel")).to_have_count(6)
    assert panels(page)[:4] == ["body.state/pos", "body.state/vel", "wheel.force/normalLoad", "wheel.force/slipRatio"]
    assert "frame.end/perf.cpu_time_ms" in panels(page)


def test_layouts_are_saved_loaded_and_offered_as_files(page, known, collector):
    open_with(page, known, "tank//level", "tank//heat")
    page.keyboard.press("2")
    page.get_by_test_id("open-layouts").click()
    page.get_by_test_id("layout-name").fill("two <tanks>")
    page.get_by_test_id("layout-save").click()
    expect(page.get_by_test_id("layout")).to_contain_text("two <tanks>")
    with urllib.request.urlopen(f"{collector.url}/api/layouts/two%20%3Ctanks%3E", timeout=30) as answer:
        saved = json.load(answer)
    assert (saved["axis"], len(saved["panels"])) == ("simTime", 2)
    page.keyboard.press("Escape")
    page.goto(f"/runs/{known}?panels=chart:plant/wheel.force/*/slipRatio")
    expect(page.get_by_test_id("panel")).to_have_count(1)
    page.keyboard.press("l")
    page.get_by_role("button", name="Load two <tanks>").click()
    expect(panel(page, LEVEL)).to_be_visible()
    expect(page.get_by_test_id("axis-simTime")).to_be_checked()


def test_sql_and_request_of_each_series(page, known, collector):
    open_with(page, known, "wheel.force/*/slipRatio+tank//level")
    page.get_by_test_id("panel-sql").click()
    expect(page.get_by_test_id("sql")).to_have_count(2)
    expect(page.get_by_test_id("sql").last).to_contain_text("-- param_run=known")
    curl = page.get_by_test_id("curl").last.inner_text()
    url = re.fullmatch(r"curl '(.*)'", curl)[1]
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert len(answer.read().splitlines()) == 2000


def test_everything_has_a_role_and_a_name(page, known):
    open_with(page, known, "tank//level", "tank//heat")
    for role, name in (
        ("complementary", "Channels"), ("toolbar", "Time and layout"), ("slider", "Shown frames of the run"), ("region", "tank level"),
        ("searchbox", "Search fields"), ("group", "Time axis"),
    ):
        expect(page.get_by_role(role, name=name).first).to_be_visible()
    nameless = page.evaluate("""() => [...document.querySelectorAll('button, a[href], input, select, [tabindex="0"]')]
      .filter((control) => control.checkVisibility() && !(control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.length
        || control.title)).map((control) => control.outerHTML)""")
    assert nameless == []
    # Whatever can be focused shows that it is.
    page.keyboard.press("Tab")
    for _ in range(40):
        focus = page.evaluate("""() => { const style = getComputedStyle(document.activeElement); const beside = document.activeElement.nextElementSibling;
          return [document.activeElement.tagName, style.outlineStyle !== 'none' || (beside && getComputedStyle(beside).outlineStyle !== 'none'),
            document.activeElement.outerHTML.slice(0, 120)]; }""")
        assert focus[0] == "BODY" or focus[1], focus[2]
        page.keyboard.press("Tab")


def test_names_of_series_with_markup_in_every_panel(page, collector, run_id):
    name, key = "<img src=x onerror=markupRan=1>", "<s onclick=markupRan=1>k</s>"
    ingest(collector, *[event(run_id, frame, {name: frame, key: frame}, "<u>t</u>", "<i>c</i>") for frame in range(20)])
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_test_id("panel").first).to_be_visible()
    page.get_by_test_id("panel-settings").first.click()
    expect(page.get_by_test_id("panel-settings-dialog")).to_contain_text("<u>t</u>")
    page.keyboard.press("Escape")
    page.get_by_test_id("panel-sql").first.click()
    expect(page.get_by_test_id("curl").first).to_be_visible()
    page.keyboard.press("Escape")
    for kind in ("table", "number"):
        page.goto(page.url.split("?")[0] + f"?panels={kind}:%3Ci%3Ec%3C%2Fi%3E/%3Cu%3Et%3C%2Fu%3E//{urllib.parse.quote(name, safe='')}")
        expect(page.get_by_test_id("panel")).to_contain_text(name)
    assert page.locator("#app :is(img, s, u, i)").count() == 0
    assert page.evaluate("() => window.markupRan") is None
    wait_for_range(page, f"<u>t</u>/{name}", "true")
