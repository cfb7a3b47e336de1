"""The dialog for layouts, opened by a page that keeps its layout in `window.layout`."""

import json
import subprocess

import pytest
from playwright.sync_api import expect
from support import ROOT


@pytest.fixture
def collector(offline):
    """Layouts are none of ClickHouse's business."""
    return offline


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    made = tmp_path_factory.mktemp("dialog") / "dialog.js"
    source = ROOT / "web/src/shell/layouts-dialog.ts"
    subprocess.run(["esbuild", source, "--bundle", "--format=iife", "--global-name=dialog", f"--outfile={made}", "--log-level=error"], check=True)
    return made.read_text()


OPEN = """
window.layout = { panels: ["first"] };
window.openLayouts = () => dialog.openLayouts({
  current: () => window.layout,
  apply: (layout) => {
    if (!layout.panels) throw new Error("This is no layout of panels.");
    const before = window.layout;
    window.layout = layout;
    return { missing: layout.panels.filter(panel => panel.startsWith?.("not")), undo: () => { window.layout = before; } };
  },
});
window.openLayouts();
"""


@pytest.fixture
def opened(page, script):
    page.goto("/")
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    page.evaluate(f"() => {{ {script}; {OPEN} }}")
    expect(page.get_by_test_id("layouts")).to_contain_text("No layout has been saved yet.")
    return page


def saved(page):
    return page.get_by_test_id("layout")


def save(page, name: str) -> None:
    page.get_by_test_id("layout-name").fill(name)
    page.get_by_test_id("layout-save").click()
    expect(page.locator(f'[data-testid="layout"][data-name="{name}"]')).to_be_visible()


def test_a_layout_is_saved_loaded_and_deleted(opened):
    expect(opened.get_by_test_id("layout-name")).to_be_focused()
    opened.keyboard.type("tyres <b>")
    opened.keyboard.press("Enter")
    expect(saved(opened)).to_have_count(1)
    expect(saved(opened)).to_contain_text("tyres <b>")
    expect(opened.get_by_test_id("toast-news")).to_have_text("Layout tyres <b> saved")
    opened.evaluate("window.layout = { panels: ['other'] }")
    opened.get_by_role("button", name="Load tyres <b>").click()
    expect(opened.get_by_test_id("layouts")).to_have_count(0)
    assert opened.evaluate("window.layout") == {"panels": ["first"]}
    opened.evaluate("window.openLayouts()")
    opened.get_by_role("button", name="Delete tyres <b>").click()
    expect(opened.get_by_test_id("confirm-no")).to_be_focused()
    opened.keyboard.press("Escape")
    expect(saved(opened)).to_have_count(1)
    opened.get_by_role("button", name="Delete tyres <b>").click()
    opened.get_by_test_id("confirm-yes").click()
    expect(saved(opened)).to_have_count(0)


def test_a_name_that_is_there_is_replaced_after_a_question(opened):
    """And what was there comes back on demand."""
    save(opened, "one")
    name, button, question = (opened.get_by_test_id(test_id) for test_id in ("layout-name", "layout-save", "confirm"))
    name.fill("on")
    expect(button).to_have_text("Save")
    name.fill("one")
    expect(button).to_have_text("Replace")
    opened.evaluate("window.layout = { panels: ['new'] }")
    button.click()
    expect(opened.get_by_role("dialog", name="Replace the layout one?")).to_contain_text("Everybody who uses this collector")
    # Enter is on the harmless button.
    opened.keyboard.press("Enter")
    expect(question).to_have_count(0)
    assert stored(opened, "one") == {"panels": ["first"]}
    expect(name).to_have_value("one")
    button.click()
    opened.get_by_test_id("confirm-yes").click()
    expect(name).to_have_value("")
    expect(saved(opened)).to_have_count(1)
    assert stored(opened, "one") == {"panels": ["new"]}
    opened.get_by_test_id("toast-news").filter(has_text="Layout one replaced").get_by_role("button", name="Undo").click()
    expect(opened.get_by_test_id("toast-news").filter(has_text="Layout one is as it was")).to_be_visible()
    assert stored(opened, "one") == {"panels": ["first"]}


def test_what_somebody_else_has_saved_since_is_asked_about_too(opened):
    opened.evaluate("fetch('/api/layouts/theirs', { method: 'PUT', body: JSON.stringify({ panels: ['theirs'] }), headers: { 'Content-Type': 'application/json' } })")
    opened.wait_for_function("fetch('/api/layouts').then(answer => answer.json()).then(layouts => layouts.length === 1)")
    opened.get_by_test_id("layout-name").fill("theirs")
    expect(opened.get_by_test_id("layout-save")).to_have_text("Save")
    opened.get_by_test_id("layout-save").click()
    expect(opened.get_by_role("dialog", name="Replace the layout theirs?")).to_be_visible()
    opened.get_by_test_id("confirm-no").click()
    assert stored(opened, "theirs") == {"panels": ["theirs"]}


def test_a_loaded_layout_says_what_is_missing_and_goes_back(opened):
    opened.evaluate("window.layout = { panels: ['there', ...[1, 2, 3, 4, 5, 6].map(number => `not-${number}`)] }")
    save(opened, "wide")
    opened.evaluate("window.layout = { panels: ['mine'] }")
    opened.get_by_role("button", name="Load wide").click()
    news = opened.get_by_test_id("toast-news").filter(has_text="Layout wide loaded.")
    expect(news).to_contain_text("It also shows what this run has not: not-1, not-2, not-3, not-4 and 2 more.")
    assert opened.evaluate("window.layout.panels.length") == 7
    news.get_by_role("button", name="Undo").click()
    assert opened.evaluate("window.layout") == {"panels": ["mine"]}
    expect(news).to_have_count(0)


def stored(page, name: str):
    return page.evaluate("name => fetch(`/api/layouts/${name}`).then(answer => answer.json())", name)


def test_a_name_of_blanks_is_refused_in_words(opened):
    name = opened.get_by_test_id("layout-name")
    name.fill("   ")
    opened.keyboard.press("Enter")
    assert name.evaluate("field => field.validationMessage") == "A name has more than blanks."
    expect(saved(opened)).to_have_count(0)


def test_a_layout_goes_into_a_file_and_comes_back(opened, tmp_path):
    opened.get_by_test_id("layout-name").fill("my tyres")
    with opened.expect_download() as download:
        opened.get_by_test_id("layout-export").click()
    assert download.value.suggested_filename == "my-tyres.teltel-layout.json"
    file = tmp_path / "exported.json"
    download.value.save_as(file)
    assert json.loads(file.read_text()) == {"panels": ["first"]}
    opened.evaluate("window.layout = { panels: [] }")
    opened.get_by_test_id("layout-file").set_input_files(file)
    expect(opened.get_by_test_id("layouts")).to_have_count(0)
    assert opened.evaluate("window.layout") == {"panels": ["first"]}


@pytest.mark.parametrize(
    "text, words",
    [("no json", "The file is no JSON"), ("[1]", "The file holds no JSON object."), ('{"a": 1}', "This is no layout of panels.")],
    ids=["text", "array", "foreign"])
def test_a_file_that_is_no_layout_is_refused(opened, tmp_path, text, words):
    file = tmp_path / "file.json"
    file.write_text(text)
    opened.get_by_test_id("layout-file").set_input_files(file)
    expect(opened.get_by_test_id("toast-error")).to_contain_text(words)
    # The message can be used although a dialog is open.
    opened.get_by_role("button", name="Close this message").click()
    expect(opened.get_by_test_id("toast-error")).to_have_count(0)
    assert opened.evaluate("window.layout") == {"panels": ["first"]}
    file.write_text('{"panels": [2]}')
    opened.get_by_test_id("layout-file").set_input_files(file)
    expect(opened.get_by_test_id("layouts")).to_have_count(0)
    assert opened.evaluate("window.layout") == {"panels": [2]}


def test_where_no_layouts_are_kept_files_still_work(live_page, script, tmp_path):
    """As of a collector that could not use its data folder."""
    live_page.watch.may_fail += ("/api/layouts",)
    answer = {"code": "storage-off", "error": {"code": "storage-off", "message": "no data folder", "hint": ""}}
    live_page.route("**/api/layouts", lambda route: route.fulfill(status=503, json=answer))
    live_page.goto("/")
    live_page.evaluate(f"() => {{ {script}; {OPEN} }}")
    expect(live_page.get_by_test_id("layouts")).to_contain_text("This collector keeps no layouts")
    expect(live_page.get_by_test_id("layout-save")).to_be_disabled()
    with live_page.expect_download() as download:
        live_page.get_by_test_id("layout-export").click()
    assert download.value.suggested_filename == "layout.teltel-layout.json"
    expect(live_page.get_by_test_id("toast-error")).to_have_count(0)


def test_a_failure_says_what_helps(opened):
    """A message with method, address, status, answer and the request's name; secrets are masked; the same again counts up."""
    opened.watch.may_fail += ("/api/layouts",)
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer = {"error": {"code": "layouts-failed", "message": "the disk is full", "hint": "token=s3cret makes room"}}
    opened.route("**/api/layouts/*", lambda route: route.fulfill(status=500, json=answer, headers={"X-Request-Id": "ab12cd"}))
    for times in (1, 2, 3):
        opened.get_by_test_id("layout-name").fill("x")
        opened.get_by_test_id("layout-save").click()
        toast = opened.get_by_role("alert").get_by_test_id("toast-error")
        expect(toast).to_have_count(1)
        expect(toast.locator(".toast-count")).to_have_text("" if times == 1 else f"{times} times")
    for words in ("The layout x cannot be saved", "The disk is full.", "PUT /api/layouts/x: 500 layouts-failed", "ab12cd"):
        expect(toast).to_contain_text(words)
    toast.get_by_test_id("toast-copy").click()
    expect(toast.get_by_test_id("toast-copy")).to_have_text("Copied")
    copied = opened.evaluate("navigator.clipboard.readText()")
    for words in ("The layout x cannot be saved", "PUT /api/layouts/x", "500", "ab12cd", '"layouts-failed"', "Time: "):
        assert words in copied
    assert "s3cret" not in copied + toast.inner_text() and "•••" in copied


def test_a_long_message_keeps_its_buttons_whole(opened):
    opened.watch.may_fail += ("/api/layouts",)
    opened.route("**/api/layouts/*", lambda route: route.fulfill(status=500, body="broken"))
    opened.get_by_test_id("layout-name").fill("a name as long as a name can be, with many words in it that need their room " * 2)
    opened.get_by_test_id("layout-save").click()
    toast = opened.get_by_test_id("toast-error")
    for button in (toast.get_by_test_id("toast-copy"), toast.get_by_role("button", name="Close this message")):
        expect(button).to_be_visible()
        height, line = button.evaluate("button => { const range = document.createRange(); range.selectNodeContents(button); return [range.getBoundingClientRect().height, parseFloat(getComputedStyle(button).fontSize)]; }")
        assert height < 2 * line, "one line of words"


def test_at_most_four_messages(opened):
    opened.watch.may_fail += ("/api/layouts",)
    opened.route("**/api/layouts/*", lambda route: route.fulfill(status=500, body="broken"))
    for number in range(6):
        opened.get_by_test_id("layout-name").fill(f"x{number}")
        opened.get_by_test_id("layout-save").click()
        expect(opened.get_by_test_id("toast-error").last).to_contain_text(f"x{number}")
    expect(opened.get_by_test_id("toast-error")).to_have_count(4)
    expect(opened.get_by_test_id("toast-error").first).to_contain_text("x2")
    opened.get_by_test_id("layouts").get_by_role("button", name="Close", exact=True).first.click()
    expect(opened.get_by_test_id("layouts")).to_have_count(0)
    # They outlive the dialog.
    expect(opened.get_by_test_id("toast-error")).to_have_count(4)
