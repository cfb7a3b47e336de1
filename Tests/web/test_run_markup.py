"""Names and texts that hold markup are texts, wherever they are shown."""

import urllib.parse

import pytest
from list_support import with_columns
from playwright.sync_api import expect
from web_support import event, ingest, open_run, row_of


@pytest.fixture
def collector(module_collector):
    return module_collector


@pytest.fixture
def shm(module_collector):
    return module_collector.shm


def test_every_name_of_a_run_may_hold_markup(page, collector, run_id):
    """What comes with run.start and run.end, and what is said of bad lines, on both pages."""

    def mark(tag: str) -> str:
        return f"{run_id}<{tag} onclick=window.markupRan=1><img src=x onerror=window.markupRan=1>"

    name = mark("s")
    start = event(name, 0, {"engine_version": mark("em"), "seed": 1}, type_name="run.start", channel="run")
    end = event(name, 3, {"reason": mark("q"), "status": "failed"}, type_name="run.end", channel="run")
    both = [{**each, "sourceId": mark("h6"), "tags": {mark("tt"): mark("kbd")}} for each in (start, event(name, 1, {"speed": 1}), end)]
    bad = {**event(name, 2, 1), "tags": {mark("big"): 1}}
    ingest(collector, both[0], both[1], bad, both[2])
    with_columns(page)
    page.goto("/")
    expect(row_of(page, name)).to_contain_text(mark("h6"))
    open_run(page, name)
    for tag in ("h6", "em", "q", "tt", "kbd"):
        expect(page.locator("#app")).to_contain_text(mark(tag))
    assert page.locator("#app :is(img, s, em, q, h6, tt, kbd, big)").count() == 0
    assert page.evaluate("() => window.markupRan") is None


def test_names_with_markup_are_text(page, collector, run_id):
    name = f"{run_id}<img src=x onerror=\"window.markupRan=1\">"
    field = "<b onclick=markupRan=1>bold"  # no slash, no dot: both mean something in names of columns
    ingest(collector, *[
        event(name, frame, {field: frame, "speed": frame * 2}, type_name="<i>type</i>", channel="<u>channel</u>")
        for frame in range(1, 50)
    ])
    open_run(page, name)
    tree = page.get_by_test_id("tree")
    expect(tree).to_contain_text("<i>type</i>")
    expect(tree).to_contain_text("<u>channel</u>")
    expect(tree).to_contain_text(field)
    expect(page.get_by_test_id("panel-title").first).to_be_visible()
    assert page.locator("#app img, #app i, #app u, #app b").count() == 0
    assert page.evaluate("() => window.markupRan") is None
    assert urllib.parse.quote(name, safe="!'()*-._~") in page.url
