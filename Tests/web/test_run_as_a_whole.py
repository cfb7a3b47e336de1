"""A run as a whole on its own page: its name, its note, its end; and a run that is not there."""

import pytest
from playwright.sync_api import expect
from support import wait_until as until
from web_support import event, ingest, row_of


def palette(page, words: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(words)
    page.keyboard.press("Enter")


def test_a_run_is_called_by_its_name_on_its_page(live_page, live, run_id):
    ingest(live, *[event(run_id, frame, {"level": frame}, "tank") for frame in range(10)])
    live_page.goto(f"/runs/{run_id}")
    title = live_page.get_by_test_id("run-title")
    expect(title).to_have_text(run_id)
    expect(live_page).to_have_title(f"{run_id} · teltel")
    live_page.get_by_test_id("edit-run").click()
    live_page.get_by_test_id("run-name").fill("baseline <b>")
    live_page.get_by_test_id("run-note").fill("left wheel")
    live_page.get_by_role("button", name="Save").click()
    expect(title).to_have_text("baseline <b>")
    expect(live_page.get_by_test_id("run-id")).to_have_text(run_id)
    expect(live_page).to_have_title("baseline <b> · teltel")
    # By the palette, and away again.
    palette(live_page, "name this run")
    expect(live_page.get_by_test_id("run-note")).to_have_value("left wheel")
    live_page.get_by_test_id("run-name").fill("")
    live_page.keyboard.press("Enter")
    expect(title).to_have_text(run_id)
    expect(live_page.get_by_test_id("run-id")).to_be_hidden()
    expect(live_page).to_have_title(f"{run_id} · teltel")


def test_a_run_is_deleted_from_its_page(page, watch, collector, run_id):
    ingest(collector, event(run_id, 1, {"level": 1}, "tank"))
    page.goto(f"/runs/{run_id}")
    bin_ = page.get_by_test_id("delete-run")
    expect(bin_).to_have_attribute("aria-disabled", "true")
    palette(page, "delete this run")
    expect(page.get_by_test_id("toast-error")).to_contain_text("It is still running.")
    page.get_by_role("button", name="Close this message").click()
    ingest(collector, event(run_id, 2, {"status": "completed"}, type_name="run.end", channel="run"))
    until(lambda: collector.run(run_id)["status"] == "completed" and collector.run(run_id)["stored"] == collector.run(run_id)["accepted"], "all is stored")
    expect(bin_).to_have_attribute("aria-disabled", "false")
    bin_.click()
    expect(page.get_by_role("dialog", name=f"Delete {run_id}?")).to_be_visible()
    page.get_by_test_id("confirm-yes").click()
    # Nothing is left to look at: the list is.
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    expect(row_of(page, run_id)).to_have_count(0)
    assert collector.run(run_id) is None


UNKNOWN = {"error": {"code": "unknown-run", "message": "there is no run nowhere", "hint": "GET /api/runs lists them"}}


def test_a_run_that_is_not_there_leads_to_the_list_and_may_still_come(live_page, live, run_id):
    live_page.watch.may_fail += ("/api/run?",)
    live_page.goto(f"/runs/{run_id}")
    box = live_page.get_by_test_id("error")
    expect(box).to_contain_text(f"The collector does not know {run_id}")
    expect(box).not_to_contain_text("GET /api/runs")
    ingest(live, event(run_id, 1, {"level": 1}, "tank"))
    live_page.get_by_test_id("look-again").click()
    expect(box).to_have_count(0)
    expect(live_page.get_by_test_id("status")).to_have_text("Running")
    live_page.goto(f"/runs/{run_id}-other")
    box.get_by_role("link", name="All runs").click()
    expect(live_page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


NO_LOGIN = {"error": {"code": "login-required", "message": "this collector wants a login", "hint": ""}}
REFUSED = {"unknown-run": ("/runs/nowhere", ["/api/run?"], 404, UNKNOWN), "no-login": ("/", ["/api/runs?", "/api/ready"], 401, NO_LOGIN)}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_succeed_is_not_asked_for_ever(live_page, case):
    """In ten minutes of the page's clock, an answer at a time."""
    path, places, status, answer = REFUSED[case]
    live_page.watch.may_fail += tuple(places)
    asked = dict.fromkeys(places, 0)

    def refuse(route):
        place = next((place for place in places if place in route.request.url), None)
        if place is None:
            route.fulfill(json={"status": "ready", "storage": {"state": "off"}})
        else:
            asked[place] += 1
            route.fulfill(status=status, json=answer)

    live_page.route("**/api/*", refuse)
    live_page.clock.install()
    live_page.goto(path)
    expect(live_page.get_by_test_id("error")).to_be_visible()
    for _ in range(300):
        live_page.clock.run_for(2_000)
    assert all(5 <= times <= 11 for times in asked.values()), asked


def test_frames_that_a_view_cannot_show_are_said_on_the_page(page, collector, start_engine, programs, run_id):
    """An engine with microseconds as frames: series have all of them."""
    largest = 2**32 - 1
    start_engine(programs / "shape", run_id, "t", largest - 2, 6, "x:f64=1").communicate()
    until(lambda: (collector.run(run_id) or {}).get("stored") == 8, "all is stored")
    page.goto(f"/runs/{run_id}")
    # The last three of t, and run.end, which has the last frame.
    beyond = collector.json(f"/api/run?runId={run_id}")["eventsBeyond32Bits"]
    assert beyond >= 3
    expect(page.get_by_test_id("run-warnings")).to_have_text(
        f"{beyond} stored events have frames above 4,294,967,295, which the view telemetry_events cannot show: in SQL, telemetry_events_64 has all of them.")
    expect(page.locator(".time-label").last).to_have_text(f"{largest + 3:,}")


def test_types_that_share_a_table_are_as_good_as_others(browser, make_collector, run_id):
    """Beyond `--max-tables`: fields are listed, lines drawn, the SQL is that of where the rows are."""
    crowded = make_collector("--max-tables", "1")
    ingest(crowded, *[event(run_id, frame, {"x": frame, "a.b": 2, "on": True, "v": [3, 4]}, name, "bus") for name in ("first", "second") for frame in range(20)],
           event(run_id, 20, {"reason": "done", "status": "completed"}, "run.end", "run"))
    until(lambda: crowded.run(run_id)["stored"] == 41, "all is stored")
    assert crowded.json("/api/storage")["sharingTypes"] >= 1
    crowded.stop()
    crowded.start()
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{crowded.url}/runs/{run_id}?panels=")
    for name in ("first", "second"):
        page.get_by_test_id("tree-search").fill(name)
        expect(page.get_by_test_id("field")).to_have_count(5)
        page.locator(f'[data-testid="field"][data-series="bus/{name}//x"]').check()
        drawn = page.locator(f'[data-panel="{name}/x"]')
        expect(drawn.get_by_test_id("legend-value")).to_have_text("19")
        drawn.get_by_test_id("panel-sql").click()
        expect(page.get_by_test_id("sql")).to_contain_text("frame_index")
        page.keyboard.press("Escape")
    page.close()


def test_the_jump_dialog_is_as_wide_as_its_field_needs(live_page, live, run_id):
    ingest(live, *[event(run_id, frame, {"level": frame}, "tank") for frame in range(10)])
    live_page.goto(f"/runs/{run_id}")
    expect(live_page.get_by_test_id("legend-line")).to_be_visible()
    live_page.keyboard.press("j")
    field = live_page.get_by_test_id("jump-frame")
    expect(field).to_be_focused()
    assert live_page.get_by_test_id("jump-dialog").bounding_box()["width"] <= 360
    # One line around it.
    assert field.evaluate("field => { const style = getComputedStyle(field); return [style.borderTopWidth, style.borderTopStyle, parseFloat(style.outlineOffset) < 0]; }") == ["1px", "solid", True]
    field.fill("4")
    live_page.keyboard.press("Enter")
    live_page.wait_for_function("() => new URLSearchParams(location.search).get('cursor') === '4'")
