"""A signed order, from NEW to FULFILLED, once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.stories.deals import order_form
from tests.stories.world import World, halden
from usance.documents.yaml_text import read_plain
from usance.domain.contracts.contract import ContractExists, DraftContract
from usance.domain.contracts.fulfilment import Done, OrderNotNew, StepKind, order_steps
from usance.domain.errors import Invalid, NotFound
from usance.domain.ids import ContractId, CustomerId, OrderId
from usance.domain.payment_terms import PaymentTerms
from usance.domain.subscriptions.provisioning import SubscriptionExists
from usance.flows.cancel_order import cancel_order
from usance.flows.create_contract import create_contract
from usance.flows.set_up_company import save_legal_entity
from usance.flows.sign_order import OrderExists, sign_order
from usance.store import (
    contract_drafts,
    contracts,
    orders,
    subscriptions,
)

DEAL = """
    12 months from 2025-01-01, as acme-1
    Platform 100.00 USD, monthly in advance
"""
WITH_SUBSCRIPTION = """
orderId: {order_id}
currency: EUR
customerId: nordlicht
legalEntityId: halden-de
term: {{start: {start}, months: 12}}
lines:
  - lineId: api-calls
    name: API calls
    kind: USAGE
    featureId: api-calls
    price: {{model: PER_UNIT, unitAmount: "0.01"}}
    billing: {{every: {{unit: MONTH}}}}
subscriptions:
  - subscriptionId: team
    planId: team
    entitlements: [{{featureId: api-calls, limit: 1000}}, {{featureId: sso}}]
"""


def test_fulfilling_an_order_does_every_open_step_at_once(world: World) -> None:
    order = world.order(WITH_SUBSCRIPTION.format(order_id="n-1", start="2025-01-01"))
    assert world.order_status(order.id) == "NEW"
    open_steps = {step.kind: step.missing for step in order_steps(order, Done())}
    assert open_steps == {
        StepKind.CONTRACT_PUBLISHED: ("n-1",),
        StepKind.SUBSCRIPTIONS_PROVISIONED: ("team",),
        StepKind.METERED_FEATURES_MAPPED: ("api-calls",),
    }
    fulfilled = world.fulfil(order.id)
    assert [step.kind for step in fulfilled.steps] == list(open_steps)
    assert all(step.is_done for step in fulfilled.steps)
    assert world.order_status(order.id) == "FULFILLED"
    with world.runtime.transaction(world.scope) as tx:
        (kept,) = subscriptions.of_contract(tx, ContractId("n-1"))
        now = world.runtime.now(tx)
        assert orders.one(tx, order.id).contract_id == "n-1"
        assert contracts.one(tx, ContractId("n-1")) == fulfilled.contract
    held = kept.subscription
    assert (held.id, held.status_at(now), held.pricing_type) == ("team", "ACTIVE", "CUSTOM")
    granted = [(e.feature_id, e.usage_limit) for e in held.version_at(now).terms.overrides]
    assert granted == [("api-calls", Decimal(1000)), ("sso", None)]
    assert world.facts() == [
        ("OrderReceived", "n-1"),
        ("ContractPublished", "n-1"),
        ("SubscriptionProvisioned", "team"),
        ("OrderFulfilled", "n-1"),
        ("EntitlementsUpdated", "nordlicht"),
    ]


def test_a_subscription_of_a_later_term_has_not_started(world: World) -> None:
    world.sign(WITH_SUBSCRIPTION.format(order_id="n-1", start="2025-02-01"))
    with world.runtime.transaction(world.scope) as tx:
        (held,) = subscriptions.of_contract(tx, ContractId("n-1"))
        assert held.subscription.status_at(world.runtime.now(tx)) == "NOT_STARTED"


def test_a_new_order_bills_nothing(world: World) -> None:
    world.order(DEAL)
    assert world.bill().draft_count == 0


def test_an_order_is_fulfilled_once(world: World) -> None:
    world.sign(DEAL)
    with pytest.raises(OrderNotNew):
        world.fulfil(OrderId("acme-1"))
    world.bill()
    assert len(world.invoices()) == 1


def test_a_canceled_order_is_over(world: World) -> None:
    order = world.order(DEAL)
    cancel_order(world.runtime, world.scope, order.id)
    assert world.order_status(order.id) == "CANCELED"
    with pytest.raises(OrderNotNew):
        world.fulfil(order.id)
    with pytest.raises(OrderNotNew):
        cancel_order(world.runtime, world.scope, order.id)
    assert world.bill().draft_count == 0


def test_a_fulfilled_order_cannot_be_canceled(world: World) -> None:
    world.sign(DEAL)
    with pytest.raises(OrderNotNew):
        cancel_order(world.runtime, world.scope, OrderId("acme-1"))


def test_the_same_document_signed_again_is_the_order_that_is_there(world: World) -> None:
    first = world.order(DEAL)
    facts = world.facts()
    assert world.order(DEAL) == first
    world.fulfil(first.id)
    assert world.order(DEAL) == first, "also once it is fulfilled"
    assert world.facts()[: len(facts)] == facts
    assert world.facts().count(("OrderReceived", "acme-1")) == 1


def test_another_document_under_the_same_id_is_refused(world: World) -> None:
    world.order(DEAL)
    with pytest.raises(OrderExists):
        world.order(DEAL.replace("100.00", "120.00"))
    world.fulfil(OrderId("acme-1"))
    world.bill()
    assert world.invoices() == ["2025-01-01  Platform  2025-01-01..2025-02-01  100.00 USD"]


def test_a_contract_id_that_is_taken_is_refused_with_its_path(world: World) -> None:
    world.sign(DEAL)
    form = {**order_form(DEAL), "orderId": "acme-2", "contractId": "acme-1"}
    with pytest.raises(Invalid) as refused:
        sign_order(world.runtime, world.scope, form, document=b"another")
    (problem,) = refused.value.problems
    assert (problem.code, problem.path, problem.value) == (
        "ContractExists",
        "contractId",
        "acme-1",
    )
    with pytest.raises(NotFound):
        world.fulfil(OrderId("acme-2"))


def test_of_two_orders_of_one_contract_the_second_is_refused_when_fulfilled(world: World) -> None:
    first = world.order(DEAL)
    form = {**order_form(DEAL), "orderId": "acme-2", "contractId": "acme-1"}
    second = sign_order(world.runtime, world.scope, form, document=b"another")
    world.fulfil(first.id)
    with pytest.raises(Invalid, match="contractId"):
        world.fulfil(second.id)
    assert world.order_status(second.id) == "NEW"


def test_a_subscription_id_that_is_taken_leaves_nothing_of_the_second_order(world: World) -> None:
    world.sign(WITH_SUBSCRIPTION.format(order_id="n-1", start="2025-01-01"))
    second = world.order(WITH_SUBSCRIPTION.format(order_id="n-2", start="2025-01-01"))
    with pytest.raises(SubscriptionExists):
        world.fulfil(second.id)
    assert world.order_status(second.id) == "NEW"
    with world.runtime.transaction(world.scope) as tx:
        assert not contracts.exists(tx, ContractId("n-2"))


def test_an_order_publishes_the_draft_contract_of_its_customer(world: World) -> None:
    def draft(customer_id: str) -> DraftContract:
        return DraftContract(
            id=ContractId("acme-1"), customer_id=CustomerId(customer_id), name="Negotiating"
        )

    create_contract(world.runtime, world.scope, draft("larkspur"))
    with pytest.raises(ContractExists):
        create_contract(world.runtime, world.scope, draft("minato"))
    with world.runtime.transaction(world.scope) as tx:
        assert contract_drafts.maybe(tx, ContractId("acme-1")) == draft("larkspur")
    assert world.bill().draft_count == 0
    world.sign(DEAL)
    create_contract(world.runtime, world.scope, draft("larkspur"))
    world.bill()
    assert world.invoices() == ["2025-01-01  Platform  2025-01-01..2025-02-01  100.00 USD"]


def test_nobody_elses_draft_contract_can_be_used(world: World) -> None:
    draft = DraftContract(
        id=ContractId("acme-1"), customer_id=CustomerId("minato"), name="Negotiating"
    )
    create_contract(world.runtime, world.scope, draft)
    with pytest.raises(Invalid, match="contractId"):
        world.order(DEAL)


def test_an_order_brings_a_new_customer_along(world: World) -> None:
    deal = """
        currency: USD
        legalEntityId: halden-us
        customer: {customerId: new-one, name: New One, address: {country: US}}
        term: {start: 2025-01-01, months: 1}
        lines:
          - lineId: platform
            name: Platform
            kind: RECURRING
            price: {model: FLAT, amount: "10.00"}
            billing: {every: {unit: MONTH}}
    """
    assert "customer" in read_plain(deal, code="UnreadableOrderForm")
    world.sign(deal)
    world.send_out()
    assert world.documents() == ["HUS-2025-00001  OPEN  Platform  10.00 USD"]


def test_an_order_keeps_the_payment_terms_of_the_day_it_was_signed(world: World) -> None:
    order = world.order(DEAL)
    assert order.terms.payment_terms.net_days == 30
    seller = halden().legal_entities[0]
    changed = replace(seller, payment_terms=PaymentTerms(60))
    save_legal_entity(world.runtime, world.scope, changed)
    assert world.order(DEAL) == order, "signed again, it is what was signed"
    assert world.fulfil(order.id).contract.terms == order.terms
