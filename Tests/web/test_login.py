"""The page of a collector with a token, in a real browser: in by a login URL, and told when the session is gone."""
import re

import pytest
from playwright.sync_api import expect
from support import ROOT, wait_until

DEADLINE_MS = 30_000


@pytest.fixture
def guarded(make_collector, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    return make_collector("--no-storage", "--token-file", str(token))


@pytest.fixture
def page(browser, guarded):
    page = browser.new_context(base_url=guarded.url).new_page()
    page.set_default_timeout(DEADLINE_MS)
    page.problems = []
    page.on("console", lambda message: page.problems.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    yield page
    page.context.close()
    assert page.problems == []


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


def test_a_deep_link_survives_the_login(guarded, page, vehicle):
    """By the form of the login page, which has the look of the page; and later from another site."""
    vehicle("shown", 60)
    page.goto("/runs/shown?axis=simTime&window=30")
    expect(page.get_by_role("heading", name="Log in to teltel")).to_be_visible(timeout=DEADLINE_MS)
    url = wait_until(lambda: re.search(r"^login +(\S+)", guarded.output(), re.M), "a login URL")[1]
    field = page.get_by_label("Login URL or code")
    expect(field).to_be_focused()
    # The style sheet is there, although nobody has logged in.
    assert page.locator("main").evaluate("main => getComputedStyle(main).borderTopWidth") == "1px"
    field.fill("http://x/login?code=wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("has been used")
    page.get_by_label("Login URL or code").fill(url)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_test_id("run-title")).to_have_text("shown", timeout=DEADLINE_MS)
    assert page.url == guarded.url + "/runs/shown?axis=simTime&window=30"
    # A link on another site's page, as a CI job's.
    other = page.context.new_page()
    other.route("http://ci.example/*", lambda route: route.fulfill(body=f'<a href="{guarded.url}/runs/shown">the run</a>', content_type="text/html"))
    other.goto("http://ci.example/job")
    other.get_by_role("link", name="the run").click()
    expect(other.get_by_test_id("run-title")).to_have_text("shown", timeout=DEADLINE_MS)
    # Logged out meanwhile, the page leads to the login and back.
    other.context.clear_cookies()
    other.goto(guarded.url + "/runs/shown")
    expect(other.get_by_label("Login URL or code")).to_be_visible(timeout=DEADLINE_MS)


def test_a_page_that_is_logged_out_leads_to_the_login_and_back(guarded, page, vehicle):
    url = wait_until(lambda: re.search(r"^login +(\S+)", guarded.output(), re.M), "a login URL")[1]
    page.goto(url)
    vehicle("shown", 60)
    expect(page.get_by_role("link", name="shown")).to_be_visible(timeout=DEADLINE_MS)
    page.context.clear_cookies()
    page.get_by_role("link", name="shown").click()
    page.get_by_role("link", name="Log in", exact=True).click()
    expect(page.get_by_label("Login URL or code")).to_be_visible(timeout=DEADLINE_MS)
    assert page.locator("input[name=next]").get_attribute("value").startswith("/runs/shown")


def test_the_login_page_has_the_colours_of_the_page():
    def colours(text: str) -> dict:
        return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", text))

    login = (ROOT / "web/styles/login.css").read_text().split("@media", 1)
    theme = (ROOT / "web/styles/theme.css").read_text().split(":root[data-theme=\"dark\"]", 1)
    for own, common in zip(login, theme):
        assert colours(own) and colours(own).items() <= colours(common).items()


def guarded_subscribers(page) -> float:
    text = page.evaluate("fetch('/metrics').then((answer) => answer.text())")
    return float(re.search(r"^teltel_live_subscribers (\d+)", text, re.M)[1])
