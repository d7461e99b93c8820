"""Whatever is agreed, in whatever sequence it is typed, while others bill: what stands in the end
is the price of what was agreed in the end.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.stories.world import World
from tests.stress.lives import END, METERED, Lives
from tests.stress.races import overtaken
from usance.domain.invoicing.crediting import CreditReason, CreditWish, LineCredit
from usance.domain.invoicing.invoice import Disposition, InvoiceNotVoidable
from usance.domain.money import Money
from usance.flows.credit_invoice import credit_invoice
from usance.flows.fulfil_order import fulfil_order
from usance.flows.run_billing import run_billing

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

STEPS = 60


def lives(world: World, seed: int) -> Lives:
    world.on("2025-01-02")
    return Lives(world, random.Random(seed)).begin()


def usual(found: Lives) -> list[Callable[[], object]]:
    """What people and workers do all day."""
    return [
        *[found.type_an_order, found.fulfil_one, found.fulfil_one, found.days_pass, found.bill] * 2,
        found.fulfil_while_billing,
        found.bill_ahead,
        found.bill_twice_at_once,
        found.approve,
        found.issue,
        found.send_all,
        found.void,
    ]


@pytest.mark.parametrize("seed", range(5))
def test_what_stands_in_the_end_is_the_price_of_the_final_timeline(world: World, seed: int) -> None:
    found = lives(world, seed)
    found.live(usual(found), STEPS)
    assert found.done["fulfil_one"] > 0
    world.on(str(END))
    found.settle()
    assert found.billed() == found.agreed()
    assert found.pieces() == found.agreed()
    assert found.given_back_too_much() == []
    world.approve_all().issue_all()
    assert world.bill().draft_count == 0


@pytest.mark.parametrize("seed", range(100, 102))
def test_nor_does_a_run_that_is_killed_in_the_middle_leave_anything_half_done(
    world: World, seed: int
) -> None:
    found = lives(world, seed)
    found.live([*usual(found), *[found.a_run_is_killed] * 6], STEPS)
    assert found.done["a_run_is_killed"] > 2
    world.on(str(END))
    found.settle()
    assert found.billed() == found.agreed()
    assert found.pieces() == found.agreed()


@pytest.mark.parametrize("seed", range(200, 202))
def test_voiding_what_gave_back_and_running_again_comes_to_the_same(
    world: World, seed: int
) -> None:
    found = lives(world, seed)
    found.live(usual(found), STEPS)
    world.on(str(END)).send_out()
    found.terminate_all()
    found.settle()
    voided = 0
    for stored in reversed(found.gives_back()):
        with suppress(InvoiceNotVoidable):  # its days are charged anew on another
            world.void(stored.id)
            voided += 1
        if found.chance.random() < 0.5:
            found.settle()
            assert found.billed() == found.agreed()
    found.settle()
    assert voided > 0
    assert found.billed() == found.agreed()
    assert found.pieces() == found.agreed()


@pytest.mark.parametrize("seed", range(300, 306))
def test_credits_by_hand_and_terminations_together_give_back_no_more_than_was_billed(
    world: World, seed: int
) -> None:
    found = lives(world, seed)
    world.bill(through="2025-03-01")
    world.approve_all().issue_all()
    by_hand = [found.credit_by_hand] * 6
    found.live([found.days_pass, found.bill, found.send_all, *by_hand], 20)
    found.terminate_all()
    found.live([*usual(found), *by_hand], 30)
    assert found.done["credit_by_hand"] > 1
    world.on(str(END))
    found.settle(is_refreshed=True)
    assert found.given_back_too_much() == []
    assert found.credited_both_ways() > 0
    world.approve_all().issue_all()


@pytest.mark.parametrize("seed", [27, *range(400, 405)])  # 27: late before its own day
def test_usage_that_comes_late_ends_in_the_same_sums(world: World, seed: int) -> None:
    world.on("2025-01-02")
    policy = ("NEXT_INVOICE", "REBILL")[seed % 2]
    found = Lives(world, random.Random(seed), {"c1": METERED % policy}).begin()
    found.live([*usual(found), *[found.use] * 6, found.settle_late, found.refresh], STEPS)
    world.on(str(END))
    found.refresh()
    found.settle_late()
    found.settle(is_refreshed=True)
    assert found.billed() == found.drafted_anew()
    assert found.pieces() == found.drafted_anew()


MORE_SEATS = """
currency: EUR
orderId: more
contractId: c1
kind: AMENDMENT
effectiveOn: 2025-03-17
changes: [{lineId: seats, quantity: 13}, {lineId: base, price: {model: FLAT, amount: "150.01"}}]
"""


def test_a_run_that_begins_while_an_amendment_is_fulfilled_bills_what_is_agreed_then(
    world: World,
) -> None:
    found = lives(world, 0)
    world.send_out()
    order = world.order(MORE_SEATS)
    world.on("2025-04-01")
    overtaken(
        world.runtime,
        world.scope,
        lambda runtime: fulfil_order(runtime, world.scope, order.id),
        world.bill,
    )
    assert world.bill().draft_count == 0
    found.settle()
    assert found.billed() == found.agreed()


def test_an_amendment_fulfilled_while_a_run_is_under_way_is_on_the_drafts_of_that_run(
    world: World,
) -> None:
    found = lives(world, 0)
    world.send_out()
    order = world.order(MORE_SEATS)
    world.on("2025-04-01")
    overtaken(
        world.runtime,
        world.scope,
        lambda runtime: run_billing(runtime, world.scope),
        lambda: world.fulfil(order.id),
    )
    world.bill()
    found.settle()
    assert found.billed() == found.agreed()


def test_a_credit_by_hand_stays_while_days_were_given_back_for_less_because_of_it(
    world: World,
) -> None:
    world.sign("12 months from 2025-01-01, as year\nPlatform 1,000.00 EUR, yearly in advance")
    (invoice,) = world.send_out()
    wish = CreditWish(
        reason=CreditReason.GOODWILL,
        lines=(LineCredit(1, Money(60_000, invoice.draft.currency)),),
        disposition=Disposition.BALANCE,
    )
    note = credit_invoice(world.runtime, world.scope, invoice.draft.id, wish)
    world.approve_all().issue_all()
    world.sign(
        "currency: EUR\norderId: end\ncontractId: year\nkind: TERMINATION\n"
        "effectiveOn: 2025-01-01\nrefund: PRO_RATA"
    )
    world.bill()
    (rest,) = world.every("DRAFT")
    assert rest.draft.net.text == "-400.00"

    world.approve_all()
    with pytest.raises(InvoiceNotVoidable, match="gives back less"):
        world.void(note.id)
    world.void(rest.id)
    world.void(note.id)
    world.bill()
    (whole,) = world.every("DRAFT")
    assert whole.draft.net.text == "-1000.00"
