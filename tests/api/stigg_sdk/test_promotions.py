"""Promotional entitlements, through Stigg's SDK: granted, listed, granted anew, revoked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from stigg import NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg

NOTHING: dict[str, Any] = {
    "custom_end_date": None,
    "enum_values": None,
    "has_soft_limit": None,
    "has_unlimited_usage": None,
    "is_visible": None,
    "monthly_reset_period_configuration": None,
    "reset_period": None,
    "usage_limit": None,
    "weekly_reset_period_configuration": None,
    "yearly_reset_period_configuration": None,
}


def given(feature_id: str, period: str = "1 month", **values: object) -> Any:
    """A grant with every key there, as the SDK's types want it."""
    return {**NOTHING, "feature_id": feature_id, "period": period, **values}


@pytest.fixture
def acme(stigg: Stigg) -> str:
    """A customer, and a feature of each kind to give it."""
    stigg.v1.customers.provision(id="acme", name="Acme")
    features = stigg.v1.features
    features.create_feature(
        id="calls", display_name="Calls", feature_type="NUMBER", meter_type="INCREMENTAL"
    )
    features.create_feature(id="sso", display_name="SSO", feature_type="BOOLEAN")
    features.create_feature(
        id="region",
        display_name="Region",
        feature_type="ENUM",
        enum_configuration=[
            {"value": "eu", "display_name": "EU"},
            {"value": "us", "display_name": "US"},
        ],
    )
    return "acme"


def test_features_are_given_replaced_and_taken_back(desk: Desk, stigg: Stigg, acme: str) -> None:
    grants = stigg.v1.customers.promotional_entitlements
    month = {"according_to": "StartOfTheMonth"}
    calls, sso, region = grants.create(
        acme,
        promotional_entitlements=[
            given(
                "calls",
                usage_limit=500,
                has_soft_limit=True,
                reset_period="MONTH",
                monthly_reset_period_configuration=month,
            ),
            given("sso", "lifetime", is_visible=False),
            given("region", "custom", enum_values=["eu"], custom_end_date="2025-03-01T00:00:00Z"),
        ],
    ).data
    assert (calls.feature_id, calls.status, calls.period) == ("calls", "Active", "1 month")
    assert (calls.usage_limit, calls.has_soft_limit, calls.has_unlimited_usage) == (
        500,
        True,
        False,
    )
    assert calls.reset_period == "MONTH"
    assert calls.reset_period_configuration is not None
    assert calls.reset_period_configuration.according_to == "StartOfTheMonth"
    assert calls.start_date == datetime(2025, 1, 1, 12, tzinfo=UTC)
    assert calls.end_date == datetime(2025, 2, 1, 12, tzinfo=UTC)
    assert calls.environment_id == desk.scope.tenant_id
    assert (sso.end_date, sso.is_visible, sso.usage_limit) == (None, False, None)
    assert (region.enum_values, region.end_date) == (["eu"], datetime(2025, 3, 1, tzinfo=UTC))

    desk.at("2025-01-11")
    [again] = grants.create(
        acme, promotional_entitlements=[given("calls", "1 year", has_unlimited_usage=True)]
    ).data
    assert (again.id, again.created_at) == (calls.id, calls.created_at)
    assert (again.usage_limit, again.has_unlimited_usage) == (None, True)
    assert again.end_date == datetime(2026, 1, 11, 12, tzinfo=UTC)
    assert len(list(grants.list(acme))) == 3

    assert grants.revoke("sso", id=acme).data.status == "Expired"
    assert [each.feature_id for each in grants.list(acme)] == ["calls", "region"]
    with pytest.raises(NotFoundError):
        grants.revoke("sso", id=acme)
    kinds = [
        f"PromotionalEntitlement{what}"
        for what in ("Granted", "Granted", "Granted", "Updated", "Revoked")
    ]
    assert [each for each in announced(desk) if each.startswith("Promotional")] == kinds


def announced(desk: Desk) -> list[str]:
    """The kinds of the facts in the outbox, in their order."""
    with desk.runtime.transaction(desk.scope) as tx:
        rows = tx.all("SELECT kind FROM outbox WHERE tenant_id = %(tenant_id)s ORDER BY sequence")
    return [row.kind for row in rows]


def test_they_are_found_by_where_they_stand_and_by_age(desk: Desk, stigg: Stigg, acme: str) -> None:
    grants = stigg.v1.customers.promotional_entitlements
    grants.create(acme, promotional_entitlements=[given("sso", "1 week")])
    desk.at("2025-01-05")
    grants.create(acme, promotional_entitlements=[given("calls", "lifetime", usage_limit=1)])
    later = {"featureId": "region", "period": "1 week", "enumValues": ["us"]}
    later["startDate"] = "2025-02-01T00:00:00"
    body = {"promotionalEntitlements": [later]}
    assert desk.post(f"/customers/{acme}/promotional-entitlements", body).status_code == 201

    def found(**wanted: Any) -> list[str]:
        return [each.feature_id for each in grants.list(acme, limit=1, **wanted)]

    assert found() == ["sso", "calls", "region"]
    assert found(status=["Paused"]) == ["region"]
    assert found(status=["Active"]) == ["sso", "calls"]
    desk.at("2025-01-20")
    assert found(status=["Expired"]) == ["sso"]
    assert found(status=["Active", "Paused"]) == ["calls", "region"]
    assert found(created_at={"gt": datetime(2025, 1, 2, tzinfo=UTC)}) == ["calls", "region"]
    for each in grants.list(acme):  # SQL and the rules see each at the same place
        assert each.feature_id in found(status=[each.status])
    with pytest.raises(UnprocessableEntityError):
        found(status=["Over"])


def test_grants_that_do_not_fit_are_refused_all_together(stigg: Stigg, acme: str) -> None:
    grants = stigg.v1.customers.promotional_entitlements
    wrong = {
        "promotionalEntitlements[1].usageLimit": given("calls"),
        "promotionalEntitlements[1].enumValues": given("region", enum_values=["mars"]),
        "promotionalEntitlements[1].featureId": given("none"),
        "promotionalEntitlements[1].customEndDate": given("calls", "custom", usage_limit=1),
        "promotionalEntitlements[1].resetPeriod": given(
            "region", enum_values=["eu"], reset_period="DAY"
        ),
        "promotionalEntitlements[1].period": given("calls", "2 years", usage_limit=1),
    }
    for path, grant in wrong.items():
        with pytest.raises(UnprocessableEntityError) as refused:
            grants.create(acme, promotional_entitlements=[given("sso"), grant])
        assert path in str(refused.value)
    with pytest.raises(UnprocessableEntityError) as refused:
        grants.create(acme, promotional_entitlements=[given("sso"), given("sso")])
    assert "FeatureTwice" in str(refused.value)
    assert list(grants.list(acme)) == []
    with pytest.raises(NotFoundError):
        grants.create("none", promotional_entitlements=[given("sso")])
    with pytest.raises(NotFoundError):
        grants.list("none")


def test_the_asynchronous_sdk_gives_and_takes_back(desk: Desk, acme: str) -> None:
    async def told() -> list[str]:
        async with async_stigg(desk) as client:
            grants = client.v1.customers.promotional_entitlements
            await grants.create(acme, promotional_entitlements=[given("sso", "6 month")])
            found = [each.period async for each in grants.list(acme)]
            revoked = await grants.revoke("sso", id=acme)
            return [*found, revoked.data.feature_id]

    assert asyncio.run(told()) == ["6 month", "sso"]
