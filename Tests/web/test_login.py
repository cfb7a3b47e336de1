"""The page of a collector with a token, in a real browser: in by a login URL, and told when the session is gone."""
import re

import pytest
from playwright.sync_api import expect, sync_playwright
from support import wait_until

DEADLINE_MS = 30_000


@pytest.fixture
def guarded(make_collector, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    return make_collector("--no-storage", "--token-file", str(token))


@pytest.fixture
def page(guarded):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(base_url=guarded.url).new_page()
        page.set_default_timeout(DEADLINE_MS)
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text) if "Content Security Policy" in message.text else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        yield page
        assert page.problems == []
        browser.close()


def test_login_in_a_browser(guarded, page, vehicle):
    page.goto("/")
    expect(page.get_by_role("heading", name="Log in to teltel")).to_be_visible(timeout=DEADLINE_MS)
    url = wait_until(lambda: re.search(r"^login +(\S+)", guarded.output(), re.M), "a login URL")[1]
    vehicle("shown", 60)
    page.goto(url)
    assert page.url == guarded.url + "/"
    page.get_by_role("link", name="shown").click()
    # Live values come over the WebSocket, which wants the session and the page's origin.
    expect(page.get_by_test_id("connection")).to_have_text("Connected", timeout=DEADLINE_MS)
    wait_until(lambda: guarded_subscribers(page) == 1, "the page's WebSocket is open")
    page.context.clear_cookies()
    expect(page.get_by_test_id("connection")).to_have_text("Not logged in", timeout=DEADLINE_MS)
    page.get_by_role("link", name="teltel", exact=True).click()
    expect(page.get_by_text("You are not logged in")).to_be_visible(timeout=DEADLINE_MS)
    expect(page.get_by_text("teltel login-url")).to_be_visible(timeout=DEADLINE_MS)


def guarded_subscribers(page) -> float:
    text = page.evaluate("fetch('/metrics').then((answer) => answer.text())")
    return float(re.search(r"^teltel_live_subscribers (\d+)", text, re.M)[1])
