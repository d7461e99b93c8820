"""What a line costs: commitments, ramps of amounts, discounts for some days, free months."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.documents.deals import FLAT, MINIMUM, MONTHLY, USAGE, codes, line, read
from usance.domain.calendar import LAST_DAY, Cadence, Period, Unit
from usance.domain.contracts.order import Segment, Timing
from usance.domain.contracts.terms import DatedDiscount
from usance.domain.rating.prices import Discount, Flat, Pricing

MONTH = {"price": FLAT, "billing": MONTHLY}
TEN = Discount(percent=Decimal(10))


def steps(**fields: Any) -> list[tuple[str, tuple[Discount, ...]]]:
    """The days of each step, and what comes off."""
    sold = line(**MONTH, **fields)
    return [(str(step.period), step.pricing.discounts) for step in sold.segments]


def test_a_commitment_is_an_amount_of_each_period_known_at_its_end() -> None:
    sold = read({**MINIMUM, "covers": ["l1"]}, USAGE).lines[0]
    price = Pricing(price=Flat(Decimal("500.00")))
    year = Period(date(2025, 1, 1), date(2026, 1, 1))
    assert sold.segments == (Segment(year, price, Decimal(1)),)
    assert (sold.timing, sold.covers) == (Timing.IN_ARREARS, ("l1",))


def test_a_commitment_may_step_up() -> None:
    ramp = [
        {"start": "2025-01-01", "end": "2025-07-01"},
        {"start": "2025-07-01", "amount": 800},
    ]
    sold = line(**MINIMUM, ramp=ramp)
    assert [step.pricing.price for step in sold.segments] == [
        Flat(Decimal(500)),
        Flat(Decimal(800)),
    ]


def test_what_is_prepaid_is_paid_in_advance_and_may_be_carried_over() -> None:
    carried = {"percent": 50, "for": {"count": 3, "unit": "MONTH"}}
    sold = line(kind="PREPAID", amount=1000, billing=MONTHLY, carryOver=carried)
    assert (sold.timing, sold.carried_percent) == (Timing.IN_ADVANCE, Decimal(50))
    assert sold.carried_for == Cadence(3, Unit.MONTH)


def test_a_discount_without_days_comes_off_throughout() -> None:
    assert steps(discounts=[{"percent": 10}]) == [("2025-01-01..2026-01-01", (TEN,))]


def test_a_discount_of_some_days_cuts_the_line_there() -> None:
    dated = {"percent": 10, "from": "2025-03-01", "until": "2025-06-01"}
    assert steps(discounts=[dated]) == [
        ("2025-01-01..2025-03-01", ()),
        ("2025-03-01..2025-06-01", (TEN,)),
        ("2025-06-01..2026-01-01", ()),
    ]


def test_free_months_are_the_first_of_the_service() -> None:
    free = Discount(percent=Decimal(100), reason="Free months")
    assert steps(freeMonths=2, discounts=[{"percent": 10}]) == [
        ("2025-01-01..2025-03-01", (TEN, free)),
        ("2025-03-01..2026-01-01", (TEN,)),
    ]
    assert steps(freeMonths=0) == [("2025-01-01..2026-01-01", ())]


def test_a_discount_of_the_order_is_kept_apart_from_its_lines() -> None:
    off = [{"amount": 5, "until": "2025-02-01"}, {"percent": 10}]
    order = read(MONTH, discounts=off, freeMonths=1)
    month = Period(date(2025, 1, 1), date(2025, 2, 1))
    assert order.discounts == (
        DatedDiscount(Discount(amount=Decimal(5)), month),
        DatedDiscount(TEN),
        DatedDiscount(Discount(percent=Decimal(100), reason="Free months"), month),
    )
    open_end = read(MONTH, discounts=[{"percent": 10, "from": "2025-06-01"}])
    assert open_end.discounts[0].period == Period(date(2025, 6, 1), LAST_DAY)


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({**MINIMUM, "amount": "-0.01"}, "NegativeCommitment", "amount"),
    ({**MINIMUM, "ramp": [{"start": "2025-01-01", "amount": -5}]}, "NegativeCommitment",
     "ramp[0].amount"),
    ({**MINIMUM, "amount": None}, "MissingField", "amount"),
    ({**MINIMUM, "amount": "1.001"}, "InvalidAmount", "amount"),
    ({**MINIMUM, "price": FLAT}, "NotOfThisKind", "price"),
    ({**MINIMUM, "quantity": 2}, "NotOfThisKind", "quantity"),
    ({**MINIMUM, "featureId": "api"}, "NotOfThisKind", "featureId"),
    ({**MINIMUM, "discounts": [{"percent": 1}]}, "NotOfThisKind", "discounts"),
    ({**MINIMUM, "freeMonths": 1}, "NotOfThisKind", "freeMonths"),
    ({**MINIMUM, "pricePer": {"unit": "MONTH"}}, "PricePeriodNotRecurring", "pricePer"),
    ({**MINIMUM, "billing": {**MONTHLY, "timing": "IN_ADVANCE"}}, "CommitmentInAdvance",
     "billing.timing"),
    ({**MINIMUM, "kind": "PREPAID", "billing": {**MONTHLY, "timing": "IN_ARREARS"}},
     "PrepaidInArrears", "billing.timing"),
    ({**MINIMUM, "kind": "PREPAID", "amount": -1}, "NegativePrice", "amount"),
    ({**MINIMUM, "covers": ["l7"]}, "UnknownLine", "covers[0]"),
    ({**MINIMUM, "covers": ["l0"]}, "CoversItself", "covers[0]"),
    ({**MINIMUM, "carryOver": {"for": {"unit": "MONTH"}}}, "NotOfThisKind", "carryOver"),
    ({**MINIMUM, "kind": "PREPAID", "carryOver": {}}, "MissingField", "carryOver.for"),
    ({**MINIMUM, "kind": "PREPAID", "carryOver": {"percent": 101}}, "InvalidPercent",
     "carryOver.percent"),
    ({**MONTH, "amount": 5}, "NotOfThisKind", "amount"),
    ({**MINIMUM, "amount": None, "ramp": [{"start": "2025-01-01"}]}, "MissingField",
     "ramp[0].amount"),
    ({"kind": "ONE_OFF", "price": FLAT, "on": "2025-01-01", "ramp": []}, "NotOfThisKind", "ramp"),
    ({**MONTH, "covers": []}, "NotOfThisKind", "covers"),
    ({**MONTH, "tierScope": "TERM"}, "NotOfThisKind", "tierScope"),
    ({**MONTH, "freeMonths": -1}, "InvalidMonths", "freeMonths"),
    ({**MONTH, "freeMonths": 1199, "service": {"start": "2199-01-01"}}, "ServiceOutsideTerm",
     "service.start"),
    ({**MONTH, "discounts": [{"percent": 101}]}, "InvalidDiscount", "discounts[0].percent"),
    ({**MONTH, "discounts": [{"percent": 1, "amount": 1}]}, "InvalidDiscount",
     "discounts[0].percent"),
    ({**MONTH, "discounts": [{"percent": 1, "until": "2025-01-01"}]}, "EmptyPeriod",
     "discounts[0].until"),
    ({**MONTH, "discounts": [{"percent": 1, "from": "2026-01-01"}]}, "DiscountOutsideService",
     "discounts[0]"),
    ({"kind": "ONE_OFF", "price": FLAT, "on": "2025-01-01", "freeMonths": 1}, "NotOfThisKind",
     "freeMonths"),
    ({"kind": "ONE_OFF", "price": FLAT, "on": "2025-01-01", "priceHoldUntil": "2026-01-01"},
     "NotOfThisKind", "priceHoldUntil"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "code", "path"), BAD)
def test_what_a_line_cannot_cost_is_refused(fields: dict[str, Any], code: str, path: str) -> None:
    assert (code, f"lines[0].{path}") in codes(fields)


def test_what_is_prepaid_covers_usage_and_nothing_covers_a_commitment() -> None:
    prepaid = {**MINIMUM, "kind": "PREPAID", "covers": ["l1"]}
    assert codes(prepaid, MONTH) == [("CannotBeCovered", "lines[0].covers[0]")]
    assert codes({**MINIMUM, "covers": ["l1"]}, MINIMUM) == [
        ("CannotBeCovered", "lines[0].covers[0]")
    ]


def test_free_months_are_a_number_and_end_with_the_calendar() -> None:
    assert codes(MONTH, freeMonths=1201) == [("InvalidMonths", "freeMonths")]
    late = {"start": "2199-01-01", "months": 11}
    free = read(MONTH, term=late, freeMonths=1200).discounts[0]
    assert free.period == Period(date(2199, 1, 1), LAST_DAY)
