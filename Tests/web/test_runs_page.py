"""The page with all runs."""

import os
import re
import subprocess

import support
from list_support import SOME, expect_shown, listed, shown, summary, tell
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
    expect(page.get_by_role("columnheader").filter(has_text=re.compile("Refused|Lost|Drop"))).to_have_text(["Drops"])
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


def test_the_empty_list_says_how_to_start(live_page, live, tmp_path):
    """What it proposes works as it stands: the posted event makes a run, the program compiles and makes another."""
    live_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live_page.goto("/")
    empty = live_page.get_by_test_id("empty-state")
    expect(empty).to_contain_text("make demo")
    expect(empty).to_contain_text("teltel doctor")
    live_page.get_by_test_id("example-engine").get_by_role("button").click()
    expect(live_page.get_by_test_id("example-engine").get_by_role("button")).to_have_text("Copied")
    (tmp_path / "engine.cpp").write_text(live_page.evaluate("navigator.clipboard.readText()"))
    library = [f"-I{support.BUILD / 'include'}", f"-L{support.BUILD / 'lib'}", "-lteltel"]
    subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", tmp_path / "engine.cpp", *library, "-o", tmp_path / "engine"], check=True, timeout=120)
    subprocess.run(live_page.get_by_test_id("example-ingest").locator("code").inner_text(), shell=True, check=True, capture_output=True, timeout=30)
    expect(row_of(live_page, "hello")).to_be_visible()
    variables = {"TELTEL_SHM_DIR": live.shm, "LD_LIBRARY_PATH": str(support.BUILD / "lib")}
    subprocess.run([tmp_path / "engine"], check=True, timeout=30, env={**os.environ, **variables})
    expect(live_page.get_by_test_id("run-row")).to_have_count(2)


def test_what_matches_nothing_names_what_keeps_runs_out(listed):
    listed.goto("/?q=nothing+like+it&status=failed&tag=track%3Dwet")
    expect(listed.get_by_test_id("nothing-found")).to_contain_text("No run matches.")
    expect(listed.get_by_test_id("nothing-found").get_by_role("listitem")).to_have_text(["Search: nothing like it", "Status: failed", "Tag: track=wet"])


def test_a_failing_list_says_why_and_recovers(page, watch):
    watch.may_fail += ("/api/runs",)
    problem = {"error": {"code": "busy", "message": "The collector is busy.", "hint": "Wait a little."}}
    page.route("**/api/runs?*", lambda route: route.fulfill(status=503, json=problem))
    page.goto("/")
    expect(page.get_by_test_id("error")).to_contain_text("The collector is busy.")
    expect(page.get_by_test_id("error")).to_contain_text("Wait a little.")
    page.unroute("**/api/runs?*")
    expect(page.get_by_test_id("error")).to_have_count(0)


def test_a_run_can_be_opened_by_keyboard(page, collector, run_id):
    ingest(collector, event(run_id, 1, {"pos": {"x": 1}}))
    page.goto("/")
    expect(row_of(page, run_id)).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_test_id("run-search")).to_be_focused()
    page.keyboard.type(run_id)
    expect(page.get_by_test_id("run-row")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("grid", name="Runs")).to_be_focused()
    expect(row_of(page, run_id)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("run-title")).to_have_text(run_id)
    page.go_back()
    expect(page.get_by_test_id("run-search")).to_have_value(run_id)


def test_the_columns_of_a_run(listed):
    texts = row_of(listed, "fast").locator(".run-cell").all_text_contents()[:-1]
    assert texts[:6] == ["Running", "fast", "s", "car=atrack=wet", "1.10", "–"] and texts[8:] == ["9", "900", "0", "–"]
    texts = row_of(listed, "The first of all").locator(".run-cell").all_text_contents()[:-1]
    assert texts[1] == "The first of allold" and texts[5] == "20" and texts[7] == "2:05" and texts[9] == "–"
    assert listed.locator('[data-run="broken"] .column-drops').inner_text() == "10"


def test_columns_sort_and_turn_round(listed):
    expect_shown(listed, "fast", "slow", "broken", "old")
    rate = listed.get_by_role("columnheader", name="Rate /s")
    for order, ids in (("descending", "fast slow broken old"), ("ascending", "broken old slow fast"), ("none", "fast slow broken old")):
        rate.get_by_role("button").click()
        expect(rate).to_have_attribute("aria-sort", order)
        expect_shown(listed, *ids.split())
    listed.get_by_role("button", name="Version").click()
    expect_shown(listed, "slow", "fast", "broken", "old")
    expect(listed.get_by_role("columnheader", name="Version")).to_have_attribute("aria-sort", "ascending")
    listed.get_by_role("button", name="Drops").click()
    assert shown(listed)[0] == "broken" and "sort=-drops" in listed.url


def test_filters_by_status_and_tag(listed):
    listed.get_by_test_id("filter-failed").click()
    expect_shown(listed, "broken")
    expect(listed.get_by_test_id("filter-failed")).to_have_attribute("aria-pressed", "true")
    listed.get_by_test_id("filter-running").click()
    expect_shown(listed, "fast", "slow", "broken")
    row_of(listed, "fast").get_by_role("button", name="track=wet").click()
    expect_shown(listed, "fast", "broken")
    listed.get_by_test_id("filter-tag").fill("car=a")
    listed.keyboard.press("Enter")
    expect_shown(listed, "fast")
    expect(listed.get_by_role("status").filter(has_text="1 of 4")).to_be_visible()
    listed.get_by_test_id("chosen-tag").filter(has_text="track=wet").click()
    expect_shown(listed, "fast", "slow")


def test_what_matches_nothing_says_so(listed):
    listed.get_by_test_id("run-search").fill("no such run")
    expect(listed.get_by_text("No run matches.")).to_be_visible()
    listed.get_by_role("button", name="Show all runs").click()
    expect_shown(listed, "fast", "slow", "broken", "old")
    expect(listed.get_by_test_id("run-search")).to_have_value("")


def test_groups_by_a_tag(listed):
    listed.get_by_test_id("group-by").select_option("track")
    heads = listed.get_by_test_id("group-row")
    expect(heads).to_have_text(["track = dry1 run1 running", "track = wet2 runs1 running1 failed", "without track1 run1 completed"])
    # The head says it for all: rows have the other tags.
    expect(row_of(listed, "fast").locator(".column-tags")).to_have_text("car=a")
    expect_shown(listed, "slow", "fast", "broken", "old")
    heads.nth(1).click()
    expect(heads.nth(1)).to_have_attribute("aria-expanded", "false")
    expect_shown(listed, "slow", "old")
    # By keys: up to the closed head, and open it.
    listed.get_by_role("grid").focus()
    listed.keyboard.press("ArrowRight")
    expect_shown(listed, "slow", "fast", "broken", "old")


def test_arrow_keys_choose_a_run_wherever_the_focus_is(listed):
    chosen = listed.locator('[data-testid="run-row"][aria-selected="true"]')
    assert listed.evaluate("document.activeElement === document.body")
    for key, run in (("ArrowDown", "fast"), ("ArrowDown", "slow"), ("End", "old"), ("ArrowUp", "broken"), ("Home", "fast")):
        listed.keyboard.press(key)
        expect(chosen).to_have_attribute("data-run", run)
    expect(listed.get_by_role("grid")).to_be_focused()
    # Buttons do not need them; fields do.
    listed.get_by_test_id("filter-failed").focus()
    listed.keyboard.press("ArrowDown")
    expect(chosen).to_have_attribute("data-run", "slow")
    listed.get_by_test_id("group-by").focus()
    listed.keyboard.press("ArrowDown")
    expect(chosen).to_have_attribute("data-run", "slow")


def test_the_list_is_as_it_was_left(live_page):
    """Who comes back from a run: the same place, the same row, the same groups closed."""
    runs = [summary(f"run-{number:03}", tags={"track": ("dry", "wet")[number % 2]}) for number in range(200)]
    tell(live_page, runs)
    live_page.watch.may_fail += ("/api/run?",)
    live_page.goto("/?group=track&sort=run")
    live_page.get_by_test_id("group-row").first.click()
    expect(live_page.get_by_test_id("group-row").first).to_have_attribute("aria-expanded", "false")
    scroller = live_page.locator(".run-scroller")
    scroller.evaluate("scroller => { scroller.scrollTop = 1500; }")
    live_page.get_by_role("link", name="run-121", exact=True).click()
    expect(live_page.get_by_test_id("run-title")).to_have_text("run-121")
    live_page.go_back()
    chosen = live_page.locator('[data-testid="run-row"][aria-selected="true"]')
    expect(chosen).to_have_attribute("data-run", "run-121")
    expect(chosen).to_be_in_viewport(ratio=1)
    assert scroller.evaluate("scroller => scroller.scrollTop") == 1500
    live_page.keyboard.press("ArrowDown")
    expect(chosen).to_have_attribute("data-run", "run-123")
    live_page.keyboard.press("Home")
    expect(live_page.get_by_test_id("group-row").first).to_have_attribute("aria-expanded", "false")


def test_a_tag_without_a_value_is_refused_in_words(listed):
    tag, complaint = listed.get_by_test_id("filter-tag"), listed.get_by_test_id("tag-complaint")
    tag.fill("nonsense")
    listed.keyboard.press("Enter")
    expect(complaint).to_have_text("A tag is key=value. The search finds “nonsense” anywhere.")
    expect(tag).to_have_attribute("aria-invalid", "true")
    expect_shown(listed, "fast", "slow", "broken", "old")
    # With a key or a value that is there, an example.
    for text in ("track", "wet"):
        tag.fill(text)
        listed.keyboard.press("Enter")
        expect(complaint).to_contain_text("for example track=wet")
    tag.fill("track=wet")
    expect(complaint).to_be_empty()
    listed.keyboard.press("Enter")
    expect_shown(listed, "fast", "broken")
    expect(tag).to_have_value("")


def test_status_buttons_count_what_they_would_find(listed):
    expect(listed.get_by_test_id("filter-running")).to_have_text("Running 2")
    listed.get_by_test_id("run-search").fill("wet")
    for status, count in (("Running", 1), ("Failed", 1), ("Completed", 0), ("Cancelled", 0)):
        expect(listed.get_by_test_id(f"filter-{status.lower()}")).to_have_text(f"{status} {count}")
    # What is pressed does not count against the others: they are alternatives.
    listed.get_by_test_id("filter-failed").click()
    expect(listed.get_by_test_id("filter-running")).to_have_text("Running 1")


def test_back_and_forward_go_through_what_was_chosen(listed):
    listed.get_by_test_id("filter-running").click()
    listed.get_by_test_id("run-search").focus()
    listed.keyboard.type("slow")
    expect_shown(listed, "slow")
    listed.get_by_test_id("group-by").select_option("car")
    expect(listed.get_by_test_id("group-row")).to_have_count(1)
    listed.go_back()
    expect(listed.get_by_test_id("group-row")).to_have_count(0)
    # All that was typed is one step.
    listed.go_back()
    expect_shown(listed, "fast", "slow")
    expect(listed.get_by_test_id("run-search")).to_have_value("")
    listed.go_back()
    expect_shown(listed, "fast", "slow", "broken", "old")
    listed.go_forward()
    listed.go_forward()
    expect_shown(listed, "slow")
    listed.reload()
    expect_shown(listed, "slow")
    expect(listed.get_by_test_id("run-search")).to_have_value("slow")
    listed.get_by_role("link", name="teltel", exact=True).click()
    expect_shown(listed, "fast", "slow", "broken", "old")


def test_rows_move_while_runs_go_on(listed):
    row = row_of(listed, "slow")
    row.evaluate("row => { row.isTheSame = true; }")
    listed.runs = [{**run, "ratePerSecond": 4_321, "refused": 5} if run["runId"] == "slow" else run for run in SOME]
    expect(row.locator(".column-rate")).to_have_text("4.32 k")
    expect(row.locator(".column-drops")).to_have_text("5")
    assert row.evaluate("row => row.isTheSame")


def test_only_changes_are_asked_for(live_page, live):
    """The newest runs come once; from then on the page asks for what has changed, and for older ones when they are scrolled to."""
    for begin in range(0, 1_000, 500):
        ingest(live, *[
            {**event(f"run-{n}", 1, {"status": "completed"}, type_name="run.end", channel="run")} for n in range(begin, begin + 500)])
    asked = []
    live_page.on("request", lambda request: asked.append(request.url))
    with live_page.expect_response(re.compile(r"/api/runs\?limit=200$")) as first:
        live_page.goto("/")
    grid = live_page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "201")
    ingest(live, event("one more", 1, {"v": 1}))
    expect(row_of(live_page, "one more")).to_be_visible()
    with live_page.expect_response(re.compile(r"/api/runs\?after=.+")) as later:
        pass
    assert len(first.value.body()) > 20_000 > 10 * len(later.value.body())
    assert not [url for url in asked if url.endswith(("/api/runs", "after=")) or "before=" in url]
    live_page.locator(".run-scroller").evaluate("scroller => { scroller.scrollTop = scroller.scrollHeight; }")
    expect(grid).to_have_attribute("aria-rowcount", "1002")
    assert len([url for url in asked if "before=" in url]) == 1


def test_thousands_of_rows_scroll(live_page):
    """Of 5,000 rows only those on the screen are in the document, and keys reach all of them."""
    runs = [summary(f"run-{number:04}") for number in range(5_000)]
    tell(live_page, runs)
    live_page.watch.may_fail += ("/api/run?",)
    live_page.goto("/?sort=run")
    grid, rows = live_page.get_by_role("grid"), live_page.get_by_test_id("run-row")
    expect(rows.first).to_have_attribute("data-run", "run-0000")
    expect(grid).to_have_attribute("aria-rowcount", "5001")
    live_page.get_by_role("grid").focus()
    for key, run in (("Home", 0), ("ArrowDown", 1), ("End", 4_999), ("ArrowUp", 4_998), ("Home", 0)):
        live_page.keyboard.press(key)
        chosen = live_page.locator('[data-testid="run-row"][aria-selected="true"]')
        expect(chosen).to_have_attribute("data-run", f"run-{run:04}")
        expect(chosen).to_have_attribute("aria-rowindex", str(run + 2))
        assert grid.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
        assert 10 < rows.count() < 60
        box, frame = chosen.bounding_box(), live_page.locator(".run-scroller").bounding_box()
        assert frame["y"] + 27 < box["y"] and box["y"] + box["height"] <= frame["y"] + frame["height"] + 1
    live_page.keyboard.press("PageDown")
    page_rows = int(live_page.locator('[data-testid="run-row"][aria-selected="true"]').get_attribute("aria-rowindex")) - 2
    assert 5 < page_rows < 40
    live_page.locator(".run-scroller").evaluate("scroller => { scroller.scrollTop = scroller.scrollHeight / 2; }")
    expect(live_page.locator('[data-run="run-2500"]')).to_be_visible()
    # Every row has the height that the table counts with.
    assert set(rows.evaluate_all("rows => rows.map(row => row.offsetHeight)")) == {28}
    live_page.locator('[data-run="run-2500"] .column-frames').click()
    expect(live_page.get_by_test_id("run-title")).to_be_visible()


def test_a_run_is_named_and_noted(page, collector, run_id):
    ingest(collector, event(run_id, 1, {"v": 1}))
    page.goto("/")
    row_of(page, run_id).get_by_role("button", name="Name and note").click()
    expect(page.get_by_test_id("run-name")).to_be_focused()
    page.keyboard.type("Wet <b>track</b>")
    page.get_by_test_id("run-note").fill("left wheel\nsecond line")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("run-notes")).to_have_count(0)
    named = row_of(page, "Wet <b>track</b>")
    expect(named).to_contain_text(run_id)
    assert collector.run(run_id)["note"] == "left wheel\nsecond line"
    # By keys, and away again.
    page.get_by_test_id("run-search").fill("wheel line")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("e")
    expect(page.get_by_test_id("run-name")).to_have_value("Wet <b>track</b>")
    page.get_by_test_id("run-name").fill("é" * 128)
    page.keyboard.press("Enter")
    assert page.get_by_test_id("run-name").evaluate("field => field.validationMessage") == "A name has at most 255 bytes."
    page.get_by_test_id("run-name").fill("")
    page.keyboard.press("Enter")
    expect(row_of(page, run_id)).to_be_visible()
    expect(page.get_by_test_id("run-notes")).to_have_count(0)


def test_a_run_is_deleted_after_a_question(page, watch, collector, run_id):
    for name in (run_id, f"{run_id}-2"):
        ingest(collector, event(name, 1, {"v": 1}), event(name, 2, {"status": "completed"}, type_name="run.end", channel="run"))
        collector.wait_status(name, "completed")
    page.goto("/")
    expect(page.get_by_test_id("run-row")).to_have_count(2)
    delete = row_of(page, run_id).get_by_role("button", name="Delete")
    delete.click()
    expect(page.get_by_role("dialog", name=f"Delete {run_id}?")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("confirm")).to_have_count(0)
    expect(page.get_by_test_id("run-row")).to_have_count(2)
    # The collector may still be storing its last events: it says so, and it can be tried again.
    watch.may_fail += ("/api/run?",)
    delete.click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("toast-news").or_(page.get_by_test_id("toast-error"))).to_be_visible()
    if page.get_by_test_id("toast-error").count() > 0:
        support.wait_until(lambda: collector.run(run_id)["stored"] == collector.run(run_id)["accepted"], "the run is stored")
        delete.click()
        page.get_by_test_id("confirm-yes").click()
    expect(row_of(page, run_id)).to_have_count(0)
    expect(page.get_by_test_id("run-row")).to_have_count(1)
    assert collector.run(run_id) is None


def test_a_running_run_is_not_deleted(live_page, live, run_id):
    ingest(live, event(run_id, 1, {"v": 1}))
    live_page.goto("/")
    bin_ = row_of(live_page, run_id).get_by_role("button", name="Delete")
    expect(bin_).to_be_disabled()
    expect(bin_).to_have_attribute("title", re.compile("still running.*with its engine.*run.end"))
    row_of(live_page, run_id).get_by_role("gridcell").first.hover()
    live_page.keyboard.press("ArrowDown")
    live_page.keyboard.press("Delete")
    expect(live_page.get_by_test_id("toast-error")).to_contain_text("It is still running.")
    expect(live_page.get_by_test_id("confirm")).to_have_count(0)


def test_the_list_is_there_at_once_after_a_run(page, collector, run_id):
    ingest(collector, event(run_id, 1, {"v": 1}))
    open_run(page, run_id)
    page.route("**/api/runs?*", lambda route: None)
    page.go_back()
    expect(row_of(page, run_id)).to_be_visible()
