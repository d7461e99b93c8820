"""The tax in the tax office's currency: when, how much, by which rate; and what reviewers see."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.domain.deals import EUR, seller
from tests.domain.ledger.books import issued
from usance.domain.fx import FxQuote, FxRate, FxRateMissing, Rates
from usance.domain.invoicing.invoice import Severity
from usance.domain.invoicing.tax_display import fx_findings, shown_in, tax_display
from usance.domain.money import Money, currency

PLN = currency("PLN")
DAY = date(2025, 3, 14)
ECB = Rates("ECB", [FxQuote(EUR, PLN, DAY, Decimal("4.1863"))])
DRAFT = issued("inv_1", [(100_000, 19)]).draft  # EUR 1,000.00 and 190.00 tax
POLISH = replace(seller(), tax_currency=PLN)


def test_the_tax_is_shown_at_the_rate_of_the_day_of_issue() -> None:
    shown = tax_display(DRAFT, POLISH, ECB, on=DAY + timedelta(days=2))
    assert shown is not None
    assert shown.tax == Money(79_540, PLN)  # 190.00 x 4.1863 = 795.397
    assert (shown.rate, shown.base, shown.day, shown.source) == (
        Decimal("4.1863000"),
        EUR,
        DAY,
        "ECB",
    )


def test_a_credit_note_gives_back_at_the_same_rate() -> None:
    shown = tax_display(DRAFT, POLISH, ECB, on=DAY)
    assert shown is not None
    half = replace(shown.of(issued("inv_2", [(50_000, 19)]).draft))
    assert (half.tax, half.rate) == (Money(39_770, PLN), shown.rate)


@pytest.mark.parametrize("tax_currency", [None, EUR])
def test_nothing_is_shown_where_the_documents_own_currency_is_enough(
    tax_currency: object,
) -> None:
    entity = replace(seller(), tax_currency=tax_currency)  # type: ignore[arg-type]
    assert shown_in(DRAFT, entity) is None
    assert tax_display(DRAFT, entity, Rates("ECB"), on=DAY) is None


def test_no_rate_is_needed_where_there_is_no_tax() -> None:
    untaxed = issued("inv_3", [(50_000, 0)]).draft
    assert tax_display(untaxed, POLISH, Rates("ECB"), on=DAY) is None


def test_without_a_rate_the_document_cannot_be_issued() -> None:
    with pytest.raises(FxRateMissing):
        tax_display(DRAFT, POLISH, Rates("ECB"), on=DAY)


def test_reviewers_are_told_of_a_rate_that_is_old_or_missing() -> None:
    rate: FxRate = ECB.rate(EUR, PLN, DAY)
    assert list(fx_findings(rate, on=DAY + timedelta(days=5))) == []
    (old,) = fx_findings(rate, on=DAY + timedelta(days=6))
    assert (old.severity, old.code) == (Severity.WARNING, "FxRateStale")
    (missing,) = fx_findings(None, on=DAY)
    assert (missing.severity, missing.code) == (Severity.ERROR, "FxRateMissing")
