"""Live meets stored on the page of a run, and what happens when the collector is not there for a while."""

import re

from playwright.sync_api import expect
from run_support import panel, panels, wait_for_range
from support import wait_until as wait_for
from web_support import event, ingest

LEVEL = "tank/level"


def post_frames(collector, run_id: str, frames: range) -> None:
    ingest(collector, *[event(run_id, frame, {"level": frame}, "tank", "plant") for frame in frames])


def end(collector, run_id: str, frame: int) -> None:
    ingest(collector, event(run_id, frame, {"reason": "done", "status": "completed"}, "run.end", "run"))


def wait_until_stored(collector, run_id: str, events: int) -> None:
    wait_for(lambda: collector.json(f"/api/run?runId={run_id}")["stored"] >= events, f"{events} events are stored")


def wait_for_value(page, value: str) -> None:
    expect(panel(page, LEVEL).get_by_test_id("legend-value").first).to_have_text(value)


def expect_all_frames(page, last: int) -> None:
    """Smallest, largest and mean between the first frame and the last tell a row that is missing, and one that came twice."""
    expect(page.locator(".time-label").first).to_have_text("0")  # all of the run is known
    page.keyboard.press("Home")
    page.keyboard.press("b")
    page.keyboard.press("End")
    legend = panel(page, LEVEL).get_by_test_id("legend")
    expect(legend.get_by_test_id("legend-max")).to_have_text(str(last))
    expect(legend.locator(".is-rough")).to_have_count(0)
    expect(legend.get_by_test_id("legend-min")).to_have_text("0")
    expect(legend.get_by_test_id("legend-mean")).to_have_text(f"{last / 2:g}")


def test_a_page_goes_on_where_it_was_after_a_restart_of_the_collector(page, collector, run_id, watch):
    post_frames(collector, run_id, range(0, 100))
    page.goto(f"/runs/{run_id}")
    wait_for_value(page, "99")
    port = collector.port
    watch.may_fail += ("/api/", "/ws")
    collector.kill()
    expect(page.get_by_test_id("data-state")).to_have_text("Connection lost")
    expect(page.get_by_test_id("connection")).to_have_text("No connection")
    collector.start("--port", str(port))
    expect(page.get_by_test_id("data-state")).to_have_text("Live")
    post_frames(collector, run_id, range(100, 200))
    wait_for_value(page, "199")
    expect_all_frames(page, 199)
    expect(page.get_by_test_id("stream-notice")).to_have_text("")
    # The browser itself logs that nobody answered.
    watch.problems[:] = [problem for problem in watch.problems if "WebSocket" not in problem and "ERR_" not in problem]


def test_old_rows_come_from_storage_and_new_ones_from_memory(page, collector, run_id):
    """The live buffer holds 10,000 events and the run has more: the page shows all of them once, and counts them exactly although
    those of storage come thinned out."""
    for begin in range(0, 20_000, 4000):
        post_frames(collector, run_id, range(begin, begin + 4000))
    wait_until_stored(collector, run_id, 20_000)
    # What is followed lies in memory, and the bar is the whole run.
    page.goto(f"/runs/{run_id}")
    expect(page.locator(".time-label").first).to_have_text("0")
    page.goto(f"/runs/{run_id}?from=0&to=21000")
    post_frames(collector, run_id, range(20_000, 20_101))
    wait_for_value(page, "20100")
    expect_all_frames(page, 20_100)


def test_rows_that_came_in_another_order_than_their_frames_are_all_counted(page, collector, run_id):
    """The newest 10,000 events begin within the third post, and the second one, which came before it, holds later frames."""
    for count, begin in enumerate((0, 8000, 4000, 12_000, 16_000), start=1):
        post_frames(collector, run_id, range(begin, begin + 4000))
        wait_for(lambda: collector.json(f"/api/run?runId={run_id}")["accepted"] == count * 4000, "the post was read")
    wait_until_stored(collector, run_id, 20_000)
    page.goto(f"/runs/{run_id}?from=0&to=21000")
    post_frames(collector, run_id, range(20_000, 20_101))
    wait_for_value(page, "20100")
    expect_all_frames(page, 20_100)
    # All of this is in memory but for the second post.
    page.goto(f"/runs/{run_id}?cursor=6000&cursor2=20100")
    expect(page.get_by_test_id("legend-mean")).to_have_text("13050")
    expect(page.locator(".is-rough")).to_have_count(0)


def test_the_end_of_a_watched_run_changes_nothing_but_its_source(page, collector, run_id):
    post_frames(collector, run_id, range(0, 500))
    page.goto(f"/runs/{run_id}")
    wait_for_value(page, "499")
    post_frames(collector, run_id, range(500, 1000))
    end(collector, run_id, 1000)
    expect(page.get_by_test_id("status")).to_have_text("Completed")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    wait_for_range(page, LEVEL, "from === 0 && to >= 999")
    expect_all_frames(page, 999)
    page.reload()
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    expect_all_frames(page, 999)


def test_a_spike_of_one_sample_is_never_lost(page, collector, run_id):
    frames, spike = 60_000, 33_333
    for begin in range(0, frames, 10_000):
        ingest(collector, *[
            event(run_id, frame, {"level": 1e6 if frame == spike else frame % 7}, "tank", "plant") for frame in range(begin, begin + 10_000)
        ])
    end(collector, run_id, frames)
    wait_until_stored(collector, run_id, frames)
    # While storage cannot be reached the page draws what is in memory: it asks for all the rest then.
    free = []
    away = {"status": "not-ready", "storage": {"state": "connecting"}}
    page.route("**/api/ready", lambda route: route.continue_() if free else route.fulfill(json=away))
    page.goto(f"/runs/{run_id}")
    wait_for_range(page, LEVEL, "from > 0 && to === 59999")
    expect(page.get_by_test_id("data-state")).to_have_text("From memory: storage does not answer")
    free.append(True)
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    wait_for_range(page, LEVEL, "from < 20 && to > 59900")  # the last extremes of a thinned line
    # Points to the spike by what the chart has drawn of it, and then by the frame itself.
    page.goto(f"/runs/{run_id}?cursor={spike}&cursor2={spike + 1}")
    legend = panel(page, LEVEL).get_by_test_id("legend")
    wait_for_value(page, "1000000")
    page.goto(f"/runs/{run_id}?from={spike - 20}&to={spike + 20}&cursor={spike - 1}&cursor2={spike + 1}")
    expect(legend.get_by_test_id("legend-max")).to_have_text("1000000")
    expect(legend.get_by_test_id("legend-mean")).to_have_text(f"{((spike - 1) % 7 + 1e6 + (spike + 1) % 7) / 3:.6g}")


def test_two_tabs_are_independent(page, collector, run_id):
    post_frames(collector, run_id, range(0, 300))
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"/runs/{run_id}")
        wait_for_value(tab, "299")
    other.get_by_test_id("panel-remove").first.click()
    expect(other.get_by_test_id("panel")).to_have_count(0)
    assert panels(page) == [LEVEL]
    post_frames(collector, run_id, range(300, 400))
    wait_for_value(page, "399")
    expect(page.get_by_test_id("data-state")).to_have_text("Live")


def test_without_storage_all_is_shown_from_memory(live_page, live, run_id):
    post_frames(live, run_id, range(0, 300))
    end(live, run_id, 300)
    live_page.goto(f"/runs/{run_id}")
    wait_for_value(live_page, "299")
    expect(live_page.get_by_test_id("data-state")).to_have_text("From memory: storage is off")
    expect_all_frames(live_page, 299)


def test_a_failed_request_says_what_it_was(page, collector, run_id, watch):
    post_frames(collector, run_id, range(0, 100))
    end(collector, run_id, 100)
    watch.may_fail += ("/api/",)
    page.route("**/api/analysis/series*", lambda route: route.fulfill(
        status=400, body='{"error":{"code":"bad-parameter","message":"made to fail","hint":"never mind"}}'))
    page.goto(f"/runs/{run_id}")
    toast = page.get_by_test_id("toast-error").first
    expect(toast).to_contain_text("made to fail")
    expect(toast).to_contain_text(re.compile(r"GET .*/api/analysis/series\?runId="))
    watch.problems.clear()
