"""Orders that are refused: each problem with code, path, value and what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from psycopg import sql

from tests.house.source import HOUSE
from tests.stories.world import World
from usance.domain.errors import Invalid
from usance.flows.runtime import Runtime, Scope
from usance.flows.sign_order import sign_order
from usance.store.database import Database

pytestmark = pytest.mark.postgres

SCHEMA = (HOUSE / "store/schema.sql").read_text(encoding="utf-8")
TABLES = re.findall(r"^CREATE TABLE (\w+) \(\n\s+tenant_id ", SCHEMA, re.MULTILINE)

FORM: dict[str, Any] = {
    "orderId": "bad",
    "customer": {"customerId": "newcomer", "name": "Newcomer Ltd", "address": {"country": "US"}},
    "legalEntityId": "halden-us",
    "currency": "USD",
    "term": {"start": "2025-01-01", "end": "2026-01-01"},
    "lines": [
        {
            "lineId": "platform",
            "name": "Platform",
            "kind": "RECURRING",
            "price": {"model": "FLAT", "amount": "100.00"},
            "billing": {"every": {"unit": "MONTH"}},
            "total": "1200.00",
        },
        {
            "lineId": "api-calls",
            "name": "API calls",
            "kind": "USAGE",
            "featureId": "api-calls",
            "price": {"model": "PER_UNIT", "unitAmount": "0.01"},
            "billing": {"every": {"unit": "MONTH"}},
        },
    ],
    "subscriptions": [
        {"subscriptionId": "s1", "planId": "team", "entitlements": [{"featureId": "sso"}]}
    ],
    "totals": {"contractValue": "1200.00"},
}


def line(index: int, **changes: object) -> Callable[[dict[str, Any]], None]:
    """A form whose line says something else; None takes a field away."""

    def change(form: dict[str, Any]) -> None:
        kept = form["lines"][index] | changes
        form["lines"][index] = {key: value for key, value in kept.items() if value is not None}

    return change


def top(**changes: object) -> Callable[[dict[str, Any]], None]:
    """A form that says something else at the top; None takes a field away."""

    def change(form: dict[str, Any]) -> None:
        form.update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            del form[key]

    return change


OVERLAP = [
    {"start": "2025-01-01", "end": "2025-07-01"},
    {"start": "2025-06-01", "end": "2026-01-01"},
]
REFUSED: dict[str, tuple[Callable[[dict[str, Any]], None], tuple[str, str, str, str]]] = {
    "a negative price": (
        line(0, price={"model": "FLAT", "amount": "-100.00"}),
        ("NegativePrice", "lines[0].price.amount", "-100.00", "zero or more"),
    ),
    "overlapping ramp segments": (
        line(0, ramp=OVERLAP),
        ("RampOverlap", "lines[0].ramp[1].start", "2025-06-01", "2025-07-01 or later"),
    ),
    "an unknown currency": (
        top(currency="USX"),
        ("UnknownCurrency", "currency", "USX", "ISO 4217"),
    ),
    "a service window outside the term": (
        line(0, service={"start": "2024-12-01", "end": "2026-01-01"}),
        ("ServiceOutsideTerm", "lines[0].service", "2024-12-01..2026-01-01", "within the term"),
    ),
    "a usage line without a feature": (
        line(1, featureId=None),
        ("UsageWithoutFeature", "lines[1].featureId", "", "metered feature"),
    ),
    "a usage line of a feature that is not measured": (
        line(1, featureId="sso"),
        ("FeatureNotMetered", "lines[1].featureId", "sso", "usage is measured"),
    ),
    "a usage line of a feature nobody defined": (
        line(1, featureId="nothing"),
        ("UnknownFeature", "lines[1].featureId", "nothing", "a feature of this environment"),
    ),
    "an entitlement nobody defined": (
        top(
            subscriptions=[
                {"subscriptionId": "s", "planId": "p", "entitlements": [{"featureId": "x"}]}
            ]
        ),
        (
            "UnknownFeature",
            "subscriptions[0].entitlements[0].featureId",
            "x",
            "a feature of this environment",
        ),
    ),
    "a total that differs from its line": (
        line(0, total="1200.01"),
        ("TotalMismatch", "lines[0].total", "1200.01", "1200.00"),
    ),
    "a total that differs from its lines": (
        top(totals={"contractValue": "1000.00"}),
        ("TotalMismatch", "totals.contractValue", "1000.00", "1200.00"),
    ),
    "an unknown customer": (
        top(customer=None, customerId="nobody"),
        ("UnknownCustomer", "customerId", "nobody", "the id of a customer"),
    ),
    "an unknown legal entity": (
        top(legalEntityId="nobody"),
        ("UnknownLegalEntity", "legalEntityId", "nobody", "legal entity of this environment"),
    ),
    "a price with more digits than one can hold": (
        line(0, price={"model": "FLAT", "amount": "0.0000000000001"}),
        ("InvalidNumber", "lines[0].price.amount", "0.0000000000001", ""),
    ),
    "a day out of range": (
        top(term={"start": "2025-01-01", "end": "9999-12-31"}),
        ("DayOutOfRange", "term.end", "9999-12-31", ""),
    ),
    "a term that ends before it starts": (
        top(term={"start": "2025-01-01", "end": "2024-01-01"}),
        ("EmptyPeriod", "term.end", "2024-01-01", "a day after 2025-01-01"),
    ),
    "an effective day outside the term": (
        top(effectiveOn="2026-01-01"),
        ("EffectiveOutsideTerm", "effectiveOn", "2026-01-01", "a day of the term"),
    ),
    "a text PostgreSQL cannot hold": (
        line(0, name="Plat\x00form"),
        ("InvalidText", "lines[0].name", "Plat\\x00form", ""),
    ),
    "a field nobody knows": (
        top(discount="10"),
        ("UnknownField", "discount", "10", ""),
    ),
}


@pytest.fixture
def world(runtime: Runtime, scope: Scope) -> World:
    """Halden at New Year 2025, with its own signed order."""
    world = World(runtime, scope).open()
    world.sign("""
        12 months from 2025-01-01, as taken
        Platform 1.00 USD, monthly in advance
    """)
    return world


def everything(database: Database, scope: Scope) -> dict[str, list[Any]]:
    """Every row of the environment, by table."""
    with database.transaction(scope.tenant_id) as tx:
        return {
            table: sorted(
                tx.connection.execute(
                    sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))
                ).fetchall()
            )
            for table in TABLES
        }


@pytest.mark.parametrize("case", REFUSED)
def test_an_order_is_refused_with_what_would_be_right_and_nothing_is_stored(
    world: World, case: str
) -> None:
    change, (code, path, value, expected) = REFUSED[case]
    form = deepcopy(FORM)
    change(form)
    before = everything(world.runtime.database, world.scope)
    with pytest.raises(Invalid) as refused:
        sign_order(world.runtime, world.scope, form, document=b"form")
    problems = {(each.code, each.path, each.value): each for each in refused.value.problems}
    assert (code, path, value) in problems, list(problems)
    assert expected in problems[code, path, value].expected
    assert everything(world.runtime.database, world.scope) == before


def test_the_form_they_all_spoil_is_right(world: World) -> None:
    before = everything(world.runtime.database, world.scope)
    order = sign_order(world.runtime, world.scope, deepcopy(FORM), document=b"form")
    assert order.id == "bad"
    assert everything(world.runtime.database, world.scope) != before


def test_all_problems_come_at_once(world: World) -> None:
    form = deepcopy(FORM)
    for spoil in (top(legalEntityId="nobody"), line(1, featureId="nothing")):
        spoil(form)
    with pytest.raises(Invalid) as refused:
        sign_order(world.runtime, world.scope, form, document=b"form")
    assert {each.code for each in refused.value.problems} == {
        "UnknownLegalEntity",
        "UnknownFeature",
    }


def test_another_environments_customer_feature_and_entity_are_unknown(
    world: World, other_scope: Scope
) -> None:
    form = {**deepcopy(FORM), "customerId": "larkspur"}
    del form["customer"]
    with pytest.raises(Invalid) as refused:
        sign_order(world.runtime, other_scope, form, document=b"form")
    assert {each.code for each in refused.value.problems} == {
        "UnknownCustomer",
        "UnknownLegalEntity",
        "UnknownFeature",
    }
