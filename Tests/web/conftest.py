"""Fixtures of the page's tests: a real browser against a real collector.

From the tests' common conftest: `collector` (has .url) and `vehicle(run_id, seconds=...)`, which starts the vehicle example and
returns its process. Nothing here sleeps: every step waits for a condition with a deadline.
"""

import uuid

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from run_support import post_known_run
from support import wait_until as until
from web_support import DEADLINE_MS

CHROMIUM = "/usr/bin/chromium"
# Each window of Chromium's makes two pages for the popup of its address bar, which nobody sees here: a third of a test's processor time.
# The last list counts, so those that Playwright turns off itself are in it, too.
FEATURES_OFF = [
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying",
    "OptimizationHints", "PaintHolding", "PreconnectToSearch", "ThirdPartyStoragePartitioning",
]

expect.set_options(timeout=DEADLINE_MS)


@pytest.fixture(scope="session")
def browser():
    """One for all tests of a worker; each page has a profile of its own in it."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", f"--disable-features={','.join(FEATURES_OFF)}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Watch:
    """What a page must not do: log errors, throw, or talk to anybody but the collector."""

    def __init__(self, page: Page, origin: str):
        self.problems: list[str] = []
        self.may_fail: tuple[str, ...] = ("/api/ready", "/api/analysis/")
        page.on("console", self.on_console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", lambda request: self.on_request(request.url, origin))

    def on_console(self, message):
        url = message.location.get("url", "")
        # The browser itself logs each answer that is no success. Storage that is still starting answers 503 by contract.
        expected = message.text.startswith("Failed to load resource") and any(path in url for path in self.may_fail)
        if message.type in ("error", "warning") and not expected:
            self.problems.append(f"{message.type}: {message.text} ({url})")

    def on_request(self, url: str, origin: str):
        if not url.startswith((origin, origin.replace("http", "ws", 1))):
            self.problems.append(f"request to {url}")


def opened(browser, collector):
    """A page of this collector in a browser profile of its own; nothing may be left to complain about when the test is over."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=collector.url)
    page = context.new_page()
    page.set_default_timeout(DEADLINE_MS)
    page.watch = Watch(page, collector.url.rstrip("/"))
    yield page
    problems = page.watch.problems
    context.close()
    assert problems == []


@pytest.fixture
def page(browser, collector):
    yield from opened(browser, collector)


@pytest.fixture
def live_page(browser, live):
    """The same without storage, for whatever does not need it: its collector starts much faster."""
    yield from opened(browser, live)


@pytest.fixture(scope="module")
def known(module_collector):
    """The id of a run that has ended, whose every value is known: see `post_known_run`."""
    post_known_run(module_collector, "known")
    return "known"


@pytest.fixture
def vehicle(vehicle, request):
    """The same, and known to the test's collector: a page of a run that is not there yet would complain of that."""

    def start(run_id: str, *arguments, **options):
        process = vehicle(run_id, *arguments, **options)
        if "collector" in request.fixturenames:
            collector = request.getfixturevalue("collector")
            until(lambda: collector.run(run_id), f"{run_id} is known")
        return process

    return start


@pytest.fixture
def watch(page):
    return page.watch


@pytest.fixture
def run_id():
    return f"ui-{uuid.uuid4().hex[:8]}"
