"""The typefaces: Inter for Latin, Noto Sans CJK for Han, Kana and Hangul, both installed by pip.

PDF/A allows no missing glyph, so text is fitted to what the fonts can draw: a sign that neither
has becomes □, which a reader sees and can ask about.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from pathlib import Path
from typing import BinaryIO

import fontpkg_inter
import noto_cjk_sans_otc
import typst

INTER = fontpkg_inter.ROOT / "files"
NOTO = Path(str(noto_cjk_sans_otc.FONT_PATH))
FACES = (INTER / "Inter[opsz,wght].ttf", NOTO)
CJK_FACE = {
    "zh": "Noto Sans CJK SC",
    "zh-Hant": "Noto Sans CJK TC",
    "ko": "Noto Sans CJK KR",
    "ja": "Noto Sans CJK JP",
}
MISSING = "□"
WITHOUT_SHAPE = re.compile("[\u200b-\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
LONG = 24  # letters that fit the narrowest column in the heavier weight
ENDLESS = re.compile(rf"[^\s\u2e80-\uffff]{{{LONG + 1},}}")
STEP = re.compile(r".{8}(?=.)")
BREAK_HERE = "\u200b"  # draws nothing


@cache
def typefaces() -> typst.Fonts:
    """Our fonts and no others: a document looks the same on every machine."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(INTER), str(NOTO.parent)],
    )


def families(language: str, script: str | None) -> list[str]:
    """The families to set a language in, first choice first: Han signs differ by language."""
    key = "zh-Hant" if (language, script) == ("zh", "Hant") else language
    return ["Inter", CJK_FACE.get(key, CJK_FACE["ja"])]


def drawable(text: str) -> str:
    """The text with □ for every sign no font of ours has, and a place to break endless words."""
    if not text.isascii():
        text = WITHOUT_SHAPE.sub("", text).translate(_glyphs())
    return ENDLESS.sub(_breakable, text) if len(text) > LONG else text


def _breakable(word: re.Match[str]) -> str:
    return STEP.sub(rf"\g<0>{BREAK_HERE}", word.group())


class _Glyphs(dict[int, int]):
    """A translation table that learns a sign when it first meets it."""

    def __init__(self, covered: frozenset[int]) -> None:
        super().__init__()
        self._covered = covered

    def __missing__(self, sign: int) -> int:
        private = 0xE000 <= sign <= 0xF8FF
        self[sign] = sign if sign in self._covered and not private else ord(MISSING)
        return self[sign]


@cache
def _glyphs() -> _Glyphs:
    return _Glyphs(frozenset().union({ord("\n")}, *(covered(face) for face in FACES)))


def covered(face: Path) -> frozenset[int]:
    """The code points a font file maps to glyphs, by its Unicode `cmap` (format 12).

    Of a collection the first font is read; those of Noto Sans CJK cover the same signs.
    """
    with face.open("rb") as file:
        offset = _unpack(file, 12, ">I")[0] if file.read(4) == b"ttcf" else 0
        cmap = _table(file, offset, b"cmap")
        count = _unpack(file, cmap + 2, ">H")[0]
        for index in range(count):
            platform, encoding, at = _unpack(file, cmap + 4 + 8 * index, ">HHI")
            if (platform, encoding) == (3, 10):
                return _signs(file, cmap + at)
    raise AssertionError(f"{face} has no full Unicode cmap")


def _table(file: BinaryIO, offset: int, tag: bytes) -> int:
    name = int.from_bytes(tag, "big")
    for index in range(_unpack(file, offset + 4, ">H")[0]):
        found, _, at, _ = _unpack(file, offset + 12 + 16 * index, ">4I")
        if found == name:
            return at
    raise AssertionError(f"no table {tag!r}")


def _signs(file: BinaryIO, subtable: int) -> frozenset[int]:
    groups = _unpack(file, subtable + 12, ">I")[0]
    bounds = _unpack(file, subtable + 16, f">{3 * groups}I")
    firsts, lasts = bounds[::3], bounds[1::3]
    return frozenset(
        sign for first, last in zip(firsts, lasts, strict=True) for sign in range(first, last + 1)
    )


def _unpack(file: BinaryIO, at: int, shape: str) -> tuple[int, ...]:
    file.seek(at)
    return struct.unpack(shape, file.read(struct.calcsize(shape)))
