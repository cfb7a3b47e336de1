"""Takes the pictures of the documents anew, from the real page while a vehicle drives:

    build/bin/teltel collect &
    examples/vehicle/vehicle --realtime --seconds 60 --run-id vehicle-demo &
    build/test-python/bin/python docs/images/take_pictures.py http://127.0.0.1:8080 vehicle-demo
"""
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
# Half a minute of driving: the window is full, and something has happened.
DRIVEN = """() => Number(document.querySelector('[data-testid="counter-accepted"] .tile-value')
    ?.textContent.replaceAll(',', '')) > 24000"""


def main() -> None:
    url, run_id = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        page.goto(f"{url.rstrip('/')}/runs/{run_id}")
        page.wait_for_function(DRIVEN, timeout=60_000)
        page.screenshot(path=HERE / "live.png")
        browser.close()


main()
