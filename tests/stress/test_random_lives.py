"""Whatever people do in whatever order: in the end each day of each line is billed once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta

import pytest

from tests.stories.world import World
from usance.domain.contracts.schedule import slices
from usance.domain.contracts.value import line_value
from usance.domain.due_items import LineKind
from usance.domain.errors import DomainError
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import InvoiceLine, InvoiceStatus
from usance.domain.money import total
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
CHANGEABLE = [("fees", "platform"), ("support", "support")]
AMENDMENT = """
kind: AMENDMENT
contractId: {ref}
currency: EUR
effectiveOn: {on}
changes:
  - {{lineId: {line}, price: {{model: FLAT, amount: "{amount}"}}}}
"""
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

    def amend() -> None:
        ref, line = chance.choice(CHANGEABLE)
        on = date(2025, 1, 31) + timedelta(days=chance.randrange(100))
        amount = chance.choice(["90.00", "120.00"])
        world.sign(AMENDMENT.format(ref=ref, line=line, on=on, amount=amount))

    return [
        a_day_on,
        a_day_on,
        used,
        world.bill,
        bill_late,
        change_po,
        amend,
        lambda: refresh_drafts(world.runtime, world.scope),
        lambda: refresh_drafts(world.runtime, world.scope, [some().id]),
        lambda: approve_invoice(world.runtime, world.scope, some().id),
        lambda: issue_invoice(world.runtime, world.scope, some().id),
        lambda: world.void(some().id),
        lambda: world.pay(f"{chance.randrange(1, 300)}.00 EUR"),
    ]


def lines_of(world: World, line_id: str) -> Iterator[InvoiceLine]:
    """Every line about a contract line, on documents that are not void."""
    for stored in world.every(*set(InvoiceStatus) - {InvoiceStatus.VOID}):
        yield from (line for line in stored.draft.lines if line.line_id == line_id)


def billed_days(world: World, line_id: str) -> Counter[date]:
    """How often each day of a contract line was billed and not given back again."""
    found: Counter[date] = Counter()
    for line in lines_of(world, line_id):
        once = 1 if line.source is None else -1
        for number in range(line.service_period.days):
            found[line.service_period.start + timedelta(days=number)] += once
    return found


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
            assert billed_days(world, line.id) == Counter(expected)
            if line.sold.kind is not LineKind.USAGE:
                nets = [each.net for each in lines_of(world, line.id)]
                assert total(nets, contract.currency) == line_value(line, contract.currency)
    world.approve_all().issue_all()
    numbers = sorted(each.number for each in world.every() if each.number)
    assert numbers == [f"HDE-2025-{count:05d}" for count in range(1, len(numbers) + 1)]
