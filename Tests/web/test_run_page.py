"""The page of one run."""

import json
import re
import urllib.request

import pytest
from list_support import with_columns
from playwright.sync_api import Page, expect
from support import wait_until as until
from web_support import event, ingest, open_run, row_of, wait_until


@pytest.fixture
def collector(module_collector):
    return module_collector


@pytest.fixture
def shm(module_collector):
    return module_collector.shm


def panel(page: Page, name: str):
    return page.locator(f'[data-testid="panel"][data-panel="{name}"]')


def rows_drawn(page: Page, name: str) -> int:
    return int(panel(page, name).get_attribute("data-rows") or 0)


def picture(page: Page, name: str) -> str:
    return panel(page, name).locator("canvas").evaluate("canvas => canvas.toDataURL()")


def wait_for_more_rows(page: Page, name: str, rows: int) -> None:
    wait_until(
        page,
        """([name, rows]) => [...document.querySelectorAll('[data-testid="panel"]')]
             .some(panel => panel.dataset.panel === name && Number(panel.dataset.rows) > rows)""",
        [name, rows],
    )


def accepted(page: Page) -> int:
    return int(page.get_by_test_id("counter-chip").get_attribute("data-accepted"))


def wait_for_more_accepted(page: Page, count: int) -> None:
    wait_until(
        page,
        "count => Number(document.querySelector('[data-testid=counter-chip]').dataset.accepted) > count",
        count,
    )


def wait_for_another_picture(page: Page, name: str, before: str) -> None:
    """A few rows more may fall on the pixels that are drawn already: the picture changes soon, not with each row."""
    wait_until(
        page,
        """([name, before]) => [...document.querySelectorAll('[data-testid="panel"]')]
             .some(panel => panel.dataset.panel === name && panel.querySelector('canvas').toDataURL() !== before)""",
        [name, before],
    )


def test_a_run_of_several_sources_shows_one_and_leads_to_the_others(page, collector, run_id):
    ingest(collector, *[event(run_id, frame, {"level": frame}, "tank", "plant") for frame in range(20)],
           *[{**event(run_id, frame, {"speed": -frame}, "wind", "weather"), "sourceId": "<b>weather"} for frame in range(7)])
    page.goto(f"/runs/{run_id}")
    expect(panel(page, "tank/level")).to_be_visible()
    expect(panel(page, "wind/speed")).to_have_count(0)
    others = page.get_by_test_id("other-sources")
    expect(others.locator("summary")).to_have_text("ui-test")
    others.locator("summary").click()
    expect(others.get_by_role("link")).to_have_text("<b>weather")
    others.get_by_role("link").click()
    expect(panel(page, "wind/speed").get_by_test_id("legend-value")).to_have_text("−6")
    expect(panel(page, "tank/level")).to_have_count(0)
    page.get_by_test_id("other-sources").locator("summary").click()
    expect(page.get_by_test_id("other-sources").get_by_role("link")).to_have_text("ui-test")


def test_the_head_tells_of_the_source_that_is_shown(page, collector, run_id):
    """Sources have frames and clocks of their own; counters are those of all of them, and say so."""
    ingest(collector, *[{**event(run_id, frame, {"level": frame}, "tank", "plant"), "sourceId": "engine-a"} for frame in range(100)],
           *[{**event(run_id, frame, {"speed": frame}, "wind", "air"), "sourceId": "engine-b"} for frame in range(300)])
    for source, last in (("engine-a", 99), ("engine-b", 299)):
        page.goto(f"/runs/{run_id}?source={source}")
        expect(page.get_by_test_id("source").locator("summary")).to_have_text(source)
        expect(page.get_by_test_id("frames")).to_have_text(f"frame {last}")
        page.get_by_test_id("run-details").click()
        facts = page.get_by_test_id("run-facts")
        expect(facts).to_contain_text(f"Sim time{last / 100:.2f} s")
        expect(facts).to_contain_text("Events of all 2 sources")
        expect(page.get_by_test_id("counter-chip")).to_contain_text("All sources: ")
        assert accepted(page) == 400


def test_runs_that_share_a_type_list_their_own_fields_only(page, collector, run_id):
    one, other = f"{run_id}-one", f"{run_id}-other"
    done = {"reason": "done", "status": "completed"}
    ingest(collector, *[event(one, frame, {"level": frame, "heat": frame}, f"tank-{run_id}", "plant") for frame in range(50)],
           event(one, 50, done, "run.end", "run"))
    ingest(collector, *[event(other, frame, {"speed": frame} | ({"gust": frame} if frame < 20 else {}), f"tank-{run_id}", "plant") for frame in range(50)],
           event(other, 50, done, "run.end", "run"))
    for name, fields in ((one, ["heat", "level"]), (other, ["gust", "speed"])):
        page.goto(f"/runs/{name}")
        expect(page.get_by_test_id("data-state")).to_have_text("From storage")
        expect(page.locator(f'[data-name="tank-{run_id}"] .field-name')).to_have_text(fields)
        expect(page.get_by_test_id("panel-title")).to_have_text(fields)
        expect(page.get_by_test_id("legend-value")).to_have_count(2)
    # Events without the field are no NaN: the newest value is the last one that was measured.
    expect(panel(page, f"tank-{run_id}/gust").get_by_test_id("legend-value")).to_have_text("19")


def test_a_field_that_no_event_of_the_run_has_is_no_nan(page, collector, run_id):
    """A URL, or a layout, may name what this run does not have."""
    ingest(collector, *[event(run_id, frame, {"speed": frame}, "tank", "plant") for frame in range(50)],
           event(run_id, 50, {"reason": "done", "status": "completed"}, "run.end", "run"))
    page.goto(f"/runs/{run_id}?panels=chart:plant/tank//speed;chart:plant/tank//nothing;table:plant/tank//nothing,plant/tank//speed")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    expect(panel(page, "tank/speed").get_by_test_id("legend-value")).to_have_text("49")
    expect(panel(page, "tank/nothing").get_by_test_id("panel-note")).to_have_text("Storage holds no values of these series.")
    expect(page.get_by_test_id("table-value")).to_have_text("49")
    expect(page.get_by_test_id("panels")).not_to_contain_text("NaN")


def test_two_runs_of_one_program_look_alike(page, collector, run_id):
    """Whatever came first: the same tree, the same panels."""
    types = {"wheel": {"slip": 1, "load": 2}, "body": {"vel": 3, "pos": 4}, "engine": {"rpm": 5}}
    looks = []
    for order in (["wheel", "body", "engine"], ["engine", "body", "wheel"]):
        name = f"{run_id}-{order[0]}"
        for kind in order:
            fields = types[kind] if order[0] == "wheel" else dict(reversed(types[kind].items()))
            ingest(collector, *[event(name, frame, fields, kind, "plant") for frame in range(20)])
        page.goto(f"/runs/{name}")
        expect(page.get_by_test_id("legend-line")).to_have_count(5)
        looks.append((page.get_by_test_id("panel-title").all_text_contents(), page.locator("[data-testid=tree] summary").all_text_contents(),
                      page.locator("[data-testid=tree] .field-name").all_text_contents()))
    assert looks[0] == looks[1]
    assert looks[0][0] == ["pos", "vel", "rpm", "load", "slip"]


def test_large_integers_keep_their_digits(page, collector, run_id):
    """A seed copied from the page repeats the run; a configuration is shown as it was given."""
    start = event(run_id, 0, {"seed": 2**53 + 1, "config": {"mask": 2**64 - 1, "low": -(2**63), "zero": 1.0}}, "run.start", "run")
    ingest(collector, start, event(run_id, 1, {"id": 2**53 + 1}, "tank", "plant"))
    with_columns(page)
    page.goto("/")
    expect(row_of(page, run_id)).to_contain_text(str(2**53 + 1))
    page.goto(f"/runs/{run_id}")
    page.get_by_test_id("run-details").click()
    expect(page.get_by_test_id("run-facts")).to_contain_text(f"Seed{2**53 + 1}")
    page.get_by_test_id("config").locator("summary").click()
    for text in (f'"mask": {2**64 - 1}', f'"low": {-(2**63)}', '"zero": 1.0'):
        expect(page.get_by_test_id("config")).to_contain_text(text)
    # What the page's numbers cannot hold is marked.
    expect(page.get_by_test_id("legend-value")).to_have_text("9.0072e15")
    page.keyboard.press("p")
    expect(page.get_by_test_id("legend-value")).to_have_text(f"≈ {2**53}")


def test_the_head_is_one_line_and_turns_red_when_events_are_missing(page, collector, run_id):
    ingest(collector, *[event(run_id, frame, {"level": frame}) for frame in range(10)])
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_test_id("counter-chip")).to_contain_text("10 stored ✓")
    expect(page.get_by_test_id("counter-alarm")).to_be_hidden()
    expect(page.get_by_test_id("panel").first).to_be_visible()
    assert page.locator(".run-overview").bounding_box()["height"] <= 44
    assert page.get_by_test_id("panel").first.bounding_box()["y"] < 190
    page.route("**/api/run?*", lambda route: route.fulfill(json={
        **route.fetch().json(), "refused": 1200, "lost": 3, "refusedByReason": {"full": 1200}, "lostByReason": {"spool_full": 3}}))
    expect(page.get_by_test_id("counter-alarm")).to_have_text("1,200 events refused: full 1,200 · 3 events lost: spool_full 3")


def test_the_size_on_disk_is_in_list_and_page_with_its_sql(page, known):
    with_columns(page)

    def in_list() -> str:
        page.goto("/")
        size = page.locator('[data-run="known"] .column-size')
        expect(size).to_have_text(re.compile(r"[\d.]+ [KM]iB"))
        return size.inner_text()

    def on_its_page() -> str:
        page.goto("/runs/known")
        page.get_by_test_id("run-details").click()
        expect(page.get_by_test_id("size")).to_have_text(re.compile(r"≈ [\d.]+ [KM]iB"))
        return page.get_by_test_id("size").inner_text()

    in_list()
    page.get_by_role("columnheader", name="≈ Size").get_by_role("button").click()
    wait_until(page, "() => location.search.includes('size')")
    # ClickHouse joins files meanwhile, and the estimate moves with them.
    until(lambda: f"≈ {in_list()}" == on_its_page(), "both say the same")
    page.get_by_test_id("size-sql").click()
    expect(page.get_by_test_id("sql")).to_contain_text("system.parts")
    expect(page.get_by_test_id("curl")).to_contain_text("/api/analysis/sizes?runId=known")


def test_rejected_lines_are_on_the_page_of_their_run(page, collector, run_id):
    ingest(collector, event(run_id, 1, {"v": 1}))
    open_run(page, run_id)
    expect(page.get_by_test_id("rejected-lines")).to_be_hidden()
    good = event(run_id, 2, {"v": 2})
    ingest(collector, good, good | {"frameIndex": -1, "payload": "<b>"}, good | {"simTime": "soon"})
    lines = page.get_by_test_id("rejected-lines")
    expect(lines.locator("summary")).to_have_text(re.compile("2 rejected lines: bad-frame-index 1, bad-sim-time 1"))
    lines.locator("summary").click()
    expect(lines.locator("tbody tr").first).to_contain_text("simTime must be a number from 0")
    expect(lines.locator("tbody tr").nth(1)).to_contain_text("bad-frame-index")


def test_what_is_known_of_a_run_is_on_its_page(page, collector, run_id):
    ingest(collector, {**event(run_id, 0, {"engine_version": "9.1", "seed": 3, "config": {"gain": {"p": 2}}}, "run.start", "run"), "tags": {"car": "b"}})
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_test_id("status")).to_have_text("Running")
    request = urllib.request.Request(
        f"{collector.url}/api/run?runId={run_id}", method="PATCH", data=json.dumps({"name": "My run", "note": "wet <i>track</i>"}).encode())
    urllib.request.urlopen(request, timeout=30).close()
    facts = page.get_by_test_id("run-facts")
    expect(facts).to_be_hidden()
    page.get_by_test_id("run-details").click()
    expect(facts).to_be_visible()
    for text in ("9.1", "car=b", "My run", "wet <i>track</i>", "ui-test"):
        expect(facts).to_contain_text(text)
    page.get_by_test_id("config").locator("summary").click()
    expect(page.get_by_test_id("config")).to_contain_text('"p": 2')


def test_lines_move_while_a_run_goes_on(page, vehicle, run_id):
    vehicle(run_id, seconds=60)
    open_run(page, run_id)
    for name in ("body.state/pos", "body.state/vel", "wheel.force/normalLoad"):
        expect(panel(page, name)).to_be_visible()
        wait_for_more_rows(page, name, 0)
    wait_for_another_picture(page, "body.state/pos", picture(page, "body.state/pos"))
    expect(page.get_by_test_id("data-state")).to_have_text("Live")
    expect(panel(page, "wheel.force/normalLoad").get_by_test_id("legend-line")).to_have_count(4)


def test_pause_holds_what_is_shown(page, vehicle, run_id):
    vehicle(run_id, seconds=90)
    open_run(page, run_id)
    wait_for_more_rows(page, "body.state/pos", 100)
    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("data-state")).to_have_text("Paused")
    # Some rows more, and the line has reached the edge of what is held; from then on nothing may change.
    wait_for_more_rows(page, "body.state/pos", rows_drawn(page, "body.state/pos") + 100)
    held, rows = picture(page, "body.state/pos"), rows_drawn(page, "body.state/pos")
    wait_for_more_accepted(page, accepted(page) + 200)
    # Rows go on to come: none is lost by looking closely.
    wait_for_more_rows(page, "body.state/pos", rows)
    assert picture(page, "body.state/pos") == held
    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("data-state")).to_have_text("Live")
    wait_for_more_rows(page, "body.state/pos", rows)
    wait_for_another_picture(page, "body.state/pos", held)


def test_reload_keeps_series_and_window(page, vehicle, run_id):
    vehicle(run_id, seconds=90)
    open_run(page, run_id)
    wait_for_more_rows(page, "wheel.force/normalLoad", 0)
    page.locator('[data-testid="field"][data-series$="body.state//pos.y"]').uncheck()
    page.get_by_test_id("window-30").check(force=True)
    expect(panel(page, "body.state/pos").get_by_test_id("legend-line")).to_have_count(2)
    page.get_by_role("button", name="Remove this panel").nth(1).click()
    expect(panel(page, "body.state/vel")).to_have_count(0)
    page.reload()
    expect(panel(page, "body.state/pos").get_by_test_id("legend-line")).to_have_count(2)
    expect(panel(page, "wheel.force/normalLoad")).to_be_visible()
    expect(panel(page, "body.state/vel")).to_have_count(0)
    expect(page.get_by_test_id("window-30")).to_be_checked()
    expect(page.locator('[data-testid="field"][data-series$="body.state//pos.y"]')).not_to_be_checked()


def test_single_instances_can_be_chosen(page, vehicle, run_id):
    vehicle(run_id, seconds=90)
    open_run(page, run_id)
    loads = panel(page, "wheel.force/normalLoad")
    expect(loads.get_by_test_id("legend-line")).to_have_count(4)
    page.get_by_test_id("tree-branch").and_(page.locator('[data-name="wheelId 2"]')).locator("summary").click()
    page.locator('[data-testid="field"][data-series$="wheel.force/2/normalLoad"]').uncheck()
    expect(loads.get_by_test_id("legend-line")).to_have_count(3)
    expect(loads.get_by_test_id("legend")).not_to_contain_text("wheelId 2")


def test_search_narrows_the_tree(page, vehicle, run_id):
    vehicle(run_id, seconds=60)
    open_run(page, run_id)
    tree = page.get_by_test_id("tree")
    expect(tree.get_by_text("vel", exact=True)).to_be_visible()
    page.get_by_test_id("tree-search").fill("normalLoad")
    expect(tree.get_by_text("vel", exact=True)).to_have_count(0)
    expect(tree.get_by_text("normalLoad", exact=True).first).to_be_visible()
    page.get_by_test_id("tree-search").fill("no such field")
    expect(tree).to_contain_text("No field matches")


def test_a_finished_run_is_shown_from_storage(page, vehicle, run_id):
    vehicle(run_id, seconds=3).wait(timeout=60)
    open_run(page, run_id)
    expect(page.get_by_test_id("status")).to_have_text("Completed")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    for name in ("body.state/pos", "wheel.force/normalLoad"):
        wait_for_more_rows(page, name, 10)
    expect(panel(page, "wheel.force/normalLoad").get_by_test_id("legend-line")).to_have_count(4)
    panel(page, "body.state/pos").get_by_test_id("panel-sql").click()
    expect(page.get_by_test_id("sql").first).to_contain_text("SELECT")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("sql-dialog")).to_have_count(0)


def test_an_open_page_goes_over_to_storage_when_its_run_ends(page, vehicle, run_id):
    process = vehicle(run_id, seconds=6)
    open_run(page, run_id)
    wait_for_more_rows(page, "body.state/pos", 0)
    process.wait(timeout=60)
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    wait_for_more_rows(page, "body.state/pos", 10)


def test_a_marked_stretch_of_time_is_zoomed_and_kept_in_the_url(page, vehicle, run_id):
    vehicle(run_id, seconds=3).wait(timeout=60)
    open_run(page, run_id)
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    # Charts are laid out anew while series come in: all of them first that are in sight.
    wait_until(page, """() => [...document.querySelectorAll('[data-testid=panel]')]
      .filter((panel) => panel.getBoundingClientRect().top < innerHeight).every((panel) => panel.dataset.rows > 10)""")
    over = panel(page, "body.state/pos").locator(".u-over")
    expect(over).to_be_visible()
    box = over.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("zoom-reset")).to_be_visible()
    wait_until(page, "() => location.search.includes('from=')")
    page.reload()
    expect(page.get_by_test_id("zoom-reset")).to_be_visible()
    page.get_by_test_id("zoom-reset").click()
    wait_until(page, "() => !location.search.includes('from=')")


def test_values_that_are_no_numbers_are_gaps(page, collector, run_id):
    values = [1.0, 2.0, "NaN", "NaN", "Infinity", "-Infinity"] * 5
    ingest(collector, *[event(run_id, frame, {"level": value}, type_name="tank") for frame, value in enumerate(values, 1)])
    open_run(page, run_id)
    wait_for_more_rows(page, "tank/level", 20)
    expect(panel(page, "tank/level").get_by_test_id("legend-value")).to_have_text("−∞")


def test_an_unknown_run_is_said_to_be_unknown(page, watch):
    watch.may_fail += ("/api/run?",)
    page.goto("/runs/there-is-no-such-run")
    expect(page.get_by_test_id("error")).to_contain_text("There is no such run")


def test_what_one_should_know_of_a_run_is_on_its_page(page, collector, run_id):
    """A sender that gives seconds where milliseconds are meant."""
    ingest(collector, {**event(run_id, 1, {"x": 1}), "wallTimeMs": 1_700_000_000})
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_test_id("run-warnings")).to_contain_text("It looks like seconds")
    ingest(collector, event(f"{run_id}-well", 1, {"x": 1}))
    page.goto(f"/runs/{run_id}-well")
    expect(page.get_by_test_id("run-title")).to_have_text(f"{run_id}-well")
    expect(page.get_by_test_id("run-warnings")).to_be_hidden()
