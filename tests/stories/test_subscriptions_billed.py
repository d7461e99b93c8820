"""Subscriptions that are paid for: billed as contracts are, and on the same invoices."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.stories.billed import (
    NO_TRIAL,
    SEATS,
    cancel,
    change,
    net,
    seats,
    sold_by_halden_de,
    until,
)
from tests.stories.shop import ANNUAL, subscribe
from tests.stories.world import World
from usance.domain.ids import PackageId
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.package import TrialEnd
from usance.domain.plans.product import CancellationTime
from usance.domain.subscriptions.requests import CouponRequest, Schedule, TrialRequest
from usance.domain.subscriptions.subscription import ProrationBehavior
from usance.domain.subscriptions.terms import MinimumSpend, PriceOverride


@pytest.fixture
def shop(world: World) -> World:
    """The example company, with a catalogue that its German company sells."""
    return sold_by_halden_de(world).on("2025-01-10")


def test_seats_are_billed_each_month_in_advance(shop: World) -> None:
    subscribe(shop, "team", units=seats(3))
    until(shop, "2025-03-09")
    assert shop.invoices() == [
        "2025-01-10  Team  2025-01-10..2025-02-10  30.00 EUR",
        "2025-01-10  Team: Seats  2025-01-10..2025-02-10  30.00 EUR",
        "2025-02-10  Team  2025-02-10..2025-03-10  30.00 EUR",
        "2025-02-10  Team: Seats  2025-02-10..2025-03-10  30.00 EUR",
    ]


def test_usage_is_billed_when_its_month_is_over_beside_the_next_fee(shop: World) -> None:
    subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-02-05").usage("2025-01-31", 1234)
    until(shop, "2025-02-10")
    assert shop.documents() == [
        "HDE-2025-00001  OPEN  Business  107.10 EUR",
        "HDE-2025-00002  OPEN  Business + Business: API calls  121.78 EUR",  # (90 + 12.34) x 1.19
    ]


def test_what_usage_lacks_of_the_minimum_is_billed_with_it(shop: World) -> None:
    minimum = MinimumSpend(amount=Decimal(50), currency="EUR")
    subscribe(shop, "business", trial=NO_TRIAL, minimum_spend=minimum)
    until(shop, "2025-02-05").usage("2025-01-31", 1000)
    until(shop, "2025-02-10")
    assert shop.invoices()[1:] == [
        "2025-02-10  Business  2025-02-10..2025-03-10  90.00 EUR",
        "2025-02-10  Business: API calls  2025-01-10..2025-02-10  10.00 EUR",
        "2025-02-10  Minimum spend  2025-01-10..2025-02-10  40.00 EUR",
    ]


def test_a_year_is_billed_at_once_and_goes_on_year_after_year(shop: World) -> None:
    subscribe(shop, "team", billing_period=ANNUAL)
    until(shop, "2027-01-10")
    assert shop.invoices() == [
        "2025-01-10  Team  2025-01-10..2026-01-10  300.00 EUR",
        "2025-01-10  Team: Seats  2025-01-10..2026-01-10  200.00 EUR",
        "2026-01-10  Team  2026-01-10..2027-01-10  300.00 EUR",
        "2026-01-10  Team: Seats  2026-01-10..2027-01-10  200.00 EUR",
        "2027-01-10  Team  2027-01-10..2028-01-10  300.00 EUR",
        "2027-01-10  Team: Seats  2027-01-10..2028-01-10  200.00 EUR",
    ]


def test_a_subscription_of_the_31st_is_billed_on_the_last_day_of_short_months(shop: World) -> None:
    shop.on("2025-01-31")
    subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-04-30")
    fees = [line[:12] for line in shop.invoices() if "API" not in line]
    assert fees == ["2025-01-31  ", "2025-02-28  ", "2025-03-31  ", "2025-04-30  "]


def test_a_trial_costs_nothing_and_is_billed_from_its_end_on(shop: World) -> None:
    trial = TrialRequest(is_trial=True, at_end=TrialEnd.CONVERT_TO_PAID)
    subscribe(shop, "business", trial=trial)
    until(shop, "2025-01-23")
    assert shop.invoices() == []
    until(shop, "2025-01-24")
    assert shop.invoices() == ["2025-01-24  Business  2025-01-24..2025-02-24  90.00 EUR"]


def test_a_trial_that_ends_the_subscription_is_never_billed(shop: World) -> None:
    subscribe(shop, "business")
    until(shop, "2025-06-01")
    assert shop.invoices() == []


def test_an_upgrade_gives_back_the_days_left_and_charges_them_anew_on_one_invoice(
    shop: World,
) -> None:
    subscribe(shop, "team")
    until(shop, "2025-01-20")
    subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-02-10")
    # 21 of 31 days: 30 x 21/31 = 20.32, 20 x 21/31 = 13.55, 90 x 21/31 = 60.97
    assert shop.invoices()[2:5] == [
        "2025-01-20  Team  2025-01-20..2025-02-10  -20.32 EUR",
        "2025-01-20  Team: Seats  2025-01-20..2025-02-10  -13.55 EUR",
        "2025-01-20  Business  2025-01-20..2025-02-10  60.97 EUR",
    ]
    assert shop.documents()[1] == (
        "HDE-2025-00002  OPEN  Team + Team: Seats + Business  32.25 EUR"  # 27.10 x 1.19
    )


def test_an_upgrade_that_is_not_to_be_prorated_is_billed_from_the_next_period_on(
    shop: World,
) -> None:
    subscribe(shop, "team")
    until(shop, "2025-01-20")
    subscribe(shop, "business", trial=NO_TRIAL, proration=ProrationBehavior.NONE)
    until(shop, "2025-02-10")
    assert shop.invoices()[2:] == ["2025-02-10  Business  2025-02-10..2025-03-10  90.00 EUR"]


def test_a_downgrade_waits_for_the_end_of_the_period_and_gives_nothing_back(shop: World) -> None:
    subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-01-20")
    subscribe(shop, "team")
    until(shop, "2025-02-10")
    assert shop.invoices() == [
        "2025-01-10  Business  2025-01-10..2025-02-10  90.00 EUR",
        "2025-02-10  Business: API calls  2025-01-10..2025-02-10  0.00 EUR",
        "2025-02-10  Team  2025-02-10..2025-03-10  30.00 EUR",
        "2025-02-10  Team: Seats  2025-02-10..2025-03-10  20.00 EUR",
    ]


def test_more_seats_are_charged_for_the_days_left_and_fewer_from_the_next_period(
    shop: World,
) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-20")
    change(shop, team, units=seats(4))
    until(shop, "2025-02-15")
    change(shop, team, units=seats(3))
    until(shop, "2025-03-10")
    assert [line for line in shop.invoices() if "Seats" in line] == [
        "2025-01-10  Team: Seats  2025-01-10..2025-02-10  20.00 EUR",
        "2025-01-20  Team: Seats  2025-01-20..2025-02-10  -13.55 EUR",  # 20 x 21/31
        "2025-01-20  Team: Seats  2025-01-20..2025-02-10  27.10 EUR",  # 40 x 21/31
        "2025-02-10  Team: Seats  2025-02-10..2025-03-10  40.00 EUR",
        "2025-03-10  Team: Seats  2025-03-10..2025-04-10  30.00 EUR",
    ]


def test_more_seats_without_proration_cost_from_the_next_period_on(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-20")
    change(shop, team, units=seats(4), proration=ProrationBehavior.NONE)
    until(shop, "2025-02-10")
    assert [line for line in shop.invoices() if "Seats" in line] == [
        "2025-01-10  Team: Seats  2025-01-10..2025-02-10  20.00 EUR",
        "2025-02-10  Team: Seats  2025-02-10..2025-03-10  40.00 EUR",
    ]


def test_a_sooner_change_takes_the_place_of_one_that_waits_for_its_period(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-15")
    change(shop, team, units=seats(9), proration=ProrationBehavior.NONE)
    until(shop, "2025-01-20")
    change(shop, team, units=seats(9), addons=((PackageId("support"), 1),))
    until(shop, "2025-02-10")
    assert shop.invoices()[2:5] == [
        "2025-01-20  Team: Seats  2025-01-20..2025-02-10  -13.55 EUR",
        "2025-01-20  Team: Seats  2025-01-20..2025-02-10  60.97 EUR",  # 90 x 21/31
        "2025-01-20  Support  2025-01-20..2025-02-10  3.39 EUR",  # 5 x 21/31
    ]
    assert "2025-02-10  Team: Seats  2025-02-10..2025-03-10  90.00 EUR" in shop.invoices()


def test_add_ons_are_added_counted_and_taken_away(shop: World) -> None:
    team = subscribe(shop, "team", addons=((PackageId("support"), 1),))
    until(shop, "2025-01-20")
    change(shop, team, addons=((PackageId("support"), 3),))
    until(shop, "2025-02-10")
    change(shop, team, addons=())
    until(shop, "2025-03-10")
    assert [line for line in shop.invoices() if "Support" in line] == [
        "2025-01-10  Support  2025-01-10..2025-02-10  5.00 EUR",
        "2025-01-20  Support  2025-01-20..2025-02-10  -3.39 EUR",
        "2025-01-20  Support  2025-01-20..2025-02-10  10.16 EUR",  # 15 x 21/31
        "2025-02-10  Support  2025-02-10..2025-03-10  15.00 EUR",
    ]


def test_a_coupon_takes_its_percentage_off_for_its_months(shop: World) -> None:
    coupon = CouponRequest(name="Spring", percent_off=Decimal(20), duration_months=3)
    subscribe(shop, "team", coupon=coupon)
    until(shop, "2025-04-10")
    assert [line[12:] for line in shop.invoices() if "Seats" not in line] == [
        "Team  2025-01-10..2025-02-10  24.00 EUR",
        "Team  2025-02-10..2025-03-10  24.00 EUR",
        "Team  2025-03-10..2025-04-10  24.00 EUR",
        "Team  2025-04-10..2025-05-10  30.00 EUR",
    ]


def test_a_coupon_that_outlasts_a_year_ends_in_the_next_when_it_should(shop: World) -> None:
    coupon = CouponRequest(name="Long", percent_off=Decimal(50), duration_months=14)
    subscribe(shop, "team", coupon=coupon)
    until(shop, "2026-04-10")
    fees = [line for line in shop.invoices() if "Seats" not in line]
    assert fees[13:] == [
        "2026-02-10  Team  2026-02-10..2026-03-10  15.00 EUR",
        "2026-03-10  Team  2026-03-10..2026-04-10  30.00 EUR",
        "2026-04-10  Team  2026-04-10..2026-05-10  30.00 EUR",
    ]


def test_an_amount_comes_off_the_fee_alone(shop: World) -> None:
    coupon = CouponRequest(name="Seven", amounts_off=(("EUR", Decimal(7)),))
    subscribe(shop, "team", coupon=coupon)
    until(shop, "2025-01-10")
    assert [line[12:] for line in shop.invoices()] == [
        "Team  2025-01-10..2025-02-10  23.00 EUR",
        "Team: Seats  2025-01-10..2025-02-10  20.00 EUR",
    ]


def test_an_amount_comes_off_the_whole_bill_line_by_line_and_no_further(shop: World) -> None:
    coupon = CouponRequest(name="Much", amounts_off=(("EUR", Decimal("41.50")),))
    team = subscribe(shop, "team", coupon=coupon)
    until(shop, "2025-01-10")
    assert [line[12:] for line in shop.invoices()] == [
        "Team  2025-01-10..2025-02-10  0.00 EUR",
        "Team: Seats  2025-01-10..2025-02-10  8.50 EUR",
    ]
    until(shop, "2025-02-09")
    change(shop, team, units=seats(5), schedule=Schedule.END_OF_BILLING_PERIOD)
    until(shop, "2025-02-10")
    assert net(shop) == Decimal("8.50") + Decimal("80.00") - Decimal("41.50")
    more = CouponRequest(name="All", amounts_off=(("EUR", Decimal(500)),))
    change(shop, team, coupon=more, schedule=Schedule.END_OF_BILLING_PERIOD)
    before = net(shop)
    until(shop, "2025-03-10")
    assert net(shop) == before


def test_an_amount_comes_off_usage_where_the_fee_does_not_use_it_up(shop: World) -> None:
    coupon = CouponRequest(name="Hundred", amounts_off=(("EUR", Decimal(100)),))
    subscribe(shop, "business", trial=NO_TRIAL, coupon=coupon)
    until(shop, "2025-02-05").usage("2025-01-31", 1234)
    until(shop, "2025-02-10")
    assert shop.invoices()[1:] == [
        "2025-02-10  Business  2025-02-10..2025-03-10  0.00 EUR",
        "2025-02-10  Business: API calls  2025-01-10..2025-02-10  2.34 EUR",  # 12.34 less 10
    ]


def test_prices_that_were_agreed_take_the_place_of_the_plans(shop: World) -> None:
    agreed = (
        PriceOverride(amount=Decimal(25), currency="EUR"),
        PriceOverride(feature_id=SEATS, amount=Decimal("7.50"), currency="EUR"),
    )
    subscribe(shop, "team", prices=agreed)
    until(shop, "2025-01-10")
    assert [line[12:] for line in shop.invoices()] == [
        "Team  2025-01-10..2025-02-10  25.00 EUR",
        "Team: Seats  2025-01-10..2025-02-10  15.00 EUR",
    ]


def test_an_end_at_once_gives_nothing_back_unless_asked(shop: World) -> None:
    business = subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-01-20").usage("2025-01-11", 100)
    cancel(shop, business, time=CancellationTime.IMMEDIATE)
    until(shop, "2025-06-01")
    assert shop.invoices() == [
        "2025-01-10  Business  2025-01-10..2025-02-10  90.00 EUR",
        "2025-01-21  Business: API calls  2025-01-10..2025-01-21  1.00 EUR",
    ]


def test_an_end_at_once_gives_days_back_where_that_is_asked(shop: World) -> None:
    business = subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-01-20").usage("2025-01-11", 100)
    cancel(shop, business, time=CancellationTime.IMMEDIATE, is_prorated=True)
    until(shop, "2025-06-01")
    assert net(shop) == Decimal("90.00") + Decimal("1.00") - Decimal("60.97")
    assert shop.documents()[1] == (
        "HDE-CN-2025-00001  PAID  Business + Business: API calls  -71.36 EUR"
    )


def test_an_end_of_period_ends_billing_and_taking_it_back_goes_on(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-15")
    cancel(shop, team)
    until(shop, "2025-01-20")
    change(shop, team, ends_at=None)
    until(shop, "2025-02-15")
    assert shop.invoices()[2:] == [
        "2025-02-10  Team  2025-02-10..2025-03-10  30.00 EUR",
        "2025-02-10  Team: Seats  2025-02-10..2025-03-10  20.00 EUR",
    ]
    cancel(shop, team)
    before = shop.invoices()
    until(shop, "2026-06-01")
    assert shop.invoices() == before


def test_what_started_before_it_was_provisioned_is_billed_from_its_next_period(
    shop: World,
) -> None:
    shop.on("2025-01-20")
    subscribe(shop, "team", starts_at=datetime(2024, 12, 5, tzinfo=UTC))
    until(shop, "2025-02-05")
    assert shop.invoices() == [
        "2025-02-05  Team  2025-02-05..2025-03-05  30.00 EUR",
        "2025-02-05  Team: Seats  2025-02-05..2025-03-05  20.00 EUR",
    ]


def test_periods_may_be_counted_anew_from_a_change(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-20")
    change(shop, team, units=seats(4), is_anchor_now=True)
    until(shop, "2025-02-20")
    assert [line for line in shop.invoices() if "Seats" in line] == [
        "2025-01-10  Team: Seats  2025-01-10..2025-02-10  20.00 EUR",
        "2025-01-20  Team: Seats  2025-01-20..2025-02-10  -13.55 EUR",
        "2025-01-20  Team: Seats  2025-01-20..2025-02-20  40.00 EUR",
        "2025-02-20  Team: Seats  2025-02-20..2025-03-20  40.00 EUR",
    ]


def test_from_a_year_to_months_when_the_year_is_over(shop: World) -> None:
    team = subscribe(shop, "team", billing_period=ANNUAL)
    until(shop, "2025-09-01")
    to_end = Schedule.END_OF_BILLING_PERIOD
    change(shop, team, billing_period=BillingPeriod.MONTHLY, schedule=to_end)
    until(shop, "2026-02-10")
    assert [line for line in shop.invoices() if "Seats" not in line] == [
        "2025-01-10  Team  2025-01-10..2026-01-10  300.00 EUR",
        "2026-01-10  Team  2026-01-10..2026-02-10  30.00 EUR",
        "2026-02-10  Team  2026-02-10..2026-03-10  30.00 EUR",
    ]


def test_prorations_that_are_created_stand_on_the_next_invoice(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-20")
    change(shop, team, units=seats(4), proration=ProrationBehavior.CREATE_PRORATIONS)
    until(shop, "2025-02-09")
    assert len(shop.documents()) == 1
    until(shop, "2025-02-10")
    assert [line for line in shop.invoices() if "Seats" in line] == [
        "2025-01-10  Team: Seats  2025-01-10..2025-02-10  20.00 EUR",
        "2025-02-10  Team: Seats  2025-01-20..2025-02-10  -13.55 EUR",  # 20 x 21/31
        "2025-02-10  Team: Seats  2025-01-20..2025-02-10  27.10 EUR",  # 40 x 21/31
        "2025-02-10  Team: Seats  2025-02-10..2025-03-10  40.00 EUR",
    ]
    assert len(shop.documents()) == 2


def test_an_add_on_whose_prorations_are_created_is_charged_with_the_next_period(
    shop: World,
) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-20")
    created = ProrationBehavior.CREATE_PRORATIONS
    change(shop, team, addons=((PackageId("support"), 1),), proration=created)
    until(shop, "2025-02-10")
    assert sorted(shop.invoices()[2:]) == [
        "2025-02-10  Support  2025-01-20..2025-02-10  3.39 EUR",  # 5 x 21/31
        "2025-02-10  Support  2025-02-10..2025-03-10  5.00 EUR",
        "2025-02-10  Team  2025-02-10..2025-03-10  30.00 EUR",
        "2025-02-10  Team: Seats  2025-02-10..2025-03-10  20.00 EUR",
    ]
    assert len(shop.documents()) == 2


def test_what_is_to_be_invoiced_at_once_is_not_kept_back_by_what_waits(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-15")
    change(shop, team, units=seats(4), proration=ProrationBehavior.CREATE_PRORATIONS)
    until(shop, "2025-01-20")
    change(shop, team, units=seats(6), proration=ProrationBehavior.INVOICE_IMMEDIATELY)
    until(shop, "2025-01-21")
    assert len(shop.documents()) == 2
    until(shop, "2025-02-10")
    # 20 for 5 days, 40 for 5, 60 for 21, of 31, each rounded once; and the next month
    assert net(shop) == Decimal("30") + Decimal("3.23") + Decimal("6.45") + Decimal("40.65") + 90


def test_what_waits_when_it_ends_is_billed_then(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-20")
    change(shop, team, units=seats(4), proration=ProrationBehavior.CREATE_PRORATIONS)
    until(shop, "2025-01-31")
    cancel(shop, team, time=CancellationTime.IMMEDIATE, is_prorated=True)
    until(shop, "2025-06-01")
    # 30 for 21 days, 20 for 10, 40 for 11, of 31
    assert net(shop) == Decimal("20.32") + Decimal("6.45") + Decimal("14.19")
    shop.audit()
