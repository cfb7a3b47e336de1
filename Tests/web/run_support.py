"""What the tests of a run's page share: panels, what they show, and runs whose every value is known."""

import urllib.parse

from playwright.sync_api import Page, expect
from web_support import event, ingest, wait_until

FRAMES = 2000


def panel(page: Page, name: str):
    return page.locator(f'[data-testid="panel"][data-panel="{name}"]')


def panels(page: Page) -> list[str]:
    return page.get_by_test_id("panel").evaluate_all("panels => panels.map(panel => panel.dataset.panel)")


def shown(page: Page, name: str) -> tuple[float, float]:
    """The stretch of the axis that a panel shows."""
    found = panel(page, name)
    return float(found.get_attribute("data-from") or "nan"), float(found.get_attribute("data-to") or "nan")


def wait_for_range(page: Page, name: str, condition: str, *more) -> None:
    """`condition`: JavaScript about `from`, `to` and `more`."""
    wait_until(
        page,
        f"""([name, more]) => [...document.querySelectorAll('[data-testid="panel"]')].some(panel => {{
              const [from, to] = [Number(panel.dataset.from), Number(panel.dataset.to)];
              return panel.dataset.panel === name && to > from && ({condition});
            }})""",
        [name, list(more)],
    )


def over(page: Page, name: str):
    """The plot itself, without axes."""
    return panel(page, name).locator(".u-over")


def drag(page: Page, name: str, start: float, end: float, button: str = "left") -> None:
    """Drags over the plot, places as shares of its width."""
    box = over(page, name).bounding_box()
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + 30)
    page.mouse.down(button=button)
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 30, steps=5)
    page.mouse.up(button=button)


def point_at(page: Page, name: str, place: float) -> None:
    box = over(page, name).bounding_box()
    page.mouse.move(box["x"] + box["width"] * place, box["y"] + 30)


def click(page: Page, name: str, place: float, *, shift: bool = False) -> None:
    """As a hand does: goes there, presses, lets go."""
    if shift:
        page.keyboard.down("Shift")
    box = over(page, name).bounding_box()
    page.mouse.click(box["x"] + box["width"] * place, box["y"] + 30)
    if shift:
        page.keyboard.up("Shift")


def wheel(page: Page, name: str, place: float, by: float, key: str | None = None) -> None:
    point_at(page, name, place)
    if key:
        page.keyboard.down(key)
    page.mouse.wheel(0, by)
    if key:
        page.keyboard.up(key)


def cursors(page: Page) -> tuple[int | None, int | None]:
    """As the URL has them."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    first, second = (query.get(name, [None])[0] for name in ("cursor", "cursor2"))
    return first and int(first), second and int(second)


def columns_without_ink(page: Page, name: str, start: float, end: float) -> int:
    """How many pixel columns of the plot, between two shares of its width, have nothing in a colour of lines: none is drawn there."""
    return panel(page, name).locator("canvas").evaluate(
        """(canvas, [start, end]) => {
          const over = canvas.closest(".uplot").querySelector(".u-over").getBoundingClientRect();
          const box = canvas.getBoundingClientRect();
          if (box.width === 0) return -1;  // nothing is drawn yet
          const ratio = canvas.width / box.width;
          const left = (over.left - box.left + over.width * start) * ratio, width = over.width * (end - start) * ratio;
          // The browser complains about looks at a canvas that is meant for drawing only.
          const copy = Object.assign(document.createElement("canvas"), {width: canvas.width, height: canvas.height}).getContext("2d", {willReadFrequently: true});
          copy.drawImage(canvas, 0, 0);
          const {data, width: columns, height} = copy.getImageData(left, (over.top - box.top) * ratio, width, over.height * ratio);
          let empty = 0;
          for (let column = 0; column < columns; column += 1) {
            let hasInk = false;
            for (let row = 0; row < height && !hasInk; row += 1) {
              const [red, green, blue, alpha] = data.slice((row * columns + column) * 4, (row * columns + column) * 4 + 4);
              hasInk = alpha > 60 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
            }
            if (!hasInk) empty += 1;
          }
          return empty;
        }""", [start, end])


def values(page: Page, name: str) -> list[str]:
    return panel(page, name).get_by_test_id("legend-value").all_inner_texts()


def post_known_run(collector, run_id: str, ends: bool = True) -> None:
    """tank: level = frame, and a spike of one sample; temperature in another panel; two pumps told apart by wheelId."""
    events = [event(run_id, 0, {"seed": 7}, "run.start", "run")]
    for frame in range(FRAMES):
        events.append(event(run_id, frame, {"level": 5000 if frame == 1234 else frame, "heat": 20 + frame / 100}, "tank", "plant"))
        events += [event(run_id, frame, {"wheelId": wheel, "slipRatio": wheel + frame / 1e4}, "wheel.force", "plant") for wheel in (0, 1)]
    if ends:
        events.append(event(run_id, FRAMES, {"reason": "done", "status": "completed"}, "run.end", "run"))
    ingest(collector, *events)


def open_known_run(page: Page, run_id: str, query: str = "") -> None:
    """From storage, with all panels drawn."""
    page.goto(f"/runs/{run_id}{query}")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    wait_for_range(page, "tank/level", "panel.dataset.lines > 0")


def field(page: Page, series: str):
    """The tick of a series in the tree."""
    return page.locator(f'[data-testid="field"][data-series="{series}"]')


def legend_lines(page: Page, name: str):
    return panel(page, name).get_by_test_id("legend-line")


def open_with(page: Page, run_id: str, *names: str) -> None:
    """A page with one panel of each: "tank//level"."""
    texts = ";".join(f"chart:{','.join('plant/' + series for series in name.split('+'))}" for name in names)
    page.goto(f"/runs/{run_id}?panels={texts}")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    expect(page.get_by_test_id("panel")).to_have_count(len(names))
    expect(page.get_by_test_id("legend-line").first).to_be_visible()
