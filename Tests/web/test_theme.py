"""Colours in both themes."""

import pytest
from playwright.sync_api import expect

CONTRAST = """
() => {
  const style = getComputedStyle(document.documentElement);
  const light = name => {
    const value = style.getPropertyValue(name).trim();
    const full = value.length === 4 ? '#' + [...value.slice(1)].map(digit => digit + digit).join('') : value;
    const parts = [1, 3, 5].map(at => parseInt(full.slice(at, at + 2), 16) / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const poor = [];
  for (const surface of ['--page', '--surface', '--surface-raised']) {
    for (const text of ['--text', '--text-muted', '--accent', '--good', '--bad', '--busy', '--off']) {
      if (!(ratio(text, surface) >= 4.5)) poor.push(`${text} on ${surface}: ${ratio(text, surface)}`);
    }
  }
  if (!(ratio('--accent', '--accent-soft') >= 4.5)) poor.push('accent on accent-soft');
  for (let line = 1; line <= 8; line += 1) {
    if (!(ratio(`--line-${line}`, '--surface') >= 3)) poor.push(`line ${line}`);
  }
  return poor;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_read_in_both_themes(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto("/")
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    assert page.evaluate(CONTRAST) == []
