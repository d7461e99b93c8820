"""A seller's logo: PNG, JPEG or SVG, told apart by its bytes, never by what it is called."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape

from usance.domain.errors import Invalid, Problem

LARGEST = 512 * 1024
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Logo:
    """An image that may be printed. Made by `read_logo`."""

    media_type: str
    content: bytes

    @property
    def url(self) -> str:
        """The image as a data URL. In an `<img>` no script of an SVG runs and nothing loads."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode()}"


def read_logo(content: bytes) -> Logo:
    """The logo in these bytes. Raises Invalid (InvalidLogo): too large, or no image we print."""
    media_type = _media_type(content)
    if media_type is None or len(content) > LARGEST:
        found = escape(content[:20].decode("latin-1")) + f"… ({len(content)} bytes)"
        expected = f"a PNG, JPEG or SVG image of at most {LARGEST // 1024} KB"
        raise Invalid(Problem("InvalidLogo", "logo", found, expected))
    return Logo(media_type, content)


def _media_type(content: bytes) -> str | None:
    if content.startswith(PNG):
        return "image/png"
    if content.startswith(JPEG):
        return "image/jpeg"
    begins = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begins.startswith((b"<svg", b"<?xml", b"<!--")) and b"<svg" in content[:4096]:
        return "image/svg+xml"
    return None
