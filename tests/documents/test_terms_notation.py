"""Payment terms: written, read back, and printed in every language."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.domain.test_payment_terms import TERMS
from usance.documents.notation import notation
from usance.documents.paper.wording import languages, wording
from usance.documents.terms_notation import (
    payment_terms_from,
    plain_payment_terms,
    written_terms,
)
from usance.domain.errors import Invalid
from usance.domain.payment_terms import DueRule, PaymentTerms


@given(TERMS)
def test_terms_written_and_read_again_are_the_same(terms: PaymentTerms) -> None:
    assert payment_terms_from(plain_payment_terms(terms), "paymentTerms") == terms


@pytest.mark.parametrize(
    ("plain", "terms"),
    [
        ({"netDays": 30}, PaymentTerms(30)),
        ({"endOfMonthPlus": 15}, PaymentTerms(15, DueRule.END_OF_MONTH_PLUS)),
        ({"netEndOfMonth": 30}, PaymentTerms(30, DueRule.NET_END_OF_MONTH)),
        ({"dayOfMonth": 15}, PaymentTerms(15, DueRule.DAY_OF_MONTH, 1)),
        ({"dayOfMonth": 15, "monthsAhead": 2}, PaymentTerms(15, DueRule.DAY_OF_MONTH, 2)),
    ],
)
def test_each_way_of_counting_has_its_field(plain: dict[str, object], terms: PaymentTerms) -> None:
    assert payment_terms_from(plain, "") == terms


@pytest.mark.parametrize(
    ("plain", "code", "path"),
    [
        ({}, "MissingField", "t.netDays"),
        ({"netDays": "30"}, "WrongType", "t.netDays"),
        ({"netDays": 30, "netEndOfMonth": 30}, "AmbiguousPaymentTerms", "t.netEndOfMonth"),
        ({"netDays": 30, "monthsAhead": 2}, "InvalidPaymentTerms", "t.monthsAhead"),
        ({"netdays": 30}, "MissingField", "t.netDays"),
        ({"dayOfMonth": 15, "monthsAhead": 0}, "InvalidPaymentTerms", "t.monthsAhead"),
    ],
)
def test_terms_that_say_nothing_or_two_things_are_refused(
    plain: dict[str, object], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        payment_terms_from(plain, "t")
    assert (refused.value.problems[0].code, refused.value.problems[0].path) == (code, path)


@pytest.mark.parametrize(
    ("terms", "locale", "written"),
    [
        (PaymentTerms(30), "en-US", "30 days net"),
        (PaymentTerms(1), "en-US", "1 day net"),
        (PaymentTerms(0), "en-US", "due on receipt"),
        (PaymentTerms(14), "de-DE", "14 Tage netto"),
        (
            PaymentTerms(15, DueRule.END_OF_MONTH_PLUS),
            "en-GB",
            "15 days after the end of the month of issue",
        ),
        (PaymentTerms(0, DueRule.NET_END_OF_MONTH), "en-GB", "end of the month of issue"),
        (PaymentTerms(15, DueRule.DAY_OF_MONTH), "en-GB", "day 15 of the following month"),
        (
            PaymentTerms(15, DueRule.DAY_OF_MONTH, 2),
            "fr-FR",
            "le 15, 2 mois après le mois d’émission",
        ),
        (PaymentTerms(15, DueRule.DAY_OF_MONTH), "ja-JP", "翌月15日"),
    ],
)
def test_terms_are_printed_in_the_readers_language(
    terms: PaymentTerms, locale: str, written: str
) -> None:
    hand = notation(locale)
    told = written_terms(terms, wording(hand.locale.language), hand)
    assert told.replace("\u00a0", " ") == written


@pytest.mark.parametrize("language", sorted(languages()))
def test_no_two_ways_of_counting_read_alike(language: str) -> None:
    ways = [
        *(PaymentTerms(10, rule) for rule in DueRule),
        PaymentTerms(10, DueRule.DAY_OF_MONTH, 2),
        PaymentTerms(0),
        PaymentTerms(0, DueRule.END_OF_MONTH_PLUS),
    ]
    hand = notation(language)
    printed = {written_terms(terms, wording(language), hand) for terms in ways}
    assert len(printed) == len(ways)
    assert not any("{" in text for text in printed)
