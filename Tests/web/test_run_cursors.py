"""Pointer and cursors on the page of a run: they tell what is at a frame, of that frame, and say so where there is nothing."""

import re

import pytest
from playwright.sync_api import expect
from run_support import FRAMES, click, columns_without_ink, cursors, drag, open_known_run, over, panel, point_at, values, wait_for_range
from support import wait_until as until
from web_support import event, ingest, wait_until

LEVEL, HEAT = "tank/level", "tank/heat"
HOLE = range(1200, 1500)
LONG = 60_000


@pytest.fixture
def collector(module_collector):
    return module_collector


@pytest.fixture
def shm(module_collector):
    return module_collector.shm


def post(collector, run_id: str, frames, level, ends_at: int | None = None) -> None:
    lines = [event(run_id, frame, {"level": level(frame)}, "tank", "plant") for frame in frames]
    if ends_at is not None:
        lines.append(event(run_id, ends_at, {"reason": "done", "status": "completed"}, "run.end", "run"))
    for begin in range(0, len(lines), 10_000):
        ingest(collector, *lines[begin:begin + 10_000])


@pytest.fixture(scope="module")
def with_hole(module_collector):
    """A run that lacks 300 of 2,000 frames."""
    post(module_collector, "with-hole", [frame for frame in range(2000) if frame not in HOLE], lambda frame: frame, 2000)
    return "with-hole"


def noise(frame: int) -> int:
    """No two frames near each other have the same."""
    return frame * 7919 % 10_007


@pytest.fixture(scope="module")
def long_run(module_collector):
    """More frames than a screen can show: what is drawn of it is thinned out."""
    post(module_collector, "long-run", range(LONG), noise, LONG)
    until(lambda: module_collector.json("/api/run?runId=long-run")["stored"] > LONG, "all of it is stored")
    return "long-run"


def legend(page, column: str = "value"):
    return panel(page, LEVEL).get_by_test_id(f"legend-{column}").first


def readout(page, name: str):
    return page.get_by_test_id(f"readout-{name}")


FRAME = re.compile(r": ([\d,]+) ·")


def frame_of(page, name: str) -> int:
    """Of an item of the readout, as soon as it has one."""
    expect(readout(page, name)).to_have_text(FRAME)
    expect(readout(page, name)).to_be_visible()
    return int(FRAME.search(readout(page, name).text_content()).group(1).replace(",", ""))


def frame_near(page, name: str, place: float, frames: int) -> int:
    """That of an item of the readout when it has come to where the hand went, in a view of so many frames."""
    until(lambda: abs(frame_of(page, name) - place * frames) < frames / 50, f"{name} is at {place}")
    return frame_of(page, name)


def mark_place(page, name: str) -> float:
    """Where a cursor's line stands, as a share of the plot's width."""
    mark, plot = panel(page, LEVEL).locator(f".cursor-{name}").bounding_box(), over(page, LEVEL).bounding_box()
    return (mark["x"] - plot["x"]) / plot["width"]


def test_the_pointer_changes_nothing_of_what_lies_between_two_cursors(page, known):
    open_known_run(page, known, "?cursor=100&cursor2=600")
    for place in (0.5, 0.3, 0.9):
        point_at(page, LEVEL, place)
        frame = frame_near(page, "pointer", place, FRAMES)
        # The pointer's own values are beside it.
        tip = panel(page, LEVEL).get_by_test_id("pointer-tip")
        expect(tip).to_contain_text(f"Frame {frame:,}")
        expect(tip.get_by_test_id("pointer-tip-line")).to_contain_text(str(frame))
        for column, value in (("value", "100"), ("second", "600"), ("δ", "500"), ("min", "100"), ("max", "600"), ("mean", "350")):
            expect(legend(page, column)).to_have_text(value)
    expect(panel(page, HEAT).get_by_test_id("pointer-tip")).to_be_hidden()


@pytest.mark.parametrize("state", ["ended", "live", "paused", "simulated time"])
def test_cursors_are_put_by_click_and_shift_click(page, collector, run_id, state):
    post(collector, run_id, range(1000), lambda frame: frame, 1000 if state == "ended" else None)
    page.goto(f"/runs/{run_id}" + ("?axis=simTime" if state == "simulated time" else ""))
    wait_for_range(page, LEVEL, "panel.dataset.lines > 0 && panel.dataset.rows > 0")
    expect(legend(page)).to_have_text("999")
    if state == "ended":
        expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    if state == "paused":
        page.keyboard.press("Space")
        expect(page.get_by_test_id("data-state")).to_have_text("Paused")
    click(page, LEVEL, 0.25)
    expect(readout(page, "first")).to_be_visible()
    click(page, LEVEL, 0.75, shift=True)
    expect(readout(page, "second")).to_be_visible()
    first, second = frame_of(page, "first"), frame_of(page, "second")
    assert abs(first - 250) < 15 and abs(second - 750) < 15
    wait_until(page, f"() => location.search.includes('cursor={first}&cursor2={second}')")
    # The pointer still lies on the second one.
    expect(legend(page)).to_have_text(str(first))
    expect(legend(page, "second")).to_have_text(str(second))
    expect(legend(page, "δ")).to_have_text(str(second - first))
    expect(readout(page, "difference")).to_contain_text(f"{second - first} frames")
    # Another one, and back: each click is one of its own.
    click(page, LEVEL, 0.5, shift=True)
    expect(legend(page, "second")).not_to_have_text(str(second))
    assert frame_of(page, "first") == first
    page.reload()
    expect(legend(page)).to_have_text(str(first))


@pytest.mark.parametrize("button", ["left", "middle"])
def test_a_drag_that_moves_puts_no_cursor(page, known, button):
    """With Shift, or with the middle button."""
    open_known_run(page, known, "?from=500&to=1000")
    if button == "left":
        page.keyboard.down("Shift")
    drag(page, LEVEL, 0.5, 0.7, button)
    if button == "left":
        page.keyboard.up("Shift")
    wait_for_range(page, LEVEL, "from < 450")
    wait_until(page, "() => !location.search.includes('from=500')")
    assert cursors(page) == (None, None)


@pytest.mark.parametrize("width", [1920, 1440, 1280, 800, 390])
def test_frame_and_times_of_pointer_and_cursors_are_always_in_sight(page, known, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/runs/{known}?cursor=1234")
    panel(page, LEVEL).scroll_into_view_if_needed()  # on a phone it lies further down
    wait_for_range(page, LEVEL, "panel.dataset.lines > 0")
    clock = r"\d\d:\d\d:\d\d\.\d{3}"
    expect(readout(page, "first")).to_have_text(re.compile(rf"Cursor 1: 1,234 · 12\.340 s · {clock}$"))
    expect(readout(page, "first")).to_be_visible()
    expect(readout(page, "newest")).to_have_text(re.compile(rf"Newest: 1,999 · 19\.990 s · {clock}$"))
    point_at(page, LEVEL, 0.5)
    expect(readout(page, "pointer")).to_have_text(re.compile(rf"Pointer: [\d,]+ · \d+\.\d+ s · {clock}$"))
    box = readout(page, "pointer").bounding_box()
    assert 0 <= box["x"] and box["x"] + box["width"] <= width
    expect(legend(page)).to_have_text(str(frame_of(page, "pointer")))


def test_nothing_moves_when_the_pointer_comes_and_goes(page, known):
    open_known_run(page, known, "?cursor=100&cursor2=600")
    expect(readout(page, "second")).to_be_visible()
    for width in (1440, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        before = panel(page, LEVEL).bounding_box()
        point_at(page, LEVEL, 0.9)
        expect(readout(page, "pointer")).to_be_visible()
        assert abs(panel(page, LEVEL).bounding_box()["y"] - before["y"]) < 1  # fonts of other weight may round otherwise
        page.mouse.move(5, 5)
        expect(readout(page, "pointer")).to_be_hidden()


@pytest.mark.parametrize("axis", ["frame", "simTime"])
def test_a_cursor_in_a_hole_says_so_and_stays_where_it_was_put(page, with_hole, axis):
    open_known_run(page, with_hole, f"?cursor=1350&axis={axis}")
    expect(readout(page, "first")).to_have_text(re.compile(r"Cursor 1: 1,350 · ≈ 13\.500 s · .* · no values$"))
    expect(legend(page)).to_have_text("–")
    assert abs(mark_place(page, "first") - 1350 / 1999) < 0.003
    assert cursors(page)[0] == 1350
    # By hand: beside the middle of the hole, and then at its edge.
    click(page, LEVEL, 1300 / 1999)
    wait_until(page, "() => !location.search.includes('cursor=1350')")
    put = frame_near(page, "first", 1300 / 1999, 2000)
    assert put in HOLE and cursors(page)[0] == put and abs(put - 1300) < 10
    expect(legend(page)).to_have_text("–")
    expect(legend(page)).to_have_attribute("title", "No value at this frame")
    expect(panel(page, LEVEL).get_by_test_id("pointer-tip")).to_contain_text("no values")
    for _ in range(put - 1199):
        page.keyboard.press("ArrowLeft")
    page.mouse.move(5, 5)
    expect(legend(page)).to_have_text("1199")
    expect(readout(page, "first")).not_to_contain_text("no values")


def test_a_difference_to_a_hole_is_none(page, with_hole):
    open_known_run(page, with_hole, "?cursor=1000&cursor2=1350")
    expect(legend(page)).to_have_text("1000")
    for column in ("second", "δ"):
        expect(legend(page, column)).to_have_text("–")
    expect(legend(page, "max")).to_have_text("1199")


def test_a_value_that_comes_more_seldom_says_of_which_frame_it_is(page, collector, run_id):
    post(collector, run_id, range(0, 3000, 60), lambda frame: frame, 3000)
    open_known_run(page, run_id, "?cursor=1000")
    expect(legend(page)).to_have_text("960")
    expect(legend(page)).to_have_attribute("title", "960, of frame 960: the last one up to here")
    expect(legend(page)).to_have_class(re.compile("is-before"))
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(legend(page)).to_have_class(re.compile("^(?!.*is-before)"))
    expect(legend(page)).to_have_text("1020")


def test_values_of_a_long_run_are_those_of_the_very_frame(page, long_run):
    first, second = 17_777, 40_003
    open_known_run(page, long_run, f"?cursor={first}&cursor2={second}")
    expect(legend(page)).to_have_text(str(noise(first)))
    expect(legend(page, "second")).to_have_text(str(noise(second)))
    expect(legend(page, "δ")).to_have_text(f"{noise(second) - noise(first)}".replace("-", "−"))
    expect(panel(page, LEVEL).locator(".legend .is-rough")).to_have_count(0)
    page.keyboard.press("x")
    for place in (0.111, 0.505, 0.871):
        point_at(page, LEVEL, place)
        frame = frame_near(page, "pointer", place, LONG)
        # What the thinned rows know is marked until the pointer has rested and storage has said the value.
        expect(legend(page)).to_have_class(re.compile("^(?!.*is-rough)"))
        expect(legend(page)).to_have_text(str(noise(frame)))
        assert frame_of(page, "pointer") == frame


def test_a_value_nearby_is_marked_until_storage_has_answered(page, long_run):
    held, free = [], []
    closer = re.compile(r"/api/analysis/series\?(?!.*points=)")
    page.route(closer, lambda route: route.continue_() if free else held.append(route))
    open_known_run(page, long_run)
    # A frame that is no extreme of its twenty: its value is not among the rows that are drawn.
    around = [noise(frame) for frame in range(30_000, 30_040)]
    frame = 30_000 + around.index(sorted(around)[20])
    page.keyboard.press("j")
    page.get_by_test_id("jump-frame").fill(str(frame))
    page.keyboard.press("Enter")
    expect(legend(page)).to_have_class(re.compile("is-rough"))
    expect(legend(page)).to_have_attribute("title", re.compile(r", of frame [\d,]+; storage is being asked"))
    free.append(True)
    for route in held:
        route.continue_()
    expect(legend(page)).to_have_text(str(noise(frame)))
    expect(legend(page)).to_have_class(re.compile("^(?!.*is-rough)"))


def test_holes_are_gaps_at_any_zoom(page, collector, run_id):
    """161 frames of 8,000 are a few pixels: just there a line from one side to the other would look like data."""
    missing = range(3000, 3161)
    post(collector, run_id, [frame for frame in range(8000) if frame not in missing], lambda frame: frame % 50, 8000)
    for query in ("", "?from=2000&to=4000", "?axis=simTime", "?axis=simTime&from=20&to=40"):
        page.goto("about:blank")
        open_known_run(page, run_id, query)
        begin, end = (2000, 4000) if "from" in query else (0, 7999)
        share = [(frame - begin) / (end - begin) for frame in (missing[0], missing[-1])]
        width = over(page, LEVEL).bounding_box()["width"] * (share[1] - share[0])
        wait_until(page, "() => [...document.querySelectorAll('[data-testid=plot-loading]')].every((words) => words.hidden)")
        until(lambda: columns_without_ink(page, LEVEL, *share) >= width - 4 and columns_without_ink(page, LEVEL, 0.02, share[0] - 0.01) == 0
              and columns_without_ink(page, LEVEL, share[1] + 0.01, 0.98) == 0, f"a gap there and nowhere else {query}")


def test_what_is_too_coarse_for_a_closer_look_is_no_line(page, long_run):
    open_known_run(page, long_run)
    held, free = [], []
    page.route("**/api/analysis/series*", lambda route: route.continue_() if free else held.append(route))
    drag(page, LEVEL, 0.5, 0.52)
    wait_for_range(page, LEVEL, "to - from < 2000")
    drag(page, LEVEL, 0.2, 0.4)
    wait_for_range(page, LEVEL, "to - from < 300")
    loading = panel(page, LEVEL).get_by_test_id("plot-loading")
    expect(loading).to_be_visible()
    # What is known of each twenty frames are two of them.
    assert columns_without_ink(page, LEVEL, 0.05, 0.95) > over(page, LEVEL).bounding_box()["width"] * 0.5
    free.append(True)
    for route in held:
        route.continue_()
    expect(loading).to_be_hidden()
    until(lambda: columns_without_ink(page, LEVEL, 0.05, 0.95) == 0, "all of it is drawn")


def test_a_table_says_of_which_frame_its_values_are(page, with_hole):
    open_known_run(page, with_hole, "?cursor=1000&panels=chart:plant/tank//level;table:plant/tank//level")
    row = page.get_by_test_id("table-row")
    expect(row).to_contain_text(re.compile(r"1000\s*1,000"))
    click(page, LEVEL, 1350 / 1999)
    expect(page.get_by_test_id("table-value")).to_have_text("–")
    assert values(page, LEVEL) == ["–"]
