"""The tax table: which rows hold where, from when, and which rows cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.domain.tax.parties import local, tax_rate
from usance.domain.customer import Address
from usance.domain.errors import Invalid
from usance.domain.tax.rates import TABLE_CATEGORIES, TaxCategory, TaxRate, TaxTable

DAY = date(2026, 3, 1)


def test_a_rate_holds_from_its_day_until_the_next() -> None:
    old = replace(tax_rate("DE", "16"), valid_until=DAY)
    table = TaxTable((replace(tax_rate("DE", "19"), valid_from=DAY), old))
    germany, france = Address(country="DE"), Address(country="FR")
    (before,) = table.rates_at("standard", germany, DAY - timedelta(days=1))
    (after,) = table.rates_at("standard", germany, DAY)
    assert [str(before.percent), str(after.percent)] == ["16", "19"]
    assert table.rates_at("standard", france, DAY) == ()


def test_two_rates_for_one_day_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        TaxTable((tax_rate("DE", "19"), replace(tax_rate("DE", "16"), valid_from=DAY)))
    assert refused.value.problems[0].code == "TaxRateOverlap"


def rate(**more: object) -> TaxRate:
    """The German rate, changed by `more`."""
    return replace(tax_rate("DE", "19"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"percent": Decimal("-0.01")}, "percent"),
        ({"percent": Decimal("100.01")}, "percent"),
        ({"category": TaxCategory.REVERSE_CHARGE}, "category"),
        ({"category": TaxCategory.EXEMPT}, "percent"),
        ({"valid_until": date(1970, 1, 1)}, "validUntil"),
        ({"country": "DEU"}, "country"),
        ({"region": "New York"}, "region"),
        ({"postal_prefix": "1-0"}, "postalPrefix"),
        ({"jurisdiction": "x" * 61}, "jurisdiction"),
        ({"is_compound": True}, "jurisdiction"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(more: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        rate(**more)
    assert refused.value.problems[0].path == path


def test_every_category_of_a_table_may_bear_nothing() -> None:
    for category in TABLE_CATEGORIES:
        assert rate(category=category, percent=Decimal(0)).percent == 0


def test_rows_of_one_place_and_two_jurisdictions_do_not_overlap() -> None:
    rows = (local("US", "NY", "4", "State"), local("US", "NY", "1", "County"))
    place = Address(country="US", region="NY")
    assert TaxTable(rows).rates_at("standard", place, DAY) == rows
    with pytest.raises(Invalid):
        TaxTable((*rows, local("US", "NY", "2", "County")))


def test_a_postal_code_is_compared_without_its_blanks_and_dashes() -> None:
    table = TaxTable((local("CA", "", "1", "Ward", "K1A0"),))
    place = Address(country="CA", postal_code="k1a 0b1")
    assert len(table.rates_at("standard", place, DAY)) == 1
