"""Rate cards kept, and orders signed at their prices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.documents.test_rate_card_notation import CARD, PLAIN
from tests.stories.world import World
from usance.documents.rate_card_notation import rate_card_from
from usance.domain.errors import Invalid
from usance.domain.ids import OrderId
from usance.flows.runtime import Runtime, Scope
from usance.flows.save_rate_card import RateCardVersionIsFixed, save_rate_card
from usance.store import orders, rate_cards

pytestmark = pytest.mark.postgres

FORM = """
orderId: calls-2025
customerId: nordlicht
legalEntityId: halden-de
currency: EUR
term: {start: 2025-07-01, months: 1}
signature: {by: Ada, on: 2025-06-01}
lines:
  - lineId: seats
    name: Seats
    kind: RECURRING
    quantity: 5000
    price: {rateCard: standard, item: api-calls}
    billing: {every: {count: 1, unit: MONTH}, timing: IN_ADVANCE}
"""


def test_a_card_comes_back_and_the_same_again_changes_nothing(
    runtime: Runtime, scope: Scope, other_scope: Scope
) -> None:
    assert save_rate_card(runtime, scope, CARD) == CARD
    assert save_rate_card(runtime, scope, CARD) == CARD
    with runtime.transaction(other_scope) as tx:
        assert rate_cards.some(tx) == {}


def test_versions_are_added_and_never_changed(runtime: Runtime, scope: Scope) -> None:
    first, second = CARD.versions
    save_rate_card(runtime, scope, replace(CARD, versions=(first,)))
    renamed = replace(CARD, name="Price list", versions=(second,))
    assert save_rate_card(runtime, scope, renamed) == replace(CARD, name="Price list")
    changed = replace(CARD, name="No", versions=(replace(second, items=first.items),))
    with pytest.raises(RateCardVersionIsFixed):
        save_rate_card(runtime, scope, changed)
    with runtime.transaction(scope) as tx:
        assert rate_cards.some(tx)["standard"].name == "Price list"


def test_an_order_is_billed_at_the_price_of_its_card_and_says_which_it_was(
    runtime: Runtime, scope: Scope
) -> None:
    world = World(runtime, scope).open()
    save_rate_card(runtime, scope, CARD)
    world.sign(FORM)
    with runtime.transaction(scope) as tx:
        kept = orders.one(tx, OrderId("calls-2025")).form
    source = {"rateCard": "standard", "item": "api-calls", "version": "2025-01-01"}
    assert kept["priceSources"] == [{"at": "lines[0].price", **source}]
    assert kept["lines"][0]["price"] == {"model": "PER_UNIT", "unitAmount": "0.002"}
    (line,) = world.on("2025-07-01").send_out()[0].draft.lines
    assert line.net.text == "10.00"  # 5,000 x 0.002


def test_what_was_signed_keeps_its_price_when_the_card_moves_on(
    runtime: Runtime, scope: Scope
) -> None:
    world = World(runtime, scope).open()
    save_rate_card(runtime, scope, CARD)
    before = world.order(FORM)
    dearer = {**PLAIN["versions"][0], "validFrom": "2025-05-01"}
    dearer["items"] = {"api-calls": [{"currency": "EUR", "price": {"model": "FLAT", "amount": 9}}]}
    save_rate_card(runtime, scope, rate_card_from({**PLAIN, "versions": [dearer]}))
    assert world.order(FORM) == before


def test_a_card_nobody_made_is_refused_by_its_path(runtime: Runtime, scope: Scope) -> None:
    world = World(runtime, scope).open()
    with pytest.raises(Invalid) as refused:
        world.order(FORM)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("UnknownRateCard", "lines[0].price.rateCard")
