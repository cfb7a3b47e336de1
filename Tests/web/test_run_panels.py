"""Panels on the page of a run: what is drawn in them, and what stands behind it."""

import json
import re
import subprocess
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import expect
from run_support import field, open_with, panel, panels, wait_for_range
from support import wait_until as until
from web_support import event, ingest, wait_until

LEVEL = "tank/level"


@pytest.fixture
def collector(module_collector):
    return module_collector


@pytest.fixture
def shm(module_collector):
    return module_collector.shm


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
    wait_until(page, "() => location.search.includes('cursor=0')")
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
    # The request comes first: the embedded database answers nobody else.
    first, second = page.get_by_test_id("sql-dialog").locator("h4").all_inner_texts()[:2]
    assert (first, second) == ("Request", "SQL")
    expect(page.get_by_test_id("sql-dialog")).to_contain_text("The embedded ClickHouse takes queries from the collector alone")
    assert run_request(page) == list(range(2000))
    assert [row["frame_index"] for row in run_sql(collector, page)] == list(range(2000))


def run_request(page) -> list[int]:
    curl = page.get_by_test_id("curl").last.inner_text()
    url = re.fullmatch(r"curl '(.*)'", curl)[1]
    with urllib.request.urlopen(url, timeout=30) as answer:
        return [json.loads(line)["frame_index"] for line in answer.read().splitlines()]


def run_sql(collector, page) -> list[dict]:
    """As it stands in the dialog, at the database."""
    sql = page.get_by_test_id("sql").last.inner_text()
    command = ["curl", "-sS", "--fail-with-body", "--unix-socket", str(collector.data / "clickhouse/host.sock"), "--data-binary", sql,
               "http://localhost/?database=teltel&readonly=1&default_format=JSONEachRow&output_format_json_quote_64bit_integers=0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_sql_is_that_of_what_the_panel_shows(page, known, collector, run_id):
    """Of a stretch, and of a panel that is followed."""
    page.goto(f"/runs/{known}?panels=chart:plant/tank//level&from=100&to=200")
    wait_for_range(page, LEVEL, "panel.dataset.lines > 0 && from === 100")
    page.get_by_test_id("panel-sql").click()
    expect(page.get_by_test_id("sql-dialog")).to_contain_text("frames 100 to 200")
    assert run_request(page) == [row["frame_index"] for row in run_sql(collector, page)] == list(range(100, 201))
    followed = f"{run_id}'s"
    ingest(collector, *[event(followed, frame, {"level": frame}, "tank", "plant") for frame in range(3000)])
    until(lambda: collector.run(followed)["stored"] >= 3000, "all is stored")
    page.goto(f"/runs/{urllib.parse.quote(followed)}?window=5")
    wait_for_range(page, LEVEL, "to === 2999")
    page.get_by_test_id("panel-sql").click()
    expect(page.get_by_test_id("curl")).to_contain_text("fromFrame=2499&toFrame=2999")
    assert run_request(page) == [row["frame_index"] for row in run_sql(collector, page)] == list(range(2499, 3000))


def test_names_may_have_any_letters(page, collector, run_id):
    """Also those that mean something in a URL, a path or a layout."""
    odd = ["a/b,c;d:e", "train/loss", "fps:render", "x y+z"]
    ingest(collector, *[event(run_id, frame, {name: frame + place for place, name in enumerate(odd)}, "wide", "bus") for frame in range(3)],
           event(run_id, 3, {"reason": "done", "status": "completed"}, "run.end", "run"))
    page.goto(f"/runs/{run_id}?panels=")
    expect(page.get_by_test_id("data-state")).not_to_have_text("Loading")
    for place, name in enumerate(odd):
        page.get_by_test_id("tree-search").fill(name)
        field(page, f"bus/wide//{urllib.parse.quote(name, safe='')}").check()
        expect(panel(page, f"wide/{name}").get_by_test_id("legend-value")).to_have_text(str(2 + place))
    page.reload()
    for place, name in enumerate(odd):
        expect(panel(page, f"wide/{name}").get_by_test_id("legend-value")).to_have_text(str(2 + place))


def test_all_values_between_two_cursors_are_seen_in_a_narrow_panel(page, collector, run_id):
    """Usual numbers fit; longer ones are scrolled to, and the line's name stays."""
    fields = {"load": 3433.51, "deviation": -0.0012345678}
    ingest(collector, *[event(run_id, frame, {name: value * (1 + frame * 1e-5) for name, value in fields.items()}, "tank", "plant") for frame in range(100)])
    page.goto(f"/runs/{run_id}?panels=chart:plant/tank//load;chart:plant/tank//deviation&cursor=10&cursor2=90")
    load, deviation = panel(page, "tank/load"), panel(page, "tank/deviation")
    expect(load.get_by_test_id("legend-mean")).to_have_text(re.compile("3435.2"))
    legend, cell = load.get_by_test_id("legend").bounding_box(), load.get_by_test_id("legend-mean").bounding_box()
    assert cell["x"] + cell["width"] <= legend["x"] + legend["width"] + 0.5
    mean, name = deviation.get_by_test_id("legend-mean"), deviation.locator(".legend-name")
    deviation.get_by_test_id("legend").hover()
    page.mouse.wheel(1000, 0)
    expect(mean).to_be_in_viewport(ratio=1)
    expect(name).to_be_in_viewport(ratio=0.3)


def test_lines_of_many_channels_are_told_apart(page, collector, run_id):
    names = [f"ch{number:02}" for number in range(12)]
    ingest(collector, *[event(run_id, frame, {"alpha": frame}, "state", name) for frame in range(10) for name in names])
    page.goto(f"/runs/{run_id}?panels=chart:{','.join(f'{name}/state//alpha' for name in names)}")
    expect(page.get_by_test_id("legend-line")).to_have_count(12)
    assert page.locator(".legend-name").all_inner_texts() == [f"{name} alpha" for name in names]
    expect(page.get_by_test_id("panel-title")).to_have_text("alpha")
    expect(page.get_by_test_id("panel")).to_contain_text("12 channels · state")


def test_long_names_leave_room_for_what_matters(page, collector, run_id):
    name, kind, leaf = f"{run_id}/{'nightly-' * 25}", "typeOfAVeryLongName" * 5, "aFieldWhoseNameIsLong" * 4
    ingest(collector, *[event(name, frame, {leaf: frame}, kind, "channelOfALongName" * 5) for frame in range(10)],
           event(name, 10, {"reason": "numerical instability " * 20, "status": "failed"}, "run.end", "run"))
    page.goto(f"/runs/{urllib.parse.quote(name, safe='')}")
    value = page.get_by_test_id("legend-value")
    expect(value).to_have_text("9")
    for part in (value, page.get_by_test_id("status"), page.get_by_test_id("end-reason"), page.get_by_test_id("run-details")):
        expect(part).to_be_in_viewport(ratio=1)
    assert page.get_by_test_id("end-reason").bounding_box()["width"] > 150
    card, title, legend = (page.get_by_test_id(each).bounding_box() for each in ("panel", "panel-title", "legend"))
    box = value.bounding_box()
    assert title["width"] > card["width"] / 2 and box["x"] + box["width"] <= legend["x"] + legend["width"]
    assert page.locator(".run-title").bounding_box()["height"] <= 44
    tree = page.get_by_test_id("tree").bounding_box()
    for row in page.locator(".tree summary, .tree .tree-channel, .tree label").all():
        box = row.bounding_box()
        assert box["height"] <= 24 and box["x"] + box["width"] <= tree["x"] + tree["width"]


def test_heads_of_a_table_stand_over_their_columns(page, known):
    page.goto(f"/runs/{known}?panels=table:plant/tank//level")
    expect(page.get_by_test_id("table-row")).to_be_visible()
    sides = page.locator("[data-kind=table] table").evaluate("""table => ["thead th", "tbody > tr > *"].map(cells =>
      [...table.querySelectorAll(cells)].map(cell => getComputedStyle(cell).textAlign))""")
    assert sides[0] == sides[1] == ["left", "right", "left", "right", "right"]


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
