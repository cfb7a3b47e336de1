"""Colours: they can be read, told apart by everybody, and chosen."""

import itertools
import math

import pytest
from playwright.sync_api import expect

LINES = 8
TEXTS = ["--text", "--text-muted", "--accent", "--good", "--bad", "--busy", "--off"]
SURFACES = ["--page", "--surface", "--surface-raised"]


def linear(colour: str) -> tuple[float, float, float]:
    """Light of red, green and blue, from #rrggbb."""
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def contrast(one: str, other: str) -> float:
    """As WCAG 2 has it."""
    bright, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(other))), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


# Machado, Oliveira, Fernandes 2009, severity 1: what people see who lack one kind of cones.
EYES = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no-red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no-green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "no-blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# The smallest distance within the palette of Okabe and Ito, seen so; its yellow and sky blue cannot be read on white.
APART = {"all": 0.095, "no-red": 0.076, "no-green": 0.076, "no-blue": 0.043}


def oklab(light) -> tuple[float, float, float]:
    """A space in which equal distances look equal (Ottosson 2020)."""
    cones = [max(0.0, sum(factor * part for factor, part in zip(row, light))) ** (1 / 3) for row in (
        (0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566), (0.0883024619, 0.2817188376, 0.6299787005))]
    return tuple(sum(factor * cone for factor, cone in zip(row, cones)) for row in (
        (0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099), (0.0259040371, 0.7827717662, -0.8086757660)))


def seen(colour: str, eyes) -> tuple[float, float, float]:
    light = linear(colour)
    return oklab([min(1.0, max(0.0, sum(factor * part for factor, part in zip(row, light)))) for row in eyes])


@pytest.fixture(params=["light", "dark"])
def colours(live_page, request):
    """The theme's colours by name."""
    live_page.emulate_media(color_scheme=request.param)
    live_page.goto("/")
    expect(live_page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    names = [*TEXTS, *SURFACES, "--accent-soft", "--border-strong", "--chart-axis", *(f"--line-{n}" for n in range(1, LINES + 1))]
    return live_page.evaluate(
        "names => Object.fromEntries(names.map(name => [name, getComputedStyle(document.documentElement).getPropertyValue(name).trim()]))",
        names)


def test_contrast(colours):
    poor = [
        f"{text} on {surface}: {contrast(colours[text], colours[surface]):.2f}"
        for text, surface in [*itertools.product(TEXTS, SURFACES), ("--accent", "--accent-soft"), ("--text", "--accent-soft"), ("--chart-axis", "--surface")]
        if contrast(colours[text], colours[surface]) < 4.5
    ]
    marks = ["--border-strong", *(f"--line-{n}" for n in range(1, LINES + 1))]
    poor += [mark for mark in marks if contrast(colours[mark], colours["--surface"]) < 3]
    assert poor == []


@pytest.mark.parametrize("eyes", EYES)
def test_lines_can_be_told_apart(colours, eyes):
    lines = [f"--line-{n}" for n in range(1, LINES + 1)]
    near = [
        (one, other) for one, other in itertools.combinations(lines, 2)
        if math.dist(seen(colours[one], EYES[eyes]), seen(colours[other], EYES[eyes])) < APART[eyes]
    ]
    assert near == []


def test_the_first_lines_differ_in_lightness(colours):
    """x, y and z of a vector are thin lines: hues alone do not tell them apart."""
    first = [colours[f"--line-{n}"] for n in range(1, 5)]
    assert min(contrast(one, other) for one, other in itertools.combinations(first, 2)) > 1.3


def test_a_theme_is_chosen_and_kept(live_page):
    live_page.emulate_media(color_scheme="light")
    live_page.goto("/")
    button, root = live_page.get_by_test_id("theme"), live_page.locator("html")
    expect(button).to_have_accessible_name("Colours: as the system")
    expect(root).to_have_attribute("data-theme", "light")
    live_page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-theme", "dark")
    button.click()
    expect(button).to_have_accessible_name("Colours: light")
    expect(root).to_have_attribute("data-theme", "light")
    live_page.reload()
    expect(root).to_have_attribute("data-theme", "light")
    assert live_page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(245, 246, 248)"
    # Another tab follows.
    other = live_page.context.new_page()
    other.goto("/")
    other.keyboard.press("Control+k")
    other.keyboard.type("dark colours")
    other.keyboard.press("Enter")
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    expect(root).to_have_attribute("data-theme", "dark")
    expect(button).to_have_accessible_name("Colours: dark")
    button.click()
    expect(button).to_have_accessible_name("Colours: as the system")


def test_charts_follow_the_theme(page, collector, vehicle):
    vehicle("themed", 2).wait(timeout=60)
    page.emulate_media(color_scheme="light")
    page.goto("/runs/themed")
    expect(page.get_by_test_id("data-state")).to_have_text("From storage")
    canvas = page.get_by_test_id("panel").first.locator("canvas")
    expect(canvas).to_be_visible()
    page.wait_for_function("""() => [...document.querySelectorAll('[data-testid=panel]')]
      .filter((panel) => panel.getBoundingClientRect().top < innerHeight).every((panel) => panel.dataset.rows > 10)""")
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.get_by_test_id("theme").click()
    page.get_by_test_id("theme").click()
    page.wait_for_function("before => document.querySelector('[data-testid=panel] canvas').toDataURL() !== before", arg=before)
