"""Rating: the lines that are always true, and the examples behind them."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import (
    AMOUNTS,
    CUMULATIVE,
    GRADUATED,
    PACKAGES,
    PRICES,
    QUANTITIES,
    RISING,
    VOLUMES,
    by_hand,
    pricings,
)
from usance.domain.money import Currency, currency, round_minor
from usance.domain.rating.percentage import Events
from usance.domain.rating.prices import (
    Flat,
    Graduated,
    Matrix,
    Package,
    Percentage,
    PerUnit,
    Price,
    Pricing,
    Tier,
    TierBound,
    Volume,
)
from usance.domain.rating.rate import (
    Rated,
    add_up,
    effective_unit_amount,
    rate,
    rate_each,
    rate_events,
    rate_line,
)

USD = currency("USD")
CURRENCIES = st.sampled_from([currency(code) for code in ("USD", "JPY", "KWD")])
SHARES = st.fractions(Fraction(1, 366), 12, max_denominator=366)
SIGNED = st.integers(-30_000, 30_000).map(lambda n: Decimal(n).scaleb(-2))
TIERS = (
    Tier(Decimal(10), Decimal(1), Decimal(5)),
    Tier(Decimal(20), Decimal("0.5")),
    Tier(None, Decimal("0.2")),
)


@given(CUMULATIVE, st.lists(QUANTITIES.filter(bool), min_size=1, max_size=6))
def test_splitting_usage_over_events_changes_nothing(price: Price, events: list[Decimal]) -> None:
    already = amount = unpriced = Decimal(0)
    for event in events:
        rated = rate(price, event, already=already)
        already += event
        amount += rated.amount
        unpriced += rated.unpriced
    at_once = rate(price, already)
    assert (amount, unpriced) == (at_once.amount, at_once.unpriced)


@given(
    pricings(GRADUATED), st.lists(QUANTITIES.filter(bool), min_size=1, max_size=5), st.booleans()
)
def test_consecutive_parts_of_a_counted_quantity_come_to_what_the_whole_comes_to(
    pricing: Pricing, parts: list[Decimal], is_half: bool
) -> None:
    """Included units are used up once; bounds hold for each line, so they are left out here."""
    unbounded = replace(pricing, minimum=None, maximum=None)
    share = Fraction(1, 2) if is_half else Fraction(1)

    def exact(quantity: Decimal, already: Decimal) -> Decimal:
        line = rate_line(
            unbounded, quantity, currency=USD, share=share, already=already, is_measured=True
        )
        return Decimal(line.working.parts[-1].facts["exact"])

    already = amount = Decimal(0)
    for part in parts:
        amount += exact(part, already)
        already += part
    assert amount == exact(already, Decimal(0))


@given(AMOUNTS, st.lists(QUANTITIES, max_size=6))
def test_splitting_an_amount_over_events_changes_nothing_unless_the_price_is_per_event(
    percent: Decimal, events: list[Decimal]
) -> None:
    price = Percentage(rate_percent=percent)
    assert not price.is_per_event
    at_once = rate(price, sum(events, Decimal(0)))
    assert rate_events(price, map(Events, events)).amount == at_once.amount


@given(CUMULATIVE, SIGNED, SIGNED.filter(bool), SIGNED.filter(bool))
def test_rating_in_two_steps_adds_up_to_rating_at_once(
    price: Price, already: Decimal, first: Decimal, second: Decimal
) -> None:
    start, middle, end = already, already + first, already + first + second
    if 0 in (start, middle, end):  # a fee due without usage is due once, at the beginning
        return
    steps = rate(price, first, already=start).amount + rate(price, second, already=middle).amount
    assert steps == rate(price, end - start, already=start).amount


@given(PRICES, QUANTITIES.filter(bool))
def test_a_negative_quantity_mirrors_the_positive_one(price: Price, quantity: Decimal) -> None:
    back, forth = rate(price, -quantity), rate(price, quantity)
    assert (back.amount, back.unpriced) == (-forth.amount, -forth.unpriced)


@given(pricings(), QUANTITIES.filter(bool), SHARES, CURRENCIES)
def test_a_negative_line_mirrors_the_positive_one(
    pricing: Pricing, quantity: Decimal, share: Fraction, of: Currency
) -> None:
    back = rate_line(pricing, -quantity, currency=of, share=share)
    assert back.net == -rate_line(pricing, quantity, currency=of, share=share).net


@given(RISING, QUANTITIES, QUANTITIES)
def test_more_usage_never_costs_less_unless_the_price_is_by_volume(
    price: Price, quantity: Decimal, more: Decimal
) -> None:
    assert rate(price, quantity).amount <= rate(price, quantity + more).amount


@given(pricings(), QUANTITIES, SHARES, CURRENCIES, st.booleans())
def test_a_line_is_never_below_its_minimum_nor_above_its_maximum(
    pricing: Pricing, quantity: Decimal, share: Fraction, of: Currency, is_measured: bool
) -> None:
    net = rate_line(pricing, quantity, currency=of, share=share, is_measured=is_measured).net
    if pricing.minimum is not None:
        assert round_minor(pricing.minimum, of, share) <= net
    if pricing.maximum is not None:
        assert net <= round_minor(pricing.maximum, of, share)


@given(PRICES, QUANTITIES, SHARES, CURRENCIES)
def test_a_line_is_rounded_once_no_step_before_the_last_loses_a_digit(
    price: Price, quantity: Decimal, share: Fraction, of: Currency
) -> None:
    net = rate_line(Pricing(price=price), quantity, currency=of, share=share).net
    exact = Fraction(rate(price, quantity).amount) * share * 10**of.digits
    assert net.minor == (exact * 2 + 1).__floor__() // 2


@given(st.one_of(GRADUATED, VOLUMES, PACKAGES), QUANTITIES)
def test_amounts_are_those_of_the_written_formulas(
    price: Graduated | Volume | Package, quantity: Decimal
) -> None:
    assert Fraction(rate(price, quantity).amount) == by_hand(price, quantity)


@given(PRICES, QUANTITIES, SIGNED)
def test_the_working_ends_in_the_amount(price: Price, quantity: Decimal, already: Decimal) -> None:
    rated = rate(price, quantity, already=already)
    assert rated.working.facts["amount"] == rated.amount
    parts = [part.facts["amount"] for part in rated.working.parts]
    if parts and rated.working.rule != "mirrored":
        assert sum(map(Decimal, parts)) == rated.amount


@given(pricings(), SIGNED, SHARES, CURRENCIES)
def test_the_working_of_a_line_ends_in_its_net_and_can_be_written(
    pricing: Pricing, quantity: Decimal, share: Fraction, of: Currency
) -> None:
    line = rate_line(pricing, quantity, currency=of, share=share)
    assert line.working.facts["net"] == line.net.amount
    assert line.working.facts["quantity"] == quantity
    written = msgspec.json.decode(msgspec.json.encode(line.working))
    assert written["facts"]["net"] == line.net.text


def test_included_units_are_used_first_and_only_once() -> None:
    pricing = Pricing(price=PerUnit(Decimal(2)), included=Decimal(100))
    first = rate_line(pricing, Decimal(80), currency=USD)
    second = rate_line(pricing, Decimal(50), currency=USD, already=Decimal(80))
    assert (first.net.text, second.net.text) == ("0.00", "60.00")


def test_a_share_applies_to_price_and_bounds_of_what_lasts() -> None:
    pricing = Pricing(price=PerUnit(Decimal(30)), minimum=Decimal(310))
    line = rate_line(pricing, Decimal(10), currency=USD, share=Fraction(10, 31))
    assert line.net.text == "100.00"
    assert line.working.find("minimum") is not None
    assert line.unit_amount is None


def test_measured_usage_is_priced_as_measured_and_only_its_bounds_are_for_the_part() -> None:
    half = Fraction(1, 2)
    pricing = Pricing(price=PerUnit(Decimal(1)), included=Decimal(100), minimum=Decimal(40))
    busy = rate_line(pricing, Decimal(90), currency=USD, share=half, is_measured=True)
    quiet = rate_line(pricing, Decimal(60), currency=USD, share=half, is_measured=True)
    assert (busy.net.text, quiet.net.text) == ("40.00", "20.00")
    fee = Pricing(price=Flat(Decimal(100)))
    assert rate_line(fee, Decimal(7), currency=USD, share=half, is_measured=True).net.minor == 5000


def test_a_year_of_a_monthly_price_is_twelve_times_its_graduated_month() -> None:
    pricing = Pricing(price=Graduated(TIERS))
    assert rate_line(pricing, Decimal(25), currency=USD, share=Fraction(12)).net.text == "252.00"


@pytest.mark.parametrize(
    ("price", "quantity", "unit_amount"),
    [
        (PerUnit(Decimal("0.5")), "3", "0.5"),
        (Volume((Tier(Decimal(10), Decimal(2)), Tier(None, Decimal(1)))), "11", "1"),
        (Volume(TIERS), "5", None),
        (Volume((Tier(None, Decimal(2), maximum=Decimal(3)),)), "5", None),
        (Volume(TIERS), "0", None),
        (Graduated(TIERS), "5", None),
        (Flat(Decimal(9)), "1", None),
    ],
)
def test_a_unit_amount_is_printed_when_one_holds_for_every_unit(
    price: Price, quantity: str, unit_amount: str | None
) -> None:
    line = rate_line(Pricing(price=price), Decimal(quantity), currency=USD)
    assert line.unit_amount == (None if unit_amount is None else Decimal(unit_amount))


def test_a_flat_fee_of_the_first_tier_is_due_without_usage_only_where_the_price_says_so() -> None:
    assert rate(Graduated(TIERS), Decimal(0)).amount == 0
    assert rate(Graduated(TIERS, billed_at_zero=True), Decimal(0)).amount == 5
    assert rate(Volume(TIERS), Decimal(0)).amount == 0
    assert rate(Volume(TIERS, billed_at_zero=True), Decimal(0)).amount == 5


def test_the_unit_on_a_bound_is_in_the_tier_that_ends_there_or_the_price_says_otherwise() -> None:
    price = (Tier(Decimal(10), Decimal(2)), Tier(None, Decimal(1)))
    assert rate(Volume(price), Decimal(10)).amount == 20
    assert rate(Volume(price, bound=TierBound.FROM), Decimal(10)).amount == 10


def test_units_beyond_the_last_bound_are_shown_as_unpriced() -> None:
    closed = (Tier(Decimal(10), Decimal(2)),)
    assert rate(Graduated(closed), Decimal(13)).unpriced == 3
    assert rate(Volume(closed), Decimal(13)).unpriced == 13
    line = rate_line(Pricing(price=Graduated(closed)), Decimal(13), currency=USD)
    assert (line.net.minor, line.unpriced) == (2000, Decimal(3))
    without = Matrix(("region",), ())
    assert rate(without, Decimal(4)).unpriced == 4


def test_a_fee_is_due_however_much_was_rated_before() -> None:
    assert rate(Flat(Decimal(9)), Decimal(1), already=Decimal(-5)).amount == 9


def test_groups_are_priced_apart_and_added() -> None:
    rated = rate_each(Graduated(TIERS), [Decimal(10), Decimal(10)])
    assert rated.amount == 30
    assert len(rated.working.parts) == 2
    assert add_up([]).amount == 0
    assert isinstance(rated, Rated)


def test_an_average_of_nothing_is_nothing() -> None:
    assert effective_unit_amount(Decimal(10), Decimal(0)) == 0
    assert effective_unit_amount(Decimal(10), Decimal(4)) == Decimal("2.5")


def test_a_whole_period_needs_no_proration_step() -> None:
    line = rate_line(
        Pricing(price=PerUnit(Decimal(1))), Decimal(3), currency=USD, share=Fraction(31, 31)
    )
    assert line == rate_line(Pricing(price=PerUnit(Decimal(1))), Decimal(3), currency=USD)
    assert [part.rule for part in line.working.parts] == ["per_unit", "rounding"]
    part = rate_line(
        Pricing(price=PerUnit(Decimal(1))), Decimal(3), currency=USD, share=Fraction(1, 3)
    )
    assert [step.rule for step in part.working.every("proration")] == ["proration"]
    assert part.working.find("nothing") is None
