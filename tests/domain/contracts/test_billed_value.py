"""How far a contract's value is billed: fees, minimums, commitments, and what was given back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.contracts.test_history import first, seats
from usance.domain.contracts.billed_value import (
    LineValue,
    OnDocuments,
    billed_value,
    value_by_line,
)
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import OrderLine, Segment
from usance.domain.contracts.timeline import contract_from
from usance.domain.due_items import LineKind
from usance.domain.ids import FeatureId, LineId
from usance.domain.money import Money, currency
from usance.domain.rating.prices import Flat, PerUnit, Pricing

EUR = currency("EUR")
AMOUNTS = st.integers(0, 500_000).map(lambda minor: Money(minor, EUR))


def eur(text: str) -> Money:
    return Money.parse(text, EUR)


def on(billed: str, drafted: str = "0", credited: str = "0") -> OnDocuments:
    return OnDocuments(eur(billed), eur(drafted), eur(credited))


def usage(minimum: str | None = None) -> OrderLine:
    least = None if minimum is None else Decimal(minimum)
    price = Pricing(price=PerUnit(Decimal("0.01")), minimum=least)
    fee = seats()
    segments = (Segment(fee.window, price, Decimal(0)),)
    feature = FeatureId("api-calls")
    return replace(fee, ref="calls", kind=LineKind.USAGE, segments=segments, feature_id=feature)


def commitment(amount: str) -> OrderLine:
    fee = seats()
    whole = (Segment(fee.window, Pricing(price=Flat(Decimal(amount))), Decimal(1)),)
    return replace(fee, ref="commit", kind=LineKind.COMMITMENT, segments=whole, cadence=None)


def contract(*lines: OrderLine) -> Contract:
    return contract_from(replace(first(), lines=lines), line_id=LineId)


def values(made: Contract, **standing: OnDocuments) -> dict[str, LineValue]:
    found = value_by_line(made, {LineId(ref): each for ref, each in standing.items()})
    return {each.line.sold.ref: each for each in found}


def test_drafts_are_drafted_and_remain() -> None:
    made = contract(seats())
    line = values(made, seats=on("900.00", "300.00"))["seats"]
    assert (line.billed.text, line.drafted.text, line.remaining.text) == (
        *("900.00", "300.00", "2700.00"),
    )
    due = value_by_line(made, {}, {LineId("seats"): eur("300.00")})
    assert billed_value(made, due).unbilled == eur("300.00")


def test_what_was_credited_does_not_remain() -> None:
    line = values(contract(seats()), seats=on("2600.00", credited="1000.00"))["seats"]
    assert (line.billed.text, line.credited.text, line.remaining.text) == (
        *("2600.00", "1000.00", "0.00"),
    )


@pytest.mark.parametrize(
    ("on_documents", "billed", "beyond", "remaining"),
    [
        (on("200.00"), "200.00", "0.00", "1000.00"),
        (on("1250.00"), "1200.00", "50.00", "0.00"),
        (on("1220.00", credited="30.00"), "1200.00", "20.00", "0.00"),
        (on("1150.00", credited="100.00"), "1150.00", "0.00", "0.00"),
    ],
)
def test_usage_counts_toward_its_minimum_first_and_is_billed_usage_beyond(
    on_documents: OnDocuments, billed: str, beyond: str, remaining: str
) -> None:
    line = values(contract(usage("100")), calls=on_documents)["calls"]
    found = (line.billed.text, line.billed_usage.text, line.remaining.text)
    assert found == (billed, beyond, remaining)


def test_usage_counts_toward_the_commitment_that_covers_it() -> None:
    made = contract(usage(), commitment("1000"))
    found = values(made, calls=on("400.00"), commit=on("600.00"))
    assert (found["commit"].counted.text, found["commit"].remaining.text) == ("400.00", "0.00")
    whole = billed_value(made, list(found.values()))
    assert (whole.total.text, whole.billed.text, whole.billed_usage.text) == (
        *("1000.00", "1000.00", "0.00"),
    )
    more = billed_value(made, value_by_line(made, {LineId("calls"): on("1300.00")}))
    assert (more.billed.text, more.billed_usage.text) == ("1000.00", "300.00")


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_the_total_is_billed_and_remaining_when_nothing_was_credited(
    fee: Money, used: Money, topped_up: Money
) -> None:
    made = contract(seats(), usage("10"), commitment("1000"))
    nothing = Money.zero(EUR)
    standing = {
        LineId(ref): OnDocuments(amount, nothing, nothing)
        for ref, amount in (("seats", fee), ("calls", used), ("commit", topped_up))
    }
    whole = billed_value(made, value_by_line(made, standing))
    assert whole.total == whole.billed + whole.remaining
    assert whole.billed + whole.billed_usage == fee + used + topped_up
