"""Each field of Stigg's SDKs is known, or it stands on a list with the reason: none is dropped."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from stigg import Stigg, UnprocessableEntityError

from tests.api.stigg_sdk.offers import sell_an_app
from tests.api.stigg_sdk.wire_fields import Route, answered, routes, snake, taken, taken_options
from tests.api.stigg_sdk.without_effect import (
    NOT_ANSWERED,
    REFUSED,
    REFUSED_WORDS,
    WITHOUT_EFFECT,
    Excused,
    is_excused,
)

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "guides" / "compatibility.md"
ROUTES = pytest.mark.parametrize("route", routes(), ids=lambda route: route.method)


@cache
def handling() -> str:
    """The code that reads requests."""
    rooms = ("api", "documents", "flows")
    files = [path for room in rooms for path in (ROOT / "src" / "usance" / room).rglob("*.py")]
    domain = ("metering", "entitlements")  # where events and reports are read
    files += [path for room in domain for path in (ROOT / "src/usance/domain" / room).rglob("*.py")]
    return "\n".join(path.read_text("utf-8") for path in files)


def is_read(field: str) -> bool:
    """Whether some code asks for a field of that name."""
    name = field.rpartition(".")[2]
    words = f"\\.{snake(name)}\\b|[\"']({snake(name)}|{name})[\"'\\[]"
    return re.search(words, handling()) is not None


@ROUTES
def test_a_field_the_sdk_sends_is_known(route: Route) -> None:
    unknown = {
        each for each in route.sent() - taken(route) if not is_excused(REFUSED, route.method, each)
    }
    assert not unknown, (
        f"{route.path} does not know {sorted(unknown)}: honour it, or refuse it by its name and "
        "put it on the list REFUSED of without_effect.py"
    )


@ROUTES
def test_a_word_the_sdk_may_send_is_known(route: Route) -> None:
    known = taken_options(route)
    for field, words in route.options().items():
        if field in known:
            unknown = words - known[field] - REFUSED_WORDS.get(field, set())
            assert not unknown, f"{route.path}: {field} may be {sorted(unknown)}, too"


@pytest.mark.parametrize(  # of queries ruff knows: their fields are arguments
    "route", [route for route in routes() if not route.is_query], ids=lambda route: route.method
)
def test_a_field_that_is_taken_is_read(route: Route) -> None:
    excuses = (*WITHOUT_EFFECT, *REFUSED)
    dropped = {
        each
        for each in route.sent()
        if not is_read(each) and not is_excused(excuses, route.method, each)
    }
    assert not dropped, (
        f"{route.path} takes {sorted(dropped)}, and nothing asks for it: honour it, refuse it, or "
        "put it on the list WITHOUT_EFFECT of without_effect.py and into the guide, with the reason"
    )


@ROUTES
def test_a_field_the_sdk_reads_is_answered(route: Route) -> None:
    missing = {
        each
        for each in route.read() - answered(route)
        if not is_excused(NOT_ANSWERED, route.method, each)
    }
    assert not missing, (
        f"{route.path} does not answer {sorted(missing)}: answer it, or put it on the list "
        "NOT_ANSWERED of without_effect.py, with the reason"
    )


@pytest.mark.parametrize("excused", WITHOUT_EFFECT + REFUSED, ids=lambda each: each.fields)
def test_what_is_excused_is_still_sent(excused: Excused) -> None:
    sent = [
        field for route in routes() for field in route.sent() if excused.covers(route.method, field)
    ]
    assert sent, "the SDK sends nothing of the kind any more: take it off the list"


@pytest.mark.parametrize("excused", NOT_ANSWERED, ids=lambda each: each.fields)
def test_what_is_not_answered_is_still_read(excused: Excused) -> None:
    read = [
        field
        for route in routes()
        for field in route.read() - answered(route)
        if excused.covers(route.method, field)
    ]
    assert read, "it is answered by now: take it off the list"


def test_the_guide_names_each_field_without_effect() -> None:
    told = GUIDE.read_text("utf-8")
    for excused in (*WITHOUT_EFFECT, *REFUSED):
        name = excused.fields.removeprefix("*").removeprefix(".").removesuffix("*")
        assert f"`{name}" in told, f"docs/guides/compatibility.md does not speak of {name}"


def test_what_is_without_effect_changes_nothing(stigg: Stigg) -> None:
    sell_an_app(stigg)
    more: Any = {
        "await_payment_confirmation": True,
        "checkout_options": {"success_url": "https://a.example", "cancel_url": "https://b.example"},
        "billing_information": {
            "integration_id": "stripe",
            "is_backdated": True,
            "metadata": {"a": "b"},
        },
    }
    provision = stigg.v1.subscriptions.provision
    plain = provision(customer_id="ada", plan_id="basic").data.subscription
    with_more = provision(customer_id="grace", plan_id="basic", **more).data.subscription
    assert plain is not None
    assert with_more is not None
    own = {"id", "customer_id", "created_at", "updated_at", "start_date", "billing_cycle_anchor"}
    own |= {"current_billing_period_start", "current_billing_period_end"}
    assert plain.model_dump(exclude=own) == with_more.model_dump(exclude=own)


RESERVATION = {
    "reserve_amount": 5,
    "reservation_id": "r",
    "reservation_ttl_seconds": 60,
    "reservation_expires_at": "2025-01-02T00:00:00Z",
    "reservation_metadata": "{}",
}


@pytest.mark.parametrize("name", RESERVATION)
def test_credits_cannot_be_reserved_where_there_are_none(stigg: Stigg, name: str) -> None:
    asked: Any = {"feature_id": "calls", name: RESERVATION[name]}
    with pytest.raises(UnprocessableEntityError) as refused:
        stigg.v1.customers.check_entitlement("ada", **asked)
    body: Any = refused.value.body
    assert [each["code"] for each in body["error"]["details"]] == ["ReservationsNotOffered"]


def test_what_is_paid_for_in_credits_is_refused(stigg: Stigg) -> None:
    sell_an_app(stigg)
    stigg.v1.plans.create_draft("basic")
    rate = {"amount": 1, "currency_id": "tokens"}
    period = {"billing_period": "MONTHLY", "price": {"amount": 1, "currency": "eur"}}
    for more, field, code in (
        ({"credit_grant_cadence": "MONTHLY"}, "creditGrantCadence", "InvalidCharge"),
        ({"credit_rate": rate}, "creditRate.currencyId", "CreditCurrencyNotFound"),
    ):
        model: Any = {"billing_model": "FLAT_FEE", "price_periods": [{**period, **more}]}
        with pytest.raises(UnprocessableEntityError) as refused:
            stigg.v1.plans.update(
                "basic", charges={"pricing_type": "PAID", "pricing_models": [model]}
            )
        at = f"charges.pricingModels[0].pricePeriods[0].{field}"
        assert (said(refused.value), places(refused.value)) == (code, [at])
    override: Any = {"base_charge": True, "amount": 1, "credit_grant_cadence": "MONTHLY"}
    with pytest.raises(UnprocessableEntityError) as refused:
        stigg.v1.subscriptions.provision(
            customer_id="ada", plan_id="basic", price_overrides=[override]
        )
    assert places(refused.value) == ["priceOverrides[0].creditGrantCadence"]
    pool: Any = {
        "id": "tokens",
        "type": "CREDIT",
        "amount": 1,
        "cadence": "MONTH",
        "dependency_feature_id": "seats",
    }
    with pytest.raises(UnprocessableEntityError) as refused:
        stigg.v1.plans.entitlements.create("basic", entitlements=[pool])
    assert said(refused.value) == "CreditCurrencyNotFound"


def said(refusal: UnprocessableEntityError) -> str:
    """The code of a refusal."""
    body: Any = refusal.body
    return str(body["error"]["code"])


def places(refusal: UnprocessableEntityError) -> list[str]:
    """The fields that it complains of."""
    body: Any = refusal.body
    return [each["path"] for each in body["error"]["details"]]
