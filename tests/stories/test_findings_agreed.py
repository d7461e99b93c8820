"""What reviewers are told of what was agreed: purchase orders that ran out, prices changed."""

from __future__ import annotations

import pytest

from tests.documents.test_rate_card_notation import CARD
from tests.flows.test_save_rate_card import FORM
from tests.stories.world import World
from usance.domain.invoicing.findings import REMEDIES
from usance.flows.save_rate_card import save_rate_card

pytestmark = pytest.mark.postgres

SEATS = """
currency: EUR
customerId: nordlicht
legalEntityId: halden-de
contractId: c1
term: {start: 2025-01-01, months: 12}
poNumbers: [{start: 2025-01-01, end: 2025-03-01, number: PO-1}]
%s
lines:
- {lineId: p, name: Platform, kind: RECURRING, price: {model: FLAT, amount: "10.00"},
   billing: {every: {count: 1, unit: MONTH}, timing: IN_ADVANCE}}
"""


def told(world: World, code: str) -> list[str]:
    """The days billed on which a reviewer is told so, each with where and how."""
    return [
        f"{stored.draft.bill_on} {finding.severity} {finding.path}"
        for stored in world.every()
        for finding in stored.draft.findings
        if finding.code == code
    ]


def test_a_purchase_order_that_ran_out_is_told(world: World) -> None:
    world.sign(SEATS % "")
    world.on("2025-04-01").bill()
    assert told(world, "PoNumberExpired") == [
        "2025-03-01 WARNING poNumber",
        "2025-04-01 WARNING poNumber",
    ]
    assert "PoNumberExpired" in REMEDIES


def test_a_number_for_all_other_days_never_runs_out(world: World) -> None:
    world.sign(SEATS % "poNumber: PO-0")
    world.on("2025-04-01").bill()
    assert told(world, "PoNumberExpired") == []


def test_an_amendment_of_a_price_from_a_rate_card_is_told(world: World) -> None:
    save_rate_card(world.runtime, world.scope, CARD)
    form = FORM.replace("months: 1}", "months: 6}")
    contract_id = world.sign(form)
    amendment = f"currency: EUR\nkind: AMENDMENT\ncontractId: {contract_id}\n"
    world.sign(
        amendment + "orderId: A1\neffectiveOn: 2025-08-01\n"
        'changes: [{lineId: seats, price: {model: PER_UNIT, unitAmount: "0.02"}}]'
    )
    world.sign(
        amendment + "orderId: A2\neffectiveOn: 2025-09-01\n"
        "changes: [{lineId: seats, quantity: 6000}]"
    )
    world.sign(
        amendment + "orderId: A3\neffectiveOn: 2025-10-01\nsignature: {by: Ada, on: 2025-06-01}\n"
        "changes: [{lineId: seats, price: {rateCard: standard, item: api-calls}}]"
    )
    world.on("2025-11-01").bill()
    assert told(world, "PriceOverridden") == [
        "2025-08-01 INFO lines[0].price",
        "2025-09-01 INFO lines[0].price",
    ]


def test_a_price_that_never_was_a_rate_cards_may_change_unremarked(world: World) -> None:
    world.sign(SEATS % "")
    world.sign(
        "currency: EUR\nkind: AMENDMENT\ncontractId: c1\norderId: A1\neffectiveOn: 2025-02-01\n"
        'changes: [{lineId: p, price: {model: FLAT, amount: "20.00"}}]'
    )
    world.on("2025-02-01").bill()
    assert told(world, "PriceOverridden") == []
