"""What hangs on a customer, through Stigg's SDK: links to other systems, a payment method, and
billing fields meant for a provider.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from stigg import ConflictError, NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg
from tests.api.stigg_sdk.test_promotions import announced

STRIPE: dict[str, Any] = {
    "body_id": "stripe-eu",
    "vendor_identifier": "STRIPE",
    "synced_entity_id": "cus_1",
}


@pytest.fixture
def acme(stigg: Stigg) -> str:
    """A customer."""
    return stigg.v1.customers.provision(id="acme", name="Acme").data.id


def test_a_customer_is_linked_to_one_record_of_an_integration(stigg: Stigg, acme: str) -> None:
    links = stigg.v1.customers.integrations
    made = links.link(acme, **STRIPE).data
    assert (made.id, made.vendor_identifier, made.synced_entity_id, made.sync_data) == (
        "stripe-eu",
        "STRIPE",
        "cus_1",
        None,
    )
    assert links.link(acme, **STRIPE).data == made
    links.link(acme, body_id="crm", vendor_identifier="HUBSPOT", synced_entity_id="42")
    assert [each.id for each in links.list(acme, limit=1)] == ["crm", "stripe-eu"]
    assert [each.id for each in links.list(acme, vendor_identifier=["STRIPE", "ZUORA"])] == [
        "stripe-eu"
    ]
    with pytest.raises(ConflictError) as refused:
        links.link(acme, **{**STRIPE, "synced_entity_id": "cus_2"})
    assert "IntegrationLinked" in str(refused.value)
    assert refused.value.response.headers["x-should-retry"] == "false"
    changed = links.update("stripe-eu", id=acme, synced_entity_id="cus_2").data
    assert changed.synced_entity_id == "cus_2"
    assert links.retrieve("stripe-eu", id=acme).data.synced_entity_id == "cus_2"
    shown = stigg.v1.customers.retrieve(acme).data.integrations or []
    assert [(each.id, each.synced_entity_id) for each in shown] == [
        ("crm", "42"),
        ("stripe-eu", "cus_2"),
    ]
    assert links.unlink("stripe-eu", id=acme).data.synced_entity_id == "cus_2"
    for gone in (links.retrieve, links.unlink):
        with pytest.raises(NotFoundError):
            gone("stripe-eu", id=acme)
    with pytest.raises(NotFoundError):
        links.link("none", **STRIPE)
    with pytest.raises(NotFoundError):
        links.list("none")


def test_what_a_sync_said_is_kept_until_the_record_is_another(
    desk: Desk, stigg: Stigg, acme: str
) -> None:
    said = {"billingId": "cus_1", "billingLinkUrl": "https://pay.example/cus_1"}
    body = {"id": "stripe-eu", "vendorIdentifier": "STRIPE", "syncedEntityId": "cus_1"}
    answer = desk.post(f"/customers/{acme}/integrations", {**body, "syncData": said})
    assert answer.json()["data"]["syncData"] == said
    links = stigg.v1.customers.integrations
    held = links.retrieve("stripe-eu", id=acme).data.sync_data
    assert held is not None
    assert held.to_dict() == said
    assert links.update("stripe-eu", id=acme, synced_entity_id="cus_2").data.sync_data is None


def test_links_sent_with_a_customer_are_all_it_has(desk: Desk, stigg: Stigg) -> None:
    customers = stigg.v1.customers
    crm: Any = {"id": "crm", "vendor_identifier": "SALESFORCE", "synced_entity_id": "001"}
    stripe: Any = {"id": "pay", "vendor_identifier": "STRIPE", "synced_entity_id": None}
    made = customers.provision(id="acme", integrations=[crm, stripe]).data
    assert [each.vendor_identifier for each in made.integrations or []] == ["SALESFORCE", "STRIPE"]
    kept = customers.update("acme", name="Acme").data
    assert len(kept.integrations or []) == 2
    before = len(announced(desk))
    customers.update("acme", integrations=[crm, stripe])
    assert len(announced(desk)) == before, "the same again changes nothing"
    other: Any = {**stripe, "synced_entity_id": "cus_9"}
    changed = customers.update("acme", integrations=[other]).data
    assert [each.synced_entity_id for each in changed.integrations or []] == ["cus_9"]
    assert customers.update("acme", integrations=[]).data.integrations == []
    nameless: Any = {**stripe, "synced_entity_id": " "}
    with pytest.raises(UnprocessableEntityError) as refused:
        customers.update("acme", integrations=[crm, nameless])
    assert "integrations[1].syncedEntityId" in str(refused.value)
    assert customers.retrieve("acme").data.integrations == []
    with pytest.raises(NotFoundError):
        customers.update("none", integrations=[crm])


def test_a_payment_method_is_attached_replaced_and_detached(
    desk: Desk, stigg: Stigg, acme: str
) -> None:
    methods = stigg.v1.customers.payment_method
    named: Any = {"integration_id": "stripe-eu", "vendor_identifier": "STRIPE"}
    first = methods.attach(acme, payment_method_id="pm_1", billing_currency="eur", **named).data
    assert first.default_payment_method is not None
    assert first.default_payment_method.billing_id == "pm_1"
    assert first.default_payment_method.type is None
    assert first.billing_currency == "eur"
    again = methods.attach(acme, payment_method_id="pm_1", **named).data
    assert (again.billing_currency, again.updated_at) == ("eur", first.updated_at)
    card = {"type": "CARD", "cardBrand": "visa", "cardLast4Digits": "4242"}
    second = methods.attach(
        acme,
        payment_method_id="pm_2",
        extra_body={**card, "cardExpiryMonth": 11, "cardExpiryYear": 2029},
        **named,
    ).data.default_payment_method
    assert second is not None
    assert (second.billing_id, second.card_brand, second.card_expiry_year) == ("pm_2", "visa", 2029)
    assert methods.detach(acme).data.default_payment_method is None
    assert methods.detach(acme).data.default_payment_method is None
    assert [each for each in announced(desk) if each.startswith("PaymentMethod")] == [
        "PaymentMethodAttached",
        "PaymentMethodAttached",
        "PaymentMethodDetached",
    ]
    for refused in ({"cardExpiryMonth": 13}, {"cardLast4Digits": "42"}, {"cardExpiryYear": 29}):
        with pytest.raises(UnprocessableEntityError):
            methods.attach(acme, payment_method_id="pm_3", extra_body=refused, **named)
    with pytest.raises(NotFoundError):
        methods.attach("none", payment_method_id="pm_1", **named)
    with pytest.raises(NotFoundError):
        methods.detach("none")


def test_a_payment_method_comes_with_a_customer(stigg: Stigg) -> None:
    card: Any = {
        "billing_id": "pm_1",
        "type": "CARD",
        "card_expiry_month": 1.0,
        "card_expiry_year": 2030,
        "card_last4_digits": "4242",
    }
    customers = stigg.v1.customers
    made = customers.provision(id="acme", default_payment_method=card).data
    assert made.default_payment_method is not None
    assert made.default_payment_method.card_expiry_month == 1
    assert customers.provision(id="acme", name="Acme").data.default_payment_method is not None
    assert customers.provision(id="acme", default_payment_method=None).data.name == "acme"
    assert customers.retrieve("acme").data.default_payment_method is None
    wrong: Any = {**card, "card_expiry_month": 0}
    with pytest.raises(UnprocessableEntityError) as refused:
        customers.provision(id="other", default_payment_method=wrong)
    assert "defaultPaymentMethod.cardExpiryMonth" in str(refused.value)
    with pytest.raises(NotFoundError):
        customers.retrieve("other")


BERLIN: Any = {
    "line1": "Torstraße 140",
    "line2": "3. Hof",
    "city": "Berlin",
    "postal_code": "10119",
    "country": "Germany",
}


def test_billing_fields_meant_for_a_provider_become_ours(desk: Desk, stigg: Stigg) -> None:
    passthrough: Any = {
        "stripe": {
            "billing_address": {**BERLIN, "state": "BE"},
            "customer_name": "Acme GmbH",
            "tax_ids": [{"type": "eu_vat", "value": "DE136695976"}],
            "payment_method_id": "pm_1",
            "shipping_address": BERLIN,
            "invoice_custom_fields": {"cost centre": "7"},
            "metadata": {"tier": "1"},
        },
        "zuora": {"currency": "eur", "metadata": {"a": "b"}},
    }
    made = stigg.v1.customers.provision(id="acme", passthrough=passthrough).data
    assert (made.name, made.billing_currency, made.metadata) == ("Acme GmbH", "eur", None)
    assert made.default_payment_method is not None
    assert made.default_payment_method.billing_id == "pm_1"
    assert made.passthrough is None
    ours = desk.get("/customers/acme").json()["data"]
    assert ours["address"] == {
        "country": "DE",
        "lines": ["Torstraße 140", "3. Hof"],
        "city": "Berlin",
        "region": "BE",
        "postalCode": "10119",
    }
    assert ours["taxIds"] == [{"kind": "eu_vat", "value": "DE136695976"}]
    stripe: Any = {"customer_name": "Other", "billing_address": {**BERLIN, "country": "fr"}}
    stigg.v1.customers.update("acme", name="Mine", passthrough={"stripe": stripe})
    ours = desk.get("/customers/acme").json()["data"]
    assert (ours["name"], ours["address"]["country"]) == ("Mine", "FR")


@pytest.mark.parametrize(
    ("passthrough", "path"),
    [
        ({"stripe": {"billing_address": {"country": "Narnia"}}}, "stripe.billingAddress.country"),
        ({"zuora": {"billing_address": {"city": "Paris"}}}, "zuora.billingAddress.country"),
        ({"stripe": {"tax_ids": [{"type": "eu_vat", "value": "DE1"}]}}, "stripe.taxIds[0].value"),
    ],
)
def test_what_of_them_is_wrong_is_named_where_it_stood(
    stigg: Stigg, passthrough: Any, path: str
) -> None:
    with pytest.raises(UnprocessableEntityError) as refused:
        stigg.v1.customers.provision(id="acme", passthrough=passthrough)
    assert f"passthrough.{path}" in str(refused.value)


def test_imported_customers_bring_their_method_and_their_record_in_salesforce(
    stigg: Stigg,
) -> None:
    customers = stigg.v1.customers

    def imported(salesforce_id: str) -> None:
        customers.import_(
            integration_id="stripe-eu",
            customers=[
                {
                    "id": "acme",
                    "name": "Acme",
                    "email": None,
                    "payment_method_id": "pm_1",
                    "salesforce_id": salesforce_id,
                    "updated_at": "2024-01-01T00:00:00Z",
                }
            ],
        )

    for salesforce_id in ("001", "001", "002"):
        imported(salesforce_id)
    acme = customers.retrieve("acme").data
    assert acme.default_payment_method is not None
    assert acme.default_payment_method.billing_id == "pm_1"
    assert [(e.id, e.synced_entity_id) for e in acme.integrations or []] == [("salesforce", "002")]


def test_an_archived_customer_stays_so_when_it_is_changed(stigg: Stigg, acme: str) -> None:
    customers = stigg.v1.customers
    customers.archive(acme)
    named: Any = {"integration_id": "stripe-eu", "vendor_identifier": "STRIPE"}
    assert customers.update(acme, name="Acme Ltd").data.archived_at is not None
    attached = customers.payment_method.attach(
        acme, payment_method_id="pm_1", billing_currency="usd", **named
    )
    assert attached.data.archived_at is not None
    assert customers.provision(id=acme).data.archived_at is None


def test_the_asynchronous_sdk_links_and_attaches(desk: Desk, acme: str) -> None:
    async def told() -> list[str | None]:
        async with async_stigg(desk) as client:
            links = client.v1.customers.integrations
            await links.link(acme, **STRIPE)
            await links.update("stripe-eu", id=acme, synced_entity_id=None)
            found = [each.synced_entity_id async for each in links.list(acme)]
            one = (await links.retrieve("stripe-eu", id=acme)).data.vendor_identifier
            gone = (await links.unlink("stripe-eu", id=acme)).data.id
            methods = client.v1.customers.payment_method
            attached = await methods.attach(
                acme, integration_id="s", vendor_identifier="STRIPE", payment_method_id="pm_1"
            )
            held = attached.data.default_payment_method
            assert (await methods.detach(acme)).data.default_payment_method is None
            return [*found, one, gone, held.billing_id if held else None]

    assert asyncio.run(told()) == [None, "STRIPE", "stripe-eu", "pm_1"]
