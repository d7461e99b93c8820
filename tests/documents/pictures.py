"""The pictures of the documentation: `python -m tests.documents.pictures`.

Draws `docs/pictures/invoice-pdf.png` and, where Chromium is installed, `invoice-page.png`. The page
is drawn with our own fonts, so that the picture is the same on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.documents.reading import pdf_picture
from tests.documents.samples import german
from usance.documents.fonts import FACES
from usance.documents.page import PageState, invoice_page
from usance.documents.pdf import invoice_pdf

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars"),
]
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>{folders}<cachedir>{cache}</cachedir></fontconfig>"""


def draw_pdf(target: Path) -> None:
    """The German sample as it is printed."""
    sheet = pdf_picture(invoice_pdf(german()), scale=1.75).convert("RGB")
    sheet.quantize(64, dither=Image.Dither.NONE).save(target, optimize=True)


def draw_page(target: Path, browser: str) -> None:
    """The same invoice as it is seen behind its link."""
    html = invoice_page(german(), state=PageState.OPEN, pdf_url="#", nonce="picture")
    with TemporaryDirectory() as folder:
        page, fonts = Path(folder, "page.html"), Path(folder, "fonts.conf")
        page.write_text(html, "utf-8")
        folders = "".join(f"<dir>{face.parent}</dir>" for face in FACES)
        fonts.write_text(FONTS.format(folders=folders, cache=folder), "utf-8")
        profile = f"--user-data-dir={folder}/profile"
        shot = ["--window-size=1040,1560", f"--screenshot={target}", page.as_uri()]
        environment = os.environ | {"FONTCONFIG_FILE": str(fonts)}
        command = [browser, *QUIET, profile, *shot]
        subprocess.run(command, check=True, capture_output=True, env=environment)


def main() -> None:
    """Draw what can be drawn here and say what could not."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    draw_pdf(PICTURES / "invoice-pdf.png")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("invoice-pdf.png is drawn; invoice-page.png needs Chromium")
    draw_page(PICTURES / "invoice-page.png", browser)


if __name__ == "__main__":
    main()
