"""What a customer may use, through Stigg's SDK: listed and checked, with every reason why not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from stigg import Stigg, UnprocessableEntityError
from stigg.types.v1.customer_check_entitlement_response import DataCredit, DataFeature

from tests.api.conftest import FIRST_DAY, Desk
from tests.api.stigg_sdk.conftest import async_stigg
from tests.store.held import ACME, Offers, choice, gives, number, switch
from usance.domain.catalog import Aggregation, Feature, Meter, MeterType
from usance.domain.ids import FeatureId
from usance.domain.plans.charges import BillingModel, BillingPeriod, Charge
from usance.domain.plans.entitlements import ResetPeriod
from usance.domain.plans.package import Budget, PackagePricing, PricingType, TrialEnd
from usance.domain.subscriptions.terms import Terms
from usance.flows.archive_feature import archive_feature
from usance.flows.open_environment import move_clock
from usance.store import parties

FEBRUARY = datetime(2025, 2, 1, 12, tzinfo=UTC)
MONTHLY: Any = {"reset_period": ResetPeriod.MONTH}
CALLS = Feature(
    id=FeatureId("calls"),
    display_name="Calls",
    meter_type=MeterType.INCREMENTAL,
    meter=Meter("called", Aggregation.COUNT),
)


@pytest.fixture
def offers(desk: Desk) -> Offers:
    """An environment with a feature of each kind, and nothing bought yet."""
    features = (
        CALLS,
        number("limit", MeterType.NONE),
        switch("sso"),
        switch("beta"),
        choice("region", "eu", "us"),
    )
    return Offers(desk.runtime, desk.scope).open(*features)


@pytest.fixture
def acme(offers: Offers) -> Offers:
    """Acme has a plan of 10 calls a month, a limit, single sign-on and Europe."""
    plan = offers.plan(
        "pro",
        gives("calls", 10, **MONTHLY),
        gives("limit", 3),
        gives("sso"),
        gives("region", enum_values=("eu",)),
    )
    offers.subscribe(plan)
    return offers


def call(desk: Desk, count: int, *, by: str = ACME, at: datetime = FIRST_DAY) -> None:
    """A customer calls so often."""
    first = datetime.now(UTC).timestamp()
    events = [
        {
            "customerId": by,
            "eventName": "called",
            "idempotencyKey": f"{first}-{index}",
            "timestamp": at.isoformat(),
        }
        for index in range(count)
    ]
    answer = desk.post("/events", {"events": events})
    assert answer.status_code < 300, answer.text


def check(stigg: Stigg, feature_id: str, customer_id: str = ACME, **asked: Any) -> DataFeature:
    """What the SDK is told of a feature."""
    found = stigg.v1.customers.check_entitlement(customer_id, feature_id=feature_id, **asked)
    assert isinstance(found.data, DataFeature)
    return found.data


def test_a_metered_feature_is_granted_until_its_limit(
    desk: Desk, stigg: Stigg, acme: Offers
) -> None:
    fresh = check(stigg, "calls", requested_usage=10)
    assert (fresh.is_granted, fresh.current_usage, fresh.usage_limit) == (True, 0, 10)
    call(desk, 9)
    at_nine = check(stigg, "calls", requested_usage=1)
    assert (at_nine.is_granted, at_nine.current_usage) == (True, 9)
    assert not check(stigg, "calls", requested_usage=2).is_granted
    call(desk, 1)
    full = check(stigg, "calls", requested_usage=1)
    assert full.access_denied_reason == "RequestedUsageExceedingLimit"
    assert check(stigg, "calls").is_granted, "exactly at the limit nothing more was asked for"
    assert full.feature is not None
    assert (full.feature.id, full.feature.feature_type) == ("calls", "NUMBER")
    assert (full.reset_period, full.usage_period_anchor) == ("MONTH", FIRST_DAY)
    assert (full.usage_period_start, full.usage_period_end) == (FIRST_DAY, FEBRUARY)
    assert full.valid_until == FEBRUARY
    assert full.entitlement_updated_at is not None
    call(desk, 1)
    assert check(stigg, "calls").access_denied_reason == "RequestedUsageExceedingLimit"
    move_clock(desk.runtime, desk.scope, FEBRUARY)
    anew = check(stigg, "calls")
    assert (anew.is_granted, anew.current_usage) == (True, 0)
    assert anew.usage_period_start == FEBRUARY


def test_a_list_shows_every_kind_of_feature(desk: Desk, stigg: Stigg, acme: Offers) -> None:
    call(desk, 4)
    found = stigg.v1.customers.retrieve_entitlements(ACME).data
    assert found.access_denied_reason is None
    shown = {
        each.feature.id: (each.is_granted, each.usage_limit, each.current_usage)
        for each in found.entitlements
        if each.type == "FEATURE" and each.feature is not None
    }
    assert shown == {
        "calls": (True, 10, 4),
        "limit": (True, 3, None),
        "region": (True, None, None),
        "sso": (True, None, None),
    }


def test_values_and_kinds_are_matched(stigg: Stigg, acme: Offers) -> None:
    assert check(stigg, "region", requested_values=["eu"]).is_granted
    both = check(stigg, "region", requested_values=["eu", "us"])
    assert both.access_denied_reason == "RequestedValuesMismatch"
    assert check(stigg, "sso").is_granted
    wrong = check(stigg, "sso", requested_values=["eu"])
    assert wrong.access_denied_reason == "FeatureTypeMismatch"
    limit = check(stigg, "limit", requested_usage=100)
    assert (limit.is_granted, limit.usage_limit, limit.current_usage) == (True, 3, None)


def test_everybody_is_told_why_not(desk: Desk, stigg: Stigg, acme: Offers) -> None:
    assert check(stigg, "calls", "nobody").access_denied_reason == "CustomerNotFound"
    assert check(stigg, "nothing").access_denied_reason == "FeatureNotFound"
    assert check(stigg, "beta").access_denied_reason == "NoFeatureEntitlementInSubscription"
    nowhere = check(stigg, "calls", resource_id="site")
    assert nowhere.access_denied_reason == "CustomerResourceNotFound"
    acme.customer("idle")
    idle = check(stigg, "nothing", "idle")
    assert idle.access_denied_reason == "NoActiveSubscription", "asked before the feature is"
    acme.promote(gives("sso", is_granted=False), to="idle")
    assert check(stigg, "sso", "idle").access_denied_reason == "Revoked"
    listed = stigg.v1.customers.retrieve_entitlements
    assert listed("nobody").data.access_denied_reason == "CustomerNotFound"
    assert listed(ACME, resource_id="site").data.access_denied_reason == "NoActiveSubscription"
    with desk.runtime.transaction(desk.scope) as tx:
        parties.save_customer_archived(tx, ACME, at=FIRST_DAY)
    assert check(stigg, "calls").access_denied_reason == "CustomerIsArchived"
    assert listed(ACME).data.access_denied_reason == "CustomerIsArchived"


def test_credits_are_never_granted_and_never_reserved(stigg: Stigg, acme: Offers) -> None:
    asked = stigg.v1.customers.check_entitlement
    found = asked(ACME, currency_id="tokens").data
    assert isinstance(found, DataCredit)
    assert (found.is_granted, found.access_denied_reason) == (False, "EntitlementNotFound")
    with pytest.raises(UnprocessableEntityError, match="ReservationsNotOffered"):
        asked(ACME, currency_id="tokens", reserve_amount=5, reservation_id="one")
    with pytest.raises(UnprocessableEntityError, match="ExclusiveFields"):
        asked(ACME, currency_id="tokens", feature_id="calls")
    with pytest.raises(UnprocessableEntityError, match="MissingField"):
        asked(ACME)
    with pytest.raises(UnprocessableEntityError, match="InvalidRequestedUsage"):
        asked(ACME, feature_id="calls", requested_usage=-1)


def test_a_budget_that_is_spent_is_told_before_any_limit(
    desk: Desk, stigg: Stigg, offers: Offers
) -> None:
    charge = Charge(
        id="call",
        created_at=FIRST_DAY,
        model=BillingModel.USAGE_BASED,
        period=BillingPeriod.MONTHLY,
        currency="USD",
        amount=Decimal("0.5"),
        feature_id=FeatureId("calls"),
    )
    paid = PackagePricing(type=PricingType.PAID, charges=(charge,))
    plan = offers.plan("payg", gives("calls", 3), gives("sso"), pricing=paid)
    terms = Terms(
        billing_period=BillingPeriod.MONTHLY,
        currency="USD",
        budget=Budget(limit=Decimal(2), has_soft_limit=False),
    )
    offers.subscribe(plan, terms=terms)
    call(desk, 3)
    over = check(stigg, "calls", requested_usage=1)
    assert over.access_denied_reason == "RequestedUsageExceedingLimit"
    call(desk, 1)
    assert check(stigg, "calls").access_denied_reason == "BudgetExceeded"
    assert check(stigg, "sso").access_denied_reason == "BudgetExceeded"
    listed = stigg.v1.customers.retrieve_entitlements(ACME).data.entitlements
    assert {each.access_denied_reason for each in listed} == {"BudgetExceeded"}
    offers.promote(gives("sso"))
    assert check(stigg, "sso").is_granted, "what was given is no matter of the budget"
    move_clock(desk.runtime, desk.scope, FEBRUARY)
    assert check(stigg, "calls").access_denied_reason == "RequestedUsageExceedingLimit"


def test_a_trial_ends_at_its_instant(desk: Desk, stigg: Stigg, offers: Offers) -> None:
    end = FIRST_DAY + timedelta(days=14)
    plan = offers.plan("pro", gives("sso"))
    offers.subscribe(plan, trial_ends_at=end, ends_at=end, trial_end=TrialEnd.CANCEL_SUBSCRIPTION)
    during = check(stigg, "sso")
    assert (during.is_granted, during.valid_until) == (True, end)
    move_clock(desk.runtime, desk.scope, end)
    assert check(stigg, "sso").access_denied_reason == "NoActiveSubscription"


def test_what_is_suspended_stays_with_who_has_it(desk: Desk, stigg: Stigg, acme: Offers) -> None:
    archive_feature(desk.runtime, desk.scope, FeatureId("sso"))
    found = check(stigg, "sso")
    assert found.is_granted
    assert found.feature is not None
    assert found.feature.feature_status == "SUSPENDED"


def test_another_environments_customer_is_nobody(
    stranger: Desk, stigg: Stigg, acme: Offers
) -> None:
    Offers(stranger.runtime, stranger.scope).customer("theirs")
    assert check(stigg, "calls").is_granted
    assert check(stigg, "calls", "theirs").access_denied_reason == "CustomerNotFound"
    answer = stranger.get(f"/customers/{ACME}/entitlements/check", featureId="calls")
    assert answer.json()["data"]["accessDeniedReason"] == "CustomerNotFound"


def test_the_asynchronous_sdk_is_told_the_same(desk: Desk, acme: Offers) -> None:
    async def ask() -> tuple[Any, Any]:
        async with async_stigg(desk) as client:
            customers = client.v1.customers
            checked = await customers.check_entitlement(
                ACME, feature_id="calls", requested_usage=11
            )
            return checked.data, (await customers.retrieve_entitlements(ACME)).data

    checked, listed = asyncio.run(ask())
    assert checked.access_denied_reason == "RequestedUsageExceedingLimit"
    assert len(listed.entitlements) == 4
