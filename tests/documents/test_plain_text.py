"""Text from outside stays text, on its line and in its direction."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.documents.paper.fonts import FACES, LONG, MISSING, covered, drawable, families
from usance.documents.plain_text import JOINERS, line, paragraph

anything = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Müller & Söhne <b>", "Müller & Söhne <b>"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("two\r\nlines\u2028and\x85more", "two lines and more"),
        ("tab\there", "tab here"),
        ("\ud800", "\ufffd"),
        ("e\u0301", "é"),
        ("क्‍ष", "क्‍ष"),
        ("  edges ", "edges"),
    ],
)
def test_a_line_keeps_what_can_be_read_and_drops_what_can_mislead(text: str, safe: str) -> None:
    assert line(text) == safe


def test_a_paragraph_keeps_its_line_breaks() -> None:
    assert paragraph("one\r\n\ttwo\n") == "one\n two"


@given(anything)
def test_nothing_that_controls_survives(text: str) -> None:
    for sign in paragraph(text):
        assert (
            sign == "\n"
            or sign in JOINERS
            or unicodedata.category(sign)[0] != "C"
            or (sign == "\ufffd")
        )
    assert "\n" not in line(text)
    paragraph(text).encode()  # no lone surrogate is left


@given(anything)
def test_every_sign_that_reaches_the_typesetter_has_a_glyph(text: str) -> None:
    glyphs = covered(FACES[0]) | covered(FACES[1])
    assert {ord(sign) for sign in drawable(paragraph(text))} <= glyphs | {0x0A}


def test_latin_with_marks_han_kana_hangul_and_currency_signs_are_drawn_as_they_are() -> None:
    text = "äßłőŻñçğ 株式会社 カタカナ 发票 청구서 € £ ¥ ₹ ₩ ₿ ₫ ₺ ₴ − – “”"
    assert drawable(text) == text


def test_a_sign_no_font_has_becomes_a_box_that_can_be_seen_and_asked_about() -> None:
    assert drawable("A\ufe0f😀 ب") == f"A{MISSING} {MISSING}"


def test_only_endless_words_get_places_to_break() -> None:
    assert drawable("W" * LONG) == "W" * LONG
    assert drawable("W" * 100).replace("\u200b", "") == "W" * 100
    assert drawable("W" * 100).count("\u200b") == 12


def test_han_signs_are_set_in_the_face_of_their_language() -> None:
    assert families("ja", None)[1] == "Noto Sans CJK JP"
    assert families("zh", "Hans")[1] == "Noto Sans CJK SC"
    assert families("zh", "Hant")[1] == "Noto Sans CJK TC"
    assert families("de", None)[1] == "Noto Sans CJK JP"
