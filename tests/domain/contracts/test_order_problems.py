"""What is wrong with a later order by itself; what only its contract shows is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.domain.contracts.test_order import line
from tests.domain.deals import FREE, order
from usance.domain.calendar import LAST_DAY, Cadence, Period, Unit
from usance.domain.contracts.order import LineChange, OrderKind, OrderLine, Segment, Timing
from usance.domain.contracts.order_problems import order_problems
from usance.domain.contracts.terms import PartyChange, TermsChange
from usance.domain.due_items import LineKind
from usance.domain.ids import CustomerId, FeatureId, LegalEntityId

ON = date(2025, 7, 1)
OPEN = Period(ON, LAST_DAY)
NEXT_YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))


def later(*lines: OrderLine, kind: OrderKind = OrderKind.AMENDMENT, **more: Any) -> list[Any]:
    """Code and path of each problem of an order that takes effect in July."""
    made = replace(order(OPEN, lines), kind=kind, effective_on=ON)
    return [(each.code, each.path) for each in order_problems(replace(made, **more))]


def within(days: Period, **more: Any) -> OrderLine:
    return line(window=days, segments=(Segment(days, FREE, Decimal(1)),), **more)


def test_a_later_line_begins_with_its_order_and_its_end_is_the_contracts_affair() -> None:
    assert later(within(OPEN), kind=OrderKind.EXPANSION) == []
    assert later(within(Period(ON, date(2031, 1, 1)))) == []
    before = within(Period(date(2025, 6, 30), date(2025, 12, 1)))
    assert later(before) == [("ServiceOutsideTerm", "lines[0].service")]


def test_a_renewal_knows_its_term() -> None:
    renewal: dict[str, Any] = {
        "kind": OrderKind.RENEWAL,
        "term": NEXT_YEAR,
        "effective_on": NEXT_YEAR.start,
    }
    assert later(**renewal) == []
    assert later(within(NEXT_YEAR), **renewal) == []
    beyond = within(Period(NEXT_YEAR.start, date(2027, 2, 1)))
    assert later(beyond, **renewal) == [("ServiceOutsideTerm", "lines[0].service")]
    assert later(**renewal, carries=()) == [("OrderWithoutLines", "lines")]
    late = renewal | {"effective_on": date(2026, 2, 1)}
    assert later(**late) == [("EffectiveOutsideTerm", "effectiveOn")]


@pytest.mark.parametrize(
    "said",
    [
        {"changes": (LineChange(ref="l1", ends=True),)},
        {"terms_change": TermsChange(po_number="")},
        {"party_change": PartyChange(customer_id=CustomerId("other"))},
        {"party_change": PartyChange(legal_entity_id=LegalEntityId("other"))},
        {"moves_end": True},
        {"lines": (within(OPEN),)},
    ],
)
def test_an_amendment_says_something(said: dict[str, Any]) -> None:
    assert later(**said) == []
    assert later() == [("EmptyOrder", "")]
    assert later(kind=OrderKind.TERMINATION) == []


def test_a_day_of_a_line_that_ends_with_the_contract_may_be_billed_alone() -> None:
    daily = within(OPEN, cadence=Cadence(1, Unit.DAY))
    assert later(daily) == []
    thirteen = [replace(daily, ref=f"l{index}") for index in range(14)]
    assert later(*thirteen) == [("OrderTooLarge", "lines")]


def test_a_ramp_that_ends_with_the_contract_is_told_how() -> None:
    half = Segment(Period(ON, date(2026, 1, 1)), FREE, Decimal(1))
    made = replace(order(OPEN, [replace(within(OPEN), segments=(half,))]), effective_on=ON)
    (found,) = order_problems(replace(made, kind=OrderKind.EXPANSION))
    assert (found.code, found.path) == ("RampIncomplete", "lines[0].ramp[0].end")
    assert "ends with the contract" in found.expected


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (LineChange(ref="l1", starts_on=ON, quantity=Decimal(0)), []),
        (LineChange(ref="l1", starts_on=date(2025, 6, 1), ends=True), ["ChangeBeforeOrder"]),
        (LineChange(ref="l1", until=ON, adds=Decimal(1)), ["EmptyPeriod"]),
        (LineChange(ref="l1", quantity=Decimal(-1)), ["NegativeQuantity"]),
    ],
)
def test_a_change_is_of_days_from_its_order_on(change: LineChange, found: list[str]) -> None:
    assert [code for code, _ in later(changes=(change,))] == found


COMMITMENT = {"kind": LineKind.COMMITMENT, "timing": Timing.IN_ARREARS}
API = FeatureId("api")


def test_a_commitment_is_known_at_the_end_and_counts_nothing_itself() -> None:
    assert later(within(OPEN, **COMMITMENT)) == []
    wrong = within(OPEN, kind=LineKind.COMMITMENT, feature_id=API)
    assert later(wrong) == [
        ("CommitmentInAdvance", "lines[0].billing.timing"),
        ("NotOfThisKind", "lines[0].featureId"),
    ]
    paid = within(OPEN, kind=LineKind.PREPAID, timing=Timing.IN_ARREARS)
    assert later(paid) == [("PrepaidInArrears", "lines[0].billing.timing")]


def test_what_a_later_order_covers_may_be_there_already() -> None:
    minimum = within(OPEN, **COMMITMENT, covers=("sold-before",))
    assert later(minimum) == []
    first = replace(order(OPEN, [minimum]), effective_on=ON)
    assert [each.code for each in order_problems(first)] == ["UnknownLine"]
    itself = replace(minimum, covers=("l1",))
    assert later(itself) == [("CoversItself", "lines[0].covers[0]")]


def test_nothing_covers_what_is_bought_whole_and_prepaid_is_for_usage() -> None:
    seats = within(OPEN, ref="seats")
    usage = within(OPEN, ref="calls", kind=LineKind.USAGE, feature_id=API, timing=Timing.IN_ARREARS)
    minimum = within(OPEN, **COMMITMENT, covers=("seats", "calls"))
    prepaid = within(OPEN, ref="paid", kind=LineKind.PREPAID, covers=("calls", "seats"))
    assert later(seats, usage, minimum) == []
    assert later(seats, usage, prepaid) == [("CannotBeCovered", "lines[2].covers[1]")]
    over = replace(minimum, ref="l2", covers=("l1",))
    assert later(minimum, seats, usage, over) == [("CannotBeCovered", "lines[3].covers[0]")]
