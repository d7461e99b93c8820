"""What an eye would see on a page: its words, and whether they stand out from their ground."""

from __future__ import annotations

from typing import NamedTuple

from playwright.sync_api import Page

from tests.documents.reading import flat

# Every element with words of its own: them, their colour, and the first ground that is painted.
PAINTED = """
() => [...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
  .filter(e => e.checkVisibility())
  .map(e => {
    let under = e;
    const ground = () => getComputedStyle(under).backgroundColor;
    while (ground() === 'rgba(0, 0, 0, 0)' && under.parentElement) under = under.parentElement;
    return [e.textContent.trim(), getComputedStyle(e).color, ground()];
  })
"""


class Painted(NamedTuple):
    """Words, and by WCAG 2.2 how much lighter or darker they are than their ground: 1 to 21."""

    words: str
    contrast: float


def words(page: Page) -> str:
    """The visible text, with one kind of space."""
    return flat(page.inner_text("body"))


def painted(page: Page) -> list[Painted]:
    """Everything that is written on the page."""
    return [Painted(text, _contrast(ink, ground)) for text, ink, ground in page.evaluate(PAINTED)]


def ground(page: Page) -> float:
    """The luminance of the sheet, 0 for black and 1 for white."""
    colour = "getComputedStyle(document.querySelector('.sheet')).backgroundColor"
    return _luminance(str(page.evaluate(colour)))


def is_wider_than_window(page: Page) -> bool:
    """True when one would have to scroll sideways."""
    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(page.evaluate(wider))


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Of `rgb(…)`, by WCAG 2.2."""
    assert colour.startswith("rgb("), f"{colour} is see-through or of another notation"
    channels = [int(part) / 255 for part in colour[4:-1].split(",")]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
