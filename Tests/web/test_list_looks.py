"""How the list of runs looks: columns, what is cut, density, phones."""

import re

import pytest
from list_support import COLUMNS, SOME, listed, night, tell, with_columns
from playwright.sync_api import expect
from web_support import wait_until


@pytest.fixture
def collector(module_collector):
    """What the list shows is told to it by the tests."""
    return module_collector


CUT = """() => [...document.querySelectorAll('.run-row .run-cell, .list-head > *')].filter(cell => cell.checkVisibility())
    .flatMap(cell => [cell, ...cell.querySelectorAll('*:not(.for-screen-readers)')].filter(part => part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1)
      .map(part => [cell.className, part.textContent, part.closest('[title]')?.title ?? '']))"""


@pytest.mark.parametrize("density", ["compact", "comfortable"])
@pytest.mark.parametrize("columns", [COLUMNS, "status,run,tags,started,duration,frames,drops"], ids=["all", "usual"])
@pytest.mark.parametrize("width", [1440, 1920])
def test_no_text_of_the_list_is_cut(night, width, columns, density):
    """But for names and tags, which are shortened in the middle, and whole in their tooltips."""
    with_columns(night, columns)
    night.add_init_script(f"localStorage.setItem('teltel-density', '{density}')")
    night.set_viewport_size({"width": width, "height": 900})
    night.goto("/")
    expect(night.get_by_test_id("run-row").first).to_be_visible()
    if "size" in columns:
        expect(night.locator(".run-row .column-size").first).to_contain_text("MiB")
    cut = night.evaluate(CUT)
    assert {name for name, _, _ in cut} <= {"run-cell column-run", "run-cell column-tags"}
    assert [words for words in cut if words[1] not in words[2]] == []
    # What tells the runs apart is read, whatever is cut, and there is one ellipsis at most.
    ends = night.evaluate("""() => [...document.querySelectorAll('.run-row a')].map(link => {
        const end = link.lastElementChild, box = end.getBoundingClientRect(), cell = link.closest('.run-cell').getBoundingClientRect();
        return [end.textContent, end.scrollWidth <= end.clientWidth + 1 && box.right <= cell.right && box.width > 0];
    })""")
    assert len(ends) > 10 and all(re.fullmatch(r"/job-1\d{4}", text) and is_seen for text, is_seen in ends)
    if columns != COLUMNS:
        assert night.locator(".run-row .more-tags").count() == 0


def test_everything_in_the_list_can_be_reached_on_a_small_screen(night):
    night.set_viewport_size({"width": 1024, "height": 768})
    night.goto("/")
    expect(night.get_by_test_id("run-row").first).to_be_visible()
    # The usual columns have room; the buttons of a row come with the pointer.
    scroller = night.locator(".run-scroller")
    assert scroller.evaluate("scroller => scroller.scrollWidth <= scroller.clientWidth")
    row = night.get_by_test_id("run-row").first
    row.hover()
    for name in ("Name and note", "Delete"):
        button = row.get_by_role("button", name=name)
        expect(button).to_be_in_viewport(ratio=1)
        expect(button).to_have_css("opacity", "1")
    # All of them have not: the edge says that they go on, and keys lead there.
    night.get_by_test_id("choose-columns").click()
    for column in ("source", "version", "seed", "rate", "size"):
        night.get_by_test_id(f"column-{column}").check()
    night.keyboard.press("Escape")
    expect(scroller).to_have_attribute("data-more", "")
    expect(night.locator(".list-head .column-size")).not_to_be_in_viewport(ratio=1)
    night.keyboard.press("l")
    for _ in range(10):
        night.keyboard.press("ArrowRight")
    expect(night.locator(".list-head .column-size")).to_be_in_viewport(ratio=1)
    expect(scroller).not_to_have_attribute("data-more", "")


def test_columns_are_chosen_and_kept(listed):
    listed.evaluate("localStorage.clear()")
    fresh = listed.context.new_page()
    tell(fresh, SOME)
    fresh.goto("/")
    heads = fresh.locator(".list-head > [role=columnheader]:not(.column-actions)")
    usual = ["Status", "Run", "Tags", "Started", "Duration", "Frames", "Drops"]
    expect(heads).to_have_text(usual)
    fresh.get_by_test_id("choose-columns").click()
    fresh.get_by_test_id("column-seed").check()
    fresh.get_by_test_id("column-tags").uncheck()
    fresh.keyboard.press("Escape")
    chosen = ["Status", "Run", "Seed", "Started", "Duration", "Frames", "Drops"]
    expect(heads).to_have_text(chosen)
    fresh.reload()
    expect(heads).to_have_text(chosen)
    # What is sorted by is seen, chosen or not.
    fresh.goto("/?sort=-rate")
    expect(heads).to_have_text([*chosen[:-1], "Rate /s", "Drops"])
    fresh.get_by_test_id("choose-columns").click()
    fresh.get_by_role("button", name="Usual columns").click()
    expect(heads).to_have_text([*usual[:-1], "Rate /s", "Drops"])


def test_why_a_run_failed_stands_under_its_name(night):
    night.goto("/")
    failed = night.locator('[data-status="failed"]').first
    reason = failed.get_by_test_id("run-reason")
    expect(reason).to_have_text("slipRatio out of range at frame 1203")
    name, line = failed.get_by_role("link").bounding_box(), reason.bounding_box()
    assert line["y"] >= name["y"] + name["height"] - 6 and abs(line["x"] + 8 - name["x"]) < 2
    expect(night.locator('.run-row[data-status="completed"]').first.get_by_test_id("run-reason")).to_be_hidden()
    # As a column, it needs no line of its own.
    night.get_by_test_id("choose-columns").click()
    night.get_by_test_id("column-reason").check()
    expect(night.get_by_test_id("run-reason")).to_have_count(0)
    expect(failed.locator(".column-reason")).to_have_text("slipRatio out of range at frame 1203")


def test_rows_are_as_close_as_the_user_wants(night):
    night.goto("/")
    completed = night.locator('.run-row[data-status="completed"]').first
    expect(completed).to_have_css("height", "28px")
    night.get_by_test_id("density").click()
    expect(completed).to_have_css("height", "38px")
    night.reload()
    expect(completed).to_have_css("height", "38px")
    expect(night.get_by_test_id("density")).to_have_accessible_name("Rows: comfortable")


def test_a_size_is_said_to_be_an_estimate(night):
    """It is shared out by table: it may move while other runs are stored."""
    with_columns(night)
    night.goto("/")
    expect(night.locator(".run-row .column-size").first).to_have_text(re.compile(r"^[\d.]+ MiB$"))
    expect(night.locator(".list-head .column-size")).to_have_text("≈ Size")
    expect(night.locator(".list-head .column-size")).to_have_attribute("title", re.compile("estimate.*may move while other runs are stored"))
    expect(night.locator(".run-row .column-size").first).to_have_attribute("title", re.compile(r"^About [\d.]+ MiB: an estimate"))


def test_on_a_phone_each_run_is_a_card(night):
    """Its whole name, and below it how it is, how old it is, and why it ended; the states of the header have words."""
    night.set_viewport_size({"width": 390, "height": 844})
    night.goto("/")
    card = night.locator('.run-row[data-status="failed"]').first
    name, status, started, reason = card.get_by_role("link"), card.get_by_test_id("status"), card.locator(".column-started"), card.get_by_test_id("run-reason")
    expect(status).to_have_text("Failed")
    expect(reason).to_have_text("slipRatio out of range at frame 1203")
    boxes = [part.bounding_box() for part in (name, status, started, reason)]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"] + 2, "the name has a line of its own"
    assert boxes[1]["x"] < boxes[2]["x"] < boxes[3]["x"] and boxes[3]["x"] + boxes[3]["width"] <= 390
    assert name.evaluate("link => [...link.children].every(part => part.scrollWidth <= part.clientWidth + 1)"), "the name is whole"
    assert card.bounding_box()["height"] == 54
    expect(night.get_by_test_id("connection")).to_be_visible()
    assert night.get_by_test_id("connection").locator("span").bounding_box()["width"] > 40
    # What is wrong takes the place of what is well.
    night.route("**/api/ready", lambda route: route.fulfill(status=503, json={"status": "degraded", "storage": {"state": "failed", "detail": "no"}}))
    expect(night.get_by_test_id("storage-state")).to_be_visible()
    expect(night.get_by_test_id("storage-state")).to_have_text("Storage failed")
    expect(night.get_by_test_id("connection")).to_be_hidden()
    assert night.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Titles cannot be clicked where there are none.
    night.get_by_test_id("sort-by").select_option("drops")
    wait_until(night, "() => location.search.includes('sort=-drops')")
    expect(night.get_by_test_id("run-row").first.locator(".column-drops")).to_have_text("515,372")
    # A tap opens the run.
    night.watch.may_fail += ("/api/run?",)
    night.get_by_test_id("run-row").first.get_by_role("link").click()
    expect(night.get_by_test_id("error")).to_be_visible()
