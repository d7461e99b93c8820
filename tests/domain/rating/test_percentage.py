"""Percentages over events: allowance, fixed amounts, bounds of one event."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import QUANTITIES, percentages
from usance.domain.rating.percentage import Events, events_of
from usance.domain.rating.prices import Percentage
from usance.domain.rating.rate import rate, rate_events

THREE_PERCENT = Decimal(3)


@given(percentages(), st.lists(QUANTITIES, max_size=6))
def test_the_working_of_a_percentage_ends_in_its_amount(
    price: Percentage, amounts: list[Decimal]
) -> None:
    rated = rate_events(price, map(Events, amounts))
    facts = rated.working.facts
    assert facts["amount"] == rated.amount
    assert facts["base"] == sum(amounts)
    assert price.free_amount is None or Decimal(facts["freeAmount"]) <= price.free_amount
    assert price.free_events is None or int(facts["freeEvents"]) <= price.free_events
    for part in rated.working.parts:
        charged = part.facts["freeEvents"] == 0
        if charged and price.per_event_maximum is not None:
            assert Decimal(part.facts["amount"]) <= price.per_event_maximum


@given(percentages(), st.lists(QUANTITIES, max_size=6))
def test_an_allowance_never_makes_events_dearer(price: Percentage, amounts: list[Decimal]) -> None:
    full = Percentage(
        rate_percent=price.rate_percent,
        fixed_amount=price.fixed_amount,
        per_event_minimum=price.per_event_minimum,
        per_event_maximum=price.per_event_maximum,
    )
    events = [Events(amount) for amount in amounts]
    assert rate_events(price, events).amount <= rate_events(full, events).amount


def test_the_allowance_stops_at_whichever_limit_is_met_first() -> None:
    price = Percentage(
        rate_percent=THREE_PERCENT,
        fixed_amount=Decimal(1),
        free_events=2,
        free_amount=Decimal(1000),
    )
    rated = rate_events(price, [Events(Decimal(100))] * 3)
    assert [part.facts["amount"] for part in rated.working.parts] == [0, 0, 4]


def test_an_event_free_in_part_is_charged_for_the_rest_with_its_fixed_amount() -> None:
    price = Percentage(rate_percent=THREE_PERCENT, fixed_amount=Decimal(1), free_amount=Decimal(40))
    assert rate(price, Decimal(100)).amount == Decimal("2.80")
    assert rate(price, Decimal(100), already=Decimal(40)).amount == 4
    assert rate(price, Decimal(40)).amount == 0
    assert rate(price, Decimal(0)).amount == 0


def test_a_minimum_of_one_event_holds_for_each_of_a_batch() -> None:
    price = Percentage(rate_percent=THREE_PERCENT, per_event_minimum=Decimal(2))
    assert price.is_per_event
    assert rate_events(price, [Events(Decimal(90), 3)]).amount == 6


def test_events_are_known_singly_as_far_as_running_totals_go() -> None:
    known = events_of(Decimal(800), 4, [Decimal(50), Decimal(150)])
    assert [(int(event.amount), event.count) for event in known] == [(50, 1), (100, 1), (650, 2)]
    assert len(list(events_of(Decimal(150), 2, [Decimal(50), Decimal(150)]))) == 2
