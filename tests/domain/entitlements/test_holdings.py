"""Holdings: what subscriptions and promotions come to, whatever a customer holds of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from usance.domain.catalog import EnumValue, Feature, FeatureType, MeterType
from usance.domain.entitlements.access import DenialReason
from usance.domain.entitlements.from_subscriptions import (
    Given,
    Offered,
    PackageKey,
    given_by,
    given_by_promotion,
)
from usance.domain.entitlements.holdings import (
    Holdings,
    budget_of,
    entitled,
    everything_entitled,
    next_change,
    standing_of,
)
from usance.domain.ids import CustomerId, FeatureId, PackageId, ProductId, PromotionId
from usance.domain.plans.entitlements import Behavior, PackageEntitlement, ResetPeriod
from usance.domain.plans.package import (
    Budget,
    Package,
    PackageKind,
    PricingType,
    Trial,
    TrialEnd,
    TrialUnit,
)
from usance.domain.plans.promotion import GrantPeriod, Promotion
from usance.domain.subscriptions.subscription import Subscription, Version
from usance.domain.subscriptions.terms import AddonQuantity, EntitlementOverride, Terms

START = datetime(2025, 1, 1, tzinfo=UTC)
ACME, APP = CustomerId("acme"), ProductId("app")
FEATURES = {
    each.id: each
    for each in (
        Feature(id=FeatureId("calls"), display_name="Calls", meter_type=MeterType.INCREMENTAL),
        Feature(id=FeatureId("size"), display_name="Size"),
        Feature(id=FeatureId("sso"), display_name="Sign-on", feature_type=FeatureType.BOOLEAN),
        Feature(
            id=FeatureId("region"),
            display_name="Region",
            feature_type=FeatureType.ENUM,
            enum_values=(EnumValue("eu", "EU"), EnumValue("us", "US")),
        ),
    )
}
MOMENTS = st.integers(0, 90).map(lambda days: START + timedelta(days=days))
LIMITS = st.integers(0, 20).map(Decimal)


@st.composite
def values(draw: st.DrawFn, feature_id: FeatureId) -> PackageEntitlement:
    """What a package gives of a feature, which fits its kind."""
    feature = FEATURES[feature_id]
    terms: dict[str, Any] = {"is_granted": draw(st.sampled_from([True, True, False]))}
    if feature.feature_type is FeatureType.NUMBER:
        limit = draw(st.none() | LIMITS)
        terms |= {"usage_limit": limit, "has_unlimited_usage": limit is None}
        terms["has_soft_limit"] = draw(st.booleans())
    if feature.feature_type is FeatureType.ENUM:
        terms["enum_values"] = tuple(draw(st.sets(st.sampled_from(["eu", "us"]))))
    if feature.meter_type is MeterType.INCREMENTAL:
        terms["reset_period"] = draw(st.sampled_from([None, ResetPeriod.DAY, ResetPeriod.MONTH]))
        if terms["reset_period"] is ResetPeriod.MONTH and draw(st.booleans()):
            terms["reset_according_to"] = "StartOfTheMonth"
    return PackageEntitlement(feature_id=feature_id, created_at=START, updated_at=START, **terms)


@st.composite
def packages(draw: st.DrawFn, kind: PackageKind, id: str) -> Package:
    """A plan or add-on that gives some of the features."""
    ids = sorted(draw(st.sets(st.sampled_from(sorted(FEATURES)))))
    return Package(
        kind=kind,
        id=PackageId(id),
        product_id=APP,
        version=1,
        display_name=id,
        entitlements=tuple(draw(values(each)) for each in ids),
    )


PLANS = [PackageId(f"plan-{index}") for index in range(3)]
ADDONS = [PackageId(f"addon-{index}") for index in range(2)]


@st.composite
def shelves(draw: st.DrawFn) -> Offered:
    """Plans, the first of which inherits from the last, and add-ons that add."""
    plans = [draw(packages(PackageKind.PLAN, each)) for each in PLANS]
    plans[0] = replace(plans[0], parent_id=PLANS[-1])
    addons = [draw(packages(PackageKind.ADDON, each)) for each in ADDONS]
    found = {PackageKey(each.kind, each.id, 1): each for each in (*plans, *addons)}
    return Offered(found, {plans[-1].id: plans[-1]})


@st.composite
def subscriptions(draw: st.DrawFn, id: str) -> Subscription:
    """Of any plan, with add-ons, an override or none; a trial or not; over or not."""
    starts_at = draw(MOMENTS)
    ends_at = draw(st.none() | MOMENTS.filter(lambda at: at > starts_at))
    trial_ends_at = draw(st.none() | MOMENTS.filter(lambda at: at > starts_at))
    addons = draw(st.sets(st.sampled_from(ADDONS)))
    override = EntitlementOverride(feature_id=FeatureId("size"), usage_limit=draw(LIMITS))
    terms = Terms(
        plan_version=1,
        addons=tuple(AddonQuantity(each, 1, draw(st.integers(1, 3))) for each in sorted(addons)),
        overrides=(override,) if draw(st.booleans()) else (),
    )
    version = Version(number=1, effective_at=starts_at, terms=terms, created_at=START)
    return Subscription(
        id=id,
        customer_id=ACME,
        plan_id=draw(st.sampled_from(PLANS)),
        product_id=None,
        pricing_type=PricingType.CUSTOM,
        starts_at=starts_at,
        anchor=starts_at,
        versions=(version,),
        ends_at=ends_at,
        trial_ends_at=trial_ends_at,
        trial_end=None if trial_ends_at is None else TrialEnd.CONVERT_TO_PAID,
        resource_id=draw(st.sampled_from([None, None, "site"])),
    )


@st.composite
def promotions(draw: st.DrawFn) -> Promotion:
    """Of any feature, given for good or for a while."""
    starts_at = draw(MOMENTS)
    return Promotion(
        id=PromotionId("promotion"),
        customer_id=ACME,
        value=replace(draw(values(draw(st.sampled_from(sorted(FEATURES))))), is_granted=True),
        period=GrantPeriod.CUSTOM,
        starts_at=starts_at,
        ends_at=draw(st.none() | MOMENTS.filter(lambda at: at > starts_at)),
    )


def held(
    offered: Offered, own: Sequence[Subscription], given_away: Sequence[Promotion] = ()
) -> Holdings:
    """What somebody has who holds these."""
    found: list[Given] = [
        each for subscription in own for each in given_by(subscription, offered, FEATURES)
    ]
    found += [given_by_promotion(each, FEATURES[each.value.feature_id]) for each in given_away]
    by_feature: dict[FeatureId, tuple[Given, ...]] = {}
    for each in found:
        by_feature[each.feature_id] = (*by_feature.get(each.feature_id, ()), each)
    return Holdings(
        customer_id=ACME,
        resources=frozenset({"site"}),
        subscriptions=tuple(own),
        offered=offered,
        given=by_feature,
        features={each: FEATURES[each] for each in by_feature},
        known=FEATURES,
    )


def may(holdings: Holdings, feature_id: FeatureId, **asked: Any) -> bool:
    """Whether they may use so much more, after so much was used."""
    at, used, more = asked["at"], asked["used"], asked["more"]
    place = {"at": at, "resource_id": asked["resource_id"]}
    if standing_of(holdings, **place).denial_reason is not None:
        return False
    had = entitled(holdings, FEATURES[feature_id], used_up=asked["used_up"], **place)
    return had.decide(used, at=at, requested_usage=more).has_access


SOME = st.lists(st.sampled_from(["one", "two", "three"]), unique=True, max_size=3)
ASKED = st.fixed_dictionaries(
    {
        "at": MOMENTS,
        "used": LIMITS,
        "more": LIMITS,
        "resource_id": st.sampled_from([None, "site"]),
        "used_up": SOME.map(frozenset),
    }
)


@given(st.data(), shelves(), SOME, ASKED)
def test_holding_more_never_gives_less(
    data: st.DataObject, offered: Offered, ids: list[str], asked: dict[str, Any]
) -> None:
    """who holds one more subscription, add-on or promotion may do all that they might before"""
    own = [data.draw(subscriptions(each)) for each in ids]
    before = held(offered, own)
    more = data.draw(st.sampled_from(["subscription", "promotion", "add-on"]))
    if more == "subscription":
        after = held(offered, [*own, data.draw(subscriptions("another"))])
    elif more == "promotion":
        after = held(offered, own, [data.draw(promotions())])
    else:
        assume(own)
        after = held(offered, [_with_another(own[0], data), *own[1:]])
    for feature_id in FEATURES:
        assert may(after, feature_id, **asked) or not may(before, feature_id, **asked)


def _with_another(subscription: Subscription, data: st.DataObject) -> Subscription:
    [version] = subscription.versions
    free = [id for id in ADDONS if all(each.id != id for each in version.terms.addons)]
    assume(free)
    addon = AddonQuantity(data.draw(st.sampled_from(free)), 1, 2)
    terms = replace(version.terms, addons=(*version.terms.addons, addon))
    return replace(subscription, versions=(replace(version, terms=terms),))


@given(st.data(), shelves(), SOME, MOMENTS)
def test_nothing_changes_before_the_next_change(
    data: st.DataObject, offered: Offered, ids: list[str], at: datetime
) -> None:
    """what is held is the same at every instant until the next change it names"""
    holdings = held(offered, [data.draw(subscriptions(each)) for each in ids])
    change = next_change(holdings, at)
    later = data.draw(MOMENTS.filter(lambda each: each >= at))
    assume(change is None or later < change)
    for resource_id in (None, "site"):
        shown = [
            (
                standing_of(holdings, at=each, resource_id=resource_id),
                everything_entitled(holdings, at=each, resource_id=resource_id),
            )
            for each in (at, later)
        ]
        assert shown[0] == shown[1]


@given(st.data(), shelves(), MOMENTS)
def test_what_awaits_its_payment_gives_nothing(
    data: st.DataObject, offered: Offered, at: datetime
) -> None:
    """a subscription that is not paid yet, has not begun or is over gives nothing"""
    one = data.draw(subscriptions("one"))
    unpaid = data.draw(st.booleans())
    one = replace(one, is_payment_pending=unpaid)
    assume(not one.is_running(at))
    assert not everything_entitled(held(offered, [one]), at=at, resource_id="site")
    reason = standing_of(held(offered, [one]), at=at).denial_reason
    assert reason is DenialReason.NO_ACTIVE_SUBSCRIPTION


def test_an_add_on_that_overrides_stands_in_the_place_of_the_plan() -> None:
    fewer = PackageEntitlement(
        feature_id=FeatureId("size"),
        created_at=START,
        updated_at=START,
        usage_limit=Decimal(1),
        behavior=Behavior.OVERRIDE,
    )
    plan = Package(
        kind=PackageKind.PLAN,
        id=PLANS[0],
        product_id=APP,
        version=1,
        display_name="Plan",
        entitlements=(replace(fewer, usage_limit=Decimal(9), behavior=Behavior.INCREMENT),),
    )
    addon = replace(plan, kind=PackageKind.ADDON, id=ADDONS[0], entitlements=(fewer,))
    offered = Offered({PackageKey(each.kind, each.id, 1): each for each in (plan, addon)}, {})
    terms = Terms(plan_version=1, addons=(AddonQuantity(addon.id, 1, 1),))
    had = entitled(held(offered, [_of(terms)]), FEATURES[FeatureId("size")], at=START)
    assert [each.limit for each in had.effective.allowances] == [1]


def test_the_budget_of_a_trial_ends_with_it_and_one_that_was_agreed_does_not() -> None:
    of_trials = Budget(limit=Decimal(5), has_soft_limit=False)
    plan = Package(
        kind=PackageKind.PLAN,
        id=PLANS[0],
        product_id=APP,
        version=1,
        display_name="Plan",
        trial=Trial(duration=7, units=TrialUnit.DAY, budget=of_trials),
    )
    offered = Offered({PackageKey(plan.kind, plan.id, 1): plan}, {})
    end = START + timedelta(days=7)
    agreed = Budget(limit=Decimal(6), has_soft_limit=False)
    for budget, after in ((of_trials, None), (agreed, agreed)):
        trial = replace(
            _of(Terms(plan_version=1, budget=budget)),
            trial_ends_at=end,
            trial_end=TrialEnd.CONVERT_TO_PAID,
        )
        assert budget_of(trial, offered, START) == budget
        assert budget_of(trial, offered, end) == after


def _of(terms: Terms) -> Subscription:
    version = Version(number=1, effective_at=START, terms=terms, created_at=START)
    return Subscription(
        id="one",
        customer_id=ACME,
        plan_id=PLANS[0],
        product_id=None,
        pricing_type=PricingType.CUSTOM,
        starts_at=START,
        anchor=START,
        versions=(version,),
    )
