"""Grants, links and payment methods of customers: at the same moment, and of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier

import pytest

from usance.domain.catalog import Feature, FeatureType, MeterType
from usance.domain.customer import Customer, Integration, IntegrationLinked, Vendor
from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId, FeatureId, IntegrationId
from usance.domain.payments.method import PaymentMethod
from usance.domain.plans.entitlements import PackageEntitlement
from usance.domain.plans.promotion import Grant, GrantPeriod
from usance.flows.attach_payment_method import attach_payment_method, detach_payment_method
from usance.flows.define_feature import define_feature
from usance.flows.grant_promotions import grant_promotions
from usance.flows.link_customer import (
    link_integration,
    relink_integration,
    replace_integrations,
    unlink_integration,
    update_integration,
)
from usance.flows.revoke_promotion import revoke_promotion
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer
from usance.store import customer_links, promotions

pytestmark = pytest.mark.postgres

THEN = datetime(2026, 1, 1, tzinfo=UTC)
ACME = CustomerId("acme")
CALLS = FeatureId("calls")
VALUE = PackageEntitlement(
    feature_id=CALLS, created_at=THEN, updated_at=THEN, usage_limit=Decimal(10)
)
GRANT = Grant(value=VALUE, period=GrantPeriod.WEEK)
CRM = Integration(id=IntegrationId("crm"), vendor=Vendor.HUBSPOT, synced_entity_id="1")
METHOD = PaymentMethod(billing_id="pm_1")


@pytest.fixture
def acme(runtime: Runtime, scope: Scope) -> CustomerId:
    """A customer, and something to give it."""
    save_customer(runtime, scope, Customer(id=ACME, name="Acme"))
    feature = Feature(
        id=CALLS,
        display_name="Calls",
        feature_type=FeatureType.NUMBER,
        meter_type=MeterType.INCREMENTAL,
    )
    define_feature(runtime, scope, feature)
    return ACME


def test_a_feature_granted_by_many_at_once_is_granted_once(
    runtime: Runtime, scope: Scope, acme: CustomerId
) -> None:
    together = Barrier(6)

    def grant(limit: int) -> str:
        together.wait(timeout=30)
        value = replace(VALUE, usage_limit=Decimal(limit))
        [made] = grant_promotions(runtime, scope, acme, [replace(GRANT, value=value)])
        return made.id

    with ThreadPoolExecutor(6) as pool:
        ids = set(pool.map(grant, range(1, 7)))
    with runtime.transaction(scope) as tx:
        [held] = promotions.in_force(tx, [acme])
    assert {held.id} == ids


def test_a_customer_linked_to_two_records_at_once_is_one_of_them(
    runtime: Runtime, scope: Scope, acme: CustomerId
) -> None:
    together = Barrier(2)

    def link(record: str) -> str | None:
        together.wait(timeout=30)
        try:
            link_integration(runtime, scope, acme, replace(CRM, synced_entity_id=record))
        except IntegrationLinked:
            return None
        return record

    with ThreadPoolExecutor(2) as pool:
        linked = list(pool.map(link, ["1", "2"]))
    with runtime.transaction(scope) as tx:
        [held] = customer_links.integrations(tx, [acme])[acme]
    assert [held.synced_entity_id] == [each for each in linked if each is not None]


Act = Callable[[Runtime, Scope], object]
ACTS: dict[str, Act] = {
    "grant": lambda r, s: grant_promotions(r, s, ACME, [GRANT]),
    "revoke": lambda r, s: revoke_promotion(r, s, ACME, CALLS),
    "link": lambda r, s: link_integration(r, s, ACME, CRM),
    "relink": lambda r, s: relink_integration(r, s, ACME, CRM),
    "replace links": lambda r, s: replace_integrations(r, s, ACME, [CRM]),
    "update a link": lambda r, s: update_integration(r, s, ACME, CRM.id, synced_entity_id="2"),
    "unlink": lambda r, s: unlink_integration(r, s, ACME, CRM.id),
    "attach": lambda r, s: attach_payment_method(r, s, ACME, METHOD),
    "detach": lambda r, s: detach_payment_method(r, s, ACME),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_customer_of_another_environment_is_nobody(
    runtime: Runtime, scope: Scope, other_scope: Scope, acme: CustomerId, act: str
) -> None:
    grant_promotions(runtime, scope, acme, [GRANT])
    link_integration(runtime, scope, acme, CRM)
    attach_payment_method(runtime, scope, acme, METHOD)
    with pytest.raises(NotFound):
        ACTS[act](runtime, other_scope)
