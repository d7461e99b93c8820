"""How far checked VAT ids can be relied on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from usance.domain.customer import TaxId
from usance.domain.tax.checks import Standing, TaxIdCheck, standing_of

FRENCH, GERMAN = TaxId("eu_vat", "FR40303265045"), TaxId("eu_vat", "DE136695976")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def check(tax_id: TaxId, *, days_ago: int = 0, is_valid: bool = True) -> TaxIdCheck:
    """What the register said so many days before the first of March."""
    at = NOON - timedelta(days=days_ago)
    return TaxIdCheck(tax_id=tax_id, checked_at=at, is_valid=is_valid)


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([], Standing.UNVERIFIED),
        ([check(FRENCH)], Standing.VERIFIED),
        ([check(FRENCH, days_ago=364)], Standing.VERIFIED),
        ([check(FRENCH, days_ago=365)], Standing.UNVERIFIED),
        ([check(FRENCH, is_valid=False)], Standing.INVALID),
        ([check(FRENCH, is_valid=False), check(FRENCH, days_ago=9)], Standing.INVALID),
        ([check(FRENCH), check(FRENCH, days_ago=9, is_valid=False)], Standing.VERIFIED),
        ([check(FRENCH, days_ago=400), check(GERMAN, is_valid=False)], Standing.UNVERIFIED),
        ([check(FRENCH, is_valid=False), check(GERMAN)], Standing.VERIFIED),
    ],
)
def test_the_last_check_of_a_number_counts_for_a_year(
    checks: list[TaxIdCheck], expected: Standing
) -> None:
    assert standing_of([FRENCH, GERMAN], checks, on=date(2026, 3, 1)) is expected


def test_a_check_of_a_number_the_buyer_has_no_more_counts_for_nothing() -> None:
    assert standing_of([GERMAN], [check(FRENCH)], on=date(2026, 3, 1)) is Standing.UNVERIFIED
