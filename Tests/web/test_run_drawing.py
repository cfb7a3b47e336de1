"""How values are drawn on the page of a run: the line in the bar of the whole run, and lines that go up and down within each pixel."""

import random
import re
import statistics

import pytest
from playwright.sync_api import expect
from run_support import open_known_run, panel, wait_for_range
from support import wait_until as until
from web_support import event, ingest

LEVEL = "tank/level"
# The least that tells the colour of the line in the bar from none; those of charts differ more, and words have this one.
GREY = 15


@pytest.fixture
def collector(module_collector):
    return module_collector


def ink(canvas, saturation: int = 40) -> list[dict]:
    """Of each column of pixels: how many have the colour of a line, faint (40 % and the like) and in full."""
    return canvas.evaluate("""(canvas, saturation) => {
      const copy = Object.assign(document.createElement("canvas"), {width: canvas.width, height: canvas.height}).getContext("2d", {willReadFrequently: true});
      copy.drawImage(canvas, 0, 0);
      const {data, width, height} = copy.getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({length: width}, (_, column) => {
        const found = {faint: 0, full: 0};
        for (let row = 0; row < height; row += 1) {
          const [red, green, blue, alpha] = data.subarray((row * width + column) * 4);
          const isLine = Math.max(red, green, blue) - Math.min(red, green, blue) > saturation;
          if (isLine && alpha > 60 && alpha <= 150) found.faint += 1;
          if (isLine && alpha > 150) found.full += 1;
        }
        return found;
      });
    }""", saturation)


def test_the_bar_shows_a_channel_over_the_whole_run(page, known):
    """The first that is plotted, another one, or none; whatever the panels look at. Nobody is asked for more."""
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/analysis/series" in request.url else None)
    open_known_run(page, known, "?from=100&to=200&panels=chart:plant/tank//level;chart:plant/tank//heat")
    sketch = page.get_by_test_id("time-sketch")
    expect(sketch).to_have_attribute("data-series", "plant/tank//level")
    expect(sketch).to_have_attribute("data-values", "0~5000")  # with the spike of one sample
    until(lambda: all(column["faint"] + column["full"] > 0 for column in ink(sketch, GREY)[2:-2]), "a line from one end to the other")
    before = len(asked)
    page.get_by_test_id("sketch-choice").select_option(label="tank heat")
    expect(sketch).to_have_attribute("data-values", re.compile(r"^20~39\.9"))
    assert len(asked) == before
    page.reload()
    expect(sketch).to_have_attribute("data-series", "plant/tank//heat")
    page.get_by_test_id("sketch-choice").select_option("none")
    expect(sketch).to_have_attribute("data-series", "")
    assert not any(column["faint"] + column["full"] for column in ink(sketch, GREY))
    page.go_back()
    expect(sketch).to_have_attribute("data-series", "plant/tank//heat")


def test_the_line_in_the_bar_grows_with_the_run(page, collector, run_id):
    ingest(collector, *[event(run_id, frame, {"level": frame}, "tank", "plant") for frame in range(300)])
    page.goto(f"/runs/{run_id}")
    sketch = page.get_by_test_id("time-sketch")
    expect(sketch).to_have_attribute("data-values", "0~299")
    ingest(collector, *[event(run_id, frame, {"level": frame}, "tank", "plant") for frame in range(300, 600)])
    expect(sketch).to_have_attribute("data-values", "0~599")


def test_what_goes_up_and_down_within_each_pixel_is_a_band_that_can_be_seen_through(page, collector, run_id):
    """With a line through its middle; a spike of one sample is as strong as ever."""
    numbers = random.Random(1)
    levels = [numbers.uniform(-1, 1) for _ in range(20_000)]
    levels[12_345] = 8
    ingest(collector, *[event(run_id, frame, {"level": level}, "tank", "plant") for frame, level in enumerate(levels)],
           event(run_id, len(levels), {"reason": "done", "status": "completed"}, "run.end", "run"))
    until(lambda: collector.run(run_id)["stored"] == len(levels) + 1, "all is stored", 60)
    page.goto(f"/runs/{run_id}?panels=chart:plant/tank//level")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    wait_for_range(page, LEVEL, "to === more[0]", len(levels) - 1)
    canvas = panel(page, LEVEL).locator("canvas")

    def is_band() -> bool:
        columns = [column for column in ink(canvas) if column["faint"] + column["full"] > 20]
        height = statistics.median(column["faint"] + column["full"] for column in columns or [{"faint": 0, "full": 0}])
        bands = [column for column in columns if column["faint"] > 3 * column["full"] > 0]
        spikes = [column for column in columns if column["full"] > 1.5 * height]
        # Lines of the grid can be seen through the band.
        return len(columns) > 300 and len(bands) > 0.95 * len(columns) and 1 <= len(spikes) <= 4

    until(is_band, "a band, and a spike")
