"""What the page's tests share: events, and the way to a run's page."""

import json
import urllib.request

from playwright.sync_api import Page, expect

DEADLINE_MS = 30_000


def ingest(collector, *events: dict) -> None:
    body = "".join(json.dumps(event) + "\n" for event in events).encode()
    request = urllib.request.Request(f"{collector.url.rstrip('/')}/api/ingest", data=body)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 202


def event(run_id: str, frame: int, payload, type_name="body.state", channel="flight") -> dict:
    return {
        "v": 1, "runId": run_id, "sourceId": "ui-test", "channel": channel, "type": type_name,
        "frameIndex": frame, "simTime": frame / 100, "payload": payload,
    }


def row_of(page: Page, run_id: str):
    return page.get_by_test_id("run-row").filter(has=page.get_by_role("link", name=run_id, exact=True))


def open_run(page: Page, run_id: str) -> None:
    page.goto("/")
    row_of(page, run_id).get_by_role("link").click()
    expect(page.get_by_test_id("run-title")).to_have_text(run_id)


def wait_until(page: Page, script: str, argument=None) -> None:
    page.wait_for_function(script, arg=argument, timeout=DEADLINE_MS)
