"""Time on the page of a run: axes, follow and pause, zoom, cursors, the bar of the whole run."""

import re

import pytest
from playwright.sync_api import expect
from run_support import FRAMES, drag, open_known_run, panel, point_at, shown, values, wait_for_range, wheel
from web_support import event, ingest, wait_until

LEVEL, HEAT = "tank/level", "tank/heat"


@pytest.fixture
def collector(module_collector):
    return module_collector


@pytest.fixture
def shm(module_collector):
    return module_collector.shm


def test_each_axis_shows_the_same_stretch(page, known):
    open_known_run(page, known)
    drag(page, LEVEL, 0.25, 0.5)
    wait_for_range(page, LEVEL, "to < 1100")
    frames = shown(page, LEVEL)
    page.get_by_test_id("axis-simTime").check(force=True)
    wait_for_range(page, LEVEL, "to < 11")
    times = shown(page, LEVEL)
    assert abs(times[0] - frames[0] / 100) < 0.02 and abs(times[1] - frames[1] / 100) < 0.02
    wait_until(page, "() => location.search.includes('axis=simTime')")
    page.keyboard.press("1")
    wait_for_range(page, LEVEL, "to > 100")
    again = shown(page, LEVEL)
    assert abs(again[0] - frames[0]) <= 2 and abs(again[1] - frames[1]) <= 2


def test_wall_time_is_an_axis(page, vehicle, run_id):
    vehicle(run_id, seconds=60)
    page.goto(f"/runs/{run_id}?axis=wallTime&window=5")
    wait_for_range(page, "body.state/pos", "to - from === 5000 && Math.abs(Date.now() - to) < 60000")
    expect(page.get_by_test_id("pace")).to_have_text(re.compile(r"delay \d+ / \d+ ms · \d+ fps"))


def test_zoom_by_drag_and_wheel_pan_back_and_reset(page, known):
    open_known_run(page, known)
    drag(page, LEVEL, 0.5, 0.6)
    wait_for_range(page, LEVEL, "from > 900 && to < 1300")
    first = shown(page, LEVEL)
    # All panels show the same, and so does the URL.
    wait_for_range(page, HEAT, "from === more[0] && to === more[1]", *first)
    wait_until(page, "() => location.search.includes('from=')")
    wheel(page, LEVEL, 0.5, -120, "Control")
    wait_for_range(page, LEVEL, "to - from < more[0] * 0.9", first[1] - first[0])
    closer = shown(page, LEVEL)
    wheel(page, LEVEL, 0.5, 60, "Shift")
    wait_for_range(page, LEVEL, "from > more[0]", closer[0])
    drag_with_shift = shown(page, LEVEL)
    page.keyboard.down("Shift")
    drag(page, LEVEL, 0.5, 0.7)
    page.keyboard.up("Shift")
    wait_for_range(page, LEVEL, "from < more[0]", drag_with_shift[0])
    # Back goes through what was shown, gesture by gesture, however quickly they followed each other.
    for _ in range(8):
        if page.get_by_test_id("zoom-back").is_hidden():
            break
        page.keyboard.press("Backspace")
    wait_for_range(page, LEVEL, "from === 0 && to === more[0]", FRAMES - 1)
    drag(page, LEVEL, 0.1, 0.3)
    wait_for_range(page, LEVEL, "to < 700")
    page.get_by_test_id("zoom-reset").click()
    wait_for_range(page, LEVEL, "to === more[0]", FRAMES - 1)
    wait_until(page, "() => !location.search.includes('from=')")


def test_a_panel_may_have_its_own_time(page, known):
    open_known_run(page, known)
    panel(page, HEAT).get_by_test_id("panel-link").click()
    drag(page, LEVEL, 0.5, 0.7)
    wait_for_range(page, LEVEL, "from > 800")
    assert shown(page, HEAT) == (0, FRAMES - 1)
    drag(page, HEAT, 0.1, 0.2)
    wait_for_range(page, HEAT, "to < 500")
    panel(page, HEAT).get_by_test_id("panel-link").click()
    wait_for_range(page, HEAT, "from > 800")


def test_back_and_forward_of_the_browser(page, known):
    open_known_run(page, known)
    drag(page, LEVEL, 0.2, 0.4)
    # Panel and URL do not change at one moment: before it goes on, both have.
    wait_for_range(page, LEVEL, "from > 300 && to < 900")
    wait_until(page, "() => location.search.includes('from=')")
    zoomed = shown(page, LEVEL)
    page.keyboard.press("2")
    wait_until(page, "() => location.search.includes('axis=simTime')")
    page.go_back()
    # The URL has as many digits as can be seen.
    wait_for_range(page, LEVEL, "Math.abs(from - more[0]) < 0.01 && Math.abs(to - more[1]) < 0.01", *zoomed)
    page.go_back()
    wait_for_range(page, LEVEL, "from === 0 && to === more[0]", FRAMES - 1)
    page.go_forward()
    wait_for_range(page, LEVEL, "Math.abs(from - more[0]) < 0.01", zoomed[0])


def test_one_cursor_by_mouse_over_all_panels(page, known):
    open_known_run(page, known)
    expect(panel(page, LEVEL).get_by_test_id("legend-value").first).to_have_text(str(FRAMES - 1))
    point_at(page, HEAT, 0.5)
    # Half of 2,000 frames, give or take a pixel.
    wait_until(page, """() => {
      const value = (name) => Number(document.querySelector(`[data-panel="tank/${name}"] [data-testid="legend-value"]`).textContent);
      return Math.abs(value("level") - 1000) < 10 && Math.abs(value("heat") - 30) < 0.2;
    }""")
    expect(panel(page, LEVEL).locator(".cursor-hover")).to_be_visible()
    page.mouse.move(5, 5)
    expect(panel(page, LEVEL).get_by_test_id("legend-value").first).to_have_text(str(FRAMES - 1))
    expect(panel(page, LEVEL).locator(".cursor-hover")).to_be_hidden()


def test_the_cursor_by_keys(page, known):
    open_known_run(page, known)
    level = panel(page, LEVEL).get_by_test_id("legend-value").first
    page.keyboard.press("Home")
    expect(level).to_have_text("0")
    for key, value in (("ArrowRight", "1"), ("Shift+ArrowRight", "11"), ("ArrowLeft", "10"), ("Shift+ArrowLeft", "0"), ("End", str(FRAMES - 1))):
        page.keyboard.press(key)
        expect(level).to_have_text(value)
    page.keyboard.press("j")
    page.get_by_test_id("jump-frame").fill("1234")
    page.keyboard.press("Enter")
    expect(level).to_have_text("5000")
    expect(page.get_by_test_id("jump-dialog")).to_have_count(0)
    wait_until(page, "() => location.search.includes('cursor=1234')")
    page.reload()
    expect(level).to_have_text("5000")
    page.keyboard.press("x")
    expect(level).to_have_text(str(FRAMES - 1))


def test_a_cursor_beyond_the_view_takes_the_view_along(page, known):
    open_known_run(page, known)
    drag(page, LEVEL, 0.1, 0.2)
    wait_for_range(page, LEVEL, "to < 500")
    page.keyboard.press("End")
    wait_for_range(page, LEVEL, "to === more[0]", FRAMES - 1)


def test_what_lies_between_two_cursors(page, known):
    open_known_run(page, known, "?cursor=1000&cursor2=1500")
    legend = panel(page, LEVEL).get_by_test_id("legend")
    expect(legend.get_by_test_id("legend-δ")).to_have_text("500")
    expect(legend.get_by_test_id("legend-min")).to_have_text("1000")
    expect(legend.get_by_test_id("legend-max")).to_have_text("5000")
    # The spike of one sample counts: (sum of 1000 … 1500 - 1234 + 5000) / 501.
    mean = (sum(range(1000, 1501)) - 1234 + 5000) / 501
    expect(legend.get_by_test_id("legend-mean")).to_have_text(f"{mean:.6g}")
    expect(legend.locator(".is-rough")).to_have_count(0)


def test_all_digits_on_demand(page, collector, run_id):
    ingest(collector, *[event(run_id, frame, {"level": 0.1 + 0.2}, "tank", "plant") for frame in range(5)])
    page.goto(f"/runs/{run_id}")
    value = panel(page, LEVEL).get_by_test_id("legend-value").first
    expect(value).to_have_text("0.3")
    expect(value).to_have_attribute("title", "0.30000000000000004")
    page.keyboard.press("p")
    expect(value).to_have_text("0.30000000000000004")


def test_follow_and_pause_by_key(page, vehicle, run_id):
    vehicle(run_id, seconds=90)
    page.goto(f"/runs/{run_id}")
    wait_for_range(page, "body.state/pos", "to > 200")
    page.get_by_test_id("window-1").check(force=True)
    wait_for_range(page, "body.state/pos", "to - from < 200")
    page.get_by_test_id("run-title").click()  # a focused control would take the key for itself
    page.keyboard.press("Space")
    expect(page.get_by_test_id("data-state")).to_have_text("Paused")
    # What the panel says of itself comes a moment later than what it draws.
    in_url = "Number(new URLSearchParams(location.search).get('{0}'))"
    wait_for_range(page, "body.state/pos", f"from === {in_url.format('from')} && to === {in_url.format('to')}")
    held = shown(page, "body.state/pos")
    wait_until(page, f"() => Number([...document.querySelectorAll('.time-label')].at(-1)?.textContent.replaceAll(',', '')) > {held[1] + 200}")
    assert shown(page, "body.state/pos") == held
    page.keyboard.press("Space")
    expect(page.get_by_test_id("data-state")).to_have_text("Live")
    wait_for_range(page, "body.state/pos", "from > more[0]", held[1])


def test_the_bar_of_the_whole_run_moves_the_view(page, known):
    open_known_run(page, known)
    drag(page, LEVEL, 0.1, 0.2)
    wait_for_range(page, LEVEL, "to < 500")
    bar = page.get_by_test_id("time-bar")
    box = bar.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    wait_for_range(page, LEVEL, "from > 1300 && to < 1700")
    before = shown(page, LEVEL)
    bar.press("ArrowLeft")
    wait_for_range(page, LEVEL, "from < more[0]", before[0])
    expect(bar).to_have_attribute("aria-valuetext", re.compile(r"frames [\d,]+ to [\d,]+"))


def test_losses_are_shaded_on_the_bar(page, start_engine, programs, run_id):
    """An engine that is faster than its small ring: what was refused is on the bar, with its count and reason."""
    start_engine(programs / "engine", run_id, 10**12, 0, 1, ENGINE_RING_BYTES="262144")
    page.goto(f"/runs/{run_id}")
    loss = page.locator('[data-testid="time-loss"][title*="refused"]').first
    expect(loss).to_be_visible()
    expect(loss).to_have_attribute("title", re.compile(r"Frames [\d,]+ to [\d,]+: [\d,]+ events refused: the ring was full"))
    expect(page.get_by_test_id("counter-refused")).to_have_class(re.compile("alarm"))


def test_losses_have_their_place_when_nobody_has_watched(page, collector, start_engine, programs, run_id):
    start_engine(programs / "engine", run_id, 2_000_000, 0, 1, ENGINE_RING_BYTES="262144").communicate()
    run = collector.wait_status(run_id, "completed")
    assert run["refused"] > 0
    page.goto(f"/runs/{run_id}")
    # The collector gives losses their place a few times a second: the last of them may come after the end.
    wait_until(page, """(refused) => {
      const titles = [...document.querySelectorAll('[data-testid="time-loss"]')].map((mark) => mark.title);
      const counts = titles.map((title) => /: ([\\d,]+) events refused/.exec(title)?.[1].replaceAll(",", "") ?? 0);
      return counts.reduce((sum, count) => sum + Number(count), 0) === refused;
    }""", run["refused"])


def test_values_follow_the_pointer_of_another_axis(page, known):
    open_known_run(page, known, "?axis=simTime")
    wait_for_range(page, LEVEL, "from === 0 && Math.abs(to - 19.99) < 1e-6")
    point_at(page, LEVEL, 0.5)
    wait_until(page, """() => Math.abs(Number(document.querySelector('[data-panel="tank/level"] [data-testid="legend-value"]').textContent) - 1000) < 10""")
    assert len(values(page, "wheel.force/slipRatio")) == 2
