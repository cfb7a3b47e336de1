"""The tree of what a run has, where that is much."""

from playwright.sync_api import expect
from run_support import panel
from web_support import event, ingest


def field(page, series: str):
    return page.locator(f'[data-testid="field"][data-series="{series}"]')


def test_the_tree_finds_whatever_the_run_has(live_page, live, run_id):
    """More types and fields than are listed."""
    page = live_page
    ingest(live, *[event(run_id, frame, {"x": number}, f"msg.{number}", "bus") for number in range(260) for frame in range(3)],
           *[event(run_id, frame, {f"f{number}": number for number in range(300)}, "wide", "bus") for frame in range(3)])
    page.goto(f"/runs/{run_id}")
    tree, search = page.get_by_test_id("tree"), page.get_by_test_id("tree-search")
    expect(tree).to_contain_text("61 more types are not listed: search for them.")
    search.fill("msg.250")
    field(page, "bus/msg.250//x").check()
    expect(panel(page, "msg.250/x").get_by_test_id("legend-value")).to_have_text("250")
    search.fill("wide f")
    expect(tree).to_contain_text("100 more fields are not listed: search for them.")
    search.fill("f299")
    field(page, "bus/wide//f299").check()
    expect(panel(page, "wide/f299").get_by_test_id("legend-value")).to_have_text("299")
    # What is plotted can be listed by itself.
    search.fill("")
    page.get_by_label("Plotted only").check()
    expect(field(page, "bus/wide//f299")).to_be_checked()
    expect(tree.locator("[data-testid=field]:not(:checked)")).to_have_count(0)
