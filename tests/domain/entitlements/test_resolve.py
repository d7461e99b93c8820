"""Resolve: many sources, one entitlement."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.domain.entitlements.sources_at_random import (
    DAILY,
    MOMENTS,
    MONTHLY,
    START,
    VALUES,
    cases,
    sources,
)
from usance.domain.catalog import Feature, FeatureType, MeterType
from usance.domain.entitlements.access import DenialReason, check, windows_of
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import Across, Combine, FeatureRules, Kind, kind_of
from usance.domain.entitlements.resolve import Effective, resolve
from usance.domain.entitlements.sources import Level, Source
from usance.domain.errors import Invalid
from usance.domain.ids import FeatureId

Case = tuple[FeatureRules, list[Source]]
AMOUNTS = st.integers(0, 60).map(lambda n: Decimal(n) / 2)
METERED = FeatureRules(kind=Kind.METERED)
CONFIGURED = FeatureRules(kind=Kind.CONFIGURATION)
OFTEN = settings(max_examples=3 * settings().max_examples)  # few sources meet by chance
SITES = st.sampled_from([None, "site", "elsewhere"])


def plan(limit: int | None, **terms: object) -> Source:
    """What the plan of a subscription gives."""
    return source("plan", Level.PLAN, limit, **{"subscription_id": "sub", **terms})


def add_on(limit: int | None, **terms: object) -> Source:
    """What an add-on of the same subscription gives."""
    return source("add-on", Level.ADD_ON, limit, **{"subscription_id": "sub", **terms})


def promotion(limit: int | None, **terms: object) -> Source:
    """What was given to the customer."""
    return source("promotion", Level.PROMOTION, limit, **terms)


def source(ident: str, level: Level, limit: int | None, **terms: object) -> Source:
    """A source of a number."""
    allowance = Allowance(None if limit is None else Decimal(limit))
    plain = Source(id=ident, level=level, allowance=allowance)
    return replace(plain, **terms)  # type: ignore[arg-type]


def limit_of(found: Effective) -> Decimal | None:
    """The one limit."""
    (allowance,) = found.allowances
    return allowance.limit


def never_takes_away(feature: FeatureRules, added: Source) -> bool:
    """True for what is promised never to take access away."""
    if added.level is Level.PROMOTION or added.subscription_id == "new":
        return True
    rule = added.combine or feature.add_ons
    return added.level is Level.ADD_ON and rule is not Combine.REPLACE


@OFTEN
@given(cases(), st.data(), MOMENTS, SITES)
def test_generosity_is_monotone(
    case: Case, data: st.DataObject, at: datetime, site: str | None
) -> None:
    """a grant, another subscription or an add-on that adds never takes access away"""
    feature, had = case
    more = replace(data.draw(sources("more", feature)), effective_at=START, expires_at=None)
    if data.draw(st.booleans()) and more.level is not Level.PROMOTION:
        more = replace(more, subscription_id="new")
    assume(never_takes_away(feature, more))
    before = resolve(feature, had, at=at, resource_id=site)
    after = resolve(feature, [*had, more], at=at, resource_id=site)
    windows = windows_of(before, at) | windows_of(after, at)
    used = {window: data.draw(AMOUNTS) for window in sorted(windows, key=str)}
    request, values = data.draw(AMOUNTS), data.draw(VALUES)
    asked = values if feature.kind is Kind.ENUM else frozenset()

    then = check(before, used, at=at, requested_usage=request, requested_values=asked)
    now = check(after, used, at=at, requested_usage=request, requested_values=asked)

    assert now.has_access or not then.has_access
    assert before.values <= after.values
    for each in before.allowances:
        assert any(is_no_worse(other, each, feature) for other in after.allowances)


def is_no_worse(one: Allowance, other: Allowance, feature: FeatureRules) -> bool:
    """True when `one` lets all through that `other` does, whatever was used."""
    if one.limit is None:
        return True
    if other.limit is None or one.reset != other.reset or one.is_soft < other.is_soft:
        return False
    return one.limit <= other.limit if feature.is_lower_generous else one.limit >= other.limit


@OFTEN
@given(cases(), MOMENTS, st.integers(0, 3000), SITES, AMOUNTS)
def test_an_answer_holds_until_it_says(
    case: Case, at: datetime, later: int, site: str | None, used: Decimal
) -> None:
    """an answer is the same at every instant until it says it may change"""
    feature, had = case
    then = at + timedelta(minutes=later)
    answer = check(resolve(feature, had, at=at, resource_id=site), used, at=at)
    assert answer.valid_until is None or at < answer.valid_until
    if answer.valid_until is None or then < answer.valid_until:
        assert answer == check(resolve(feature, had, at=then, resource_id=site), used, at=then)


@given(cases(), MOMENTS, SITES)
def test_nobody_may_use_a_disabled_feature(case: Case, at: datetime, site: str | None) -> None:
    """what a disabled feature has as sources changes nothing: nobody may use it"""
    feature, had = case
    found = resolve(replace(feature, is_disabled=True), had, at=at, resource_id=site)
    assert check(found, at=at).denial_reason is DenialReason.REVOKED


@given(cases(), MOMENTS, st.randoms(use_true_random=False))
def test_the_order_of_sources_does_not_matter(
    case: Case, at: datetime, chance: st.DataObject
) -> None:
    """sources count the same in whatever order they are told"""
    feature, had = case
    told = sorted(had, key=lambda _: chance.random())  # type: ignore[attr-defined]
    one, other = resolve(feature, had, at=at), resolve(feature, told, at=at)
    assert set(one.allowances) == set(other.allowances)
    assert replace(one, allowances=()) == replace(other, allowances=())


def test_add_ons_are_added_before_the_most_generous_is_taken() -> None:
    trial = plan(9000, id="trial", subscription_id="trial", is_trial=True)
    had = [plan(10_000), add_on(1000, quantity=2), promotion(11_500), trial]
    found = resolve(METERED, had, at=START)
    assert limit_of(found) == 12_000
    assert found.origins == {"plan", "add-on"}


def test_an_override_lowers_what_generosity_would_keep() -> None:
    override = source("agreed", Level.SUBSCRIPTION, 8000, subscription_id="sub")
    assert limit_of(resolve(METERED, [plan(10_000), override], at=START)) == 8000


def test_an_override_can_take_a_feature_away() -> None:
    switch = FeatureRules(kind=Kind.BOOLEAN)
    off = Source(id="off", level=Level.SUBSCRIPTION, subscription_id="sub", is_granted=False)
    found = resolve(switch, [plan(None), off], at=START)
    assert not found.is_granted
    assert found.origins == {"off"}


def test_a_plan_stands_over_the_plan_it_inherits_from() -> None:
    inherited = plan(500, id="parent", generation=1)
    assert limit_of(resolve(METERED, [inherited, plan(100)], at=START)) == 100


@pytest.mark.parametrize(
    ("rule", "limit"), [(Combine.ADD, 130), (Combine.MAX, 100), (Combine.REPLACE, 30)]
)
def test_what_an_add_on_does_with_the_plan(rule: Combine, limit: int) -> None:
    had = [plan(100), add_on(10, quantity=3)]
    assert limit_of(resolve(replace(METERED, combine=rule), had, at=START)) == limit
    had[1] = replace(had[1], combine=rule)
    assert limit_of(resolve(METERED, had, at=START)) == limit


def test_an_add_on_counts_in_the_windows_of_its_plan() -> None:
    daily = plan(100, allowance=Allowance(Decimal(100), reset=DAILY))
    more = add_on(10, allowance=Allowance(Decimal(10), is_soft=True, reset=MONTHLY))
    found = resolve(METERED, [daily, more], at=START)
    assert found.allowances == (Allowance(Decimal(110), is_soft=True, reset=DAILY),)
    assert resolve(METERED, [more], at=START).allowances == (more.allowance,)


def test_limits_of_different_windows_stand_side_by_side() -> None:
    daily = plan(100, allowance=Allowance(Decimal(100), reset=DAILY))
    monthly = promotion(1000, allowance=Allowance(Decimal(1000), reset=MONTHLY))
    found = resolve(METERED, [daily, monthly], at=START)
    assert {each.reset for each in found.allowances} == {DAILY, MONTHLY}
    assert limit_of(resolve(METERED, [daily, promotion(None)], at=START)) is None


def test_unlimited_beats_every_limit() -> None:
    found = resolve(METERED, [plan(1000), promotion(None)], at=START)
    assert limit_of(found) is None
    assert found.origins == {"promotion"}


def test_a_soft_limit_stays_soft_beside_a_larger_hard_one() -> None:
    soft = plan(100, allowance=Allowance(Decimal(100), is_soft=True))
    found = resolve(METERED, [soft, promotion(200)], at=START)
    assert found.allowances == (Allowance(Decimal(200), is_soft=True),)
    assert found.origins == {"plan", "promotion"}


def test_subscriptions_add_up_where_the_feature_says_so() -> None:
    had = [plan(500), plan(800, id="second", subscription_id="second"), promotion(1000)]
    assert limit_of(resolve(METERED, had, at=START)) == 1000
    assert limit_of(resolve(replace(METERED, across=Across.SUM), had, at=START)) == 1300


def test_lower_may_be_more_generous() -> None:
    interval = replace(CONFIGURED, is_lower_generous=True)
    assert limit_of(resolve(interval, [plan(60), promotion(10)], at=START)) == 10
    assert limit_of(resolve(CONFIGURED, [plan(60), promotion(10)], at=START)) == 60


def test_lower_generosity_and_addition_do_not_go_together() -> None:
    with pytest.raises(Invalid, match="isLowerGenerous"):
        FeatureRules(kind=Kind.METERED, is_lower_generous=True)
    with pytest.raises(Invalid, match="isLowerGenerous"):
        replace(CONFIGURED, is_lower_generous=True, across=Across.SUM)


def test_values_of_a_list_are_joined() -> None:
    listed = FeatureRules(kind=Kind.ENUM)
    had = [
        plan(None, values=frozenset({"red"})),
        add_on(None, values=frozenset({"green"})),
        promotion(None, values=frozenset({"blue"}), resource_id="site"),
    ]
    assert resolve(listed, had, at=START).values == {"red", "green"}
    assert resolve(listed, had, at=START, resource_id="site").values == {"red", "green", "blue"}


def test_a_source_counts_from_its_first_instant_and_not_at_its_last() -> None:
    week = START + timedelta(days=7)
    had = [plan(1000), promotion(5000, effective_at=START, expires_at=week)]
    early = START - timedelta(seconds=1)
    assert limit_of(resolve(METERED, had, at=early)) == 1000
    assert resolve(METERED, had, at=early).valid_until == START
    assert limit_of(resolve(METERED, had, at=START)) == 5000
    assert resolve(METERED, had, at=START).valid_until == week
    assert limit_of(resolve(METERED, had, at=week)) == 1000


def test_the_end_of_a_source_that_does_not_matter_changes_nothing() -> None:
    had = [plan(1000), promotion(500, expires_at=START + timedelta(days=7))]
    assert resolve(METERED, had, at=START).valid_until is None


def test_a_number_without_a_limit_is_zero() -> None:
    assert limit_of(resolve(METERED, [plan(None, allowance=None)], at=START)) == 0


@pytest.mark.parametrize(
    ("terms", "path"),
    [({"quantity": 0}, "quantity"), ({"effective_at": START, "expires_at": START}, "expiresAt")],
)
def test_a_source_that_makes_no_sense_is_refused(terms: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid, match=path):
        plan(1, **terms)


@pytest.mark.parametrize("limit", ["-1", "NaN", "Infinity"])
def test_a_limit_is_a_number_from_zero(limit: str) -> None:
    with pytest.raises(Invalid, match="usageLimit"):
        Allowance(Decimal(limit))


@pytest.mark.parametrize(
    ("feature_type", "meter_type", "kind"),
    [
        (FeatureType.BOOLEAN, MeterType.NONE, Kind.BOOLEAN),
        (FeatureType.ENUM, MeterType.NONE, Kind.ENUM),
        (FeatureType.NUMBER, MeterType.NONE, Kind.CONFIGURATION),
        (FeatureType.NUMBER, MeterType.FLUCTUATING, Kind.METERED),
        (FeatureType.NUMBER, MeterType.INCREMENTAL, Kind.METERED),
    ],
)
def test_the_kind_of_a_catalogue_feature(
    feature_type: FeatureType, meter_type: MeterType, kind: Kind
) -> None:
    feature = Feature(
        id=FeatureId("f"), display_name="F", feature_type=feature_type, meter_type=meter_type
    )
    assert kind_of(feature) is kind
