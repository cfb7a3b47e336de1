"""What a run's page shows of the run: wheel and gestures, ends, losses, clocks, senders without frames."""

import re
import time

import pytest
from playwright.sync_api import expect
from run_support import FRAMES, click, columns_without_ink, cursors, drag, open_known_run, over, panel, point_at, shown, wait_for_range, wheel
from support import wait_until as until
from web_support import event, ingest, wait_until

LEVEL, HEAT = "tank/level", "tank/heat"


@pytest.fixture
def collector(module_collector):
    return module_collector


@pytest.fixture
def shm(module_collector):
    return module_collector.shm


def level(run_id: str, frame: int, **more) -> dict:
    return {**event(run_id, frame, {"level": frame}, "tank", "plant"), **more}


def end(run_id: str, frame: int) -> dict:
    return event(run_id, frame, {"reason": "done", "status": "completed"}, "run.end", "run")


# MARK: wheel and gestures


def test_the_wheel_scrolls_the_page_also_over_a_chart(page, collector, run_id):
    page.set_viewport_size({"width": 1000, "height": 360})
    ingest(collector, *[level(run_id, frame) for frame in range(300)])
    page.goto(f"/runs/{run_id}")
    wait_for_range(page, LEVEL, "panel.dataset.lines > 0")
    wheel(page, LEVEL, 0.5, 40)
    wait_until(page, "() => scrollY > 0")
    wheel(page, LEVEL, 0.5, -40)
    wait_until(page, "() => scrollY === 0")
    expect(page.get_by_test_id("data-state")).to_have_text("Live")
    assert "from=" not in page.url


def test_a_zoom_that_pauses_says_so_and_how_to_go_on(page, collector, run_id):
    ingest(collector, *[level(run_id, frame) for frame in range(300)])
    page.goto(f"/runs/{run_id}")
    wait_for_range(page, LEVEL, "panel.dataset.lines > 0")
    expect(page.get_by_test_id("readout-held")).to_have_text("")
    wheel(page, LEVEL, 0.2, -120, "Control")
    expect(page.get_by_test_id("data-state")).to_have_text("Paused")
    expect(page.get_by_test_id("readout-held")).to_have_text("Paused, rows go on to come: Space follows again")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("readout-held")).to_have_text("")
    expect(page.get_by_test_id("data-state")).to_have_text("Live")


@pytest.mark.parametrize("axis, last", [("frame", FRAMES - 1), ("simTime", (FRAMES - 1) / 100)])
def test_a_zoom_never_goes_beyond_the_run(page, known, axis, last):
    open_known_run(page, known, f"?axis={axis}")
    drag(page, LEVEL, 0.8, 0.9)
    wait_for_range(page, LEVEL, f"from > {last / 2}")
    for _ in range(20):
        wheel(page, LEVEL, 0.3, 120, "Control")
    wait_for_range(page, LEVEL, f"Math.abs(from) < 1e-6 && Math.abs(to - {last}) < 1e-6")
    for _ in range(4):
        page.keyboard.press("-")
        page.keyboard.press("d")
    wheel(page, LEVEL, 0.5, 2000, "Shift")
    wait_for_range(page, LEVEL, f"Math.abs(from) < 1e-6 && Math.abs(to - {last}) < 1e-6")
    drag(page, LEVEL, 0.4, 0.6)
    wait_for_range(page, LEVEL, f"from > {last / 4}")
    for _ in range(6):
        wheel(page, LEVEL, 0.5, 600, "Shift")
    wait_for_range(page, LEVEL, f"Math.abs(to - {last}) < 1e-6")


def test_the_wheel_is_the_charts_own_where_there_is_nothing_to_scroll(page, known):
    open_known_run(page, known)
    point_at(page, LEVEL, 0.5)
    panel(page, LEVEL).get_by_test_id("panel-maximise").click()
    wheel(page, LEVEL, 0.5, -120)
    wait_for_range(page, LEVEL, "to - from < 1700")


def test_back_undoes_one_gesture_and_not_the_one_before(page, known):
    open_known_run(page, known)
    drag(page, LEVEL, 0.5, 0.7)
    wait_for_range(page, LEVEL, "from > 900 && to < 1500")
    dragged = shown(page, LEVEL)
    for _ in range(3):
        wheel(page, LEVEL, 0.5, -120, "Control")
    wait_for_range(page, LEVEL, "to - from < more[0] * 0.6", dragged[1] - dragged[0])
    page.get_by_test_id("zoom-back").click()
    wait_for_range(page, LEVEL, "from === more[0] && to === more[1]", *dragged)
    page.get_by_test_id("zoom-back").click()
    wait_for_range(page, LEVEL, "from === 0 && to === more[0]", FRAMES - 1)
    expect(page.get_by_test_id("zoom-back")).to_be_hidden()


def test_a_panels_own_time_stands_in_the_url(page, known):
    open_known_run(page, known)
    link = panel(page, LEVEL).get_by_test_id("panel-link")
    expect(link).to_have_attribute("aria-pressed", "true")
    link.click()
    expect(link).to_have_attribute("aria-pressed", "false")
    drag(page, LEVEL, 0.1, 0.15)
    wait_for_range(page, LEVEL, "to < 400")
    own = shown(page, LEVEL)
    assert shown(page, HEAT) == (0, FRAMES - 1)
    wait_until(page, "from => Math.abs(Number(/x=([^~]+)~/.exec(decodeURIComponent(location.search))?.[1]) - from) < 1e-6", own[0])
    page.reload()
    wait_for_range(page, LEVEL, "Math.abs(from - more[0]) < 1e-9 && Math.abs(to - more[1]) < 1e-9", *own)
    wait_for_range(page, HEAT, "from === 0 && to === more[0]", FRAMES - 1)
    page.keyboard.press("2")
    wait_for_range(page, LEVEL, "Math.abs(from - more[0] / 100) < 0.03 && Math.abs(to - more[1] / 100) < 0.03", *own)
    over(page, LEVEL).dblclick()
    wait_for_range(page, LEVEL, "from === 0 && Math.abs(to - 19.99) < 1e-6")
    link.click()
    expect(link).to_have_attribute("aria-pressed", "true")
    wait_until(page, "() => !location.search.includes('x=')")


VALUES_FIT = """([name, low, high]) => { const plot = document.querySelector(`[data-panel="${name}"] [data-testid="plot"]`);
  const [from, to] = plot.dataset.values.split('~').map(Number);
  return from <= low && to >= high && (high - low) / (to - from) > 0.4; }"""


def test_the_value_axis_is_that_of_what_the_panel_shows(page, known):
    """Values are as large as frames, but for a spike: of the panel's own stretch, wherever it goes, and the other panels keep theirs."""
    open_known_run(page, known, "?panels=chart:plant/tank//level;chart:plant/tank//level,plant/tank//heat")
    other = "tank/level, heat"
    wait_until(page, VALUES_FIT, [LEVEL, 0, 5000])
    panel(page, LEVEL).get_by_test_id("panel-link").click()
    drag(page, LEVEL, 0.05, 0.6)
    wait_for_range(page, LEVEL, "to < 1220")
    wait_until(page, VALUES_FIT, [LEVEL, *shown(page, LEVEL)])
    # So much smaller that a calm axis would not follow by itself.
    drag(page, LEVEL, 0.2, 0.57)
    wait_for_range(page, LEVEL, "from > 300 && to < 780")
    wait_until(page, VALUES_FIT, [LEVEL, *shown(page, LEVEL)])
    # Far away, as wide as before, over the spike.
    for _ in range(8):
        wheel(page, LEVEL, 0.5, 1500, "Shift")
    wait_for_range(page, LEVEL, "to === more[0]", FRAMES - 1)
    wait_until(page, VALUES_FIT, [LEVEL, *shown(page, LEVEL)])
    wait_until(page, VALUES_FIT, [other, 0, 5000])
    assert shown(page, other) == (0, FRAMES - 1)


# MARK: ends


def test_the_end_of_a_followed_run_moves_nothing(page, collector, run_id):
    """Its window is a part of the run: just when the end is looked at, it must not become all of it."""
    ingest(collector, *[level(run_id, frame) for frame in range(3000)])
    page.goto(f"/runs/{run_id}")
    wait_for_range(page, LEVEL, "from > 1900 && to === 2999")
    window = shown(page, LEVEL)
    ranges = page.evaluate_handle("""name => {
      const seen = new Set();
      const note = () => { const {from, to} = document.querySelector(`[data-panel="${name}"]`).dataset; seen.add(`${from} ${to}`); };
      new MutationObserver(note).observe(document.querySelector(`[data-panel="${name}"]`), {attributes: true});
      return seen;
    }""", LEVEL)
    ingest(collector, end(run_id, 3000))
    expect(page.get_by_test_id("status")).to_have_text("Completed")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    # Held, and so the same for whoever gets the link.
    wait_until(page, f"() => location.search.includes('from={window[0]:g}&to={window[1]:g}')")
    assert page.evaluate("seen => [...seen]", ranges) in ([], [f"{window[0]:g} {window[1]:g}"])
    expect(page.get_by_test_id("zoom-back")).to_be_hidden()
    page.reload()
    wait_for_range(page, LEVEL, "from === more[0] && to === more[1]", *window)
    page.get_by_test_id("zoom-reset").click()
    wait_for_range(page, LEVEL, "from === 0 && to === 2999")


# MARK: losses


def with_losses(page, collector, run_id: str, losses: list[dict], last_frame: int) -> None:
    """As the API tells it of an engine that was faster than its ring."""
    run = {**collector.json(f"/api/run?runId={run_id}"), "losses": losses, "lastFrame": last_frame}
    page.route(re.compile(r"/api/run\?"), lambda route: route.fulfill(json=run))


def loss_places(page) -> list[tuple[float, float]]:
    """From where to where on the bar, as shares of it."""
    return page.get_by_test_id("time-bar").evaluate("""bar => {
      const {left, width} = bar.getBoundingClientRect();
      return [...bar.querySelectorAll('[data-testid="time-loss"]')].map((mark) => {
        const box = mark.getBoundingClientRect();
        return [(box.left - left) / width, (box.right - left) / width];
      });
    }""")


def test_bar_and_charts_reach_as_far_as_the_engine_and_show_where_events_are_missing(page, collector, known):
    """Most of the run was refused, behind all that is stored: what is stored is not red, and the end is not the last row's."""
    losses = [{"kind": "refused", "reason": "full", "from": 650, "to": 809, "count": 800},
              {"kind": "refused", "reason": "full", "from": 2000, "to": 7999, "count": 30_000}]
    with_losses(page, collector, known, losses, 7999)
    open_known_run(page, known)
    expect(page.locator(".time-label").last).to_have_text("7,999")
    wait_for_range(page, LEVEL, "from === 0 && to === 7999")
    mid, tail = loss_places(page)
    assert abs(mid[0] - 650 / 7999) < 0.01 and abs(mid[1] - 809 / 7999) < 0.01
    assert abs(tail[0] - 2000 / 7999) < 0.01 and tail[1] > 0.98
    expect(page.get_by_test_id("time-loss").last).to_have_attribute("title", "Frames 2,000 to 7,999: 30,000 events refused: the ring was full")
    # Hatched in the chart, too: colour where there is no line.
    until(lambda: columns_without_ink(page, LEVEL, 0.3, 0.95) < over(page, LEVEL).bounding_box()["width"] * 0.3, "hatched")


def test_a_loss_of_a_moment_can_be_seen(page, collector, known):
    loss = {"kind": "lost", "reason": "overwritten", "from": 1000, "to": 1000, "count": 1}
    with_losses(page, collector, known, [loss], 10_000_000)
    open_known_run(page, known)
    expect(page.get_by_test_id("time-loss")).to_be_visible()
    assert page.get_by_test_id("time-loss").bounding_box()["width"] >= 2


# MARK: axes

LABELS = """
  window.cut = []; window.labels = new Set(); window.labelWidth = 0;
  const fillText = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const half = this.measureText(text).width / 2;
    if (this.textAlign === "center" && text !== "") {
      labels.add(text);
      labelWidth = this.canvas.width;
      if (x + half > this.canvas.width + 1 || x - half < -1) cut.push(`${text} at ${x} of ${this.canvas.width}`);
    }
    return fillText.apply(this, arguments);
  };
"""


def test_labels_of_the_time_axis_are_whole(page, known):
    """Each label is as long as it is, and nothing of it lies beyond the picture."""
    page.add_init_script(LABELS)
    for axis in ("frame", "simTime", "wallTime"):
        for begin, share in ((0.05, 0.93), (0.05, 0.5), (0.11, 0.18)):
            page.goto("about:blank")
            open_known_run(page, known, f"?axis={axis}")
            drag(page, LEVEL, begin, share)
            expect(page.get_by_test_id("zoom-reset")).to_be_visible()
            wait_until(page, "() => labels.size > 0")
            assert page.evaluate("() => cut") == []


def test_labels_of_the_time_axis_are_whole_while_the_window_changes(page, known):
    """Whatever the width, also while it shrinks: the last label is there or not, but never cut."""
    page.add_init_script(LABELS)
    open_known_run(page, known, "?axis=wallTime")
    wait_until(page, "() => labels.size > 0")
    for width in range(1200, 1000, -11):
        before = page.evaluate("() => labelWidth")
        page.set_viewport_size({"width": width, "height": 800})
        wait_until(page, f"() => labelWidth !== {before}")
    assert page.evaluate("() => cut") == []


def test_value_axes_of_all_charts_are_as_wide(page, collector, run_id):
    """So that times lie below each other."""
    ingest(collector, *[event(run_id, frame, {"small": frame / 1000, "large": 1e6 + frame}, "tank", "plant") for frame in range(300)], end(run_id, 300))
    page.goto(f"/runs/{run_id}?panels=chart:plant/tank//small;chart:plant/tank//large")
    for name in ("small", "large"):
        wait_for_range(page, f"tank/{name}", "panel.dataset.lines > 0")

    def left(name: str) -> float:
        return over(page, f"tank/{name}").bounding_box()["x"] - panel(page, f"tank/{name}").bounding_box()["x"]

    until(lambda: left("small") == left("large"), "as wide")


def test_a_clock_that_was_set_back_takes_nothing_off_the_axis_of_wall_time(page, collector, run_id):
    now, hour = round(time.time() * 1000), 3_600_000
    ingest(collector, *[level(run_id, frame, wallTimeMs=now + frame * 10 - (hour if frame >= 500 else 0)) for frame in range(1000)], end(run_id, 1000))
    page.goto(f"/runs/{run_id}?axis=wallTime")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    wait_for_range(page, LEVEL, f"from === {now - hour + 5000} && to === {now + 4990}")
    expect(page.get_by_test_id("time-thumb")).to_be_visible()
    # One hour without anything lies between both stretches: no line leads across.
    assert columns_without_ink(page, LEVEL, 0.1, 0.9) >= over(page, LEVEL).bounding_box()["width"] * 0.8 - 2
    for begin, values in ((now, range(500)), (now - hour + 5000, range(500, 1000))):
        page.goto(f"/runs/{run_id}?axis=wallTime&from={begin}&to={begin + 4990}")
        wait_for_range(page, LEVEL, f"from === {begin} && panel.dataset.lines > 0")
        until(lambda: columns_without_ink(page, LEVEL, 0.02, 0.98) == 0, "all of the stretch is drawn")
        point_at(page, LEVEL, 0.5)
        wait_until(page, f"""() => Math.abs(Number(document.querySelector('[data-panel="tank/level"] [data-testid="legend-value"]').textContent) - {values[250]}) < 5""")
        page.mouse.move(5, 5)


def test_posts_without_frames_are_shown_over_their_time(page, collector, run_id):
    """All of them lie on frame 0."""
    lines = [{name: value for name, value in level(run_id, frame).items() if name != "frameIndex"} for frame in range(1000)]
    ingest(collector, *lines)
    page.goto(f"/runs/{run_id}")
    wait_for_range(page, LEVEL, "to > 9 && to <= 10")
    expect(page.get_by_test_id("axis-simTime")).to_be_checked()
    wait_until(page, "() => location.search.includes('axis=simTime')")
    expect(page.locator(".time-label").last).to_have_text("9.990 s")
    point_at(page, LEVEL, 0.5)
    expect(page.get_by_test_id("readout-pointer")).to_have_text(re.compile(r"Pointer: \d\.\d{3} s"))
    wait_until(page, """() => Math.abs(Number(document.querySelector('[data-panel="tank/level"] [data-testid="legend-value"]').textContent) - 500) < 10""")
    # What was posted before the page was opened is not late.
    expect(page.get_by_test_id("pace")).not_to_contain_text("delay")
    click(page, LEVEL, 0.5)
    expect(page.get_by_text("The events of this run have no frame numbers")).to_be_visible()
    assert cursors(page) == (None, None)
    # Nobody has gone anywhere: Back does not lead to the same page with another axis.
    page.go_back()
    assert "/runs/" not in page.url
    page.go_forward()
    wait_for_range(page, LEVEL, "panel.dataset.lines > 0")
    expect(page.get_by_test_id("axis-simTime")).to_be_checked()
    page.keyboard.press("1")
    wait_until(page, "() => location.search.includes('axis=frame')")
    expect(page.get_by_test_id("axis-frame")).to_be_checked()
