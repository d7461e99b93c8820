"""A subscription's billing through Stigg's SDK: usage charged early, synced, marked as paid."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stigg import ConflictError, NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg

BASE: Any = {
    "billing_model": "FLAT_FEE",
    "price_periods": [{"billing_period": "MONTHLY", "price": {"amount": 30, "currency": "eur"}}],
}
CALLS: Any = {
    "billing_model": "USAGE_BASED",
    "feature_id": "api-calls",
    "price_periods": [{"billing_period": "MONTHLY", "price": {"amount": 0.01, "currency": "eur"}}],
}


@pytest.fixture
def team(stigg: Stigg) -> str:
    """Nordlicht's subscription to a plan with a fee and calls, since New Year."""
    stigg.v1.products.create_product(
        id="app", display_name="App", metadata={"legalEntityId": "halden-de"}
    )
    plans = stigg.v1.plans
    plans.create(id="pro", display_name="Pro", product_id="app")
    plans.update("pro", charges={"pricing_type": "PAID", "pricing_models": [BASE, CALLS]})
    plans.publish("pro", migration_type="NEW_CUSTOMERS")
    made = stigg.v1.subscriptions.provision(customer_id="nordlicht", plan_id="pro")
    return made.data.id


def call(stigg: Stigg, count: int, at: datetime) -> None:
    """So many calls, at that instant."""
    stigg.v1.events.report(
        events=[
            {
                "customer_id": "nordlicht",
                "event_name": "api_calls",
                "idempotency_key": at.isoformat(),
                "dimensions": {"calls": count},
                "timestamp": at,
            }
        ]
    )


def bill(desk: Desk) -> None:
    """Everything that is due is drafted, approved and issued."""
    assert desk.post("/billing-runs", {}).status_code in (200, 201)
    for row in desk.get("/invoices", state="DRAFT").json()["data"]:
        desk.issued(row["id"])


def test_usage_is_charged_before_its_period_ends(stigg: Stigg, desk: Desk, team: str) -> None:
    desk.at("2025-01-11")
    call(stigg, 250, datetime(2025, 1, 5, tzinfo=UTC))
    charged = stigg.v1.subscriptions.usage.charge_usage(team).data
    assert charged.subscription_id == team
    assert [(each.feature_id, each.usage_amount) for each in charged.usage_charged] == [
        ("api-calls", 250)
    ]
    assert charged.period_start < charged.period_end
    invoice = desk.get(f"/invoices/{charged.invoice_billing_id}").json()["data"]
    assert "2.50" in {line["amount"] for line in invoice["lineItems"]}
    again = stigg.v1.subscriptions.usage.charge_usage(team).data
    assert again == charged


def test_usage_to_come_and_subscriptions_that_cost_nothing_are_refused(
    stigg: Stigg, team: str
) -> None:
    usage = stigg.v1.subscriptions.usage
    with pytest.raises(UnprocessableEntityError, match="untilDate"):
        usage.charge_usage(team, until_date=datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(NotFoundError):
        usage.charge_usage("nobody")
    plans = stigg.v1.plans
    plans.create(id="free", display_name="Free", product_id="app")
    plans.update("free", charges={"pricing_type": "FREE"})
    plans.publish("free", migration_type="NEW_CUSTOMERS")
    free = stigg.v1.subscriptions.provision(customer_id="waterweg", plan_id="free").data.id
    with pytest.raises(ConflictError, match="is not billed here"):
        usage.charge_usage(free)
    assert usage.sync(free).data.triggered is False


def test_held_invoices_are_brought_up_to_date(stigg: Stigg, desk: Desk, team: str) -> None:
    desk.at("2025-02-01")
    desk.post("/billing-runs", {})
    call(stigg, 100, datetime(2025, 1, 20, tzinfo=UTC))
    assert stigg.v1.subscriptions.usage.sync(team).data.triggered is True
    shown = desk.get("/invoices", state="DRAFT").json()["data"]
    amounts = {line["amount"] for row in shown for line in row["lineItems"]}
    assert "1.00" in amounts


def test_its_last_invoice_is_marked_as_paid_once(stigg: Stigg, desk: Desk, team: str) -> None:
    with pytest.raises(ConflictError, match="No invoice"):
        stigg.v1.subscriptions.invoice.mark_as_paid(team)
    bill(desk)
    for _ in range(2):
        assert stigg.v1.subscriptions.invoice.mark_as_paid(team).data.id == team
    latest = stigg.v1.subscriptions.retrieve(team).data.latest_invoice
    assert latest is not None
    assert latest.status == "PAID"
    assert len(desk.get("/payments").json()["data"]) == 1


def test_it_is_told_by_which_contract_it_is_billed_and_what_that_waits_for(
    stigg: Stigg, desk: Desk, team: str
) -> None:
    shown = desk.get(f"/subscriptions/{team}/billing").json()["data"]
    assert (shown["isBilled"], shown["waitsFor"]) == (True, None)
    contract = desk.get(f"/contracts/{shown['agreementId']}").json()["data"]
    assert contract["contractId"] == shown["agreementId"]
    assert desk.get("/contracts").json()["data"] == []
    assert desk.get("/subscriptions/nobody/billing").status_code == 404


def test_the_same_goes_for_the_asynchronous_sdk(desk: Desk, team: str) -> None:
    async def story() -> None:
        async with async_stigg(desk) as stigg:
            subscriptions = stigg.v1.subscriptions
            charged = (await subscriptions.usage.charge_usage(team)).data
            assert charged.usage_charged == []
            assert charged.period_end - charged.period_start == timedelta(days=1)
            assert (await subscriptions.usage.sync(team)).data.triggered is True
            with pytest.raises(ConflictError):
                await subscriptions.invoice.mark_as_paid(team)

    asyncio.run(story())


def test_a_plan_has_a_fee_a_period_and_a_set_up_fee(stigg: Stigg, desk: Desk) -> None:
    stigg.v1.products.create_product(
        id="app", display_name="App", metadata={"legalEntityId": "halden-de"}
    )
    setup: Any = {
        "billing_model": "FLAT_FEE",
        "billing_cadence": "ONE_OFF",
        "price_periods": [
            {"billing_period": "MONTHLY", "price": {"amount": 99, "currency": "eur"}}
        ],
    }
    plans, subscriptions = stigg.v1.plans, stigg.v1.subscriptions
    plans.create(id="pro", display_name="Pro", product_id="app")
    plans.update("pro", charges={"pricing_type": "PAID", "pricing_models": [BASE, setup]})
    with pytest.raises(UnprocessableEntityError) as twice:
        plans.update("pro", charges={"pricing_type": "PAID", "pricing_models": [setup, setup]})
    assert "ChargeTwice" in str(twice.value)
    plans.publish("pro", migration_type="NEW_CUSTOMERS")
    listed = plans.list_charges("pro").data
    assert [(each.billing_cadence, each.price.amount) for each in listed if each.price] == [
        ("RECURRING", 30),
        ("ONE_OFF", 99),
    ]
    shown = subscriptions.preview(customer_id="nordlicht", plan_id="pro").data
    assert shown.immediate_invoice.sub_total == 129
    assert shown.recurring_invoice is not None
    assert shown.recurring_invoice.sub_total == 30
    made = subscriptions.provision(customer_id="nordlicht", plan_id="pro").data
    assert made.subscription is not None
    assert [each.amount for each in made.subscription.prices or []] == [30, 99]
    desk.at("2025-04-02")
    bill(desk)
    amounts = [
        line["amount"]
        for row in desk.get("/invoices").json()["data"]
        for line in desk.get(f"/invoices/{row['id']}").json()["data"]["lineItems"]
    ]
    assert (amounts.count("99.00"), amounts.count("30.00")) == (1, 4)
