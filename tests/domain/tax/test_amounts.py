"""Tax on a document: sums by rate and jurisdiction, shares by line, whatever the rounding."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.domain.tax.parties import EUR, ROUNDINGS, SEVERAL, SINGLE, amounts
from usance.domain.money import Money, currency, total
from usance.domain.rounding import BY_RATE, TAX_MODES, RoundingMode, TaxLevel, TaxRounding
from usance.domain.tax.amounts import (
    LineTax,
    TaxedAmount,
    document_tax,
    exact_tax,
    share_tax,
    tax_in,
    tax_lines,
)
from usance.domain.tax.rates import TaxCategory
from usance.domain.tax.treatment import TaxComponent, TaxTreatment, combined

MIXED = amounts(SINGLE | SEVERAL)
BY_LINE, ONCE = TaxRounding(TaxLevel.LINE), TaxRounding(TaxLevel.DOCUMENT)
JPY, CAD, USD = currency("JPY"), currency("CAD"), currency("USD")


def half_away(exact: Fraction) -> int:
    """Rounded to a whole number, half away from zero, written another way than in money.py."""
    rounded = floor(abs(exact) + Fraction(1, 2))
    return rounded if exact >= 0 else -rounded


@given(amounts(SINGLE | SEVERAL))
def test_the_tax_of_a_document_is_the_sum_over_its_rates_and_jurisdictions_each_rounded_once(
    lines: list[TaxedAmount],
) -> None:
    """The tax of a document is the sum over its categories, rates and jurisdictions, each rounded
    once.
    """
    exclusive = [structs.replace(line, includes_tax=False) for line in lines]
    rows, taxed = tax_lines(exclusive, EUR)
    keys = [(row.category, Fraction(row.percent), row.jurisdiction) for row in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        exact = row.taxable.minor * Fraction(row.percent) / 100
        assert row.tax.minor == half_away(exact)
    assert total([line.tax for line in taxed], EUR) == total([row.tax for row in rows], EUR)


@given(MIXED, ROUNDINGS)
def test_the_tax_shares_of_the_lines_add_up_to_the_tax_of_the_document(
    lines: list[TaxedAmount], rounding: TaxRounding
) -> None:
    rows, taxed = tax_lines(lines, EUR, rounding)
    assert total([line.tax for line in taxed], EUR) == total([row.tax for row in rows], EUR)
    for line, made in zip(lines, taxed, strict=True):
        if line.treatment.components:
            assert total(made.parts, EUR) == made.tax
            assert len(made.parts) == len(line.treatment.components)


@given(MIXED, ROUNDINGS)
def test_a_line_whose_price_includes_tax_costs_exactly_that_price(
    lines: list[TaxedAmount], rounding: TaxRounding
) -> None:
    taxed = tax_lines(lines, EUR, rounding).lines
    for line, made in zip(lines, taxed, strict=True):
        if line.includes_tax:
            assert made.net + made.tax == line.net
        else:
            assert made.net == line.net


@given(amounts(SINGLE))
def test_each_share_is_within_a_minor_unit_of_what_its_line_alone_would_bear(
    lines: list[TaxedAmount],
) -> None:
    for line, made in zip(lines, tax_lines(lines, EUR).lines, strict=True):
        exact = made.net.minor * Fraction(line.treatment.percent) / 100
        slack = 1 + (Fraction(line.treatment.percent) / 100 if line.includes_tax else 0)
        assert abs(made.tax.minor - exact) < slack


@given(amounts(SINGLE), st.sampled_from(TAX_MODES))
def test_one_tax_a_line_comes_out_as_it_does_beside_several(
    lines: list[TaxedAmount], mode: RoundingMode
) -> None:
    exclusive = [structs.replace(line, includes_tax=False) for line in lines]
    several = TaxedAmount(Money.zero(EUR), combined([TaxComponent("A", Decimal(1))], "table"))
    rounding = TaxRounding(TaxLevel.RATE, mode)
    plain = tax_lines(exclusive, EUR, rounding)
    beside = tax_lines([*exclusive, several], EUR, rounding)
    assert (beside.rows[:-1], beside.lines[:-1]) == plain


@given(MIXED)
def test_giving_every_line_back_gives_back_its_tax(lines: list[TaxedAmount]) -> None:
    back = [structs.replace(line, net=-line.net) for line in lines]
    rows, back_rows = document_tax(lines, EUR)[0], document_tax(back, EUR)[0]
    assert [-row.tax for row in rows] == [row.tax for row in back_rows]


def line(net: str, percent: str = "19") -> TaxedAmount:
    """A line at a standard rate, in euros."""
    bears = TaxTreatment(TaxCategory.STANDARD, Decimal(percent), "table")
    return TaxedAmount(Money.parse(net, EUR), bears)


def shares_of(*lines: TaxedAmount) -> list[str]:
    """Each line's share of the tax."""
    return [share.text for share in document_tax(lines, EUR)[1]]


def taxed_by(rounding: TaxRounding, *lines: TaxedAmount) -> str:
    """The tax of the document, rounded that way."""
    return total([row.tax for row in document_tax(lines, EUR, rounding)[0]], EUR).text


def test_25_and_25_00_are_one_rate() -> None:
    rows, _ = document_tax([line("10.01", "25"), line("10.01", "25.00")], EUR)
    assert [(row.taxable.text, row.tax.text) for row in rows] == [("20.02", "5.01")]


def test_the_standards_own_example_of_a_negative_amount_rounds_away_from_zero() -> None:
    (row,), _ = document_tax([line("-6491.34", "25")], EUR)
    assert row.tax.text == "-1622.84"


def test_shares_go_by_largest_remainder_and_ties_to_the_first() -> None:
    assert shares_of(line("0.50"), line("0.50"), line("0.50")) == ["0.10", "0.10", "0.09"]
    assert shares_of(line("10.00"), line("0.03"), line("-0.03")) == ["1.90", "0.01", "-0.01"]
    shared = share_tax(Money(29, EUR), [50, 50, 50], Decimal(19))
    assert [share.minor for share in shared] == [10, 10, 9]


def test_lines_that_cancel_out_bear_their_tax_and_give_it_back() -> None:
    assert shares_of(line("100.00"), line("-100.00")) == ["19.00", "-19.00"]
    assert shares_of(line("100.00"), line("-99.99")) == ["19.00", "-19.00"]


def test_reasons_of_one_group_are_printed_once_each() -> None:
    reasons = ["A.", "B.", "A."]
    exempt = [TaxTreatment(TaxCategory.EXEMPT, Decimal(0), "exempt", why) for why in reasons]
    (row,), _ = document_tax([TaxedAmount(Money(1, EUR), each) for each in exempt], EUR)
    assert row.reason == "A. B."


@pytest.mark.parametrize(
    ("rounding", "expected"), [(BY_LINE, "22.60"), (BY_RATE, "22.62"), (ONCE, "22.62")]
)
def test_ten_sessions_are_taxed_by_line_or_by_rate(rounding: TaxRounding, expected: str) -> None:
    assert taxed_by(rounding, *[line("11.31", "20")] * 10) == expected


def test_one_rounding_for_the_document_spans_its_rates() -> None:
    lines = line("0.02", "19"), line("0.02", "7")
    assert taxed_by(BY_RATE, *lines) == "0.00"
    assert taxed_by(ONCE, *lines) == "0.01"


def test_japan_rounds_the_tax_of_a_rate_down() -> None:
    down = TaxRounding(TaxLevel.RATE, RoundingMode.DOWN)
    bears = TaxTreatment(TaxCategory.STANDARD, Decimal(10), "table")
    (row,), _ = document_tax([TaxedAmount(Money(105, JPY), bears)], JPY, down)
    assert row.tax == Money(10, JPY)
    (row,), _ = document_tax([TaxedAmount(Money(105, JPY), bears)], JPY)
    assert row.tax == Money(11, JPY)
    inclusive = tax_lines([TaxedAmount(Money(1_009, JPY), bears, includes_tax=True)], JPY, down)
    assert inclusive.lines[0].tax == Money(91, JPY)


def test_several_taxes_are_rounded_each_and_named_each() -> None:
    taxes = [TaxComponent(name, Decimal(p)) for name, p in (("A", "8.875"), ("B", "2.125"))]
    bears = combined([*taxes, TaxComponent("C", Decimal("0.5"))], "table")
    rows, (share,) = document_tax([TaxedAmount(Money.parse("99.99", USD), bears)], USD)
    assert [(row.jurisdiction, row.tax.text) for row in rows] == [
        ("A", "8.87"),
        ("B", "2.12"),
        ("C", "0.50"),
    ]
    assert share.text == "11.49"


def test_a_compound_tax_is_charged_on_the_net_and_the_taxes_of_its_line() -> None:
    quebec = combined(
        [
            TaxComponent("GST", Decimal(5)),
            TaxComponent("QST", Decimal("9.5"), is_compound=True),
        ],
        "table",
    )
    net = TaxedAmount(Money.parse("100.00", CAD), quebec)
    rows, (taxed,) = tax_lines([net], CAD)
    assert [(row.taxable.text, row.tax.text) for row in rows] == [
        ("100.00", "5.00"),
        ("105.00", "9.98"),
    ]
    assert [part.text for part in taxed.parts] == ["5.00", "9.98"]
    (gross,) = tax_lines([TaxedAmount(taxed.net + taxed.tax, quebec, includes_tax=True)], CAD).lines
    assert gross == taxed


def test_a_line_given_back_whole_gives_back_its_tax_whatever_stands_beside_it() -> None:
    beside = [line("10.02"), line("10.02")]
    taxed = tax_lines([line("0.13"), *beside], EUR).lines[0]
    back = structs.replace(line("-0.13"), known=(-taxed.tax,))
    document = tax_lines([back, *beside], EUR)
    assert document.lines[0] == LineTax(-taxed.net, -taxed.tax)
    assert total([one.tax for one in document.lines], EUR) == document.rows[0].tax


def test_tax_in_local_currency_is_rounded_once_by_the_rate_it_is_given() -> None:
    assert tax_in(Money.parse("19.00", EUR), USD, Decimal("1.0837")).text == "20.59"
    assert tax_in(Money.parse("19.00", EUR), JPY, Decimal("163.45")).text == "3106"
    assert exact_tax(Decimal("4.46"), Decimal(20)) == Decimal("0.892")
