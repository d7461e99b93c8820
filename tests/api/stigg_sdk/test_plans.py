"""Plans and add-ons, through Stigg's SDK: drafted, priced, published, never changed after."""

from __future__ import annotations

from typing import Any

import pytest
from stigg import ConflictError, NotFoundError, Stigg, UnprocessableEntityError

Body = dict[str, Any]
FLAT: Any = {
    "billing_model": "FLAT_FEE",
    "price_periods": [
        {"billing_period": "MONTHLY", "price": {"amount": 49.9, "currency": "usd"}},
        {"billing_period": "ANNUALLY", "price": {"amount": 499, "currency": "usd"}},
        {
            "billing_period": "MONTHLY",
            "price": {"amount": 45, "currency": "eur"},
            "billing_country_code": "DE",
        },
    ],
}
SEATS: Any = {
    "billing_model": "PER_UNIT",
    "feature_id": "seats",
    "min_unit_quantity": 1,
    "max_unit_quantity": 50,
    "tiers_mode": "GRADUATED",
    "price_periods": [
        {
            "billing_period": "MONTHLY",
            "tiers": [
                {"up_to": 10, "unit_price": {"amount": 9, "currency": "usd"}},
                {"unit_price": {"amount": 7.25, "currency": "usd"}},
            ],
        }
    ],
}
CALLS: Any = {
    "billing_model": "USAGE_BASED",
    "feature_id": "calls",
    "reset_period": "MONTH",
    "monthly_reset_period_configuration": {"according_to": "StartOfTheMonth"},
    "price_periods": [
        {
            "billing_period": "MONTHLY",
            "price": {"amount": 0.002, "currency": "usd"},
            "block_size": 1000,
        }
    ],
}
OVERAGE: Any = {
    "entitlement": {"feature_id": "storage", "usage_limit": 100},
    "price_periods": [{"billing_period": "MONTHLY", "price": {"amount": 0.5, "currency": "usd"}}],
}


@pytest.fixture
def offered(stigg: Stigg) -> Stigg:
    """A product with features, and nothing to buy yet."""
    make = stigg.v1.features.create_feature
    stigg.v1.products.create_product(id="app", display_name="App")
    make(id="seats", display_name="Seats", feature_type="NUMBER", meter_type="FLUCTUATING")
    make(id="storage", display_name="Storage", feature_type="NUMBER", meter_type="FLUCTUATING")
    make(id="calls", display_name="Calls", feature_type="NUMBER", meter_type="INCREMENTAL")
    make(id="login", display_name="Single sign-on", feature_type="BOOLEAN")
    make(
        id="region",
        display_name="Region",
        feature_type="ENUM",
        enum_configuration=[{"value": "eu", "display_name": "Europe"}],
    )
    return stigg


def draft(stigg: Stigg, plan_id: str = "pro", **more: Any) -> str:
    """A paid plan's draft; its id."""
    stigg.v1.plans.create(
        **{
            "id": plan_id,
            "display_name": "Pro",
            "product_id": "app",
            "pricing_type": "PAID",
            **more,
        }
    )
    return plan_id


def test_a_plan_is_drafted_priced_and_published(offered: Stigg) -> None:
    plans = offered.v1.plans
    made = plans.create(
        id="pro",
        display_name="Pro",
        product_id="app",
        description="For teams",
        metadata={"rank": "2"},
        pricing_type="PAID",
        status="DRAFT",
        default_trial_config={
            "duration": 14,
            "units": "DAY",
            "trial_end_behavior": "CONVERT_TO_PAID",
            "budget": {"limit": 100, "has_soft_limit": True},
        },
    ).data
    assert (made.status, made.version_number, made.pricing_type) == ("DRAFT", 1, "PAID")
    assert made.default_trial_config is not None
    assert made.default_trial_config.duration == 14
    with pytest.raises(UnprocessableEntityError) as unpriced:
        plans.publish("pro", migration_type="NEW_CUSTOMERS")
    assert "NotPriced" in str(unpriced.value)
    edited = plans.update(
        "pro",
        display_name="Professional",
        charges={
            "pricing_type": "PAID",
            "pricing_models": [FLAT, SEATS, CALLS],
            "overage_pricing_models": [OVERAGE],
            "overage_billing_period": "MONTHLY",
            "minimum_spend": [
                {"billing_period": "MONTHLY", "minimum": {"amount": 20, "currency": "usd"}}
            ],
        },
    ).data
    assert (edited.display_name, edited.version_number) == ("Professional", 1)
    assert {each.id for each in edited.entitlements} == {"calls", "storage"}
    assert plans.publish("pro", migration_type="NEW_CUSTOMERS").data.task_id is None
    assert (plans.retrieve("pro").data.status, plans.retrieve("pro").data.is_latest) == (
        "PUBLISHED",
        True,
    )


def test_charges_are_listed_a_row_a_price(offered: Stigg) -> None:
    plans = offered.v1.plans
    draft(offered)
    plans.update(
        "pro",
        charges={
            "pricing_type": "PAID",
            "pricing_models": [FLAT, SEATS, CALLS],
            "overage_pricing_models": [OVERAGE],
        },
    )
    charges = list(plans.list_charges("pro", limit=2))
    assert [(each.billing_model, each.billing_period) for each in charges] == [
        ("FLAT_FEE", "MONTHLY"),
        ("FLAT_FEE", "ANNUALLY"),
        ("FLAT_FEE", "MONTHLY"),
        ("PER_UNIT", "MONTHLY"),
        ("USAGE_BASED", "MONTHLY"),
    ]
    assert charges[0].price is not None
    assert (charges[0].price.amount, charges[0].price.currency) == (49.9, "usd")
    assert charges[2].billing_country_code == "DE"
    tiers = charges[3].tiers or []
    assert [(each.up_to, each.unit_price and each.unit_price.amount) for each in tiers] == [
        (10, 9),
        (None, 7.25),
    ]
    assert (charges[3].min_unit_quantity, charges[3].max_unit_quantity) == (1, 50)
    assert charges[4].block_size == 1000
    (overage,) = plans.list_overage_charges("pro")
    assert (overage.feature_id, overage.price and overage.price.amount) == ("storage", 0.5)
    limits = {
        each.id: each for each in plans.entitlements.list("pro").data if each.type == "FEATURE"
    }
    assert limits["storage"].has_soft_limit, "what is charged beyond a limit is not denied there"
    assert limits["calls"].reset_period == "MONTH"
    plans.update("pro", charges={"pricing_type": "CUSTOM"})
    assert list(plans.list_charges("pro")) == []


def test_a_published_version_never_changes(offered: Stigg) -> None:
    plans = offered.v1.plans
    draft(offered)
    plans.update("pro", charges={"pricing_type": "PAID", "pricing_models": [FLAT]})
    plans.publish("pro", migration_type="NEW_CUSTOMERS")
    with pytest.raises(ConflictError) as refused:
        plans.update("pro", display_name="Other")
    assert "NoDraft" in str(refused.value)
    assert plans.create_draft("pro").data.version_number == 2
    assert plans.create_draft("pro").data.version_number == 2, "the one that is open"
    plans.update("pro", display_name="Other")
    assert [each.display_name for each in plans.list(status=["PUBLISHED"])] == ["Pro"]
    assert [each.display_name for each in plans.list(status=["DRAFT"])] == ["Other"]
    assert plans.remove_draft("pro").data.id == "pro"
    assert plans.retrieve("pro").data.display_name == "Pro"
    with pytest.raises(ConflictError):
        plans.remove_draft("pro")
    plans.create_draft("pro")
    task = plans.publish("pro", migration_type="ALL_CUSTOMERS").data.task_id
    assert task is not None
    assert task.startswith("task_")


def test_entitlements_are_added_changed_and_taken_away(offered: Stigg) -> None:
    entitlements = offered.v1.plans.entitlements
    draft(offered)
    added = entitlements.create(
        "pro",
        entitlements=[
            {"id": "login", "type": "FEATURE"},
            {
                "id": "calls",
                "type": "FEATURE",
                "usage_limit": 1000,
                "has_soft_limit": True,
                "reset_period": "WEEK",
                "weekly_reset_period_configuration": {"according_to": "EveryMonday"},
                "hidden_from_widgets": ["PAYWALL"],
                "order": 2,
                "display_name_override": "Requests",
            },
            {"id": "region", "type": "FEATURE", "enum_values": ["eu"]},
        ],
    ).data
    assert [each.id for each in added] == ["login", "calls", "region"]
    changed = entitlements.update(
        "calls", plan_id="pro", type="FEATURE", has_unlimited_usage=True, is_custom=True
    ).data
    assert changed.type == "FEATURE"
    assert (changed.has_unlimited_usage, changed.usage_limit) == (True, None)
    assert changed.reset_period_configuration is not None
    assert changed.reset_period_configuration.according_to == "EveryMonday"
    assert entitlements.delete("login", plan_id="pro").data.id == "login"
    assert [each.id for each in entitlements.list("pro").data] == ["calls", "region"]
    with pytest.raises(NotFoundError):
        entitlements.delete("login", plan_id="pro")
    with pytest.raises(ConflictError) as twice:
        entitlements.create("pro", entitlements=[{"id": "region", "type": "FEATURE"}])
    assert "EntitlementExists" in str(twice.value)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"id": "none"}, "FeatureNotFound"),
        ({"id": "calls"}, "InvalidEntitlement"),
        ({"id": "login", "usage_limit": 3}, "InvalidEntitlement"),
        ({"id": "region", "enum_values": ["mars"]}, "InvalidEntitlement"),
        ({"id": "seats", "usage_limit": 3, "reset_period": "DAY"}, "InvalidEntitlement"),
        ({"id": "login", "behavior": "Override"}, "CannotAddOverrideEntitlementToPlan"),
        ({"id": "gold", "type": "CREDIT", "amount": 5, "cadence": "MONTH"}, "CreditCurrency"),
    ],
)
def test_an_entitlement_goes_with_its_feature(offered: Stigg, sent: Body, code: str) -> None:
    draft(offered)
    body: Any = {"type": "FEATURE", **sent}
    with pytest.raises(UnprocessableEntityError) as refused:
        offered.v1.plans.entitlements.create("pro", entitlements=[body])
    assert code in str(refused.value)


@pytest.mark.parametrize(
    "charges",
    [
        {"pricing_type": "FREE", "pricing_models": [FLAT]},
        {"pricing_type": "PAID", "pricing_models": [FLAT, FLAT]},
        {"pricing_type": "PAID", "pricing_models": [{**SEATS, "feature_id": "none"}]},
        {"pricing_type": "PAID", "pricing_models": [{**SEATS, "tiers_mode": None}]},
        {"pricing_type": "PAID", "pricing_models": [{**FLAT, "feature_id": "seats"}]},
        {"pricing_type": "PAID", "pricing_models": [{**CALLS, "feature_id": "login"}]},
        {"pricing_type": "PAID", "pricing_models": [{**FLAT, "billing_model": "CREDIT_BASED"}]},
    ],
)
def test_a_wrong_price_is_refused_where_it_stands(offered: Stigg, charges: Any) -> None:
    draft(offered)
    with pytest.raises(UnprocessableEntityError) as refused:
        offered.v1.plans.update("pro", charges=charges)
    body: Any = refused.value.body
    assert body["error"]["details"][0]["path"].startswith("charges.")
    assert list(offered.v1.plans.list_charges("pro")) == []


def test_plans_inherit_and_never_in_a_circle(offered: Stigg) -> None:
    draft(offered, "base", pricing_type="FREE")
    draft(offered, "pro", parent_plan_id="base")
    assert offered.v1.plans.retrieve("pro").data.parent_plan_id == "base"
    with pytest.raises(UnprocessableEntityError) as circle:
        offered.v1.plans.update("base", parent_plan_id="pro")
    assert "PlansCircularDependencyError" in str(circle.value)
    with pytest.raises(ConflictError) as used:
        offered.v1.plans.archive("base")
    assert "PackageInUse" in str(used.value)
    assert offered.v1.plans.archive("pro").data.status == "ARCHIVED"
    assert offered.v1.plans.archive("base").data.status == "ARCHIVED"
    with pytest.raises(ConflictError):
        offered.v1.plans.create_draft("base")


def test_an_add_on_has_a_life_of_its_own(offered: Stigg) -> None:
    addons = offered.v1.addons
    addons.create(id="extra", display_name="Extra", product_id="app", max_quantity=5)
    made = addons.create(id="more", display_name="More", product_id="app", pricing_type="PAID").data
    assert (made.status, made.max_quantity) == ("DRAFT", None)
    edited = addons.update(
        "more",
        dependencies=["extra"],
        max_quantity=3,
        charges={"pricing_type": "PAID", "pricing_models": [FLAT]},
    ).data
    assert (edited.dependencies, edited.max_quantity) == (["extra"], 3)
    added = addons.entitlements.create(
        "more",
        entitlements=[
            {"id": "calls", "type": "FEATURE", "usage_limit": 10, "behavior": "Override"}
        ],
    ).data
    assert added[0].behavior == "Override"
    addons.entitlements.update("calls", addon_id="more", type="FEATURE", usage_limit=20)
    (listed,) = addons.entitlements.list("more").data
    assert listed.type == "FEATURE"
    assert listed.usage_limit == 20
    assert addons.entitlements.delete("calls", addon_id="more").data.id == "calls"
    assert len(list(addons.list_charges("more"))) == 3
    assert addons.publish("more", migration_type="NEW_CUSTOMERS").data.task_id is None
    assert addons.create_draft("more").data.version_number == 2
    assert addons.remove_draft("more").data.id == "more"
    assert addons.retrieve("more").data.version_number == 1
    assert [each.id for each in addons.list(product_id="app", status=["PUBLISHED"])] == ["more"]
    with pytest.raises(ConflictError):
        addons.archive("extra")
    assert addons.archive("more").data.status == "ARCHIVED"
    with pytest.raises(ConflictError):
        addons.create(id="more", display_name="Again", product_id="app")
    with pytest.raises(NotFoundError):
        addons.create(id="lost", display_name="Lost", product_id="none")
