"""A seller's logo: PNG, JPEG or SVG, told apart by its bytes, never by what it is called."""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from xml.etree import ElementTree

import typst

from usance.documents.paper.fonts import typefaces
from usance.domain.errors import Invalid, Problem

LARGEST = 512 * 1024
PNG = b"\x89PNG\r\n\x1a\n"
JPEG, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
SVG = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE[^>\[]*>\s*)*<svg[\s>]",
    re.DOTALL,
)
MOST_PIXELS = 4096 * 4096  # a small file can unpack to gigabytes
JPEG_FRAME = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]..\x08(....)", re.DOTALL)
TRIAL = b'#image(bytes(sys.inputs.logo), format: "svg", alt: "trial")'


@dataclass(frozen=True, slots=True)
class Logo:
    """An image that can be printed. New ones come from `read_logo`, which has tried it."""

    media_type: str
    content: bytes

    @property
    def url(self) -> str:
        """The image as a data URL. In an `<img>` no script of an SVG runs and nothing loads."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode()}"

    @property
    def svg(self) -> str:
        """The image, whatever its kind, as one SVG: left in a box of 5 to 1."""
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 120">'
            '<image width="600" height="120" preserveAspectRatio="xMinYMid meet" '
            f'href="{self.url}"/></svg>'
        )


@lru_cache(maxsize=64)
def read_logo(content: bytes) -> Logo:
    """The logo in these bytes, once it was printed on trial.

    Raises Invalid (InvalidLogo): too large, no image we print, or broken. So a logo that is
    accepted never stops an invoice.
    """
    media_type = _media_type(content)
    if media_type is not None and len(content) <= LARGEST and _unpacks_small(content):
        logo = Logo(media_type, content)
        if _can_be_printed(logo):
            return logo
    found = f"{content[:16]!r} ({len(content)} bytes)"
    expected = (
        f"a whole PNG, JPEG or SVG image of at most {LARGEST // 1024} KB and 16 million pixels; "
        "an SVG without pictures in it"
    )
    raise Invalid(Problem("InvalidLogo", "logo", found, expected))


def _media_type(content: bytes) -> str | None:
    if content.startswith(PNG):
        return "image/png"
    if content.startswith(JPEG):
        return "image/jpeg"
    return "image/svg+xml" if SVG.match(content) else None


def _unpacks_small(content: bytes) -> bool:
    """Looks at the size a raster image claims, and at SVGs for rasters hidden in them."""
    if content.startswith(PNG):
        sizes = [content[16:24]] if len(content) > 24 else []
    elif content.startswith(JPEG):
        sizes = JPEG_FRAME.findall(content) if JPEG_END in content[-64:] else []
    else:
        return b"image" not in content.replace(b"image-rendering", b"").lower()
    dimensions = [struct.unpack(">II" if len(size) == 8 else ">HH", size) for size in sizes]
    return bool(dimensions) and all(one * other <= MOST_PIXELS for one, other in dimensions)


def _can_be_printed(logo: Logo) -> bool:
    """True when the typesetter makes PDF/A of it. It skips a broken SVG: that is parsed first."""
    try:
        if logo.media_type == "image/svg+xml":
            ElementTree.fromstring(logo.content)
        compiler = typst.Compiler(TRIAL, font_paths=typefaces(), ignore_system_fonts=True)
        compiler.compile(format="pdf", sys_inputs={"logo": logo.svg}, pdf_standards=["a-3b"])
    except (typst.TypstError, ElementTree.ParseError):
        return False
    return True
