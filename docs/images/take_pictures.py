"""Takes the pictures of the documents anew, from the real page while a vehicle drives:

    build/bin/teltel collect &
    examples/vehicle/vehicle --realtime --seconds 120 --run-id vehicle-demo &
    build/test-python/bin/python docs/images/take_pictures.py http://127.0.0.1:8080 vehicle-demo

Posts some runs of other engines, so that the list has something to show.
"""
import json
import sys
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
SIZES = [(1440, 900), (1920, 1080), (390, 844)]
# Half a minute of driving: the window is full, and something has happened.
DRIVEN = """() => Number(document.querySelector('[data-testid="counter-accepted"] .tile-value')
    ?.textContent.replaceAll(',', '')) > 24000"""


def post_runs(url: str) -> None:
    lines = []
    for number in range(24):
        gain, ends = number % 4, ["completed", "completed", "failed", "completed", "cancelled"][number % 5]
        base = {"v": 1, "runId": f"sweep-{number:02}", "sourceId": "arm-engine", "channel": "run", "tags": {"sweep": "gains", "gain": str(gain)}}
        lines.append({**base, "type": "run.start", "frameIndex": 0, "simTime": 0, "payload": {"engine_version": "arm 2.1", "seed": number}})
        lines += [{**base, "channel": "arm", "type": "joint.state", "frameIndex": frame, "simTime": frame / 100, "payload": {
            "angle": gain * frame / 100}} for frame in range(100 + 7 * number)]
        lines.append({**base, "type": "run.end", "frameIndex": 300, "simTime": 3, "payload": {"status": ends, "reason": "sweep"}})
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/api/ingest", data=body), timeout=30).close()


def main() -> None:
    url, run_id = sys.argv[1].rstrip("/"), sys.argv[2]
    post_runs(url)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        for width, height in SIZES:
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(f"{url}/runs/{run_id}")
                page.wait_for_function(DRIVEN, timeout=60_000)
                page.wait_for_function("() => document.querySelector('[data-testid=legend-line]')")
                page.wait_for_function("() => document.querySelector('.time-label')?.textContent === '0'")
                page.wait_for_timeout(1500)
                page.screenshot(path=HERE / f"run-{width}x{height}-{scheme}.png")
                page.goto(url)
                page.wait_for_function("() => document.querySelectorAll('[data-testid=run-row]').length > 8")
                page.screenshot(path=HERE / f"runs-{width}x{height}-{scheme}.png")
                page.close()
        (HERE / "live.png").write_bytes((HERE / "run-1440x900-light.png").read_bytes())
        browser.close()


main()
