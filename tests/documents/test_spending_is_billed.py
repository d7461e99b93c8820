"""What is held against a budget is what the bill will say, whatever was sold and used."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from usance.documents.billing_notation import Frame as Days
from usance.documents.order_lines import line_from
from usance.documents.subscription_billing import Frame, wanted_lines
from usance.domain.calendar import Period, month_after
from usance.domain.catalog import (
    Aggregation,
    Feature,
    Meter,
    MeterType,
    UnitRounding,
    UnitTransformation,
)
from usance.domain.contracts.order import OrderLine
from usance.domain.contracts.terms import Scope
from usance.domain.due_items import LineKind
from usance.domain.entitlements.from_subscriptions import Offered, PackageKey, given_by
from usance.domain.entitlements.holdings import Counted, Holdings
from usance.domain.entitlements.spending import on_demand, spent
from usance.domain.ids import CustomerId, FeatureId, PackageId, ProductId
from usance.domain.money import currency
from usance.domain.plans.charges import (
    BillingModel,
    BillingPeriod,
    Charge,
    ChargeTier,
    OverageBilling,
    TiersMode,
)
from usance.domain.plans.entitlements import Behavior, PackageEntitlement, ResetPeriod
from usance.domain.plans.package import Package, PackageKind, PackagePricing, PricingType
from usance.domain.rating.rate import rate_line
from usance.domain.subscriptions.sold import Sold
from usance.domain.subscriptions.subscription import Subscription, Version
from usance.domain.subscriptions.terms import (
    AddonQuantity,
    AppliedCoupon,
    EntitlementOverride,
    PriceOverride,
    Terms,
)

START = datetime(2025, 1, 10, tzinfo=UTC)
YEAR = Period(date(2025, 1, 10), date(2026, 1, 10))
EURO = currency("EUR")
MONTHLY, ANNUALLY = BillingPeriod.MONTHLY, BillingPeriod.ANNUALLY
NAMES = ("calls", "storage")
ADDON = PackageId("extra")
PLAN = PackageId("plan")

amounts = st.integers(0, 500).map(lambda cents: Decimal(cents) / 100)
sizes = st.integers(1, 30).map(Decimal)


def tiers(least: Decimal, first: Decimal, second: Decimal, flat: Decimal | None) -> Any:
    return (ChargeTier(least, first, flat), ChargeTier(None, second))


tiered = st.builds(tiers, sizes, amounts, amounts, st.one_of(st.none(), amounts))


@st.composite
def charges(draw: st.DrawFn, name: str, period: BillingPeriod) -> Charge:
    """A price of what is used: a unit, a block, or tiers."""
    kind = draw(st.sampled_from(["unit", "block", TiersMode.VOLUME, TiersMode.GRADUATED]))
    is_tiered = kind in (TiersMode.VOLUME, TiersMode.GRADUATED)
    return Charge(
        id=name,
        created_at=START,
        model=BillingModel.USAGE_BASED,
        period=period,
        currency="EUR",
        feature_id=FeatureId(name),
        amount=None if is_tiered else draw(amounts),
        block_size=draw(sizes) if kind == "block" else None,
        tiers=draw(tiered) if is_tiered else (),
        tiers_mode=TiersMode(kind) if is_tiered else None,
    )


@st.composite
def pricings(draw: st.DrawFn, kind: PricingType) -> PackagePricing:
    """Some features by use, some by what is beyond a limit, for a month, a year or both."""
    used: list[Charge] = []
    over: list[Charge] = []
    for name in NAMES:
        periods = draw(st.lists(st.sampled_from([MONTHLY, ANNUALLY]), max_size=2, unique=True))
        goes_to = draw(st.sampled_from([used, over]))
        goes_to += [draw(charges(name, period)) for period in periods]
    return PackagePricing(
        type=kind,
        charges=tuple(used),
        overages=tuple(over),
        overage_billing=draw(st.sampled_from([None, *OverageBilling])),
    )


@st.composite
def entitlements(draw: st.DrawFn, *, is_addon: bool) -> tuple[PackageEntitlement, ...]:
    return tuple(
        PackageEntitlement(
            feature_id=FeatureId(name),
            created_at=START,
            updated_at=START,
            usage_limit=None if (is_endless := draw(st.integers(0, 9)) == 0) else draw(sizes),
            has_unlimited_usage=is_endless,
            reset_period=draw(
                st.sampled_from([None, ResetPeriod.MONTH, ResetPeriod.YEAR, ResetPeriod.WEEK])
            ),
            behavior=draw(st.sampled_from(list(Behavior))) if is_addon else Behavior.INCREMENT,
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    )


@st.composite
def features(draw: st.DrawFn, name: str) -> Feature:
    """Counted by a meter; sold as it is reported, or by several."""
    by = draw(st.sampled_from([1, 10]))
    rounding = draw(st.sampled_from(list(UnitRounding)))
    return Feature(
        id=FeatureId(name),
        display_name=name,
        meter_type=draw(st.sampled_from([MeterType.INCREMENTAL, MeterType.FLUCTUATING])),
        meter=Meter(name, Aggregation.SUM, "n"),
        unit_transformation=None if by == 1 else UnitTransformation(by, rounding, "k"),
    )


@st.composite
def agreed(draw: st.DrawFn) -> Terms:
    """Terms of a year or a month, with prices and limits that were agreed and a percentage off."""
    name = FeatureId(draw(st.sampled_from(NAMES)))
    prices = st.builds(PriceOverride, feature_id=st.just(name), amount=amounts) | st.builds(
        PriceOverride,
        feature_id=st.just(name),
        tiers=tiered,
        tiers_mode=st.sampled_from([None, *TiersMode]),
    )
    of_addon = draw(st.booleans())
    limits = st.builds(EntitlementOverride, feature_id=st.just(name), usage_limit=sizes)
    off = AppliedCoupon(id=None, name="off", applied_at=START, percent_off=Decimal(20))
    price = draw(st.none() | prices)
    if price is not None and of_addon:
        price = PriceOverride(
            feature_id=name, addon_id=ADDON, amount=price.amount, tiers=price.tiers
        )
    limit = draw(st.none() | limits)
    return Terms(
        plan_version=1,
        addons=(AddonQuantity(ADDON, 1, draw(st.integers(1, 3))),),
        billing_period=draw(st.sampled_from([MONTHLY, ANNUALLY])),
        currency="EUR",
        prices=() if price is None else (price,),
        overrides=() if limit is None else (limit,),
        coupon=draw(st.sampled_from([None, off])),
    )


@st.composite
def packages(draw: st.DrawFn, kind: PackageKind) -> Package:
    is_addon = kind is PackageKind.ADDON
    return Package(
        kind=kind,
        id=ADDON if is_addon else PLAN,
        product_id=ProductId("app"),
        version=1,
        display_name="Sold",
        pricing=draw(pricings(PricingType.PAID)),
        entitlements=draw(entitlements(is_addon=is_addon)),
    )


used_by_month = st.fixed_dictionaries(
    {name: st.lists(st.integers(0, 60), min_size=12, max_size=12) for name in NAMES}
)


@settings(max_examples=150, deadline=None)
@given(
    plan=packages(PackageKind.PLAN),
    addon=packages(PackageKind.ADDON),
    of=st.tuples(*map(features, NAMES)),
    terms=agreed(),
    used=used_by_month,
)
def test_what_is_spent_is_what_the_usage_lines_of_the_bill_come_to(
    plan: Package, addon: Package, of: tuple[Feature, ...], terms: Terms, used: dict[str, list[int]]
) -> None:
    known = {each.id: each for each in of}
    sold = Sold(plan=plan, addons=((addon, terms.addons[0].quantity),), features=known)
    lines = list(billed(sold, terms))
    months = range(12) if terms.billing_period is MONTHLY else [11]
    counted = [counted_against(plan, addon, known, terms, used, month) for month in months]
    by_year = [line for line in lines if line.cadence is not None and line.cadence.months == 12]
    whole = sum((amount(line, used, month) for line in lines for month in range(12)), Decimal(0))
    if terms.billing_period is MONTHLY and not by_year:
        for month in range(12):
            bill = sum((amount(line, used, month) for line in lines), Decimal(0))
            assert near(counted[month], bill)
    assert near(sum(counted, Decimal(0)), whole)


def billed(sold: Sold, terms: Terms) -> Any:
    """The usage lines of the bill, read as an order's are."""
    coupon_on = None if terms.coupon is None else YEAR.start
    frame = Frame(YEAR.start, YEAR.start, YEAR.end, coupon_on)
    for plain in wanted_lines(sold, terms, frame):
        line = line_from(plain, "", frame=Days(YEAR, EURO))
        if line.kind is LineKind.USAGE:
            yield line


def amount(line: OrderLine, used: dict[str, list[int]], month: int) -> Decimal:
    """What a line comes to in that month, before rounding; one of a year in its last."""
    assert line.feature_id is not None
    assert line.cadence is not None
    months = used[line.feature_id]
    already, quantity = 0, months[month]
    if line.cadence.months == 12:
        if month < 11:
            return Decimal(0)
        quantity = sum(months)
    elif line.tier_scope is Scope.TERM:
        already = sum(months[:month])
    [segment] = line.segments
    rated = rate_line(
        segment.pricing,
        Decimal(quantity),
        currency=EURO,
        already=Decimal(already),
        is_measured=True,
    )
    return Decimal(str(rated.working.every("rounding")[0].facts["exact"]))


def counted_against(
    plan: Package,
    addon: Package,
    known: dict[FeatureId, Feature],
    terms: Terms,
    used: dict[str, list[int]],
    month: int,
) -> Decimal:
    """What is spent at the end of that month."""
    version = Version(number=1, effective_at=START, terms=terms, created_at=START)
    subscription = Subscription(
        id="s",
        customer_id=CustomerId("c"),
        plan_id=PLAN,
        product_id=plan.product_id,
        pricing_type=PricingType.PAID,
        starts_at=START,
        anchor=START,
        versions=(version,),
    )
    offered = Offered({PackageKey(each.kind, each.id, 1): each for each in (plan, addon)}, {})
    given: dict[FeatureId, tuple[Any, ...]] = {}
    for each in given_by(subscription, offered, known):
        given[each.feature_id] = (*given.get(each.feature_id, ()), each)
    holdings = Holdings(
        customer_id=subscription.customer_id,
        subscriptions=(subscription,),
        offered=offered,
        given=given,
        features={name: known[name] for name in given},
        known=known,
    )
    at = datetime.combine(month_after(YEAR.start, month + 1), START.timetz()) - timedelta(hours=1)
    charged = on_demand(holdings, subscription, at)
    wanted = {each for charge in charged for each in charge.counted}
    return spent(charged, {each: Decimal(_sum(each, used)) for each in wanted})


def _sum(counted: Counted, used: dict[str, list[int]]) -> int:
    """What was used in a window, all of a month at its start."""
    assert counted.window is not None
    assert counted.window.end is not None
    start, end = counted.window.start, counted.window.end
    begins = [
        datetime.combine(month_after(YEAR.start, month), START.timetz()) for month in range(12)
    ]
    return sum(
        units
        for begin, units in zip(begins, used[counted.feature_id], strict=True)
        if start <= begin < end
    )


def near(one: Decimal, other: Decimal) -> bool:
    """The same but for the last of fifty digits."""
    return abs(one - other) < Decimal("1e-12")
