"""The order: what is wrong with one, each thing by its path; and the contract it makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.domain.deals import EUR, FREE, MONTHLY, NET_30, YEARLY, order, signed
from usance.domain.calendar import Cadence, Period, Unit
from usance.domain.contracts.contract import ContractCanceled, ContractStatus, DraftContract
from usance.domain.contracts.order import (
    Grant,
    Order,
    OrderLine,
    Segment,
    SubscriptionTerms,
    Timing,
)
from usance.domain.contracts.order_problems import (
    MAX_LINES,
    catalogue_problems,
    order_problems,
)
from usance.domain.contracts.segments import keyed
from usance.domain.contracts.terms import ContractTerms
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid
from usance.domain.ids import ContractId, CustomerId, FeatureId

YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))
CALLS = FeatureId("calls")


def line(**more: object) -> OrderLine:
    """A monthly line over the year, changed by `more`."""
    plain = OrderLine(
        ref="l1",
        name="Seats",
        kind=LineKind.RECURRING,
        window=YEAR,
        segments=(Segment(YEAR, FREE, Decimal(1)),),
        cadence=MONTHLY,
        anchor=YEAR.start,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def ramp(*edges: str, quantity: int = 1) -> tuple[Segment, ...]:
    """Steps written `2025-01-01..2025-02-01`."""
    periods = [Period(*map(date.fromisoformat, each.split(".."))) for each in edges]
    return tuple(Segment(period, FREE, Decimal(quantity)) for period in periods)


def found(*lines: OrderLine, **more: object) -> list[tuple[str, str]]:
    """Code and path of each problem of an order of these lines."""
    made = replace(order(YEAR, lines), **more)  # type: ignore[arg-type]
    return [(problem.code, problem.path) for problem in order_problems(made)]


def test_a_plain_order_has_no_problem() -> None:
    assert found(line()) == []
    assert found(line(cadence=YEARLY, price_cadence=MONTHLY)) == []
    assert found(line(cadence=None, price_cadence=MONTHLY)) == []


NEXT_YEAR = Period(date(2025, 6, 1), date(2026, 6, 1))
LATE_DAY = Period(date(2026, 1, 1), date(2026, 1, 2))
WRONG = [
    ({"segments": ramp("2025-01-01..2026-01-01", quantity=-1)}, "NegativeQuantity", "quantity"),
    ({"segments": ramp("2025-01-01..2025-07-01")}, "RampIncomplete", "end"),
    ({"segments": ramp("2025-01-01..2026-02-01")}, "RampIncomplete", "end"),
]


@pytest.mark.parametrize(("more", "code", "path"), WRONG)
def test_a_ramp_has_quantities_and_ends_with_its_window(
    more: dict[str, object], code: str, path: str
) -> None:
    assert found(line(**more)) == [(code, f"lines[0].ramp[0].{path}")]


def test_the_steps_of_a_ramp_neither_overlap_nor_leave_a_day_out() -> None:
    overlap = ramp("2025-01-01..2025-07-01", "2025-06-30..2026-01-01")
    gap = ramp("2025-01-01..2025-07-01", "2025-07-02..2026-01-01")
    assert found(line(segments=overlap)) == [("RampOverlap", "lines[0].ramp[1].start")]
    assert found(line(segments=gap)) == [("RampGap", "lines[0].ramp[1].start")]
    assert found(line(segments=())) == [("RampIncomplete", "lines[0].ramp")]


@pytest.mark.parametrize(
    ("more", "code", "path"),
    [
        ({"kind": LineKind.USAGE, "timing": Timing.IN_ARREARS}, "UsageWithoutFeature", "featureId"),
        ({"kind": LineKind.USAGE, "feature_id": CALLS}, "UsageInAdvance", "billing.timing"),
        ({"price_cadence": YEARLY}, "PricePeriodMismatch", "pricePer"),
        ({"price_cadence": Cadence(1, Unit.WEEK)}, "PricePeriodMismatch", "pricePer"),
        (
            {"kind": LineKind.ONE_OFF, "price_cadence": MONTHLY},
            "PricePeriodNotRecurring",
            "pricePer",
        ),
        ({"cadence": Cadence(1200, Unit.YEAR)}, "DayOutOfRange", "billing.every"),
        (
            {"cadence": Cadence(1200, Unit.YEAR), "anchor": YEAR.end},
            "DayOutOfRange",
            "billing.every",
        ),
    ],
)
def test_what_cannot_be_billed_is_refused(more: dict[str, object], code: str, path: str) -> None:
    assert found(line(**more)) == [(code, f"lines[0].{path}")]


def test_service_lies_within_the_term() -> None:
    outside = line(window=NEXT_YEAR, segments=ramp("2025-06-01..2026-06-01"))
    late = line(
        kind=LineKind.MILESTONE,
        window=LATE_DAY,
        segments=ramp("2026-01-01..2026-01-02"),
        cadence=None,
    )
    assert found(outside) == [("ServiceOutsideTerm", "lines[0].service")]
    assert found(late) == [("ServiceOutsideTerm", "lines[0].on")]


def test_an_order_names_its_lines_and_subscriptions_apart() -> None:
    twice = (SubscriptionTerms(ref="sub", plan_id="pro"),) * 2
    assert found(line(), line()) == [("DuplicateLineId", "lines[1].lineId")]
    assert found(line(), subscriptions=twice) == [
        ("DuplicateSubscriptionId", "subscriptions[1].subscriptionId")
    ]


def test_an_order_has_some_lines_and_not_too_many() -> None:
    many = [line(ref=f"l{n}") for n in range(MAX_LINES + 1)]
    assert found() == [("OrderWithoutLines", "lines")]
    assert found(*many) == [("OrderTooLarge", "lines")]


def test_billing_each_day_for_ever_is_too_much_work() -> None:
    term = Period(date(2025, 1, 1), date(2100, 1, 1))
    daily = Cadence(1, Unit.DAY)
    lines = [
        line(ref=f"l{n}", window=term, segments=ramp("2025-01-01..2100-01-01"), cadence=daily)
        for n in range(2)
    ]
    assert found(*lines, term=term) == [("OrderTooLarge", "lines")]


def test_an_order_takes_effect_within_its_term() -> None:
    assert found(line(), effective_on=YEAR.end) == [("EffectiveOutsideTerm", "effectiveOn")]


def with_features() -> Order:
    """Usage of calls, seats of a feature, a subscription that grants both and another."""
    usage = line(kind=LineKind.USAGE, feature_id=CALLS, timing=Timing.IN_ARREARS)
    seats = line(ref="l2", feature_id=FeatureId("seats"))
    grants = tuple(Grant(feature_id=FeatureId(ref)) for ref in ("calls", "other"))
    promised = (SubscriptionTerms(ref="sub", plan_id="pro", grants=grants),)
    return replace(order(YEAR, [usage, seats, line(ref="l3")]), subscriptions=promised)


def test_usage_needs_a_metered_feature_and_everything_named_must_exist() -> None:
    known = {CALLS, FeatureId("seats"), FeatureId("other")}
    assert catalogue_problems(with_features(), known=known, metered={CALLS}) == []
    unmetered = catalogue_problems(with_features(), known={CALLS}, metered=set())
    assert [(problem.code, problem.path) for problem in unmetered] == [
        ("FeatureNotMetered", "lines[0].featureId"),
        ("UnknownFeature", "lines[1].featureId"),
        ("UnknownFeature", "subscriptions[0].entitlements[1].featureId"),
    ]


@pytest.mark.parametrize("hold_days", [-1, 91])
def test_usage_waits_for_at_most_ninety_days(hold_days: int) -> None:
    with pytest.raises(Invalid) as refused:
        ContractTerms(payment_terms=NET_30, usage_hold_days=hold_days)
    assert refused.value.problems[0].code == "InvalidUsageHold"


def test_a_contract_is_active_and_carries_what_was_sold() -> None:
    made = with_features()
    contract = signed(made)
    assert (contract.status, contract.is_billed) == (ContractStatus.ACTIVE, True)
    assert (contract.term, contract.currency, contract.name) == (YEAR, EUR, "A contract")
    assert [(each.sold, each.order_id) for each in contract.lines] == [
        (keyed(sold), made.id) for sold in made.lines
    ]
    assert len({each.id for each in contract.lines}) == 3


def test_a_draft_contract_ends_after_it_starts() -> None:
    draft = DraftContract(id=ContractId("ctr"), customer_id=CustomerId("cus"), name="Pilot")
    assert replace(draft, starts_on=YEAR.start).ends_on is None
    with pytest.raises(Invalid):
        replace(draft, starts_on=YEAR.start, ends_on=YEAR.start)


def test_a_canceled_contract_says_so() -> None:
    assert str(ContractCanceled(ContractId("ctr_1"))) == (
        "Contract ctr_1 is CANCELED; it cannot be changed any more."
    )
