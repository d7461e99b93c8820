"""Percentages over events: allowance, fixed amounts, bounds of one event."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import QUANTITIES, percentages
from tests.domain.usage_values import event, received, window
from usance.domain.catalog import Aggregation, Meter
from usance.domain.metering.totals import UsageTotal, total_of
from usance.domain.money import ONE, currency
from usance.domain.rating.percentage import Events, events_of, told_apart
from usance.domain.rating.prices import Percentage, PerUnit, Pricing
from usance.domain.rating.rate import rate, rate_events, rate_line

EUR = currency("EUR")
HALF = Fraction(1, 2)
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


# ------------------------------------------------------------------------------- from metering --

PAYMENTS = st.lists(st.sampled_from([0, 1, 5, 5, 20, 100, 250]).map(Decimal), max_size=40)
SUM = Meter("call", Aggregation.SUM, "tokens")


def counted(pricing: Pricing, amounts: list[Decimal], share: Fraction = ONE) -> UsageTotal:
    """What a meter finds, told apart as far as the price asks."""
    events = [event(f"k{i:03}", tokens=amount) for i, amount in enumerate(amounts)]
    apart = told_apart(pricing, share)
    return total_of(window(SUM, 0, 48, () if apart is None else apart), map(received, events))


@given(percentages(), PAYMENTS)
def test_counted_events_cost_what_they_cost_one_by_one(
    price: Percentage, amounts: list[Decimal]
) -> None:
    pricing = Pricing(price=price)
    total = counted(pricing, amounts)
    line = rate_line(pricing, total.quantity, currency=EUR, is_measured=True, amounts=total.amounts)
    assert line.working.parts[-1].facts["exact"] == rate_events(price, map(Events, amounts)).amount


@given(percentages(), PAYMENTS, st.integers(1, 300).map(Decimal), st.sampled_from([ONE, HALF]))
def test_included_units_come_off_the_first_events(
    price: Percentage, amounts: list[Decimal], included: Decimal, share: Fraction
) -> None:
    pricing = Pricing(price=price, included=included)
    total = counted(pricing, amounts, share)
    line = rate_line(
        pricing,
        total.quantity,
        currency=EUR,
        share=share,
        is_measured=True,
        amounts=total.amounts,
    )
    free = included * share.numerator / share.denominator
    expected = []
    for amount in amounts:
        if amount > free or not free:
            expected.append(Events(amount - free))
        free = max(free - amount, Decimal(0))
    if price.is_per_event:
        assert line.working.parts[-1].facts["exact"] == rate_events(price, expected).amount


def test_a_fee_an_event_is_charged_for_each_event_that_was_counted() -> None:
    card = Pricing(price=Percentage(rate_percent=Decimal("2.9"), fixed_amount=Decimal("0.30")))
    total = counted(card, [Decimal(100), Decimal(20), Decimal(100)])
    line = rate_line(card, total.quantity, currency=EUR, is_measured=True, amounts=total.amounts)
    assert line.net.text == "7.28"  # 220.00 x 2.9 % + 3 x 0.30, not + 0.30
    assert [step.facts["events"] for step in line.working.every("event")] == [1, 2]


def test_a_working_of_many_events_says_what_became_of_them_in_few_steps() -> None:
    price = Percentage(
        rate_percent=Decimal(1),
        free_events=30,
        per_event_minimum=Decimal("0.50"),
        per_event_maximum=Decimal(2),
    )
    rated = rate_events(price, [Events(Decimal(amount)) for amount in range(300)])
    assert {step.rule: step.facts["events"] for step in rated.working.parts} == {
        "free_events": 30,
        "minimum_events": 20,
        "charged_events": 151,
        "maximum_events": 99,
    }
    assert sum(Decimal(step.facts["amount"]) for step in rated.working.parts) == rated.amount


def test_only_a_price_that_needs_single_events_asks_for_them() -> None:
    assert told_apart(Pricing(price=Percentage(rate_percent=THREE_PERCENT))) is None
    assert told_apart(Pricing(price=PerUnit(THREE_PERCENT))) is None
