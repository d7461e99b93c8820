"""Each event that Stigg's webhooks name for what is built: by which story it reaches the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from stigg import Stigg

from tests.api.conftest import FIRST_DAY, Desk
from tests.api.stigg_sdk.calls import Meanwhile, Step, call, live
from tests.api.stigg_sdk.offers import flat, sell_an_app
from tests.api.stigg_sdk.test_every_method import opened
from tests.api.stigg_sdk.test_promotions import given
from usance.domain.connections.connection import Connection
from usance.domain.fact_names import NAMES
from usance.domain.ids import ConnectionId
from usance.flows.connect_usage import connect_usage
from usance.flows.plays.pass_time import pass_time
from usance.flows.plays.sync_connection import sync_connection

TOLD = """
SELECT name, subject_id, happened_at
  FROM outbox
 WHERE tenant_id = %(tenant_id)s
   AND sequence > %(after)s
 ORDER BY sequence
"""
LAST = "SELECT max(sequence) AS sequence FROM outbox WHERE tenant_id = %(tenant_id)s"

# Stigg's names for what is not built, or cannot happen here.
NOT_YET = {
    "customer.payment_failed": "no provider takes payments yet",
    "subscription.creation_failed": "what is not provisioned is refused, and whoever asked knows",
    "subscription.spend_limit_exceeded": "budgets are looked at by checks, and nothing passes one",
    "entitlement.usage_exceeded": "limits are looked at by checks, and nothing passes one",
}
REFERENCE = {
    "addon.created",
    "addon.deleted",
    "addon.updated",
    "coupon.archived",
    "coupon.created",
    "coupon.updated",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "entitlements.updated",
    "feature.created",
    "feature.deleted",
    "feature.updated",
    "measurement.reported",
    "payment_method.attached",
    "payment_method.detached",
    "plan.created",
    "plan.deleted",
    "plan.updated",
    "promotionalEntitlement.ends_soon",
    "promotionalEntitlement.expired",
    "promotionalEntitlement.granted",
    "promotionalEntitlement.revoked",
    "promotionalEntitlement.updated",
    "subscription.billing_month.ends_soon",
    "subscription.canceled",
    "subscription.created",
    "subscription.expired_non_recurring",
    "subscription.trial.ends_soon",
    "subscription.trial_converted",
    "subscription.trial_expired",
    "subscription.updated",
    "third_party_sync_failed",
    "trial.started",
}


def on(day: str) -> Meanwhile:
    """Time passes to noon of that day."""
    noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    return Meanwhile(lambda desk: pass_time(desk.runtime, desk.scope, to=noon))


def fail_to_sync(desk: Desk) -> None:
    """A connection to where nobody answers is synced."""
    id = ConnectionId("elsewhere")
    connection = Connection(id=id, url="http://127.0.0.1:1", since=FIRST_DAY)
    connect_usage(desk.runtime, desk.scope, connection, key="server-key")
    sync_connection(desk.runtime, desk.scope, id)


def trial(id: str, behavior: str, ends: str) -> Step:
    """A trial of the pro plan, of a resource of its own."""
    return call(
        "v1.subscriptions.provision",
        id=id,
        customer_id="ada",
        plan_id="pro",
        resource_id=id,
        trial_override_configuration={
            "is_trial": True,
            "trial_end_date": f"{ends}T12:00:00Z",
            "trial_end_behavior": behavior,
        },
    )


METHOD: Any = {
    "integration_id": "stripe",
    "payment_method_id": "pm_1",
    "vendor_identifier": "STRIPE",
}
COUPON: Any = {
    "id": "spring",
    "name": "Spring",
    "percent_off": 20,
    "amounts_off": None,
    "description": None,
    "duration_in_months": None,
    "metadata": None,
}
PAID: Any = {"pricing_type": "PAID", "pricing_models": [flat(5)]}
GIFT: Any = {"promotional_entitlements": [given("sso", "1 week")]}
CANCELED: Any = {"cancellation_time": "SPECIFIC_DATE", "end_date": "2025-03-10T00:00:00Z"}
# In order of time: what is done, and what is told of it then.
STORIES: Mapping[str, list[Step]] = {
    "feature.created": [
        call("v1.features.create_feature", id="audit", display_name="A", feature_type="BOOLEAN")
    ],
    "feature.updated": [call("v1.features.update_feature", "audit", display_name="Audit log")],
    "plan.created": [call("v1.plans.create", id="new", display_name="New", product_id="app")],
    "plan.updated": [
        call("v1.plans.update", "new", charges={"pricing_type": "FREE"}),
        call("v1.plans.publish", "new", migration_type="NEW_CUSTOMERS"),
    ],
    "plan.deleted": [call("v1.plans.archive", "new")],
    "addon.created": [call("v1.addons.create", id="more", display_name="More", product_id="app")],
    "addon.updated": [
        call("v1.addons.update", "more", charges=PAID),
        call("v1.addons.publish", "more", migration_type="NEW_CUSTOMERS"),
    ],
    "addon.deleted": [call("v1.addons.archive", "more")],
    "coupon.created": [call("v1.coupons.create", **COUPON)],
    "coupon.updated": [call("v1.coupons.update_coupon", "spring", name="Easter")],
    "coupon.archived": [call("v1.coupons.archive_coupon", "spring")],
    "customer.created": [call("v1.customers.provision", id="bob", name="Bob")],
    "customer.updated": [call("v1.customers.update", "bob", name="Robert")],
    "payment_method.attached": [call("v1.customers.payment_method.attach", "bob", **METHOD)],
    "payment_method.detached": [call("v1.customers.payment_method.detach", "bob")],
    "customer.deleted": [call("v1.customers.archive", "bob")],
    "subscription.created": [
        call("v1.subscriptions.provision", id="sub", customer_id="ada", plan_id="pro")
    ],
    "entitlements.updated": [
        call("v1.subscriptions.provision", id="free", customer_id="grace", plan_id="free")
    ],
    "measurement.reported": [
        call("v2.usage.report", usages=[{"customer_id": "ada", "feature_id": "calls", "value": 1}])
    ],
    "trial.started": [
        trial("tried", "CANCEL_SUBSCRIPTION", "2025-01-15"),
        trial("bought", "CONVERT_TO_PAID", "2025-02-20"),
    ],
    "subscription.trial.ends_soon": [on("2025-01-09")],
    "subscription.trial_expired": [on("2025-01-16")],
    "promotionalEntitlement.granted": [
        call("v1.customers.promotional_entitlements.create", "ada", **GIFT)
    ],
    "promotionalEntitlement.updated": [
        call("v1.customers.promotional_entitlements.create", "ada", **GIFT)
    ],
    "promotionalEntitlement.ends_soon": [on("2025-01-20")],
    "promotionalEntitlement.expired": [on("2025-01-24")],
    "promotionalEntitlement.revoked": [
        call("v1.customers.promotional_entitlements.create", "grace", **GIFT),
        call("v1.customers.promotional_entitlements.revoke", "sso", id="grace"),
    ],
    "subscription.billing_month.ends_soon": [on("2025-02-01")],
    "subscription.trial_converted": [on("2025-02-21")],
    "subscription.updated": [call("v1.subscriptions.cancel", "sub", **CANCELED)],
    "subscription.canceled": [on("2025-03-11")],
    "subscription.expired_non_recurring": [
        Meanwhile(lambda desk: desk.sign("nordlicht-2025.yaml")),
        on("2027-02-01"),
    ],
    "third_party_sync_failed": [Meanwhile(fail_to_sync)],
    "feature.deleted": [call("v1.features.archive_feature", "audit")],
}


def told(desk: Desk, after: int) -> list[str]:
    """The names of what was announced since."""
    with desk.runtime.transaction(desk.scope) as tx:
        return [row.name for row in tx.all(TOLD, after=after)]


def last(desk: Desk) -> int:
    """The place of what was announced last."""
    with desk.runtime.transaction(desk.scope) as tx:
        [row] = tx.all(LAST)
        return int(row.sequence)


def test_each_name_of_the_reference_has_its_story() -> None:
    assert set(STORIES) == REFERENCE
    assert set(NAMES.values()) >= REFERENCE
    assert not REFERENCE & NOT_YET.keys()
    built = NOT_YET.keys() & set(NAMES.values())
    assert not built, f"tell the story of {sorted(built)}: there is such a fact by now"


def test_each_reaches_the_outbox_when_it_happens_and_not_before(desk: Desk) -> None:
    heard: list[httpx.Response] = []
    with (
        httpx.Client(event_hooks={"response": [heard.append]}) as http,
        Stigg(**opened(desk, http)) as stigg,
    ):
        sell_an_app(stigg)
        for name, story in STORIES.items():
            before = last(desk)
            live(stigg, desk, story, heard)
            assert name in told(desk, before), f"{name} was not told: {told(desk, before)}"
            if name == "subscription.updated":
                assert "subscription.canceled" not in told(desk, before), "it goes on until its end"
