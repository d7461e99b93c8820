"""Every language has every word, and its sentences name what they are filled with."""

from __future__ import annotations

import re
from dataclasses import asdict

import pytest

from usance.documents.paper.wording import languages, wording

PLACES = re.compile(r"\{(\w+)\}")


def test_there_are_words_in_six_languages() -> None:
    assert languages() >= {"en", "de", "fr", "es", "ja", "zh"}


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_catalogue_has_every_word_and_every_place_of_the_english_one(language: str) -> None:
    english, words = asdict(wording("en")), asdict(wording(language))
    for label, text in words.items():
        assert isinstance(text, str), label
        assert text.strip(), label
        assert set(PLACES.findall(text)) == set(PLACES.findall(english[label])), label


def test_a_language_without_catalogue_is_english() -> None:
    assert wording("sv") == wording("en")


def test_german_names_the_reversed_charge_in_the_words_of_the_law() -> None:
    assert wording("de").reverse_charge == "Steuerschuldnerschaft des Leistungsempfängers"
