"""The machine's Chromium: where it is, and how it is started so that it talks to nobody else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from usance.documents.paper.fonts import FACES

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
]
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>{folders}<cachedir>{cache}</cachedir></fontconfig>"""


def chromium() -> str | None:
    """The path of the browser, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browsing(executable: str, folder: Path) -> Iterator[Browser]:
    """A browser with our own fonts only, so that pages look the same on every machine.

    Playwright keeps an event loop in this thread meanwhile: leave it before others need theirs.
    """
    fonts = folder / "fonts.conf"
    folders = "".join(f"<dir>{face.parent}</dir>" for face in FACES)
    fonts.write_text(FONTS.format(folders=folders, cache=folder), "utf-8")
    environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(fonts)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=ARGUMENTS, env=environment
        )
        try:
            yield browser
        finally:
            browser.close()
