"""Whatever people do in whatever order: in the end each day of each line is billed once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta

import pytest

from tests.stories.world import World
from usance.domain.contracts.schedule import slices
from usance.domain.errors import DomainError
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.flows.approve_invoice import approve_invoice
from usance.flows.issue_invoice import issue_invoice
from usance.flows.preview_billing import preview_contract
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.update_contract import update_contract
from usance.store import contracts
from usance.store.invoice_rows import StoredInvoice

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

STEPS = 60
DEALS = {
    "fees": """
        5 months from 2025-01-31, as fees
        Platform 100.00 EUR, monthly in advance
        Setup 9.99 EUR on 2025-03-03, on its own invoice
    """,
    "usage": """
        6 months from 2025-01-10, as usage, usage held 4 days
        API calls at 0.0150 EUR, used monthly
        20 Seats at 3.00 EUR a month, quarterly in advance
    """,
    "support": """
        4 months from 2025-01-31, as support
        Support 45.00 EUR, monthly in arrears
    """,
}
END = date(2025, 8, 1)


def acts(world: World, chance: random.Random) -> list[Callable[[], object]]:
    """What people may do next, possible or not."""

    def some() -> StoredInvoice:
        return chance.choice(world.every())

    def a_day_on() -> None:
        world.on(str(min(world.today + timedelta(days=chance.randrange(1, 9)), END)))

    def used() -> None:
        day = world.today - timedelta(days=chance.randrange(40))
        world.usage(str(day), chance.randrange(1, 500))

    def bill_late() -> None:
        world.bill(through=str(world.today - timedelta(days=chance.randrange(30))))

    def change_po() -> None:
        ref = ContractId(chance.choice(list(DEALS)))
        po_number = chance.choice(["PO-1", "PO-2", ""])
        update_contract(world.runtime, world.scope, ref, po_number=po_number)

    return [
        a_day_on,
        a_day_on,
        used,
        world.bill,
        bill_late,
        change_po,
        lambda: refresh_drafts(world.runtime, world.scope),
        lambda: refresh_drafts(world.runtime, world.scope, [some().id]),
        lambda: approve_invoice(world.runtime, world.scope, some().id),
        lambda: issue_invoice(world.runtime, world.scope, some().id),
        lambda: world.void(some().id),
        lambda: world.pay(f"{chance.randrange(1, 300)}.00 EUR"),
    ]


def billed_days(world: World, line_id: str) -> Iterator[date]:
    """Every day of a contract line that stands on a document."""
    for stored in world.every(*set(InvoiceStatus) - {InvoiceStatus.VOID}):
        for line in stored.draft.lines:
            if line.line_id == line_id:
                start = line.service_period.start
                yield from (start + timedelta(days=n) for n in range(line.service_period.days))


@pytest.mark.parametrize("seed", range(4))
def test_each_day_of_each_line_is_billed_once_in_the_end(world: World, seed: int) -> None:
    chance = random.Random(seed)
    world.on("2025-01-10")
    signed = [world.sign(deal) for deal in DEALS.values()]
    done = 0
    for _ in range(STEPS):
        act = chance.choice(acts(world, chance))
        with suppress(DomainError, IndexError):  # often there is nothing to do it to
            act()
            done += 1
    assert done > STEPS // 3

    world.on(str(END)).bill()
    refresh_drafts(world.runtime, world.scope, [each.id for each in world.every("DRAFT")])
    assert world.bill().draft_count == 0
    for contract_id in signed:
        assert preview_contract(world.runtime, world.scope, contract_id, through=END) == []
        with world.runtime.transaction(world.scope) as tx:
            contract = contracts.one(tx, contract_id)
        for line in contract.lines:
            expected = [
                piece.period.start + timedelta(days=number)
                for piece in slices(line)
                for number in range(piece.period.days)
            ]
            assert sorted(billed_days(world, line.id)) == expected
    world.approve_all().issue_all()
    numbers = sorted(each.number for each in world.every() if each.number)
    assert numbers == [f"HDE-2025-{count:05d}" for count in range(1, len(numbers) + 1)]
