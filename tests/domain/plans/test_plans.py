"""Plans, add-ons, coupons: what can be offered, and what cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import DomainError, Invalid, NotFound
from usance.domain.ids import FeatureId, PackageId, ProductId
from usance.domain.plans.charges import (
    BillingModel,
    BillingPeriod,
    Charge,
    ChargeTier,
    TiersMode,
)
from usance.domain.plans.copies import copied_package
from usance.domain.plans.entitlements import PackageEntitlement
from usance.domain.plans.package import (
    EntitlementExists,
    Package,
    PackageKind,
    entitled,
    inheritance_problems,
    with_entitlement,
    with_overages_allowed,
    without_entitlement,
)
from usance.domain.rating.prices import Flat, Graduated, PerUnit, Volume
from usance.domain.rating.prices import Package as Blocks

THEN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.sampled_from("abcd").map(FeatureId)
PRO = Package(
    kind=PackageKind.PLAN,
    id=PackageId("pro"),
    product_id=ProductId("app"),
    version=3,
    display_name="Pro",
)


def granted(feature_id: FeatureId) -> PackageEntitlement:
    return PackageEntitlement(feature_id=feature_id, created_at=THEN, updated_at=THEN)


def edits() -> st.SearchStrategy[list[tuple[Callable[[Package], Package], str]]]:
    """Edits of a draft, with what they name."""

    def edit(name: FeatureId, kind: int) -> tuple[Callable[[Package], Package], str]:
        edits: list[Callable[[Package], Package]] = [
            lambda draft: entitled(draft, [granted(name)]),
            lambda draft: with_entitlement(draft, granted(name)),
            lambda draft: without_entitlement(draft, name),
            with_overages_allowed,
        ]
        return edits[kind], name

    return st.lists(st.builds(edit, NAMES, st.integers(0, 3)), max_size=12)


def edited(draft: Package, steps: list[tuple[Callable[[Package], Package], str]]) -> Package:
    """The draft after those steps that are allowed."""
    for change, _ in steps:
        try:
            draft = change(draft)
        except (EntitlementExists, NotFound):
            continue
    return draft


@given(edits())
def test_an_edited_draft_stays_the_same_package_in_the_same_version(
    steps: list[tuple[Callable[[Package], Package], str]],
) -> None:
    after = edited(PRO, steps)
    assert (after.kind, after.id, after.product_id, after.version) == (
        PRO.kind,
        PRO.id,
        PRO.product_id,
        PRO.version,
    )


@given(edits())
def test_a_feature_stands_at_most_once_among_the_entitlements_of_a_package(
    steps: list[tuple[Callable[[Package], Package], str]],
) -> None:
    names = [each.feature_id for each in edited(PRO, steps).entitlements]
    assert len(set(names)) == len(names)
    if names:
        with pytest.raises(Invalid):
            replace(PRO, entitlements=(granted(names[0]), granted(names[0])))


@given(st.lists(st.tuples(st.integers(0, 6), st.none() | st.integers(0, 6)), max_size=30))
def test_no_plan_inherits_from_itself_whatever_others_inherit_from_it(
    changes: list[tuple[int, int | None]],
) -> None:
    parents: dict[PackageId, PackageId | None] = {}
    for child, parent in changes:
        above = None if parent is None else PackageId(f"p{parent}")
        plan_id = PackageId(f"p{child}")
        try:
            plan = replace(PRO, id=plan_id, parent_id=above)
        except Invalid:
            continue
        if not list(inheritance_problems(plan, parents.get)):
            parents[plan_id] = above
    for plan_id in parents:
        above, seen = parents[plan_id], set()
        while above is not None:
            assert above != plan_id
            assert above not in seen
            seen.add(above)
            above = parents.get(above)


amounts = st.none() | st.decimals(0, 1000, places=3)
tiers = st.lists(
    st.builds(ChargeTier, st.none() | st.decimals(1, 100, places=0), amounts, amounts), max_size=3
)


@given(amounts, tiers.map(tuple), st.none() | st.sampled_from(TiersMode))
def test_a_charge_states_one_price_an_amount_or_tiers_that_end_open(
    amount: Decimal | None, tiers: tuple[ChargeTier, ...], mode: TiersMode | None
) -> None:
    try:
        made = charge(amount=amount, tiers=tiers, tiers_mode=mode)
    except Invalid:
        return
    assert (made.amount is None) == bool(made.tiers)
    if made.tiers:
        assert made.tiers[-1].up_to is None
        assert isinstance(made.price(), Volume | Graduated)
    else:
        assert made.price() == PerUnit(made.amount or Decimal(0))


def charge(**more: object) -> Charge:
    values: dict[str, object] = {
        "id": "chg_1",
        "created_at": THEN,
        "model": BillingModel.PER_UNIT,
        "period": BillingPeriod.MONTHLY,
        "currency": "USD",
        "feature_id": FeatureId("seats"),
    }
    return Charge(**{**values, **more})  # type: ignore[arg-type]


def test_a_charge_prices_as_contracts_do() -> None:
    flat = charge(model=BillingModel.FLAT_FEE, feature_id=None, amount=Decimal(49))
    assert flat.price() == Flat(Decimal(49))
    assert charge(amount=Decimal(9), block_size=Decimal(100)).price() == Blocks(
        Decimal(100), Decimal(9)
    )


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({}, "price"),
        ({"amount": Decimal(-1)}, "price.amount"),
        ({"amount": Decimal(1), "currency": "XXQ"}, "price.currency"),
        ({"amount": Decimal(1), "country": "QQ"}, "billingCountryCode"),
        ({"amount": Decimal(1), "block_size": Decimal(0)}, "blockSize"),
        ({"amount": Decimal(1), "min_units": 5, "max_units": 4}, "maxUnitQuantity"),
        ({"amount": Decimal(1), "feature_id": None}, "featureId"),
    ],
)
def test_a_wrong_charge_says_where(more: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        charge(**more)
    assert path in [problem.path for problem in refused.value.problems]


def test_a_copy_names_the_copies() -> None:
    plan = replace(PRO, parent_id=PackageId("base"), compatible_addon_ids=(PackageId("seats"),))
    copy = copied_package(plan, ProductId("eu"))
    assert (copy.id, copy.product_id, copy.version) == ("eu-pro", "eu", 1)
    assert (copy.parent_id, copy.compatible_addon_ids) == ("eu-base", ("eu-seats",))


def test_what_is_not_entitled_cannot_be_taken() -> None:
    with pytest.raises(DomainError):
        without_entitlement(PRO, FeatureId("a"))
