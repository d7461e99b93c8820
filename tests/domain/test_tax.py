"""Tax: which rate a line bears, and tax that adds up by rate and by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.deals import BUYERS, DAYS, EUR, SELLERS, TAXES, buyer, seller, tax_rate
from usance.domain.customer import Customer
from usance.domain.errors import Invalid
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money, currency, total
from usance.domain.tax import (
    TABLE_CATEGORIES,
    TaxCategory,
    TaxedAmount,
    TaxRate,
    TaxTable,
    TaxTreatment,
    document_tax,
    treatment,
)

DAY = date(2026, 3, 1)
PERCENTS = ["0", "2.5", "7", "7.00", "8.875", "19", "25", "25.00", "100"]
CATEGORIES = [TaxCategory.EXEMPT, TaxCategory.REVERSE_CHARGE, TaxCategory.ZERO]
TREATMENTS = st.sampled_from(
    [TaxTreatment(TaxCategory.STANDARD, Decimal(percent), "table") for percent in PERCENTS]
    + [TaxTreatment(category, Decimal(0), "rule", f"Why {category}.") for category in CATEGORIES]
)
NETS = st.integers(-(10**10), 10**10) | st.integers(-60, 60)
AMOUNTS = st.builds(TaxedAmount, NETS.map(lambda minor: Money(minor, EUR)), TREATMENTS)
LINES = st.lists(AMOUNTS, min_size=1, max_size=10)


def half_away(exact: Fraction) -> int:
    """Rounded to a whole number, half away from zero, written another way than in money.py."""
    rounded = floor(abs(exact) + Fraction(1, 2))
    return rounded if exact >= 0 else -rounded


@given(LINES)
def test_the_tax_of_a_document_is_the_sum_over_its_categories_and_rates_each_rounded_once(
    lines: list[TaxedAmount],
) -> None:
    rows, shares = document_tax(lines, EUR)
    expected: dict[tuple[TaxCategory, Fraction], int] = {}
    for line in lines:
        key = line.treatment.category, Fraction(line.treatment.percent)
        expected[key] = expected.get(key, 0) + line.net.minor
    found = {(row.category, Fraction(row.percent)): row for row in rows}
    assert len(found) == len(rows)
    assert {key: row.taxable.minor for key, row in found.items()} == expected
    for (_, percent), row in found.items():
        assert row.tax.minor == half_away(row.taxable.minor * percent / 100)
    assert total(shares, EUR) == total([row.tax for row in rows], EUR)


@given(LINES)
def test_the_tax_shares_of_the_lines_add_up_to_the_tax_of_the_document(
    lines: list[TaxedAmount],
) -> None:
    """And each is within a minor unit of what its line alone would bear, whatever its sign."""
    rows, shares = document_tax(lines, EUR)
    assert total(shares, EUR) == total([row.tax for row in rows], EUR)
    for line, share in zip(lines, shares, strict=True):
        exact = line.net.minor * Fraction(line.treatment.percent) / 100
        assert abs(share.minor - exact) < 1


@given(LINES)
def test_giving_every_line_back_gives_back_its_tax(lines: list[TaxedAmount]) -> None:
    back = [TaxedAmount(-line.net, line.treatment) for line in lines]
    rows, back_rows = document_tax(lines, EUR)[0], document_tax(back, EUR)[0]
    assert [-row.tax for row in rows] == [row.tax for row in back_rows]


@given(SELLERS, BUYERS, st.sampled_from(["standard", "reduced", "unknown"]), DAYS)
def test_reverse_charge_exempt_and_outside_scope_lines_bear_no_tax_and_carry_the_reason_why(
    sells: LegalEntity, buys: Customer, tax_code: str, on: date
) -> None:
    bears = treatment(TAXES, sells, buys, tax_code=tax_code, on=on)
    (row,), (share,) = document_tax([TaxedAmount(Money(12345, EUR), bears)], EUR)
    if bears.category in (TaxCategory.STANDARD, TaxCategory.ZERO):
        assert bears.reason == ""
    else:
        assert bears.percent == 0
        assert (share.minor, row.tax.minor) == (0, 0)
        assert row.reason == bears.reason != ""
    assert bears.rule


def line(net: str, percent: str = "19") -> TaxedAmount:
    """A line at a standard rate, in euros."""
    bears = TaxTreatment(TaxCategory.STANDARD, Decimal(percent), "table")
    return TaxedAmount(Money.parse(net, EUR), bears)


def shares_of(*lines: TaxedAmount) -> list[str]:
    """Each line's share of the tax."""
    return [share.text for share in document_tax(lines, EUR)[1]]


def test_25_and_25_00_are_one_rate() -> None:
    rows, _ = document_tax([line("10.01", "25"), line("10.01", "25.00")], EUR)
    assert [(row.taxable.text, row.tax.text) for row in rows] == [("20.02", "5.01")]


def test_the_standards_own_example_of_a_negative_amount_rounds_away_from_zero() -> None:
    (row,), _ = document_tax([line("-6491.34", "25")], EUR)
    assert row.tax.text == "-1622.84"


def test_shares_go_by_largest_remainder_and_ties_to_the_first() -> None:
    assert shares_of(line("0.50"), line("0.50"), line("0.50")) == ["0.10", "0.10", "0.09"]
    assert shares_of(line("10.00"), line("0.03"), line("-0.03")) == ["1.90", "0.01", "-0.01"]


def test_lines_that_cancel_out_bear_their_tax_and_give_it_back() -> None:
    assert shares_of(line("100.00"), line("-100.00")) == ["19.00", "-19.00"]
    assert shares_of(line("100.00"), line("-99.99")) == ["19.00", "-19.00"]


def test_yen_have_no_cents_of_tax() -> None:
    jpy = currency("JPY")
    bears = TaxTreatment(TaxCategory.STANDARD, Decimal(10), "table")
    (row,), _ = document_tax([TaxedAmount(Money(105, jpy), bears)], jpy)
    assert row.tax == Money(11, jpy)


def test_reasons_of_one_group_are_printed_once_each() -> None:
    reasons = ["A.", "B.", "A."]
    exempt = [TaxTreatment(TaxCategory.EXEMPT, Decimal(0), "exempt", why) for why in reasons]
    (row,), _ = document_tax([TaxedAmount(Money(1, EUR), each) for each in exempt], EUR)
    assert row.reason == "A. B."


FRENCH_ID, GERMAN_ID = "FR40303265045", "DE136695976"


def borne(sells: str, buys: Customer, tax_code: str = "standard") -> str:
    """Category, rate and rule of a line, in short."""
    bears = treatment(TAXES, seller(sells), buys, tax_code=tax_code, on=DAY)
    return f"{bears.category} {bears.percent} {bears.rule}"


@pytest.mark.parametrize(
    ("sells", "buys", "expected"),
    [
        ("DE", buyer("DE"), "S 19 table:DE:standard"),
        ("DE", buyer("DE", vat_ids=[GERMAN_ID]), "S 19 table:DE:standard"),
        ("DE", buyer(None), "S 19 table:DE:standard"),
        ("DE", buyer("FR", vat_ids=[FRENCH_ID]), "AE 0 reverse_charge"),
        ("DE", buyer("AT", vat_ids=[FRENCH_ID]), "AE 0 reverse_charge"),
        ("DE", buyer("FR"), "S 20 table:FR:standard"),
        ("DE", buyer("AT"), "S 19 origin:DE:standard"),
        ("DE", buyer("US"), "O 0 outside_eu"),
        ("DE", buyer("GB", vat_ids=["XI980780684"]), "O 0 outside_eu"),
        ("DE", buyer("FR", exemption="A charity."), "E 0 exempt"),
        ("US", buyer("US"), "Z 0 table:US:standard"),
        ("US", buyer("DE", vat_ids=[GERMAN_ID]), "S 19 table:DE:standard"),
        ("US", buyer("CH"), "O 0 not_registered"),
        ("GB", buyer("GB"), "O 0 rate_missing"),
    ],
)
def test_a_service_bears_tax_by_the_places_of_seller_and_buyer(
    sells: str, buys: Customer, expected: str
) -> None:
    assert borne(sells, buys) == expected


def test_a_foreign_vat_id_counts_wherever_it_is_listed() -> None:
    assert borne("DE", buyer("FR", vat_ids=[GERMAN_ID, FRENCH_ID])) == "AE 0 reverse_charge"


@pytest.mark.parametrize("vat_id", [GERMAN_ID, f" {GERMAN_ID}", "de 136 695 976", "XI980780684"])
def test_the_sellers_own_state_or_northern_ireland_makes_no_reverse_charge(vat_id: str) -> None:
    assert borne("DE", buyer("FR", vat_ids=[vat_id])) == "S 20 table:FR:standard"


def test_a_code_without_a_rate_is_missing_not_free() -> None:
    assert borne("DE", buyer("DE"), "unknown") == "O 0 rate_missing"
    assert borne("DE", buyer("AT"), "unknown") == "O 0 rate_missing"
    assert borne("US", buyer("US"), "reduced") == "E 0 table:US:reduced"


def test_a_rate_holds_from_its_day_until_the_next() -> None:
    old = replace(tax_rate("DE", "16"), valid_until=DAY)
    table = TaxTable((replace(tax_rate("DE", "19"), valid_from=DAY), old))
    before = table.rate("standard", "DE", DAY - timedelta(days=1))
    after = table.rate("standard", "DE", DAY)
    assert before is not None
    assert after is not None
    assert [str(before.percent), str(after.percent)] == ["16", "19"]
    assert table.rate("standard", "FR", DAY) is None


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
    ],
)
def test_a_rate_that_cannot_be_is_refused(more: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        rate(**more)
    assert refused.value.problems[0].path == path


def test_every_category_of_a_table_may_bear_nothing() -> None:
    for category in TABLE_CATEGORIES:
        assert rate(category=category, percent=Decimal(0)).percent == 0
