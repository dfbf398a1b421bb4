"""The page's colours can be told apart in both schemes (WCAG 2.2, 1.4.3)."""

import re

import pytest

from tests.conftest import ROOT

CSS = (ROOT / "admin/console/page.css").read_text()
LEAST_CONTRAST = 4.5
"""Of text in usual sizes."""

PAIRS = [
    ("ink", "paper"),
    ("ink", "card"),
    ("muted", "paper"),
    ("muted", "card"),
    ("muted", "check"),
    ("accent", "paper"),
    ("accent-ink", "accent"),
    ("good", "good-soft"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
]
"""Colours of texts, and of what is behind them."""


def colours(scheme: int) -> dict[str, str]:
    """The colours of the first block of variables, which is light, or of the second one."""
    block = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[scheme]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "behind"), PAIRS)
def test_text_stands_out_from_what_is_behind_it(scheme: int, text: str, behind: str) -> None:
    found = colours(scheme)
    darker, lighter = sorted((luminance(found[text]), luminance(found[behind])))
    assert (lighter + 0.05) / (darker + 0.05) >= LEAST_CONTRAST
