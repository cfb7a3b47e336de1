"""What all pages share: commands by key and by palette, the list of keys, dialogs."""

import re

import pytest
from playwright.sync_api import expect
from support import ROOT
from web_support import event, ingest


@pytest.fixture
def runs_page(live_page):
    live_page.goto("/")
    expect(live_page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    return live_page


def test_question_mark_lists_the_keys(runs_page):
    runs_page.keyboard.press("?")
    help_ = runs_page.get_by_role("dialog", name="Keys and mouse")
    expect(help_.get_by_role("heading", name="Everywhere")).to_be_visible()
    expect(help_.locator('[data-command="shell.help"] kbd')).to_have_text("?")
    expect(help_.locator('[data-command="shell.palette"] kbd')).to_have_text(["Ctrl", "K"])
    # Palette only: it has no key.
    expect(help_.locator('[data-command="shell.runs"]')).to_have_count(0)
    runs_page.keyboard.press("Escape")
    expect(help_).to_have_count(0)


def test_a_dialog_gives_the_focus_back(runs_page):
    button = runs_page.get_by_test_id("open-help")
    button.focus()
    runs_page.keyboard.press("Enter")
    expect(runs_page.get_by_test_id("help")).to_be_visible()
    expect(button).not_to_be_focused()
    runs_page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_a_click_beside_a_dialog_closes_it(runs_page):
    runs_page.keyboard.press("?")
    box = runs_page.get_by_test_id("help").bounding_box()
    runs_page.mouse.click(box["x"] + 20, box["y"] + 8)
    expect(runs_page.get_by_test_id("help")).to_be_visible()
    runs_page.mouse.click(4, 400)
    expect(runs_page.get_by_test_id("help")).to_have_count(0)


def test_the_palette_runs_what_is_chosen(runs_page):
    runs_page.keyboard.press("Control+k")
    search = runs_page.get_by_role("combobox", name="Command")
    expect(search).to_be_focused()
    options = runs_page.get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    runs_page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(options.first).to_have_attribute("aria-selected", "false")
    assert search.get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
    runs_page.keyboard.press("ArrowUp")
    runs_page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    runs_page.keyboard.type("keys")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("Show all keys")
    runs_page.keyboard.press("Enter")
    expect(runs_page.get_by_test_id("palette")).to_have_count(0)
    expect(runs_page.get_by_test_id("help")).to_be_visible()


def test_the_palette_says_that_nothing_is_found(runs_page):
    runs_page.keyboard.press("Control+k")
    runs_page.keyboard.type("qqqq")
    expect(runs_page.get_by_test_id("palette").get_by_role("status")).to_have_text("No command has these words.")
    runs_page.keyboard.press("Enter")
    expect(runs_page.get_by_test_id("palette")).to_be_visible()


def test_the_palette_can_be_used_with_the_mouse(live_page):
    live_page.goto("/runs/nowhere/at/all%")
    live_page.get_by_test_id("open-palette").click()
    live_page.get_by_role("option", name="Go to all runs").click()
    expect(live_page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    expect(live_page.get_by_test_id("palette")).to_have_count(0)


def test_keys_are_typed_where_text_is_typed(live_page):
    one = {"runId": "one", "sourceId": "s", "status": "completed"}
    live_page.route("**/api/runs?*", lambda route: route.fulfill(json={"cursor": "", "complete": True, "runs": [one], "removed": []}))
    live_page.goto("/")
    search = live_page.get_by_test_id("run-search")
    search.focus()
    live_page.keyboard.type("a?")
    expect(search).to_have_value("a?")
    expect(live_page.get_by_test_id("help")).to_have_count(0)
    # A key with Ctrl types nothing.
    live_page.keyboard.press("Control+k")
    expect(live_page.get_by_test_id("palette")).to_be_visible()
    live_page.keyboard.press("Escape")
    expect(search).to_be_focused()


def test_a_dialog_keeps_the_keys_of_the_page_back(runs_page):
    runs_page.keyboard.press("?")
    runs_page.keyboard.press("?")
    runs_page.keyboard.press("Control+k")
    expect(runs_page.get_by_role("dialog")).to_have_count(1)


def test_a_text_that_is_cut_has_a_tooltip(runs_page):
    """Wherever the style sheet cuts one; what is whole, or has a tooltip of its own, is left as it is."""
    runs_page.evaluate("""() => {
        for (const [id, width, title] of [["cut", "60px", ""], ["whole", "600px", ""], ["own", "60px", "Its own"]]) {
            const made = document.createElement("p");
            Object.assign(made, { id, title, textContent: "a text of some words" });
            Object.assign(made.style, { width, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" });
            document.querySelector("main").append(made);
        }
    }""")
    for name, title in (("cut", "a text of some words"), ("whole", ""), ("own", "Its own")):
        text = runs_page.locator(f"#{name}")
        text.hover()
        assert (text.get_attribute("title") or "") == title
    # It may fit the next time.
    assert runs_page.locator("#cut").get_attribute("title") is None


def test_going_back_closes_a_dialog(live_page):
    live_page.goto("/")
    live_page.evaluate("history.pushState(null, '', '/runs/x%')")
    live_page.keyboard.press("?")
    expect(live_page.get_by_test_id("help")).to_be_visible()
    live_page.go_back()
    expect(live_page.get_by_test_id("help")).to_have_count(0)


def listed_keys(page) -> list[tuple[str, str]]:
    """Key and title of each command of the help, in its order."""
    page.keyboard.press("?")
    rows = page.locator("[data-testid=help] [data-command]").evaluate_all(
        "rows => rows.map(row => [[...row.querySelectorAll('kbd')].map(cap => cap.textContent), row.querySelector('dt').firstChild.textContent])")
    page.keyboard.press("Escape")
    return [("+".join(caps), title) for caps, title in rows]


def documented_keys(heading: str) -> list[tuple[str, str]]:
    """Of the first table behind some words of docs/ui.md."""
    text = (ROOT / "docs/ui.md").read_text().split(heading, 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0]
    return [(key.replace("` or `", "+"), title) for key, title in re.findall(r"^\| `(.+?)` \| (.+) \|$", text, re.M)]


def test_the_keys_are_documented(live_page):
    """Those of the run list."""
    one = {"runId": "one", "sourceId": "s", "status": "completed"}
    live_page.route("**/api/runs?*", lambda route: route.fulfill(json={"cursor": "", "complete": True, "runs": [one], "removed": []}))
    live_page.goto("/")
    expect(live_page.get_by_test_id("run-row")).to_be_visible()
    assert documented_keys("## Keys") == listed_keys(live_page)


def test_keys_that_need_a_chosen_run_are_listed_before(live_page):
    """And say what they need."""
    one = {"runId": "one", "sourceId": "s", "status": "completed"}
    live_page.route("**/api/runs?*", lambda route: route.fulfill(json={"cursor": "", "complete": True, "runs": [one], "removed": []}))
    live_page.goto("/")
    expect(live_page.get_by_test_id("run-row")).to_be_visible()
    live_page.keyboard.press("?")
    delete = live_page.locator('[data-command="runs.delete"]')
    expect(delete).to_contain_text("once a run is chosen")
    live_page.keyboard.press("Escape")
    live_page.keyboard.press("l")
    live_page.keyboard.press("?")
    expect(delete.locator("dt")).to_have_text("Delete the chosen run")
    # The heads of the sections of both columns begin at one height.
    tops = live_page.locator(".help-sections:not(.help-gestures) section h3").evaluate_all(
        "heads => { const tops = new Map(); for (const head of heads) { const box = head.getBoundingClientRect();"
        " tops.set(box.left, Math.min(tops.get(box.left) ?? Infinity, box.top)); } return [...tops.values()]; }")
    assert len(tops) == 2 and abs(tops[0] - tops[1]) < 1


def test_what_mouse_and_fingers_do_is_documented(live_page, live, run_id):
    ingest(live, *[event(run_id, frame, {"level": frame}, "tank") for frame in range(10)])
    live_page.goto(f"/runs/{run_id}")
    expect(live_page.get_by_test_id("legend-line")).to_be_visible()
    live_page.keyboard.press("?")
    rows = live_page.locator("[data-testid=help] [data-gesture]")
    expect(rows.first).to_be_visible()
    listed = rows.evaluate_all("rows => rows.map(row => [row.dataset.gesture, row.querySelector('dt').textContent])")
    tables = (ROOT / "docs/ui.md").read_text().split("With the mouse on a chart:")[1].split("## Messages")[0]
    documented = [row for row in re.findall(r"^\| (.+?) \| (.+) \|$", tables, re.M) if row != ("Gesture", "Does")]
    assert [tuple(row) for row in listed] == documented


def test_the_keys_of_a_run_are_documented(live_page, live, run_id):
    ingest(live, *[event(run_id, frame, {"level": frame}, "tank") for frame in range(10)])
    live_page.goto(f"/runs/{run_id}")
    expect(live_page.get_by_test_id("legend-line")).to_be_visible()
    live_page.get_by_test_id("panel-link").focus()  # a panel is active, and there is something to go back to
    live_page.keyboard.press("+")
    everywhere = {title for _, title in documented_keys("## Keys")}
    listed = [row for row in listed_keys(live_page) if row[1] not in everywhere]
    assert documented_keys("On the page of a run:") == listed

