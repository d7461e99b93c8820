"""Draws the pictures of README and docs again: `python -m tests.browser.pictures`.

Plays the demo into a throw-away database, opens Nordlicht's July invoice as its customer would, by
day, by night and on a phone, and draws the first page of its PDF.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser

from tests.api.conftest import serving
from tests.browser.chromium import browsing, chromium
from usance.cli.demo import examples
from usance.cli.demo_story import Played, play
from usance.cli.invoices import link
from usance.cli.session import Session
from usance.domain.ids import InvoiceId
from usance.flows.open_environment import open_environment
from usance.flows.runtime import Runtime, Scope
from usance.opening import database_for
from usance.settings import Settings

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
ENVIRONMENT = "pictures"
SHARP = 1.5  # pixels of the picture for one of the page
DESK, PHONE = 1040, 390

Scheme = Literal["light", "dark"]


def main() -> None:
    """Draw all of them again."""
    executable = chromium()
    if executable is None:
        sys.exit("The pictures need Chromium: install the package chromium")
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, PostgreSQL runs as somebody else, who must get in
        settings = Settings(home=folder / "home")
        with database_for(settings) as database:
            runtime = Runtime(database)
            open_environment(runtime, ENVIRONMENT, name=ENVIRONMENT, kind="SANDBOX")
            here = Session(runtime, Scope(ENVIRONMENT, "pictures"), settings)
            played = play(here, examples(), folder, lambda _what: None)
            invoice_id = _invoice_of_july(played)
            draw_paper(played.papers[invoice_id], PICTURES / "paper.png")
            path = link(here, invoice_id).partition("/i/")[2]
            with serving(runtime, settings) as address, browsing(executable, folder) as browser:
                draw_pages(browser, f"{address}/i/{path}")


def draw_pages(browser: Browser, url: str) -> None:
    """The hosted page by day, by night, and on a phone."""
    draw_page(browser, url, PICTURES / "hosted-light.png", scheme="light", width=DESK)
    draw_page(browser, url, PICTURES / "hosted-dark.png", scheme="dark", width=DESK)
    draw_page(browser, url, PICTURES / "hosted-phone.png", scheme="light", width=PHONE)


def draw_page(browser: Browser, url: str, target: Path, *, scheme: Scheme, width: int) -> None:
    """All of the page in a window of that width."""
    size = {"width": width, "height": 800}
    with browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme=scheme,
        device_scale_factor=SHARP,
    ) as context:
        page = context.new_page()
        page.goto(url)
        page.screenshot(path=target, full_page=True)
    with Image.open(target) as drawn:
        _keep(drawn, target)


def draw_paper(pdf: Path, target: Path) -> None:
    """The first page of a PDF."""
    with pypdfium2.PdfDocument(pdf) as document:
        _keep(document[0].render(scale=1.75).to_pil(), target)


def _keep(picture: Image.Image, target: Path) -> None:
    picture.convert("RGB").quantize(160, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


def _invoice_of_july(played: Played) -> InvoiceId:
    """Nordlicht's last: seats of July, and June's calls through the tiers."""
    theirs = [each for each in played.issued if each.draft.customer_id == "nordlicht"]
    return theirs[-1].draft.id


if __name__ == "__main__":
    main()
