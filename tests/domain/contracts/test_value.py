"""Contract value: what will be invoiced, by the year, billed, still to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.deals import AT_HOME, COMMITTED, EUR, FAR, LITTLE_USAGE, contracts, order, signed
from usance.domain.calendar import Cadence, Period, Unit
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import Order, OrderLine, Segment, Timing
from usance.domain.contracts.owed import due
from usance.domain.contracts.value import (
    contract_value,
    line_value,
    line_values,
    total_problems,
)
from usance.domain.due_items import LineKind
from usance.domain.ids import FeatureId, InvoiceId
from usance.domain.invoicing.drafting import drafts
from usance.domain.invoicing.history import History
from usance.domain.metering.totals import UsageTotal
from usance.domain.money import Money, total
from usance.domain.rating.prices import Flat, PerUnit, Pricing

TWO_YEARS = Period(date(2025, 1, 1), date(2027, 1, 1))


def eur(text: str) -> Money:
    """An amount in euros."""
    return Money.parse(text, EUR)


def sold(price: str, *, kind: LineKind = LineKind.RECURRING, ref: str = "l1") -> OrderLine:
    """A line over two years: a yearly fee, a fee on the first day, or usage with that minimum."""
    is_usage = kind is LineKind.USAGE
    window = Period(date(2025, 1, 1), date(2025, 1, 2)) if kind.is_once else TWO_YEARS
    fee = Pricing(price=Flat(Decimal(price)))
    usage = Pricing(price=PerUnit(Decimal(1)), minimum=Decimal(price))
    return OrderLine(
        ref=ref,
        name="A line",
        kind=kind,
        window=window,
        segments=(Segment(window, usage if is_usage else fee, Decimal(not is_usage)),),
        cadence=None if kind.is_once else Cadence(1, Unit.YEAR),
        timing=Timing.IN_ARREARS if is_usage else Timing.IN_ADVANCE,
        anchor=window.start,
        feature_id=FeatureId("calls") if is_usage else None,
    )


def deal() -> Order:
    """1,200.00 a year, a minimum of 100.00 a year, and 500.00 once."""
    return order(
        TWO_YEARS,
        [
            sold("1200"),
            sold("100", kind=LineKind.USAGE, ref="l2"),
            sold("500", kind=LineKind.ONE_OFF, ref="l3"),
        ],
    )


@given(contracts(usage_pricing=st.just(COMMITTED)), LITTLE_USAGE)
def test_a_contracts_value_is_the_sum_of_the_lines_that_will_be_invoiced_for_it_usage_apart(
    contract: Contract, quantity: Decimal
) -> None:
    """No usage here is above a minimum."""
    items = due(contract, through=FAR).items
    usage = {item.key: UsageTotal(quantity, 1, None) for item in items if item.is_usage}
    made = drafts(
        items,
        parties=AT_HOME,
        currency=EUR,
        usage=usage,
        history=History(),
        new_id=lambda: InvoiceId("inv"),
    )
    billed = total([draft.net for draft in made], EUR)
    assert contract_value(contract).total == billed
    assert total(line_values(contract), EUR) == billed
    for line in contract.lines:
        nets = [one.net for draft in made for one in draft.lines if one.line_id == line.id]
        assert line_value(line, EUR) == total(nets, EUR)


def test_annual_value_is_the_recurring_part_by_the_year() -> None:
    value = contract_value(signed(deal()))
    assert (value.total.text, value.annual.text) == ("3100.00", "1300.00")


@pytest.mark.parametrize(
    ("start", "end", "annual"),
    [
        ("2025-01-31", "2025-02-28", "14400.00"),  # one month, from the 31st to the last day
        ("2024-02-29", "2025-02-28", "1200.00"),  # one year, from a leap day
        ("2025-01-01", "2025-07-01", "2400.00"),
        ("2025-01-01", "2025-02-15", "9600.00"),  # a month and a half of a February
    ],
)
def test_a_year_is_twelve_months_counted_from_the_first_day(
    start: str, end: str, annual: str
) -> None:
    term = Period(date.fromisoformat(start), date.fromisoformat(end))
    fee = Segment(term, Pricing(price=Flat(Decimal(1200))), Decimal(1))
    line = replace(sold("0"), window=term, segments=(fee,), cadence=None, anchor=term.start)
    assert contract_value(signed(order(term, [line]))).annual.text == annual


def test_totals_written_on_the_form_that_are_right_are_no_problem() -> None:
    made = deal()
    first, *rest = made.lines
    right = replace(first, control_total=eur("2400"))
    assert total_problems(made) == []
    assert total_problems(replace(made, lines=(right, *rest), control_total=eur("3100"))) == []


def test_a_total_that_differs_from_its_lines_is_named_with_what_would_be_right() -> None:
    made = deal()
    first, *rest = made.lines
    wrong = replace(first, control_total=eur("2399.99"))
    found = total_problems(replace(made, lines=(wrong, *rest), control_total=eur("3000")))
    assert [(one.code, one.path, one.value, one.expected.split(",")[0]) for one in found] == [
        ("TotalMismatch", "lines[0].total", "2399.99", "2400.00"),
        ("TotalMismatch", "totals.contractValue", "3000.00", "3100.00"),
    ]


def test_a_line_that_comes_to_more_than_any_document_can_hold_is_refused() -> None:
    huge = order(TWO_YEARS, [sold("1" + "0" * 15)])
    assert [problem.code for problem in total_problems(huge)] == ["AmountTooLarge"]
