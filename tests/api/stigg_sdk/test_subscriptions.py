"""Subscriptions, through Stigg's SDK: provisioned, looked at, changed, ended."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from stigg import ConflictError, NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg
from tests.api.stigg_sdk.offers import sell_an_app, subscribe

Body = dict[str, Any]


@pytest.fixture
def offered(stigg: Stigg) -> Stigg:
    """An app: free, basic, pro with seats, and enterprise; an add-on; two customers."""
    sell_an_app(stigg)
    return stigg


def test_what_is_provisioned_is_told_in_full(offered: Stigg) -> None:
    answer = offered.v1.subscriptions.provision(
        customer_id="ada",
        plan_id="pro",
        id="sub-1",
        resource_id="site-1",
        paying_customer_id="grace",
        addons=[{"id": "extra", "quantity": 2}],
        charges=[{"id": "seats", "quantity": 7, "type": "FEATURE"}],
        entitlements=[{"id": "calls", "type": "FEATURE", "usage_limit": 500}],
        price_overrides=[{"base_charge": True, "amount": 45.5, "currency": "eur"}],
        minimum_spend={"amount": 30, "currency": "eur"},
        budget={"limit": 900.5, "has_soft_limit": True},
        billing_period="MONTHLY",
        applied_coupon={
            "discount": {"name": "Hello", "percent_off": 12.5, "duration_in_months": 3}
        },
        checkout_options={"success_url": "https://a.example", "cancel_url": "https://b.example"},
        await_payment_confirmation=False,
        payment_collection_method="INVOICE",
        billing_information={"invoice_days_until_due": 14, "metadata": {"a": "b"}},
        metadata={"team": "north"},
        billing_id="in_1",
        salesforce_id="sf-1",
    ).data
    assert (answer.status, answer.is_scheduled, answer.id) == ("SUCCESS", False, "sub-1")
    made = offered.v1.subscriptions.retrieve("sub-1").data
    [calls] = answer.entitlements or []
    assert calls.type == "FEATURE"
    assert (calls.is_granted, calls.usage_limit, calls.current_usage) == (True, 500, 0)
    assert answer.subscription is not None
    assert answer.subscription.to_dict() == made.to_dict()
    assert (made.customer_id, made.plan_id, made.pricing_type) == ("ada", "pro", "PAID")
    assert (made.status, made.payment_collection) == ("ACTIVE", "NOT_REQUIRED")
    assert (made.paying_customer_id, made.resource_id) == ("grace", "site-1")
    assert [(each.id, each.quantity) for each in made.addons or []] == [("extra", 2)]
    prices = {(p.base_charge, p.feature_id, p.addon_id): p.amount for p in made.prices or []}
    assert prices == {
        (True, None, None): 45.5,
        (False, "seats", None): 9,
        (True, None, "extra"): 5,
    }
    (coupon,) = made.coupons or []
    assert (coupon.name, coupon.status, coupon.percent_off) == ("Hello", "ACTIVE", 12.5)
    assert made.budget is not None
    assert (made.budget.limit, made.budget.has_soft_limit) == (900.5, True)
    assert made.minimum_spend is not None
    assert (made.minimum_spend.amount, made.minimum_spend.currency) == (30, "eur")
    assert [each.id for each in made.subscription_entitlements or []] == ["calls"]
    assert made.current_billing_period_end is not None
    assert made.start_date.date().isoformat() == "2025-01-01"
    assert made.current_billing_period_end.date().isoformat() == "2025-02-01"
    assert made.billing_cycle_anchor == made.start_date
    assert (made.metadata, made.billing_id) == ({"team": "north"}, "in_1")
    assert made.payment_collection_method == "INVOICE"
    assert (made.trial, made.end_date, made.cancellation_date) == (None, None, None)
    assert made.future_updates == []


def test_the_same_id_twice_is_one_subscription(offered: Stigg, desk: Desk) -> None:
    subscribe(offered, id="sub-1", metadata={"first": "yes"})
    again = offered.v1.subscriptions.with_raw_response.provision(
        customer_id="ada", plan_id="pro", id="sub-1"
    )
    assert again.status_code == 200
    assert offered.v1.subscriptions.retrieve("sub-1").data.metadata == {"first": "yes"}
    with pytest.raises(ConflictError) as taken:
        offered.v1.subscriptions.provision(customer_id="grace", plan_id="pro", id="sub-1")
    assert "SubscriptionExists" in str(taken.value)
    assert taken.value.response.headers["x-should-retry"] == "false"
    assert len(desk.get("/subscriptions").json()["data"]) == 1


def test_the_whole_way_up_and_down_again(offered: Stigg, desk: Desk) -> None:
    subscriptions = offered.v1.subscriptions
    free = subscribe(offered, "free")
    assert subscriptions.retrieve(free).data.pricing_type == "FREE"
    check = partial(offered.v1.customers.check_entitlement, "ada", feature_id="calls")
    assert check(requested_usage=100).data.is_granted
    denied = check(requested_usage=101).data
    assert (denied.is_granted, denied.access_denied_reason) == (
        False,
        "RequestedUsageExceedingLimit",
    )
    desk.at("2025-01-10")
    pro = subscribe(offered, "pro", charges=[{"id": "seats", "quantity": 3, "type": "FEATURE"}])
    ended = subscriptions.retrieve(free).data
    assert (ended.status, ended.cancel_reason) == ("CANCELED", "UPGRADE_OR_DOWNGRADE")
    assert ended.end_date == subscriptions.retrieve(pro).data.start_date
    agreed: Any = [{"id": "calls", "type": "FEATURE", "usage_limit": 5000}]
    more = subscriptions.update(
        pro, addons=[{"id": "extra", "quantity": 1}], entitlements=agreed
    ).data
    assert check(requested_usage=5000).data.is_granted, "at once"
    assert [each.id for each in more.addons or []] == ["extra"]
    assert more.future_updates == [], "what costs more is had at once"
    desk.at("2025-01-20")
    planned = subscriptions.update(
        pro, charges=[{"id": "seats", "quantity": 2, "type": "FEATURE"}]
    ).data
    (update,) = planned.future_updates or []
    assert (update.schedule_status, update.subscription_schedule_type) == (
        "SCHEDULED",
        "UNIT_AMOUNT",
    )
    assert update.scheduled_execution_time.date().isoformat() == "2025-02-10"
    assert subscriptions.future_update.cancel_schedule(pro).data.id == pro
    assert subscriptions.retrieve(pro).data.future_updates == []
    down = subscriptions.provision(customer_id="ada", plan_id="basic").data
    assert down.is_scheduled, "what costs less follows when the period is used up"
    (later,) = subscriptions.retrieve(pro).data.future_updates or []
    assert later.target_package is not None
    assert later.target_package.id == "basic"
    subscriptions.future_update.cancel_schedule(pro)
    kept = subscriptions.retrieve(pro).data
    assert (kept.status, kept.end_date, kept.future_updates) == ("ACTIVE", None, [])
    assert subscriptions.future_update.cancel_pending_payment(pro).data.id == pro
    assert subscriptions.cancel(pro, cancellation_time="IMMEDIATE").data.id == pro
    over = subscriptions.retrieve(pro).data
    assert (over.status, over.cancel_reason) == ("CANCELED", "Immediate")
    assert check().data.access_denied_reason == "NoActiveSubscription"
    with pytest.raises(ConflictError) as late:
        subscriptions.update(pro, metadata={"a": "b"})
    assert "SubscriptionOver" in str(late.value)


def test_a_trial_is_told_and_ends_by_itself(offered: Stigg, desk: Desk) -> None:
    trial = subscribe(
        offered,
        trial_override_configuration={
            "is_trial": True,
            "trial_end_date": "2025-01-15T00:00:00Z",
            "trial_end_behavior": "CANCEL_SUBSCRIPTION",
        },
    )
    tried = offered.v1.subscriptions.retrieve(trial).data
    assert tried.status == "IN_TRIAL"
    assert tried.trial is not None
    assert tried.trial.trial_end_behavior == "CANCEL_SUBSCRIPTION"
    assert tried.trial_end_date == tried.current_billing_period_end == tried.end_date
    with pytest.raises(ConflictError) as refused:
        offered.v1.subscriptions.cancel(trial, cancellation_time="END_OF_BILLING_PERIOD")
    assert "TrialMustBeCancelledImmediately" in str(refused.value)
    longer = offered.v1.subscriptions.update(trial, trial_end_date="2025-01-20T00:00:00Z").data
    assert longer.trial_end_date is not None
    assert longer.trial_end_date.day == 20
    desk.at("2025-01-21")
    over = offered.v1.subscriptions.retrieve(trial).data
    assert (over.status, over.cancel_reason) == ("EXPIRED", "TRIAL_ENDED")


def test_lists_are_filtered_by_all_that_may_be_asked(offered: Stigg, desk: Desk) -> None:
    first = subscribe(offered, "free", resource_id="one")
    second = subscribe(offered, "pro", resource_id="two")
    third = subscribe(offered, "basic", customer_id="grace")
    later = subscribe(offered, "pro", resource_id="three", start_date="2025-03-01T00:00:00Z")
    offered.v1.subscriptions.cancel(third, cancellation_time="IMMEDIATE")

    def ids(**asked: Any) -> list[str]:
        return [each.id for each in offered.v1.subscriptions.list(**asked)]

    assert ids() == [first, second, third, later]
    assert ids(limit=1) == [first, second, third, later], "page by page"
    assert ids(customer_id="ada") == [first, second, later]
    assert ids(plan_id="pro") == [second, later]
    assert ids(resource_id="two") == [second]
    assert ids(pricing_type=["FREE", "CUSTOM"]) == [first]
    assert ids(status=["ACTIVE", "CANCELED"]) == [first, second, third]
    assert ids(status=["NOT_STARTED"]) == [later]
    assert ids(created_at={"gt": "2025-01-02T00:00:00Z"}) == []
    assert ids(created_at={"gte": "2025-01-01T00:00:00Z", "lt": "2025-01-02T00:00:00Z"})
    second_page = offered.v1.subscriptions.list(limit=2).get_next_page()
    assert second_page.pagination is not None
    back = offered.v1.subscriptions.list(limit=2, before=str(second_page.pagination.prev))
    assert [each.id for each in back.data] == [first, second]
    with pytest.raises(UnprocessableEntityError):
        ids(status=["SLEEPING"])


def test_the_asynchronous_sdk_does_all_of_it_too(offered: Stigg, desk: Desk) -> None:
    async def life() -> list[str]:
        async with async_stigg(desk) as stigg:
            subscriptions = stigg.v1.subscriptions
            made = (await subscriptions.provision(customer_id="ada", plan_id="pro")).data
            seen: list[str] = [made.status, (await subscriptions.retrieve(made.id)).data.status]
            changed = await subscriptions.update(made.id, metadata={"a": "b"})
            seen.append(str(changed.data.metadata))
            seen += [each.id async for each in subscriptions.list(customer_id="ada")]
            await subscriptions.transfer(made.id, destination_resource_id="one")
            given = await subscriptions.delegate(made.id, target_customer_id="grace")
            seen.append(given.data.customer_id)
            await subscriptions.future_update.cancel_schedule(made.id)
            await subscriptions.future_update.cancel_pending_payment(made.id)
            await subscriptions.cancel(made.id)
            seen.append((await subscriptions.retrieve(made.id)).data.status)
            return [each.replace(made.id, "it") for each in seen]

    assert asyncio.run(life()) == ["SUCCESS", "ACTIVE", "{'a': 'b'}", "it", "grace", "CANCELED"]


@pytest.mark.parametrize(
    ("sent", "code", "path"),
    [
        ({"plan_id": "none"}, "PlanNotFound", "planId"),
        ({"billing_period": "WEEKLY"}, "InvalidValue", "billingPeriod"),
        ({"start_date": "soon"}, "InvalidDate", "startDate"),
        ({"addons": [{"id": "none", "quantity": 1}]}, "AddonNotFound", "addons[0].id"),
        (
            {"addons": [{"id": "extra", "quantity": 6}]},
            "AddonQuantityExceedsLimit",
            "addons[0].quantity",
        ),
        ({"addons": [{"id": "extra"}]}, "MissingField", "addons[0].quantity"),
        (
            {"charges": [{"id": "gold", "quantity": 1, "type": "CREDIT"}]},
            "CreditCurrencyNotFound",
            "charges[0].id",
        ),
        (
            {"charges": [{"id": "seats", "quantity": 51, "type": "FEATURE"}]},
            "InvalidQuantity",
            "charges[0].quantity",
        ),
        (
            {"entitlements": [{"id": "none", "type": "FEATURE", "usage_limit": 1}]},
            "FeatureNotFound",
            "entitlements[0].id",
        ),
        (
            {"entitlements": [{"id": "x", "type": "CREDIT", "amount": 1, "cadence": "MONTH"}]},
            "CreditCurrencyNotFound",
            "entitlements[0].id",
        ),
        (
            {"price_overrides": [{"amount": 3}]},
            "InvalidPriceOverride",
            "priceOverrides[0].baseCharge",
        ),
        (
            {"price_overrides": [{"base_charge": True}]},
            "InvalidPriceOverride",
            "priceOverrides[0].amount",
        ),
        (
            {"applied_coupon": {"coupon_id": "none"}},
            "CouponNotFound",
            "appliedCoupon.couponId",
        ),
        (
            {"applied_coupon": {"promotion_code": "HELLO"}},
            "CouponNotFound",
            "appliedCoupon.promotionCode",
        ),
        (
            {"applied_coupon": {"discount": {"name": "x"}}},
            "InvalidCoupon",
            "appliedCoupon.discount.percentOff",
        ),
        (
            {"billing_information": {"tax_rate_ids": ["txr_1"]}},
            "TaxIsComputed",
            "billingInformation.taxRateIds",
        ),
        (
            {"billing_information": {"is_invoice_paid": True}},
            "NoInvoiceIssued",
            "billingInformation.isInvoicePaid",
        ),
        (
            {"billing_information": {"tax_percentage": 19}},
            "TaxIsComputed",
            "billingInformation.taxPercentage",
        ),
        (
            {"billing_information": {"invoice_days_until_due": 1.5}},
            "InvalidTerms",
            "billingInformation.invoiceDaysUntilDue",
        ),
        ({"budget": {"limit": -1, "has_soft_limit": False}}, "InvalidAmount", "budget.limit"),
        ({"metadata": {"": "x"}}, "InvalidName", "metadata"),
        ({"billing_country_code": "xx"}, "UnknownCountry", "billingCountryCode"),
        (
            {"billing_information": {"billing_address": {"country": "ZZ"}}},
            "UnknownCountry",
            "billingInformation.billingAddress.country",
        ),
        (
            {"minimum_spend": {"amount": 1, "currency": "xxx"}},
            "UnknownCurrency",
            "minimumSpend.currency",
        ),
        (
            {"price_overrides": [{"base_charge": True, "amount": 5, "currency": "usd"}]},
            "CurrencyMismatch",
            "priceOverrides[0].currency",
        ),
        (
            {"price_overrides": [{"feature_id": "calls", "amount": 5, "currency": "eur"}]},
            "ChargeNotFound",
            "priceOverrides[0].featureId",
        ),
        (
            {"price_overrides": [{"addon_id": "extra", "amount": 5, "currency": "eur"}]},
            "AddonNotFound",
            "priceOverrides[0].addonId",
        ),
        (
            {"price_overrides": [{"base_charge": True, "amount": 5}] * 2},
            "PriceOverrideTwice",
            "priceOverrides[1]",
        ),
        (
            {"applied_coupon": {"discount": {"amounts_off": [{"amount": -5, "currency": "eur"}]}}},
            "InvalidAmount",
            "appliedCoupon.discount.amountsOff[0].amount",
        ),
        (
            {
                "entitlements": [
                    {
                        "id": "calls",
                        "type": "FEATURE",
                        "usage_limit": 1,
                        "has_unlimited_usage": True,
                    }
                ]
            },
            "InvalidEntitlement",
            "entitlements[0].usageLimit",
        ),
        ({"extra_body": {"colour": "red"}}, "UnknownField", "colour"),
    ],
)
def test_what_is_wrong_is_refused_where_it_stands(
    offered: Stigg, sent: Body, code: str, path: str
) -> None:
    with pytest.raises(UnprocessableEntityError) as refused:
        subscribe(offered, **sent)
    body: Any = refused.value.body
    [detail] = body["error"]["details"]
    assert (body["error"]["code"], detail["path"]) == (code, path)
    assert detail["expected"]
    assert list(offered.v1.subscriptions.list()) == [], "nothing of it was kept"


def test_what_there_is_not_is_not_found(offered: Stigg) -> None:
    subscriptions = offered.v1.subscriptions
    for ask in (
        lambda: subscribe(offered, customer_id="nobody"),
        lambda: subscriptions.retrieve("none"),
        lambda: subscriptions.update("none", metadata={}),
        lambda: subscriptions.cancel("none"),
        lambda: subscriptions.transfer("none", destination_resource_id="one"),
        lambda: subscriptions.delegate("none", target_customer_id="ada"),
        lambda: subscriptions.future_update.cancel_schedule("none"),
        lambda: subscriptions.future_update.cancel_pending_payment("none"),
    ):
        with pytest.raises(NotFoundError):
            ask()


def test_another_environment_sees_nothing_of_it(offered: Stigg, stranger: Desk) -> None:
    made = subscribe(offered)
    assert stranger.get(f"/subscriptions/{made}").status_code == 404
    assert stranger.get("/subscriptions").json()["data"] == []
    assert stranger.post(f"/subscriptions/{made}/cancel").status_code == 404
    assert offered.v1.subscriptions.retrieve(made).data.status == "ACTIVE"


def test_who_pays_is_reached_where_the_subscription_says(offered: Stigg) -> None:
    subscribe(
        offered,
        billing_information={
            "billing_address": {
                "country": "DE",
                "line1": "Torstraße 140",
                "city": "Berlin",
                "postal_code": "10119",
            },
            "tax_ids": [{"type": "eu_vat", "value": "DE136695976"}],
        },
    )
    raw = offered.v1.customers.with_raw_response.retrieve("ada").json()
    assert isinstance(raw, dict)
    customer: Any = raw["data"]
    assert customer["address"]["city"] == "Berlin"
    assert customer["taxIds"] == [{"kind": "eu_vat", "value": "DE136695976"}]


def test_a_preview_is_what_is_billed_then(offered: Stigg, desk: Desk) -> None:
    asked: Any = {
        "customer_id": "ada",
        "plan_id": "pro",
        "billing_period": "MONTHLY",
        "applied_coupon": {"discount": {"name": "Hello", "percent_off": 10}},
    }
    seats: Any = [{"id": "seats", "quantity": 3, "type": "FEATURE"}]
    shown = offered.v1.subscriptions.preview(
        **asked, billable_features=[{"feature_id": "seats", "quantity": 3}]
    ).data
    now = shown.immediate_invoice
    assert (now.sub_total, now.discount, now.currency) == (77, 7.7, "eur")
    assert now.total == round(77 - 7.7 + (now.tax or 0), 2)
    lines = {(each.quantity, each.unit_price, each.sub_total) for each in now.lines or []}
    assert lines == {(1, 50, 50), (3, 9, 27)}
    assert shown.recurring_invoice is not None
    assert shown.recurring_invoice.sub_total == 77
    assert now.billing_period_range is not None
    assert (shown.is_plan_downgrade, shown.has_scheduled_updates) == (False, False)
    assert list(offered.v1.subscriptions.list()) == [], "nothing of it was kept"
    held = subscribe(offered, **asked, charges=seats)
    desk.post("/billing-runs", {})
    drafts = desk.get("/invoices", customerId="ada").json()["data"]
    assert [float(each["total"]) for each in drafts] == [now.total]
    down = offered.v1.subscriptions.preview(customer_id="ada", plan_id="basic").data
    assert down.is_plan_downgrade
    assert offered.v1.subscriptions.retrieve(held).data.future_updates == []
    free = offered.v1.subscriptions.preview(customer_id="grace", plan_id="free").data
    assert (free.immediate_invoice.total, free.recurring_invoice) == (0, None)
