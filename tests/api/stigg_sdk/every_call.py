"""A story that calls each method of Stigg's SDK: a catalogue, customers, what they buy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stigg import ConflictError, NotFoundError, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.calls import Call, Meanwhile, Step, call, refuses, tells
from tests.api.stigg_sdk.offers import SEATS, flat
from tests.api.stigg_sdk.test_promotions import given

ASIDE = {
    "v1.credits.": "credits are a later part of provisioning",
    "v1.events.beta.": "budgets of entities are a later part of provisioning",
    "v1_beta.": "budgets of entities are a later part of provisioning",
    "v1.events.data_export.": "what is exported to warehouses is a later part",
}

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
BUYER = "nordlicht"  # of examples/company.yaml, whom our German entity bills
METERED: Any = {
    "billing_model": "USAGE_BASED",
    "feature_id": "api-calls",
    "price_periods": [{"billing_period": "MONTHLY", "price": {"amount": 0.01, "currency": "eur"}}],
}
FREE: Any = {"pricing_type": "FREE"}
PAID: Any = {
    "pricing_type": "PAID",
    "pricing_models": [flat(50), SEATS, METERED],
    "overage_pricing_models": [
        {
            "entitlement": {"feature_id": "storage", "usage_limit": 100},
            "price_periods": [
                {"billing_period": "MONTHLY", "price": {"amount": 0.5, "currency": "eur"}}
            ],
        }
    ],
}


def ten_calls(**more: Any) -> dict[str, Any]:
    """Ten calls a month."""
    return {"id": "calls", "type": "FEATURE", "usage_limit": 10, "reset_period": "MONTH", **more}


PRODUCTS: list[Step] = [
    call(
        "v1.products.create_product",
        id="app",
        display_name="App",
        multiple_subscriptions=True,
        metadata={"legalEntityId": "halden-de"},
    ),
    refuses(
        call("v1.products.create_product", id="app", display_name="App"),
        ConflictError,
        "ProductExists",
    ),
    tells(
        call("v1.products.update_product", "app", display_name="The app"),
        data__display_name="The app",
        data__status="PUBLISHED",
    ),
    tells(call("v1.products.list_products", id="app", limit=5), data__0__id="app"),
    refuses(
        call("v1.products.list_products", status=["SLEEPING"]),
        UnprocessableEntityError,
        "UnknownWord",
    ),
]
FEATURES: list[Step] = [
    tells(
        call(
            "v1.features.create_feature",
            id="calls",
            display_name="Calls",
            feature_type="NUMBER",
            meter_type="INCREMENTAL",
        ),
        data__feature_status="NEW",
    ),
    *(
        call(
            "v1.features.create_feature",
            id=name,
            display_name=name.title(),
            feature_type="NUMBER",
            meter_type="FLUCTUATING",
        )
        for name in ("seats", "storage")
    ),
    call("v1.features.create_feature", id="sso", display_name="SSO", feature_type="BOOLEAN"),
    tells(
        call("v1.features.update_feature", "sso", display_name="Single sign-on"),
        data__display_name="Single sign-on",
    ),
    tells(call("v1.features.archive_feature", "sso"), data__feature_status="SUSPENDED"),
    tells(call("v1.features.unarchive_feature", "sso"), data__feature_status="ACTIVE"),
    tells(call("v1.features.retrieve_feature", "sso"), data__feature_type="BOOLEAN"),
    tells(
        call("v1.features.list_features", feature_type=["BOOLEAN", "ENUM"], id="sso"),
        data__0__id="sso",
    ),
]
COUPONS: list[Step] = [
    tells(
        call(
            "v1.coupons.create",
            id="spring",
            name="Spring",
            percent_off=20,
            amounts_off=None,
            description=None,
            duration_in_months=3,
            metadata=None,
        ),
        data__type="PERCENTAGE",
        data__percent_off=20,
    ),
    tells(call("v1.coupons.update_coupon", "spring", name="Easter"), data__name="Easter"),
    tells(call("v1.coupons.retrieve", "spring"), data__status="ACTIVE"),
    tells(call("v1.coupons.list", status=["ACTIVE"]), data__0__id="spring"),
    tells(call("v1.coupons.archive_coupon", "spring"), data__status="ARCHIVED"),
    refuses(
        call("v1.coupons.update_coupon", "spring", name="Late"), ConflictError, "CouponIsArchived"
    ),
]
ADDONS: list[Step] = [
    *(
        call("v1.addons.create", id=name, display_name=name.title(), product_id="app")
        for name in ("extra", "spare")
    ),
    tells(
        call(
            "v1.addons.update",
            "extra",
            max_quantity=5,
            charges={"pricing_type": "PAID", "pricing_models": [flat(5)]},
        ),
        data__max_quantity=5,
    ),
    tells(
        call(
            "v1.addons.entitlements.create",
            "extra",
            entitlements=[ten_calls(behavior="Increment"), {"id": "sso", "type": "FEATURE"}],
        ),
        data__0__id="calls",
    ),
    call(
        "v1.addons.entitlements.update",
        "calls",
        addon_id="extra",
        type="FEATURE",
        usage_limit=20,
        reset_period="MONTH",
        behavior="Increment",
    ),
    tells(call("v1.addons.entitlements.list", "extra"), data__0__usage_limit=20),
    tells(call("v1.addons.entitlements.delete", "sso", addon_id="extra"), data__id="sso"),
    tells(call("v1.addons.list_charges", "extra"), data__0__price__amount=5),
    tells(call("v1.addons.publish", "extra", migration_type="NEW_CUSTOMERS"), data__task_id=None),
    tells(call("v1.addons.create_draft", "extra"), data__version_number=2),
    tells(call("v1.addons.remove_draft", "extra"), data__id="extra"),
    tells(call("v1.addons.retrieve", "extra"), data__status="PUBLISHED", data__version_number=1),
    tells(call("v1.addons.list", product_id="app", status=["PUBLISHED"]), data__0__id="extra"),
    tells(call("v1.addons.archive", "spare"), data__status="ARCHIVED"),
]


def plan(plan_id: str, charges: Any, *addons: str) -> list[Step]:
    """A plan of ten calls a month, published."""
    return [
        call("v1.plans.create", id=plan_id, display_name=plan_id.title(), product_id="app"),
        call("v1.plans.update", plan_id, charges=charges, compatible_addon_ids=list(addons)),
        call("v1.plans.entitlements.create", plan_id, entitlements=[ten_calls()]),
        call("v1.plans.publish", plan_id, migration_type="NEW_CUSTOMERS"),
    ]


PLANS: list[Step] = [
    *plan("free", FREE),
    *plan("enterprise", {"pricing_type": "CUSTOM"}, "extra"),
    *plan("pro", PAID, "extra")[:-1],
    call(
        "v1.plans.entitlements.update",
        "calls",
        plan_id="pro",
        type="FEATURE",
        usage_limit=100.0,
        reset_period="MONTH",
    ),
    call("v1.plans.entitlements.create", "pro", entitlements=[{"id": "sso", "type": "FEATURE"}]),
    tells(call("v1.plans.entitlements.delete", "sso", plan_id="pro"), data__id="sso"),
    tells(
        call("v1.plans.entitlements.list", "pro"),
        data__1__id="calls",
        data__1__usage_limit=100,
    ),
    tells(call("v1.plans.list_charges", "pro", limit=1), data__0__price__amount=50),
    tells(call("v1.plans.list_overage_charges", "pro"), data__0__price__amount=0.5),
    call("v1.plans.publish", "pro", migration_type="NEW_CUSTOMERS"),
    refuses(
        call("v1.plans.publish", "pro", migration_type="NEW_CUSTOMERS"), ConflictError, "NoDraft"
    ),
    tells(call("v1.plans.create_draft", "pro"), data__status="DRAFT"),
    tells(call("v1.plans.remove_draft", "pro"), data__id="pro"),
    tells(call("v1.plans.retrieve", "pro"), data__pricing_type="PAID", data__is_latest=True),
    tells(call("v1.plans.list", product_id="app", limit=1), data__0__id="enterprise"),
    call("v1.plans.create", id="spare", display_name="Spare", product_id="app"),
    tells(call("v1.plans.archive", "spare"), data__status="ARCHIVED"),
]
CUSTOMERS: list[Step] = [
    tells(call("v1.customers.provision", id="ada", name="Ada"), data__name="Ada"),
    refuses(call("v1.customers.provision", id="bob", email="no address"), UnprocessableEntityError),
    tells(
        call("v1.customers.import_", customers=[{"id": "grace", "name": "Grace", "email": None}]),
        data__new_customers=["grace"],
    ),
    tells(call("v1.customers.update", "ada", metadata={"a": "b"}), data__metadata={"a": "b"}),
    tells(call("v1.customers.list", name="Ada", limit=3), data__0__id="ada"),
    call("v1.customers.archive", "grace"),
    tells(call("v1.customers.unarchive", "grace"), data__archived_at=None),
    tells(call("v1.customers.retrieve", "ada"), data__id="ada"),
    refuses(call("v1.customers.retrieve", "nobody"), NotFoundError, "NotFound"),
    call(
        "v1.customers.integrations.link",
        "ada",
        body_id="stripe",
        vendor_identifier="STRIPE",
        synced_entity_id="cus_1",
    ),
    tells(
        call("v1.customers.integrations.update", "stripe", id="ada", synced_entity_id="cus_2"),
        data__synced_entity_id="cus_2",
    ),
    tells(
        call("v1.customers.integrations.retrieve", "stripe", id="ada"),
        data__vendor_identifier="STRIPE",
    ),
    tells(call("v1.customers.integrations.list", "ada"), data__0__id="stripe"),
    tells(call("v1.customers.integrations.unlink", "stripe", id="ada"), data__id="stripe"),
    tells(
        call(
            "v1.customers.payment_method.attach",
            "ada",
            integration_id="stripe",
            payment_method_id="pm_1",
            vendor_identifier="STRIPE",
        ),
        data__default_payment_method__billing_id="pm_1",
    ),
    tells(call("v1.customers.payment_method.detach", "ada"), data__default_payment_method=None),
]


def check(granted: bool, used: int, limit: int, *, asked: int = 1) -> Call:
    """May Ada call once more?"""
    asks = call("v1.customers.check_entitlement", "ada", feature_id="calls", requested_usage=asked)
    return tells(asks, data__is_granted=granted, data__current_usage=used, data__usage_limit=limit)


def usage(value: float, **more: Any) -> list[dict[str, Any]]:
    """Calls of Ada's, counted by her own program."""
    return [{"customer_id": "ada", "feature_id": "calls", "value": value, **more}]


FREE_LIFE: list[Step] = [
    tells(
        call(
            "v1.subscriptions.provision",
            id="ada-free",
            customer_id="ada",
            plan_id="free",
            resource_id="site",
        ),
        data__status="SUCCESS",
    ),
    tells(call("v1.customers.list_resources", "ada"), data__0__id="site"),
    call("v1.subscriptions.transfer", "ada-free", destination_resource_id="home"),
    tells(call("v1.subscriptions.cancel", "ada-free"), data__id="ada-free"),
    call("v1.subscriptions.provision", id="free-2", customer_id="ada", plan_id="free"),
    check(True, 0, 10),
    tells(call("v1.usage.report", usages=usage(7)), data__0__current_usage=7),
    tells(call("v2.usage.report", usages=usage(3)), data__usages__0__current_usage=10),
    check(False, 10, 10),
    call("v1.customers.retrieve_entitlements", "ada"),
    refuses(call("v1.usage.report", usages=usage(2**60)), UnprocessableEntityError),
    tells(
        call("v1.usage.estimate", customer_id="ada", feature_id="calls", value=1),
        data__estimates=[],
    ),
    call("v1.events.estimate", customer_id=BUYER, event_name="api_calls"),
    call("v1.usage.history", "calls", customer_id="ada", start_date=NEW_YEAR),
]
UPGRADE: list[Step] = [
    tells(
        call("v1.subscriptions.preview", customer_id="ada", plan_id="pro"),
        data__immediate_invoice__sub_total=50 + 9,
        data__is_plan_downgrade=False,
    ),
    tells(
        call("v1.subscriptions.provision", id="ada-pro", customer_id="ada", plan_id="pro"),
        data__status="SUCCESS",
        data__is_scheduled=False,
    ),
    check(True, 10, 100, asked=90),
    check(False, 10, 100, asked=91),
    tells(call("v1.subscriptions.retrieve", "free-2"), data__status="CANCELED"),
    tells(
        call("v1.subscriptions.update", "ada-pro", addons=[{"id": "extra", "quantity": 2}]),
        data__addons__0__quantity=2,
    ),
    check(True, 10, 140, asked=130),
    tells(
        call("v1.subscriptions.provision", customer_id="ada", plan_id="free"),
        data__is_scheduled=True,
    ),
    call("v1.subscriptions.future_update.cancel_schedule", "ada-pro"),
    tells(
        call("v1.subscriptions.future_update.cancel_pending_payment", "ada-pro"),
        data__id="ada-pro",
    ),
    call("v1.subscriptions.migrate", "ada-pro"),
    tells(
        call("v1.subscriptions.list", customer_id="ada", status=["ACTIVE", "IN_TRIAL"]),
        data__0__id="ada-pro",
        data__0__pricing_type="PAID",
    ),
    tells(
        call("v1.subscriptions.delegate", "ada-pro", target_customer_id="grace"),
        data__customer_id="grace",
        data__paying_customer_id="ada",
    ),
    call("v1.subscriptions.delegate", "ada-pro", target_customer_id="ada"),
    call(
        "v1.subscriptions.import_",
        subscriptions=[{"id": "moved", "customer_id": "grace", "plan_id": "free"}],
    ),
    call(
        "v1.customers.promotional_entitlements.create",
        "ada",
        promotional_entitlements=[given("sso", "1 week")],
    ),
    tells(call("v1.customers.check_entitlement", "ada", feature_id="sso"), data__is_granted=True),
    tells(
        call("v1.customers.promotional_entitlements.list", "ada", status=["Active"]),
        data__0__feature_id="sso",
    ),
    tells(
        call("v1.customers.promotional_entitlements.revoke", "sso", id="ada"),
        data__status="Expired",
    ),
    tells(
        call("v1.customers.check_entitlement", "ada", feature_id="sso"),
        data__access_denied_reason="NoFeatureEntitlementInSubscription",
    ),
    call("v1.subscriptions.cancel", "ada-pro", cancellation_time="IMMEDIATE"),
    tells(
        call("v1.customers.check_entitlement", "ada", feature_id="calls"),
        data__access_denied_reason="NoActiveSubscription",
    ),
    refuses(
        call("v1.subscriptions.update", "ada-pro", metadata={}), ConflictError, "SubscriptionOver"
    ),
]


def draft(desk: Desk) -> None:
    """Everything that is due is drafted."""
    assert desk.post("/billing-runs", {}).status_code in (200, 201)


def issue(desk: Desk) -> None:
    """Every draft is approved and issued."""
    for row in desk.get("/invoices", state="DRAFT").json()["data"]:
        desk.issued(row["id"])


CALLED: Any = {
    "customer_id": BUYER,
    "event_name": "api_calls",
    "idempotency_key": "one",
    "dimensions": {"calls": 25, "status": "ok"},
    "timestamp": datetime(2025, 1, 5, tzinfo=UTC),
}
BILLED: list[Step] = [
    call("v1.subscriptions.provision", id="team", customer_id=BUYER, plan_id="pro"),
    refuses(
        call("v1.subscriptions.invoice.mark_as_paid", "team"), ConflictError, "NoInvoiceIssued"
    ),
    Meanwhile(draft),
    tells(call("v1.subscriptions.usage.sync", "team"), data__triggered=True),
    Meanwhile(issue),
    Meanwhile(lambda desk: desk.at("2025-01-11")),
    call("v1.events.report", events=[CALLED, CALLED]),
    refuses(
        call("v1.events.report", events=[{**CALLED, "event_name": ""}]), UnprocessableEntityError
    ),
    tells(
        call("v1.subscriptions.usage.charge_usage", "team"),
        data__usage_charged__0__feature_id="api-calls",
        data__usage_charged__0__usage_amount=25,
    ),
    tells(call("v1.subscriptions.invoice.mark_as_paid", "team"), data__id="team"),
    tells(
        call("v1.subscriptions.retrieve", "team"),
        data__latest_invoice__status="PAID",
        data__latest_invoice__currency="eur",
    ),
    tells(call("v1.customers.list_invoices", BUYER), data__0__state="PAID"),
]
CONTRACTS: list[Step] = [
    tells(
        call(
            "v1.contracts.create",
            customer_id="ada",
            contract_id="deal",
            name="Deal",
            subscriptions=[
                {
                    "new_subscription": {
                        "id": "ada-deal",
                        "customer_id": "ada",
                        "plan_id": "enterprise",
                        "entitlements": [ten_calls(usage_limit=5000)],
                    }
                }
            ],
        ),
        data__subscriptions__0__subscription_id="ada-deal",
        data__state="DRAFT",
    ),
    check(True, 0, 5000, asked=5000),
    tells(call("v1.contracts.retrieve", "deal"), data__customer_external_id="ada"),
    tells(call("v1.contracts.update", "deal", po_number="PO-1"), data__po_number="PO-1"),
    tells(call("v1.contracts.list", customer_external_id="ada"), data__0__name="Deal"),
    tells(call("v1.customers.list_contracts", "ada"), data__0__contract_id="deal"),
    tells(call("v1.contracts.delete", "deal"), data__state="CANCELED"),
    tells(call("v1.subscriptions.retrieve", "ada-deal"), data__status="CANCELED"),
    refuses(call("v1.contracts.update", "deal", subscription_ids=["moved"]), ConflictError),
]
ENDS: list[Step] = [
    tells(
        call("v1.products.duplicate_product", "app", target_id="copy", display_name="Copy"),
        data__id="copy",
    ),
    tells(call("v1.products.archive_product", "copy"), data__status="ARCHIVED"),
    tells(call("v1.plans.list", product_id="copy"), data__0__status="ARCHIVED"),
    tells(call("v1.products.unarchive_product", "copy"), data__status="PUBLISHED"),
]
STORY = [
    *(PRODUCTS + FEATURES + COUPONS + ADDONS + PLANS),
    *(CUSTOMERS + FREE_LIFE + UPGRADE + BILLED + CONTRACTS + ENDS),
]
CALLS = [step for step in STORY if isinstance(step, Call)]
