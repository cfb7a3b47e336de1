"""What the tests of the run list share: lists that the collector tells, and which rows are shown."""

import json

import pytest
from playwright.sync_api import expect
from web_support import wait_until


def summary(run_id: str, **more) -> dict:
    """As /api/runs tells it."""
    return {"runId": run_id, "sourceId": "s", "status": "completed", "created": "2026-01-01T00:00:00Z", "tags": {}, **more}


SOME = [
    summary("fast", status="running", ratePerSecond=900, lastFrame=9, tags={"track": "wet", "car": "a"}, engineVersion="1.10"),
    summary("slow", status="running", ratePerSecond=20, lastFrame=5_000, tags={"track": "dry", "car": "a"}, engineVersion="1.9"),
    summary("broken", status="failed", refused=7, lost=3, tags={"track": "wet"}, seed=3, created="2026-01-03T00:00:00Z"),
    summary("old", name="The first of all", seed=20, endedAt="2026-01-01T00:02:05Z"),
]


COLUMNS = "status,run,source,tags,version,seed,started,duration,frames,rate,drops,size"


def tell(page, runs) -> None:
    """The collector tells these: a list, or a function that gives it anew for each question. All come with the first part."""

    def answer(route):
        told = runs() if callable(runs) else runs
        is_part = "limit=" in route.request.url
        route.fulfill(json={"cursor": "c", "runs": told, **({"before": "", "running": []} if is_part else {"complete": True, "removed": []})})

    page.route("**/api/runs?*", answer)


def with_columns(page, columns: str = COLUMNS) -> None:
    """As a browser whose user has chosen these."""
    page.add_init_script(f"localStorage.setItem('teltel-run-columns', '{columns}')")


@pytest.fixture
def listed(live_page):
    """A page with the runs SOME and all columns; `listed.runs` is what the collector tells from the next question on."""
    live_page.runs = SOME
    live_page.set_viewport_size({"width": 1440, "height": 900})
    with_columns(live_page)
    tell(live_page, lambda: live_page.runs)
    live_page.goto("/")
    expect(live_page.get_by_test_id("run-row")).to_have_count(4)
    return live_page


def shown(page) -> list[str]:
    return [row.get_attribute("data-run") for row in page.get_by_test_id("run-row").all()]


def expect_shown(page, *ids: str) -> None:
    wait_until(
        page, "ids => [...document.querySelectorAll('[data-testid=run-row]')].map(row => row.dataset.run).join() === ids",
        ",".join(ids))


def ci_run(number: int) -> dict:
    """One of a night's work: long names that differ at their end, large numbers, four tags."""
    status = ("completed", "completed", "failed", "completed", "cancelled")[number % 5]
    reason = {"failed": "slipRatio out of range at frame 1203", "cancelled": "cancelled by the job's time-out"}.get(status, "")
    return summary(
        f"ci/nightly/2026-11-{number % 28 + 1:02}/tyre-model/job-{10_000 + number}", sourceId=("vehicle", "vehicle-dynamics")[number % 2],
        status=status, endReason=reason, created="2026-11-18T00:00:00Z", endedAt="2026-11-19T21:03:12Z", engineVersion=f"v2.4.{number}-rc1",
        seed=str(18446744073709551615 - number) if number % 9 == 0 else str(3500 + number), lastFrame=1_000_000 + number, refused=257_686 * (number % 3),
        stored=7, tags={"branch": "tyre-model-v2", "commit": f"5f3f23f{number:05}", "track": ("wet", "dry")[number % 2], "machine": "bench-07"})


@pytest.fixture
def night(page):
    """A list of 300 runs, all of which have a size."""
    runs = [ci_run(number) for number in range(300)]
    tell(page, runs)
    page.route("**/api/analysis/runs*", lambda route: route.fulfill(body=""))
    sizes = "".join(json.dumps({"run_id": run["runId"], "bytes_on_disk": 1_070_000 + 7_001 * number}) + "\n" for number, run in enumerate(runs))
    page.route("**/api/analysis/sizes*", lambda route: route.fulfill(body=sizes))
    return page
