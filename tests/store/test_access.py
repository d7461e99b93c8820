"""Holdings: what of a customer decides access, read for many at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.store.held import ACME, START, Offers, choice, gives, number, switch
from usance.domain.entitlements.access import DenialReason
from usance.domain.entitlements.from_subscriptions import GivenBy
from usance.domain.entitlements.holdings import (
    Entitled,
    Holdings,
    entitled,
    everything_entitled,
    standing_of,
)
from usance.domain.entitlements.windows import Window
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.plans.charges import BillingModel, BillingPeriod, Charge
from usance.domain.plans.entitlements import Behavior, ResetPeriod
from usance.domain.plans.package import PackagePricing, PricingType, TrialEnd
from usance.domain.subscriptions.subscription import Version
from usance.domain.subscriptions.terms import EntitlementOverride, Terms, UnitQuantity
from usance.flows.open_environment import move_clock
from usance.flows.runtime import Runtime, Scope
from usance.store import access, features, parties, subscriptions

LATER = START + timedelta(days=40)


@pytest.fixture
def offers(runtime: Runtime, scope: Scope) -> Offers:
    """An environment at New Year 2025, with a feature of each kind."""
    move_clock(runtime, scope, START)
    features = (number("calls"), switch("sso"), choice("region", "eu", "us"))
    return Offers(runtime, scope).open(*features)


def held(offers: Offers, customer_id: CustomerId = ACME) -> Holdings:
    """What that customer holds."""
    with offers.runtime.transaction(offers.scope) as tx:
        return access.holdings(tx, [customer_id], now=START)[customer_id].holdings


def of(holdings: Holdings, feature_id: str, at: datetime = LATER) -> Entitled:
    """What is had of a feature."""
    return entitled(holdings, holdings.features[FeatureId(feature_id)], at=at)


def windows_of(holdings: Holdings, at: datetime) -> set[Window | None]:
    """In which windows calls count."""
    return {each.window for each in of(holdings, "calls", at).counted(at)}


def limit(offers: Offers, at: datetime = LATER) -> Decimal | None:
    """The only limit of calls."""
    [allowance] = of(held(offers), "calls", at).effective.allowances
    return allowance.limit


def test_a_plan_gives_what_it_holds_and_what_it_inherits(offers: Offers) -> None:
    free = offers.plan("free", gives("sso"), gives("calls", 10))
    pro = offers.plan("pro", gives("calls", 100), parent_id=free.id)
    offers.subscribe(pro)
    found = held(offers)
    assert [each.feature.id for each in everything_entitled(found, at=LATER)] == ["calls", "sso"]
    assert limit(offers) == 100
    by = {each.by: each.package_id for of in found.given.values() for each in of}
    assert by == {GivenBy.PLAN: "pro", GivenBy.PARENT_PLAN: "free"}


def test_a_pinned_version_stays_and_a_parent_moves_on(offers: Offers) -> None:
    free = offers.plan("free", gives("sso"))
    pro = offers.plan("pro", gives("calls", 100), parent_id=free.id)
    offers.subscribe(pro)
    offers.publish_next(pro, gives("calls", 7))
    offers.publish_next(free, gives("region", enum_values=("eu",)))
    found = held(offers)
    assert limit(offers) == 100
    assert sorted(found.features) == ["calls", "region"]


def test_add_ons_add_by_quantity_or_stand_in_the_place_of_the_plan(offers: Offers) -> None:
    pro = offers.plan("pro", gives("calls", 100))
    offers.addon("pack", gives("calls", 50))
    offers.addon("other", gives("calls", 30, behavior=Behavior.OVERRIDE))
    more = offers.subscribe(pro, addons={"pack": 3})
    assert limit(offers) == 250
    offers.change(more, ends_at=START + timedelta(days=1))
    offers.subscribe(pro, id="sub-2", addons={"other": 1})
    assert limit(offers) == 30


def test_what_was_agreed_replaces_the_plan_and_says_no_more_than_it_says(offers: Offers) -> None:
    month = gives("calls", 100, reset_period=ResetPeriod.MONTH)
    pro = offers.plan("pro", month, gives("region", is_custom=True))
    override = EntitlementOverride(feature_id=FeatureId("calls"), usage_limit=Decimal(7))
    places = EntitlementOverride(feature_id=FeatureId("region"), enum_values=("us",))
    offers.subscribe(pro, terms=Terms(overrides=(override, places)))
    found = held(offers)
    [allowance] = of(found, "calls").effective.allowances
    assert allowance.limit == 7
    assert allowance.reset is not None
    assert of(found, "region").effective.values == {"us"}


def test_seats_that_were_bought_may_be_used(offers: Offers) -> None:
    charge = Charge(
        id="seat",
        created_at=START,
        model=BillingModel.PER_UNIT,
        period=BillingPeriod.MONTHLY,
        currency="USD",
        amount=Decimal(9),
        feature_id=FeatureId("calls"),
    )
    paid = PackagePricing(type=PricingType.PAID, charges=(charge,))
    pro = offers.plan("pro", gives("calls", 1), pricing=paid)
    offers.addon("pack", gives("calls", 5))
    units = (UnitQuantity(FeatureId("calls"), Decimal(25)),)
    offers.subscribe(pro, terms=Terms(units=units), addons={"pack": 2})
    assert limit(offers) == 35


def test_a_trial_ends_at_its_instant_with_nobody_doing_anything(offers: Offers) -> None:
    pro = offers.plan("pro", gives("sso"))
    end = START + timedelta(days=14)
    offers.subscribe(pro, trial_ends_at=end, ends_at=end, trial_end=TrialEnd.CANCEL_SUBSCRIPTION)
    found = held(offers)
    last = end - timedelta(microseconds=1)
    assert of(found, "sso", last).decide(at=last).has_access
    assert of(found, "sso", last).decide(at=last).valid_until == end
    assert not of(found, "sso", end).effective.is_granted
    assert standing_of(found, at=end).denial_reason is DenialReason.NO_ACTIVE_SUBSCRIPTION


def test_what_is_unpaid_or_to_come_gives_nothing_yet(offers: Offers) -> None:
    pro = offers.plan("pro", gives("sso"))
    unpaid = offers.subscribe(pro, is_payment_pending=True)
    offers.subscribe(pro, id="next", starts_at=LATER)
    assert not everything_entitled(held(offers), at=LATER - timedelta(seconds=1))
    assert everything_entitled(held(offers), at=LATER)
    offers.change(unpaid, is_payment_pending=False)
    assert everything_entitled(held(offers), at=START)


def test_a_promotion_counts_without_any_subscription(offers: Offers) -> None:
    offers.promote(gives("calls", 5), until=LATER)
    found = held(offers)
    assert standing_of(found, at=START).denial_reason is None
    assert limit(offers, START) == 5
    assert standing_of(found, at=LATER).denial_reason is DenialReason.NO_ACTIVE_SUBSCRIPTION


def test_a_resource_has_what_is_bound_to_it_and_what_is_bound_to_none(offers: Offers) -> None:
    site = offers.plan("site", gives("calls", 10))
    offers.subscribe(site, resource_id="one")
    offers.subscribe(offers.plan("all", gives("sso")), id="sub-2")
    found = held(offers)
    known = {
        resource_id: [
            each.usage_scope + each.feature.id
            for each in everything_entitled(found, at=LATER, resource_id=resource_id)
        ]
        for resource_id in (None, "one", "two")
    }
    assert known == {None: ["*sso"], "one": ["Ronecalls", "*sso"], "two": ["*sso"]}
    reason = standing_of(found, at=LATER, resource_id="two").denial_reason
    assert reason is DenialReason.CUSTOMER_RESOURCE_NOT_FOUND


def test_windows_count_from_the_first_anchor_until_usage_starts_anew(offers: Offers) -> None:
    pro = offers.plan("pro", gives("calls", 100, reset_period=ResetPeriod.MONTH))
    first = datetime(2024, 10, 31, tzinfo=UTC)
    subscription = offers.subscribe(pro, usage_anchor=first)
    february = datetime(2025, 2, 10, tzinfo=UTC)
    windows = windows_of(held(offers), february)
    assert windows == {Window(datetime(2025, 1, 31, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC))}
    anew = Version(
        number=2,
        effective_at=february,
        terms=subscription.versions[0].terms,
        created_at=february,
        is_reset=True,
    )
    with offers.runtime.transaction(offers.scope) as tx:
        subscriptions.add_version(tx, subscription.id, anew)
    windows = windows_of(held(offers), february)
    assert windows == {Window(february, datetime(2025, 3, 10, tzinfo=UTC))}


def test_months_of_the_calendar_count_nothing_from_before_usage_started_anew(
    offers: Offers,
) -> None:
    month = {"reset_period": ResetPeriod.MONTH, "reset_according_to": "StartOfTheMonth"}
    middle = datetime(2025, 1, 16, tzinfo=UTC)
    offers.subscribe(offers.plan("pro", gives("calls", 100, **month)), starts_at=middle)
    february = datetime(2025, 2, 1, tzinfo=UTC)
    windows = {at: windows_of(held(offers), at) for at in (middle, february)}
    assert windows == {
        middle: {Window(middle, february)},
        february: {Window(february, datetime(2025, 3, 1, tzinfo=UTC))},
    }


def test_many_customers_are_read_at_once_and_strangers_are_left_out(offers: Offers) -> None:
    pro = offers.plan("pro", gives("sso"))
    offers.customer("other").subscribe(pro, customer_id=CustomerId("other"))
    ids = [ACME, CustomerId("other"), CustomerId("nobody")]
    with offers.runtime.transaction(offers.scope) as tx:
        parties.save_customer_archived(tx, ACME, at=START)
        found = access.holdings(tx, ids, now=START)
    assert {id: each.holdings.is_archived for id, each in found.items()} == {
        "acme": True,
        "other": False,
    }
    assert standing_of(None, at=START).denial_reason is DenialReason.CUSTOMER_NOT_FOUND


def test_whatever_decides_access_moves_its_stamp(offers: Offers) -> None:
    stamps = [stamp(offers)]
    pro = offers.plan("pro", gives("sso"))
    stamps.append(stamp(offers))
    subscription = offers.subscribe(pro)
    stamps.append(stamp(offers))
    offers.change(subscription, ends_at=LATER)
    stamps.append(stamp(offers))
    offers.promote(gives("calls", 1))
    stamps.append(stamp(offers))
    with offers.runtime.transaction(offers.scope) as tx:
        subscriptions.add_version(tx, subscription.id, subscription.versions[0])
    stamps.append(stamp(offers))
    move_clock(offers.runtime, offers.scope, LATER)
    stamps.append(stamp(offers))
    assert len(set(stamps)) == len(stamps)
    assert stamps == sorted(stamps)


def test_what_decides_nothing_moves_no_stamp(offers: Offers) -> None:
    subscription = offers.subscribe(offers.plan("pro", gives("sso")))
    before = stamp(offers)
    with offers.runtime.transaction(offers.scope) as tx:
        subscriptions.save(tx, subscription, at=LATER)
        words = subscriptions.Words(metadata={"team": "blue"})
        subscriptions.save_words(tx, subscription.id, words, at=LATER)
        features.save(tx, switch("sso"), at=LATER)
        parties.save_customer(tx, parties.customer(tx, ACME), at=LATER)
    assert stamp(offers) == before


def test_what_is_rolled_back_moves_no_stamp(offers: Offers) -> None:
    before = stamp(offers)
    with offers.runtime.rehearsal(offers.scope) as rehearsed:
        Offers(rehearsed, offers.scope).plan("pro", gives("sso"))
    assert stamp(offers) == before


def stamp(offers: Offers) -> access.Stamp:
    """How often the access of Acme changed."""
    with offers.runtime.transaction(offers.scope) as tx:
        return access.holdings(tx, [ACME], now=START)[ACME].stamp
