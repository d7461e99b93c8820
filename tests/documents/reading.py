"""Reading documents back the way others see them: the text of a PDF, the text of a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pypdfium2
from PIL import Image

SPACES = re.compile(r"[\s\u00a0\u202f\u2009]+")
INVISIBLE = re.compile("[\u200b\u200c\u200d\ufffe\u0002]")


def flat(text: str) -> str:
    """One kind of space, nothing invisible: what an eye would tell apart."""
    return SPACES.sub(" ", INVISIBLE.sub("", text)).strip()


def squeezed(text: str) -> str:
    """Without any space: a long text is broken into lines at places of the typesetter's choice."""
    return flat(text).replace(" ", "")


def pdf_pages(pdf: bytes) -> list[str]:
    """The text of each page, in reading order."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [flat(page.get_textpage().get_text_bounded()) for page in document]


def pdf_text(pdf: bytes) -> str:
    """The text of all pages."""
    return flat(" ".join(pdf_pages(pdf)))


def pdf_picture(pdf: bytes, *, page: int = 0, scale: float = 2) -> Image.Image:
    """A page as an eye or a camera sees it."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture: Image.Image = document[page].render(scale=scale).to_pil()
        return picture


class Page(HTMLParser):
    """What a reader gets from an HTML page: words, elements, attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)
        if tag != "span":
            self._words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag != "span":
            self._words.append(" ")

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self._open):
            self._words.append(data)

    @property
    def text(self) -> str:
        """The words of the body."""
        return flat("".join(self._words))

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]
