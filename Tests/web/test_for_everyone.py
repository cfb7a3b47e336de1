"""Keyboard, screen readers, screens of all sizes, no network."""

import re

import pytest
from playwright.sync_api import expect
from support import ROOT
from web_support import event, ingest, row_of

PAGES = {"runs": "/", "run": "/runs/shown?source=ui-test", "unknown": "/nowhere%"}


@pytest.fixture(params=PAGES)
def any_page(live_page, live, request):
    ingest(live, event("shown", 1, {"speed": 1}), event("shown", 2, {"speed": 2}))
    live.wait_status("shown", "running")
    live_page.watch.may_fail += ("/nowhere",)
    live_page.goto("/")
    expect(row_of(live_page, "shown")).to_be_visible()
    if request.param != "runs":
        live_page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new Event('popstate')); }", PAGES[request.param])
        expect(live_page.get_by_role("grid")).to_have_count(0)
    return live_page


def test_landmarks_and_headings(any_page):
    assert any_page.get_by_role("banner").count() == 1
    expect(any_page.get_by_role("main")).to_have_count(1)
    expect(any_page.get_by_role("heading").first).to_be_visible()
    assert any_page.locator("html").get_attribute("lang") == "en"


def test_the_first_tab_leads_past_the_header(any_page):
    any_page.evaluate("document.activeElement.blur()")
    any_page.keyboard.press("Tab")
    skip = any_page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    any_page.keyboard.press("Enter")
    expect(any_page.get_by_role("main")).to_be_focused()


def test_every_control_has_a_name(any_page):
    nameless = any_page.evaluate("""() => [...document.querySelectorAll('button, a[href], input, select, textarea')]
        .filter(control => control.checkVisibility() && !control.closest('[aria-hidden=true]'))
        .filter(control => !(control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.length || control.title))
        .map(control => control.outerHTML)""")
    assert nameless == []


def test_the_focus_is_always_seen(any_page):
    """Going round with the Tab key: whatever has the focus is marked, or marks something in itself."""
    any_page.evaluate("document.activeElement.blur()")
    unmarked = []
    for _ in range(40):
        any_page.keyboard.press("Tab")
        look = any_page.evaluate("""() => {
            const focused = document.activeElement;
            if (focused === document.body) return null;
            const style = getComputedStyle(focused);
            const card = focused.closest('.run-card');
            const hasOutline = element => { const style = getComputedStyle(element); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; };
            const isMarked = hasOutline(focused) || style.boxShadow !== 'none' || (card !== null && hasOutline(card));
            return [isMarked, focused.outerHTML.slice(0, 120)];
        }""")
        if look is None:
            break
        if not look[0]:
            unmarked.append(look[1])
    assert unmarked == []


@pytest.mark.parametrize("size", [(360, 640), (390, 844), (768, 1024), (1280, 800), (1920, 1080), (3840, 2160)], ids=lambda size: str(size[0]))
def test_the_page_fits_the_screen(live_page, live, size):
    ingest(live, event("a-run-with-a-name-that-is-much-longer-than-any-narrow-screen-is-wide-0123456789", 1, {"v": 1}))
    live_page.set_viewport_size({"width": size[0], "height": size[1]})
    live_page.goto("/")
    expect(live_page.get_by_test_id("run-row")).to_have_count(1)
    assert live_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("open-palette", "open-help", "theme", "open-about"):
        expect(live_page.get_by_test_id(name)).to_be_in_viewport(ratio=1)
    live_page.get_by_test_id("open-about").click()
    box = live_page.get_by_test_id("about").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= size[0] and box["height"] <= size[1]


def test_nothing_moves_while_the_page_loads(live_page, live):
    """The layout shift that Chromium measures, from the empty page to one with a list."""
    ingest(live, event("shown", 1, {"v": 1}))
    live.wait_status("shown", "running")
    live_page.add_init_script("""
        window.shift = 0;
        new PerformanceObserver(list => { for (const entry of list.getEntries()) window.shift += entry.value; })
          .observe({ type: 'layout-shift', buffered: true });""")
    live_page.goto("/")
    expect(row_of(live_page, "shown")).to_be_visible()
    # Two more answers of the collector.
    for _ in range(2):
        with live_page.expect_response("**/api/runs?after=*"):
            pass
    assert live_page.evaluate("window.shift") < 0.02


def test_no_motion_for_those_who_want_none(live_page):
    live_page.emulate_media(reduced_motion="reduce")
    live_page.goto("/")
    moving = live_page.evaluate("""() => [...document.querySelectorAll('*')].filter(element => {
        const style = getComputedStyle(element);
        return style.animationName !== 'none' || style.transitionDuration.split(',').some(time => parseFloat(time) > 0.01);
    }).length""")
    assert moving == 0


def test_about_has_version_and_licences(live_page, live):
    live_page.goto("/")
    live_page.get_by_test_id("open-about").click()
    version = re.search(r'teltel_build_info\{version="(.+?)"\}', live.request("/metrics")[2].decode())[1]
    expect(live_page.get_by_test_id("about-version")).to_have_text(f"Version {version}")
    expect(live_page.get_by_test_id("about-licenses")).to_have_text((ROOT / "web/licenses.txt").read_text())


def test_the_content_security_policy_holds(live_page, live):
    """Scripts and styles come as files of the collector; nothing inline is needed, or would run."""
    ingest(live, event("shown", 1, {"v": 1}))
    live_page.add_init_script("window.blocked = []; addEventListener('securitypolicyviolation', event => blocked.push(event.violatedDirective));")
    answer = live_page.goto("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    expect(row_of(live_page, "shown")).to_be_visible()
    live_page.keyboard.press("?")
    live_page.keyboard.press("Escape")
    live_page.keyboard.press("Control+k")
    assert live_page.evaluate("window.blocked") == []
