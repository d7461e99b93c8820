"""What a customer sees who opens the link, on a desk, on a phone, by night, on paper."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import httpx
import pypdfium2
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import ground, is_wider_than_window, painted, words
from tests.documents.reading import pdf_text

pytestmark = pytest.mark.browser

SAYS = [
    "HDE-2025-00001",
    "Nordlicht Verlag GmbH & Co. KG",
    "Halden Cloud GmbH",
    "862,75 €",  # the total
    "762,75 €",  # what is due after 100.00 were paid
    "DE89 3704 0044 0532 0130 00",
    "COBADEFFXXX",
    "RF",
]
READABLE = 4.5  # WCAG 2.2, level AA

Scheme = Literal["light", "dark"]


def test_the_page_says_what_is_owed_and_where_to_pay_it(page: Page, url: str) -> None:
    page.goto(url)
    seen = words(page)
    for text in SAYS:
        assert text in seen, text
    assert "HDE-2025-00001" in page.title()
    assert page.locator(".figure").inner_text().replace("\xa0", " ") == "762,75 €"


def test_it_loads_nothing_from_anywhere_else_and_breaks_no_rule_of_its_own(
    page: Page, url: str
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url, wait_until="networkidle")
    hosts = {urlsplit(each).netloc for each in asked if not each.startswith("data:")}
    assert hosts == {urlsplit(url).netloc}
    assert not [each for each in complaints if "favicon" not in each]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read_by_day_and_by_night(page: Page, url: str, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(url)
    assert (ground(page) > 0.5) is (scheme == "light")
    written = painted(page)
    assert len(written) > 30
    assert not [each for each in written if each.contrast < READABLE]


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nobody_scrolls_sideways_and_nothing_is_left_out(
    browser: Browser, url: str, width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 780}) as context:
        page = context.new_page()
        page.goto(url)
        assert not is_wider_than_window(page)
        seen = words(page)
        for text in SAYS:
            assert text in seen, text


def test_what_is_due_and_how_to_get_the_pdf_is_seen_first(browser: Browser, url: str) -> None:
    with browser.new_context(viewport={"width": 390, "height": 780}) as context:
        page = context.new_page()
        page.goto(url)
        for selector in (".figure", "a.button"):
            box = page.locator(selector).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] < 780, selector


def test_printed_it_is_one_white_sheet_that_says_the_same(page: Page, url: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(url)
    printed = page.pdf(format="A4")
    text = pdf_text(printed)
    for said in SAYS:
        assert said in text, said
    with pypdfium2.PdfDocument(printed) as document:
        assert len(document) == 1
        sheet = document[0].render().to_pil().convert("L")
    light = sum(sheet.histogram()[200:])
    assert light / (sheet.width * sheet.height) > 0.9


def test_the_button_gives_the_pdf(page: Page, url: str) -> None:
    page.goto(url)
    with page.expect_response(lambda answer: answer.url.endswith("/pdf")) as asked:
        page.locator("a.button").click(no_wait_after=True)
    assert asked.value.status == 200
    assert asked.value.headers["content-type"] == "application/pdf"
    file = httpx.get(asked.value.url).content
    assert file.startswith(b"%PDF-")
    assert "HDE-2025-00001" in pdf_text(file)


@pytest.mark.parametrize("place", [-1, -30, 10])
def test_an_altered_link_shows_nothing_of_the_invoice(page: Page, url: str, place: int) -> None:
    at = place if place < 0 else url.index("/i/") + place
    wrong = "A" if url[at] != "A" else "B"
    answer = page.goto(url[:at] + wrong + url[at:][1:])
    assert answer is not None
    assert answer.status == 404
    source = page.content()
    for text in [*SAYS, "Nordlicht", "Halden"]:
        assert text not in source, text
    assert page.locator("h1").count() == 1
    assert not is_wider_than_window(page)
