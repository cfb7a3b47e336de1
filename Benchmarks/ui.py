"""The page of a run in headless Chromium, beside plain uPlot in the same run: what a frame costs the page's own thread, a thousand
frames a second of a hundred channels, the first chart, and zooming into a million points.

Two figures of that thread: all of its CPU time, by the kernel, and what CDP counts as its tasks, which leaves out how Chromium turns
what was drawn on a canvas into pixels, unless the canvas is full of it within one task."""
from __future__ import annotations

import os
import statistics
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from processes import Collector, children, compile_program, cpu_seconds, environment, folders, run, wait_until
from rounds import Measured, in_turn
from sections import Row, Scale, check

HERE = Path(__file__).resolve().parent
CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 120_000
VIEWPORT = {"width": 1440, "height": 1200}
PANELS, SERIES = 6, 4
LIVE_RATE, WINDOW_SECONDS = 200, 10  # 2,000 points in the window
ZOOMS, OPENINGS, HEAP_LOOKS = 40, 3, 10

SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"

UPLOT = """<!doctype html><link rel="stylesheet" href="/uPlot.css"><script src="/uPlot.js"></script><body><script>
const [panels, series, points, width, height] = [%d, %d, %d, %d, %d];
const colours = ["#13f", "#a30", "#073", "#719"];
const xs = Float64Array.from({length: points}, (_, index) => index);
const make = () => Array.from({length: series}, (_, s) => Float64Array.from(xs, (x) => Math.sin(x / 50 + s) * (1 + s)));
const charts = Array.from({length: panels}, () => {
  const data = [xs.slice(), ...make()];
  const options = {width, height, legend: {show: false}, scales: {x: {time: false}},
    series: [{}, ...colours.slice(0, series).map((stroke) => ({stroke, width: 1.5, points: {show: false}}))]};
  return {data, chart: new uPlot(options, data, document.body)};
});
window.drawn = 0;
function follow(now) {
  for (const {data, chart} of charts) {
    for (let add = 0; add < 4; add += 1) data.forEach((column, c) => {
      column.copyWithin(0, 1);
      column[points - 1] = c === 0 ? column[points - 2] + 1 : Math.sin(column[points - 2] * 1.01 + c) * c;
    });
    chart.setData(data);
  }
  window.drawn += 1;
  requestAnimationFrame(follow);
}
let [min, max] = [0, points - 1];
charts[0].chart.over.addEventListener("wheel", (event) => {
  event.preventDefault();
  const {chart} = charts[0];
  const at = chart.posToVal(event.clientX - chart.over.getBoundingClientRect().left, "x");
  const factor = event.deltaY > 0 ? 1.25 : 0.8;
  [min, max] = [Math.max(0, at - (at - min) * factor), Math.min(points - 1, at + (max - at) * factor)];
  chart.setScale("x", {min, max});
}, {passive: false});
</script></body>"""


def panel_query(types: int) -> str:
    return "panels=" + ";".join(
        "chart:" + ",".join(f"bench/bench.t{number}//f{field}" for field in range(SERIES)) for number in range(types))


class Watched:
    """One page; what its own thread does, in seconds of that thread's CPU time."""

    def __init__(self, page: Page):
        self.page = page
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def metric(self, name: str) -> float:
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == name)

    def busy(self) -> tuple[float, float]:
        """So far, of the page's thread: all of its CPU seconds, and those that CDP counts."""
        # One page is open at a time: what other renderers do is nothing.
        threads = (Path("/proc") / str(pid) / "task" / str(pid) / "schedstat" for pid in renderers())
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9, self.metric("TaskDuration")

    def since(self, before: tuple[float, float], steps: int, step: str) -> dict[str, float]:
        now = self.busy()
        return {f"ms of the page's thread per {step}": (now[0] - before[0]) * 1000 / steps,
                "ms of it by CDP": (now[1] - before[1]) * 1000 / steps}

    def heap_mib(self) -> float:
        """The least of some looks: answers on their way from the worker come and go."""
        looks = []
        for _ in range(HEAP_LOOKS):
            self.session.send("HeapProfiler.collectGarbage")
            looks.append(self.metric("JSHeapUsedSize") / 1048576)
            time.sleep(0.1)
        return min(looks)

    def paced(self, name: str) -> int:
        return int(self.page.get_by_test_id("pace").get_attribute(f"data-{name}") or 0)


def renderers() -> list[int]:
    """Chromium's processes that show pages, of the browser that this program has started."""
    found, waiting = [], [os.getpid()]
    while waiting:
        for child in children(waiting.pop()):
            waiting.append(child)
            with suppress(OSError):  # it ended while we looked
                if b"--type=renderer" in (Path("/proc") / str(child) / "cmdline").read_bytes():
                    found.append(child)
    return found


# Notes when the first line is on a chart.
FIRST = """new MutationObserver(() => {
  if (!window.firstChartMs && document.querySelector('[data-testid=panel][data-lines]:not([data-lines="0"])')) {
    window.firstChartMs = performance.now();
  }
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-lines"]})"""


@contextmanager
def opened(browser, url: str):
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(FIRST)
    page.goto(url)
    yield Watched(page)
    context.close()


@contextmanager
def engine(program: Path, shm: Path, run_id: str, types: int, rate: int):
    process = subprocess.Popen([program, run_id, str(types), str(SERIES), str(rate), "100000"], env=environment(shm), stdout=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


def first_chart(page: Page) -> float:
    wait_for_lines(page)
    return page.evaluate("() => window.firstChartMs")


def wait_for_lines(page: Page) -> None:
    page.wait_for_function("() => document.querySelector('[data-testid=panel][data-lines]:not([data-lines=\"0\"])')")


def size_of_plot(page: Page) -> tuple[int, int]:
    box = page.locator(".u-wrap").first.bounding_box()
    return round(box["width"]), round(box["height"])


def uplot_page(browser, collector: Collector, points: int, size: tuple[int, int], panels: int = PANELS, series: int = SERIES):
    @contextmanager
    def page():
        context = browser.new_context(viewport=VIEWPORT)
        made = context.new_page()
        made.set_default_timeout(PATIENCE_MS)
        made.route("**/plain-uplot", lambda route: route.fulfill(content_type="text/html", body=UPLOT % (panels, series, points, *size)))
        made.goto(f"{collector.url}/plain-uplot")
        yield Watched(made)
        context.close()
    return page()


def live_frames(browser, collector: Collector, shm: Path, program: Path, seconds: float, window: int):
    size, points = (520, 200), LIVE_RATE * window

    def own(number: int) -> Measured:
        nonlocal size
        with engine(program, shm, f"live-{number}", PANELS, LIVE_RATE):
            wait_until(lambda: collector.run(f"live-{number}"), "the run is known", 60)
            with opened(browser, f"{collector.url}/runs/live-{number}?window={window}&{panel_query(PANELS)}") as page:
                wait_for_lines(page.page)
                size = size_of_plot(page.page)
                time.sleep(window + 1)  # until the window is full
                before, drawn, slow = page.busy(), page.paced("drawn"), page.paced("slow")
                time.sleep(seconds)
                frames = page.paced("drawn") - drawn
                check(frames > 0, "the page draws")
                return Measured(f"page, {PANELS} panels of {SERIES} series of {points:,} points", {
                    **page.since(before, frames, "frame"),
                    "frames a second": frames / seconds, "% over 33 ms": (page.paced("slow") - slow) * 100 / frames,
                })

    def plain(_number: int) -> Measured:
        with uplot_page(browser, collector, points, size) as page:
            page.page.evaluate("() => requestAnimationFrame(follow)")
            time.sleep(1)
            before, drawn = page.busy(), page.page.evaluate("() => window.drawn")
            time.sleep(seconds)
            frames = page.page.evaluate("() => window.drawn") - drawn
            return Measured("plain uPlot, the same", {**page.since(before, frames, "frame"), "frames a second": frames / seconds})

    return [own, plain]


def many_channels(browser, collector: Collector, shm: Path, program: Path, seconds: float, openings: int = OPENINGS) -> list[Row]:
    types = 25
    with engine(program, shm, "channels", types, 1000):
        wait_until(lambda: collector.run("channels"), "the run is known", 60)
        quiet, begin = cpu_seconds(collector.process.pid), time.monotonic()
        time.sleep(min(seconds, 20))
        alone = (cpu_seconds(collector.process.pid) - quiet) / (time.monotonic() - begin)
        firsts = []
        for _ in range(openings - 1):
            with opened(browser, f"{collector.url}/runs/channels?{panel_query(types)}") as page:
                firsts.append(first_chart(page.page))
        with opened(browser, f"{collector.url}/runs/channels?{panel_query(types)}") as page:
            firsts.append(first_chart(page.page))
            time.sleep(seconds * 0.2)
            early = page.heap_mib()
            watched, begin = cpu_seconds(collector.process.pid), time.monotonic()
            time.sleep(seconds * 0.8)
            share = (cpu_seconds(collector.process.pid) - watched) / (time.monotonic() - begin)
            late = page.heap_mib()
            notice = page.page.get_by_test_id("stream-notice").inner_text()
    return [
        Row("ui", "first chart of a live run",
            f"{statistics.median(firsts):.0f} ms after opening ({min(firsts):.0f} to {max(firsts):.0f})"),
        Row("ui", f"{types * SERIES} channels at 1 kHz, heap of the page", f"{early:.1f} MiB, {late:.1f} MiB after {seconds:.0f} s{'; ' + notice if notice else ''}"),
        Row("ui", f"{types * SERIES} channels at 1 kHz, collector for the page", f"{(share - alone) * 100:.1f} % of a core"),
    ]


def zooms(browser, collector: Collector, shm: Path, program: Path, points: int, steps: int):
    text, _ = run(shm, program, "million", 1, 1, 0, points / 100_000)
    check(text == f"accepted {points} refused 0\n", text)
    wait_until(lambda: (collector.ended("million") or {}).get("stored", 0) >= points, "all is stored", 300)

    size = (520, 200)

    def zoom(page: Watched) -> dict[str, float]:
        box = page.page.locator(".u-over").bounding_box()
        page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
        before = page.busy()
        page.page.keyboard.down("Control")
        for step in range(steps):
            page.page.mouse.wheel(0, -100 if step % 20 < 10 else 100)  # with Ctrl: alone it scrolls the page
            # Two frames and a moment: the worker's answer is drawn by then, and so is the plain chart's.
            page.page.evaluate(SETTLED)
        page.page.keyboard.up("Control")
        return page.since(before, steps, "step")

    def own(_number: int) -> Measured:
        nonlocal size
        with opened(browser, f"{collector.url}/runs/million?panels=chart!w3:bench/bench.t0//f0") as page:
            wait_for_lines(page.page)
            page.page.wait_for_function("() => document.querySelector('[data-testid=data-state]').textContent === 'From storage'")
            size = size_of_plot(page.page)
            return Measured(f"page, zoom of {points:,} stored points", zoom(page))

    def plain(_number: int) -> Measured:
        with uplot_page(browser, collector, points, size, 1, 1) as page:
            page.page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
            return Measured("plain uPlot, the same", zoom(page))

    return [own, plain]


def ui(scale: Scale) -> list[Row]:
    # Too short to measure anything: does it work at all?
    is_quick = scale.seconds <= 10
    seconds = 1.0 if is_quick else scale.seconds / 6
    rows: list[Row] = []
    with folders() as (work, shm), sync_playwright() as playwright:
        program = compile_program(HERE / "channels.c", work)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with Collector(work, shm) as collector:
            wait_until(collector.ready, "storage is there", 60)
            rows += in_turn("ui", scale.rounds, live_frames(browser, collector, shm, program, seconds, 1 if is_quick else WINDOW_SECONDS))
            points = 100_000 if is_quick else 1_000_000
            rows += in_turn("ui", scale.rounds, zooms(browser, collector, shm, program, points, 4 if is_quick else ZOOMS))
            rows += many_channels(browser, collector, shm, program, *((2, 1) if is_quick else (scale.seconds * 10, OPENINGS)))
        browser.close()
    return rows
