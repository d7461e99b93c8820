"""Fields that are easily dropped: each does what it says, or is refused."""

from __future__ import annotations

from typing import Any

import pytest
from stigg import ConflictError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.offers import SEATS, flat, offer, sell_an_app, subscribe

BUYER = "nordlicht"  # of examples/company.yaml, in Germany
ADDRESS: Any = {"country": "DE", "line1": "Weg 1", "city": "Köln", "postal_code": "50667"}


@pytest.fixture
def offered(stigg: Stigg) -> Stigg:
    """An app to sell, which the German entity bills."""
    sell_an_app(stigg)
    stigg.v1.products.update_product("app", metadata={"legalEntityId": "halden-de"})
    return stigg


def refused_at(refusal: UnprocessableEntityError) -> list[tuple[str, str]]:
    """The codes and fields of a refusal."""
    body: Any = refusal.body
    return [(each["code"], each["path"]) for each in body["error"]["details"]]


def test_a_preview_taxes_by_the_address_that_is_sent(offered: Stigg, desk: Desk) -> None:
    def tax(country: str) -> float | None:
        billing: Any = {"billing_address": {**ADDRESS, "country": country}}
        preview = offered.v1.subscriptions.preview(
            customer_id=BUYER, plan_id="basic", billing_information=billing
        )
        return preview.data.immediate_invoice.tax

    before = desk.get(f"/customers/{BUYER}").json()["data"]
    assert (tax("DE"), tax("US")) == (20 * 0.19, 0)
    assert desk.get(f"/customers/{BUYER}").json()["data"] == before, "nothing of it is kept"
    with pytest.raises(UnprocessableEntityError) as refused:
        tax("XX")
    [(_, path)] = refused_at(refused.value)
    assert path.startswith("billingInformation.billingAddress")


def test_a_preview_names_the_coupon_that_takes_something_off(offered: Stigg) -> None:
    coupons: Any = offered.v1.coupons
    rest = {"description": None, "metadata": None, "duration_in_months": None}
    coupons.create(id="half", name="Half", percent_off=50, amounts_off=None, **rest)
    five = [{"amount": 5, "currency": "eur"}]
    coupons.create(id="five", name="Five", percent_off=None, amounts_off=five, **rest)

    def details(coupon: Any) -> Any:
        preview = offered.v1.subscriptions.preview(
            customer_id=BUYER, plan_id="basic", applied_coupon=coupon
        )
        found = preview.data.immediate_invoice.discount_details
        return found and (found.code, found.percentage, found.fixed_amount)

    assert details({"coupon_id": "half"}) == ("half", 50, None)
    assert details({"coupon_id": "five"}) == ("five", None, 5)
    assert details({"discount": {"name": "Ours", "percent_off": 10}}) == (None, 10, None)
    assert details({"coupon_id": ""}) is None


def test_an_invoice_says_what_a_coupon_took_off(offered: Stigg, desk: Desk) -> None:
    half: Any = {"discount": {"name": "Half", "percent_off": 50}}
    subscribe(offered, "basic", customer_id=BUYER, applied_coupon=half)
    desk.post("/billing-runs", {})
    [draft] = desk.get("/invoices", state="DRAFT").json()["data"]
    desk.issued(draft["id"])
    [shown] = offered.v1.customers.list_invoices(BUYER).data
    assert (shown.subtotal, shown.discount, shown.tax) == (20, 10, 1.9)
    assert shown.total == 11.9
    [line] = shown.line_items
    assert (line.quantity, line.amount) == (1, 20)


def test_an_invoice_says_whether_it_was_the_first(offered: Stigg, desk: Desk) -> None:
    id = subscribe(offered, "basic", customer_id=BUYER)

    def latest(day: str) -> Any:
        desk.at(day)
        desk.post("/billing-runs", {})
        for draft in desk.get("/invoices", state="DRAFT").json()["data"]:
            desk.issued(draft["id"])
        found = offered.v1.subscriptions.retrieve(id).data.latest_invoice
        return found and found.billing_reason

    assert [latest(day) for day in ("2025-01-02", "2025-01-20", "2025-02-02")] == [
        "SUBSCRIPTION_CREATION",
        "SUBSCRIPTION_CREATION",
        "BILLING_CYCLE",
    ]


def test_a_contract_keeps_what_was_sent_of_who_pays(offered: Stigg, desk: Desk) -> None:
    def new(plan_id: str, **billing: Any) -> Any:
        sold = {"customer_id": "ada", "plan_id": plan_id, "billing_information": billing}
        return {"new_subscription": sold}

    tax_ids = [{"type": "eu_vat", "value": "DE136695976"}]
    sold = [new("enterprise", billing_address=ADDRESS, tax_ids=tax_ids)]
    offered.v1.contracts.create(customer_id="ada", contract_id="c", subscriptions=sold)
    ada = desk.get("/customers/ada").json()["data"]
    assert (ada["address"]["city"], ada["taxIds"][0]["value"]) == ("Köln", "DE136695976")

    moved = [new("enterprise", billing_address={**ADDRESS, "city": "Bonn"})]
    offered.v1.contracts.create(customer_id="ada", contract_id="c", subscriptions=moved)
    assert desk.get("/customers/ada").json()["data"]["address"]["city"] == "Köln", "it was there"

    wrong = [new("enterprise", billing_address={**ADDRESS, "country": "XX"})]
    with pytest.raises(UnprocessableEntityError) as refused:
        offered.v1.contracts.create(customer_id="ada", contract_id="d", subscriptions=wrong)
    [(_, path)] = refused_at(refused.value)
    assert path.startswith("subscriptions[0].newSubscription.billingInformation.billingAddress")
    assert desk.get("/contracts/d").status_code == 404

    offer(offered, "vault", None, product_id=_product(offered, "archive"))
    body = {"customerId": "ada", "planId": "vault"}
    billing = {"billingAddress": {"country": "DE", "city": "Bonn"}}
    linked = {"newSubscription": {**body, "billingInformation": billing}}
    assert desk.post("/contracts/c/subscriptions", {"subscriptions": [linked]}).status_code == 200
    assert desk.get("/customers/ada").json()["data"]["address"]["city"] == "Bonn"


def _product(stigg: Stigg, id: str) -> str:
    stigg.v1.products.create_product(id=id, display_name=id.title())
    return id


def test_a_contract_is_known_by_one_id_under_each_name(offered: Stigg) -> None:
    made = offered.v1.contracts.create(customer_id="ada", contract_id="c").data
    assert (made.id, made.ref_id, made.contract_id, made.external_id) == ("c", "c", "c", "c")


def test_a_contract_of_another_customer_is_not_given_back(offered: Stigg) -> None:
    create = offered.v1.contracts.create
    create(customer_id="ada", contract_id="c", name="Ada's")
    with pytest.raises(ConflictError) as refused:
        create(customer_id="grace", contract_id="c", name="Grace's")
    assert refused.value.response.headers["x-should-retry"] == "false"
    body: Any = refused.value.body
    assert body["error"]["code"] == "ContractExists"
    assert create(customer_id="ada", contract_id="c").data.name == "Ada's"


def test_null_clears_what_a_contract_is_called(offered: Stigg) -> None:
    contracts = offered.v1.contracts
    contracts.create(customer_id="ada", contract_id="c", name="Deal", po_number="PO-1")
    assert contracts.update("c", name="Other").data.po_number == "PO-1"
    shown = contracts.update("c", name=None, po_number=None).data
    assert (shown.name, shown.po_number) == ("c", None)


CALLS: Any = {"id": "calls", "type": "FEATURE", "usage_limit": 10}
MONDAYS: Any = {"weekly_reset_period_configuration": {"according_to": "EveryMonday"}}


@pytest.mark.parametrize("period", ["MONTH", None])
def test_from_when_a_period_counts_goes_with_that_period(offered: Stigg, period: Any) -> None:
    plans, at = offered.v1.plans, "weeklyResetPeriodConfiguration"
    plans.create(id="new", display_name="New", product_id="app")
    wrong: Any = {**MONDAYS, **({} if period is None else {"reset_period": period})}
    with pytest.raises(UnprocessableEntityError) as refused:
        plans.entitlements.create("new", entitlements=[CALLS | wrong])
    assert refused_at(refused.value) == [("InvalidEntitlement", f"entitlements[0].{at}")]
    weekly: Any = {**CALLS, **MONDAYS, "reset_period": "WEEK"}
    plans.entitlements.create("new", entitlements=[weekly])
    with pytest.raises(UnprocessableEntityError) as refused:
        plans.entitlements.update("calls", plan_id="new", type="FEATURE", **wrong)
    assert refused_at(refused.value) == [("InvalidEntitlement", at)]
    kept: Any = plans.entitlements.list("new").data[0]
    assert kept.reset_period == "WEEK"
    assert kept.reset_period_configuration.according_to == "EveryMonday"
    with pytest.raises(UnprocessableEntityError) as refused:
        subscribe(offered, "basic", entitlements=[CALLS | wrong])
    assert refused_at(refused.value) == [("InvalidEntitlement", f"entitlements[0].{at}")]
    used: Any = {**flat(5), "billing_model": "USAGE_BASED", "feature_id": "calls", **wrong}
    with pytest.raises(UnprocessableEntityError) as refused:
        plans.update("new", charges={"pricing_type": "PAID", "pricing_models": [used]})
    assert refused_at(refused.value) == [("InvalidEntitlement", f"charges.pricingModels[0].{at}")]


@pytest.mark.parametrize(
    ("field", "sent"),
    [("trialEndDate", "2025-02-01T00:00:00Z"), ("trialEndBehavior", "CANCEL_SUBSCRIPTION")],
)
def test_what_is_no_trial_has_no_end_of_one(offered: Stigg, field: str, sent: str) -> None:
    name = {"trialEndDate": "trial_end_date", "trialEndBehavior": "trial_end_behavior"}[field]
    trial: Any = {"is_trial": False, name: sent}
    with pytest.raises(UnprocessableEntityError) as refused:
        subscribe(offered, "basic", trial_override_configuration=trial)
    assert refused_at(refused.value) == [("InvalidTrial", f"trialOverrideConfiguration.{field}")]


def test_periods_are_counted_anew_where_a_change_takes_effect_and_nowhere_else(
    offered: Stigg, desk: Desk
) -> None:
    id, update = subscribe(offered, "pro"), offered.v1.subscriptions.update
    begun = offered.v1.subscriptions.retrieve(id).data.billing_cycle_anchor
    desk.at("2025-01-11")
    more: Any = [{"id": "seats", "quantity": 5, "type": "FEATURE"}]
    for changes in (
        {"metadata": {"a": "b"}},
        {"charges": more, "schedule_strategy": "END_OF_BILLING_PERIOD"},
    ):
        with pytest.raises(UnprocessableEntityError) as refused:
            update(id, billing_cycle_anchor="NOW", **changes)
        assert refused_at(refused.value) == [("InvalidAnchor", "billingCycleAnchor")]
    kept = update(id, billing_cycle_anchor="UNCHANGED", metadata={"a": "b"}).data
    assert (kept.metadata, kept.billing_cycle_anchor) == ({"a": "b"}, begun)
    moved = update(id, billing_cycle_anchor="NOW", charges=more).data.billing_cycle_anchor
    assert moved is not None
    assert moved.date().isoformat() == "2025-01-11"


def test_a_charge_says_whether_it_was_sold(offered: Stigg) -> None:
    def used(kind: Any, id: str) -> set[bool | None]:
        return {each.used_in_subscriptions for each in kind.list_charges(id)}

    plans, addons = offered.v1.plans, offered.v1.addons
    assert (used(plans, "pro"), used(addons, "extra")) == ({False}, {False})
    subscribe(offered, "pro", addons=[{"id": "extra", "quantity": 1}])
    assert (used(plans, "pro"), used(addons, "extra")) == ({True}, {True})
    assert used(plans, "basic") == {False}
    plans.create_draft("pro")
    plans.update("pro", charges={"pricing_type": "PAID", "pricing_models": [flat(60), SEATS]})
    assert used(plans, "pro") == {False}, "the draft was not sold yet"


@pytest.mark.parametrize(
    "path",
    [
        "/plans?productid=app",
        "/customers?nam=Ada",
        "/subscriptions?filter[status]=ACTIVE",
        "/coupons/x?a=",
    ],
)
def test_a_parameter_there_is_not_is_refused_by_its_name(desk: Desk, path: str) -> None:
    refused = desk.http.get(f"/api/v1{path}")
    [detail] = refused.json()["error"]["details"]
    name = path.partition("?")[2].partition("=")[0]
    assert (refused.status_code, detail["code"], detail["path"]) == (422, "UnknownParameter", name)
    assert detail["expected"].startswith(("one of ", "no parameters"))
