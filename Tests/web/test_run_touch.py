"""Fingers on the charts of a run's page, and on the bar of the run: real touch input, as a touch screen sends it."""

import pytest
from playwright.sync_api import expect
from run_support import FRAMES, cursors, open_known_run, over, panel, shown, wait_for_range
from web_support import event, ingest, row_of, wait_until

LEVEL, HEAT = "tank/level", "tank/heat"
HALF = "?from=500&to=1500"


@pytest.fixture
def collector(module_collector):
    return module_collector


class Hand:
    """Fingers that stay where they were put until they are moved or lifted. Places are shares of an element's box."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)
        self.session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
        self.down: dict[int, tuple[float, float]] = {}

    def send(self, kind: str, fingers: dict[int, tuple[float, float]] | None = None) -> None:
        points = [{"id": finger, "x": x, "y": y} for finger, (x, y) in (self.down if fingers is None else fingers).items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    @staticmethod
    def place(element, place: tuple[float, float]) -> tuple[float, float]:
        box = element.bounding_box()
        return box["x"] + box["width"] * place[0], box["y"] + box["height"] * place[1]

    def put(self, element, *places: tuple[float, float]) -> None:
        """One finger after the other."""
        for place in places:
            self.down[len(self.down)] = self.place(element, place)
            self.send("touchStart")

    def move(self, element, *places: tuple[float, float], steps: int = 8) -> None:
        """All fingers at once, in small steps."""
        before, after = list(self.down.values()), [self.place(element, place) for place in places]
        for step in range(1, steps + 1):
            for finger, ((x, y), (to_x, to_y)) in enumerate(zip(before, after, strict=True)):
                self.down[finger] = x + (to_x - x) * step / steps, y + (to_y - y) * step / steps
            self.send("touchMove")

    def lift(self) -> None:
        self.down.clear()
        self.send("touchEnd")

    def lift_last(self) -> None:
        finger, place = self.down.popitem()
        self.send("touchEnd", {finger: place})


@pytest.fixture
def hand(page):
    return Hand(page)


def opened(page, known: str, query: str = HALF) -> float:
    """The known run, its middle half shown; returned is how many pixels its plots are wide."""
    open_known_run(page, known, query)
    wait_for_range(page, LEVEL, "from === 500 && to === 1500")
    return over(page, LEVEL).bounding_box()["width"]


def test_one_finger_moves_through_the_run(page, known, hand):
    """What lies under the finger stays there."""
    slack = 1000 * 3 / opened(page, known)
    moved = "Math.abs(from - 800) < more[0] && Math.abs(to - from - 1000) < 1e-6"
    plot = over(page, LEVEL)
    hand.put(plot, (0.6, 0.5))
    hand.move(plot, (0.3, 0.5))
    wait_for_range(page, LEVEL, moved, slack)
    hand.lift()
    wait_for_range(page, HEAT, moved, slack)
    # To the beginning of the run, and no further.
    hand.put(plot, (0.05, 0.5))
    hand.move(plot, (0.95, 0.5))
    hand.lift()
    wait_for_range(page, LEVEL, "from === 0 && to === 1000")
    # Each of both was one gesture.
    page.get_by_test_id("zoom-back").click()
    wait_for_range(page, LEVEL, moved, slack)
    page.get_by_test_id("zoom-back").click()
    wait_for_range(page, LEVEL, "from === 500 && to === 1500")
    assert cursors(page) == (None, None)


def test_one_finger_up_and_down_scrolls_the_page(page, known, hand):
    page.set_viewport_size({"width": 1000, "height": 500})
    opened(page, known)
    over(page, LEVEL).scroll_into_view_if_needed()
    begin = page.evaluate("() => scrollY")
    plot = over(page, LEVEL)
    x, y = hand.place(plot, (0.5, 0.8))
    hand.down[0] = x, y
    hand.send("touchStart")
    for step in range(1, 11):
        hand.down[0] = x, y - 10 * step
        hand.send("touchMove")
    wait_until(page, "begin => scrollY > begin + 20", begin)
    hand.lift()
    assert shown(page, LEVEL) == (500, 1500)
    expect(page.get_by_test_id("zoom-back")).to_be_hidden()


def test_two_fingers_zoom_about_their_middle(page, known, hand):
    """Apart and together again; what both have held stays under them, also while they wander."""
    slack = 1000 * 3 / opened(page, known)
    plot = over(page, LEVEL)
    hand.put(plot, (0.4, 0.5), (0.6, 0.5))
    # 900 and 1100 come to lie at 0.3 and 0.7 of the width.
    hand.move(plot, (0.3, 0.5), (0.7, 0.5))
    wait_for_range(page, LEVEL, "Math.abs(from - 750) < more[0] && Math.abs(to - 1250) < more[0]", slack)
    # At 0.5 and 0.9, as far from each other.
    hand.move(plot, (0.5, 0.5), (0.9, 0.5))
    wait_for_range(page, LEVEL, "Math.abs(from - 650) < more[0] && Math.abs(to - 1150) < more[0]", slack)
    # One finger goes on by itself: nothing jumps.
    hand.lift_last()
    hand.move(plot, (0.7, 0.5))
    wait_for_range(page, LEVEL, "Math.abs(from - 550) < more[0] && Math.abs(to - 1050) < more[0]", slack)
    hand.lift()
    # All of it was one gesture.
    page.get_by_test_id("zoom-back").click()
    wait_for_range(page, LEVEL, "from === 500 && to === 1500")
    expect(page.get_by_test_id("zoom-back")).to_be_hidden()


def test_two_fingers_never_go_beyond_the_run(page, known, hand):
    opened(page, known)
    plot = over(page, LEVEL)
    hand.put(plot, (0.1, 0.5), (0.9, 0.5))
    hand.move(plot, (0.48, 0.5), (0.52, 0.5))
    wait_for_range(page, LEVEL, "from === 0 && to === more[0]", FRAMES - 1)
    hand.lift()
    # Nor below two frames.
    for _ in range(3):
        hand.put(plot, (0.48, 0.5), (0.52, 0.5))
        hand.move(plot, (0.02, 0.5), (0.98, 0.5))
        hand.lift()
    wait_for_range(page, LEVEL, "to - from === 2")


def test_a_gesture_of_fingers_that_rest_is_one_step_of_back(page, known, hand):
    """Of the page's own Back and of the browser's: the URL is written when the fingers are lifted."""
    opened(page, known)
    before = page.evaluate("() => history.length")
    plot = over(page, LEVEL)
    hand.put(plot, (0.4, 0.5), (0.6, 0.5))
    for reach in (0.15, 0.2, 0.3):
        hand.move(plot, (0.5 - reach, 0.5), (0.5 + reach, 0.5))
        # Longer than what parts two turns of a wheel.
        wait_until(page, "begin => performance.now() > begin + 600", page.evaluate("() => performance.now()"))
    hand.lift()
    wait_until(page, "() => Number(new URLSearchParams(location.search).get('from')) > 800")
    assert page.evaluate("() => history.length") == before + 1
    page.get_by_test_id("zoom-back").click()
    wait_for_range(page, LEVEL, "from === 500 && to === 1500")
    expect(page.get_by_test_id("zoom-back")).to_be_hidden()


def test_a_tap_puts_the_first_cursor(page, known, hand):
    opened(page, known)
    plot = over(page, LEVEL)
    hand.put(plot, (0.3, 0.5))
    hand.lift()
    wait_until(page, "() => Math.abs(Number(new URLSearchParams(location.search).get('cursor')) - 800) < 8")
    assert shown(page, LEVEL) == (500, 1500)


def test_a_double_tap_shows_all(page, known, hand):
    opened(page, known)
    plot = over(page, LEVEL)
    for _ in range(2):
        hand.put(plot, (0.3, 0.5))
        hand.lift()
    wait_for_range(page, LEVEL, "from === 0 && to === more[0]", FRAMES - 1)


def test_fingers_move_a_panel_that_has_a_time_of_its_own(page, known, hand):
    slack = 1000 * 3 / opened(page, known)
    panel(page, LEVEL).get_by_test_id("panel-link").click()
    plot = over(page, LEVEL)
    hand.put(plot, (0.4, 0.5), (0.6, 0.5))
    hand.move(plot, (0.3, 0.5), (0.7, 0.5))
    hand.lift()
    wait_for_range(page, LEVEL, "Math.abs(from - 750) < more[0] && Math.abs(to - 1250) < more[0]", slack)
    assert shown(page, HEAT) == (500, 1500)


def test_a_finger_holds_a_run_that_is_followed(page, collector, run_id, hand):
    ingest(collector, *[event(run_id, frame, {"level": frame}, "tank", "plant") for frame in range(3000)])
    page.goto(f"/runs/{run_id}")
    wait_for_range(page, LEVEL, "from > 1900 && to === 2999")
    plot = over(page, LEVEL)
    hand.put(plot, (0.4, 0.5))
    hand.move(plot, (0.6, 0.5))
    hand.lift()
    expect(page.get_by_test_id("data-state")).to_have_text("Paused")
    wait_for_range(page, LEVEL, "to < 2900")


def test_a_page_that_is_left_while_a_finger_holds_a_chart_keeps_its_url_to_itself(page, known, hand):
    page.goto("/")
    row_of(page, known).get_by_role("link").click()
    wait_for_range(page, LEVEL, "from === 0 && panel.dataset.lines > 0")
    plot = over(page, LEVEL)
    hand.put(plot, (0.4, 0.5), (0.6, 0.5))
    hand.move(plot, (0.3, 0.5), (0.7, 0.5))
    wait_for_range(page, LEVEL, "from > 400")
    page.go_back()
    expect(row_of(page, known)).to_be_visible()
    hand.lift()
    # Whatever would still be written would be so by the time that this has been read.
    wait_until(page, "begin => performance.now() > begin + 600", page.evaluate("() => performance.now()"))
    assert page.evaluate("() => location.pathname + location.search") == "/"


def test_a_finger_moves_the_window_of_the_bar(page, known, hand):
    opened(page, known)
    bar = page.get_by_test_id("time-bar")
    hand.put(bar, (0.5, 0.5))
    for place in (0.55, 0.6):
        hand.move(bar, (place, 0.5))
        wait_for_range(page, LEVEL, f"Math.abs(from - {500 + (place - 0.5) * FRAMES}) < 10")
        wait_until(page, "begin => performance.now() > begin + 600", page.evaluate("() => performance.now()"))
    # Another finger that comes to rest on it takes nothing along.
    hand.put(bar, (0.1, 0.5))
    hand.lift()
    wait_for_range(page, LEVEL, "Math.abs(from - 700) < 10")
    page.get_by_test_id("zoom-back").click()
    wait_for_range(page, LEVEL, "from === 500 && to === 1500")
    expect(page.get_by_test_id("zoom-back")).to_be_hidden()
