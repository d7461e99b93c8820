"""That what a customer may use changed is announced by the database: once a change, for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.store.held import ACME, START, Offers, gives, number
from usance.domain.fact_names import NAMES
from usance.domain.facts import EntitlementsUpdated
from usance.flows.archive_customer import archive_customer
from usance.flows.open_environment import move_clock
from usance.flows.restore_customer import restore_customer
from usance.flows.runtime import Runtime, Scope
from usance.flows.update_customer import update_customer

ANNOUNCED = """
SELECT name, subject_id, happened_at
  FROM outbox
 WHERE tenant_id = %(tenant_id)s
   AND kind = %(kind)s
 ORDER BY sequence
"""


@pytest.fixture
def offers(runtime: Runtime, scope: Scope) -> Offers:
    """An environment at New Year 2025, with calls to sell."""
    move_clock(runtime, scope, START)
    return Offers(runtime, scope).open(number("calls"))


def announced(offers: Offers) -> list[tuple[str, str]]:
    """The customers whose entitlements were said to have changed, and by which name."""
    with offers.runtime.transaction(offers.scope) as tx:
        rows = tx.all(ANNOUNCED, kind=EntitlementsUpdated.__name__)
    assert all(row.happened_at >= START for row in rows)
    assert all(row.happened_at < START + timedelta(days=1) for row in rows), "by the moved clock"
    return [(row.name, row.subject_id) for row in rows]


def test_a_new_customer_is_no_change(offers: Offers) -> None:
    assert announced(offers) == []


def test_a_subscription_is_one_change_of_its_customer(offers: Offers) -> None:
    plan = offers.plan("pro", gives("calls", 100))
    assert announced(offers) == []
    offers.subscribe(plan)
    assert announced(offers) == [(NAMES[EntitlementsUpdated], ACME)]


def test_a_feature_given_is_a_change_and_so_is_its_end(offers: Offers) -> None:
    offers.promote(gives("calls", 100))
    assert announced(offers) == [(NAMES[EntitlementsUpdated], ACME)]
    archive_customer(offers.runtime, offers.scope, ACME)
    assert len(announced(offers)) == 2, "an archived customer may use nothing"
    restore_customer(offers.runtime, offers.scope, ACME)
    assert len(announced(offers)) == 3
    update_customer(offers.runtime, offers.scope, ACME, {"name": "Acme Ltd"})
    assert len(announced(offers)) == 3, "a name gives nobody access"


def test_what_is_not_kept_is_not_announced(offers: Offers) -> None:
    plan = offers.plan("pro", gives("calls", 100))
    with offers.runtime.rehearsal(offers.scope) as rehearsed:
        replace(offers, runtime=rehearsed).subscribe(plan)
    assert announced(offers) == []
