"""What is shown before it exists is what comes to exist."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from msgspec import structs

from tests.stories.world import World, written
from usance.domain.errors import NotFound
from usance.domain.ids import ContractId, CustomerId, InvoiceId
from usance.domain.invoicing.invoice import Draft
from usance.domain.rating.working import Fact, Working
from usance.flows.preview_billing import preview_contract, upcoming_invoices
from usance.flows.run_billing import run_billing


def without_id(draft: Draft) -> Draft:
    """A draft as it is kept, whatever its id: the figures of its working are text then."""
    lines = (structs.replace(line, working=_as_kept(line.working)) for line in draft.lines)
    return replace(draft, id=InvoiceId(""), lines=tuple(lines))


def _as_kept(working: Working) -> Working:
    facts: dict[str, Fact] = {
        name: str(fact) if isinstance(fact, Decimal) else fact
        for name, fact in working.facts.items()
    }
    return Working(working.rule, facts, tuple(map(_as_kept, working.parts)))


def stored(world: World) -> list[Draft]:
    """All drafts there are, by day, without their ids."""
    return sorted(
        (without_id(each.draft) for each in world.every()),
        key=lambda draft: (draft.bill_on, draft.grouping.key),
    )


def test_a_preview_is_what_the_runs_later_create(world: World) -> None:
    contract = world.sign("""
        12 months from 2025-01-01
        Platform 1,000.00 EUR, quarterly in advance
        API calls at 0.01 EUR, used monthly
        Setup 99.99 EUR on 2025-02-14, on its own invoice
    """)
    world.usage("2025-01-01", 1234)
    through = date(2025, 12, 31)
    shown = preview_contract(world.runtime, world.scope, contract, through=through)
    assert world.every() == []
    for month in range(2, 13):
        world.on(f"2025-{month:02d}-28").bill()
    world.on("2025-12-31").bill()
    shown.sort(key=lambda draft: (draft.bill_on, draft.grouping.key))
    assert [without_id(draft) for draft in shown] == stored(world)
    left = preview_contract(world.runtime, world.scope, contract, through=date(2026, 1, 1))
    assert [line for draft in left for line in written(draft)] == [
        "2026-01-01  API calls  2025-12-01..2026-01-01  0.00 EUR"
    ]


def test_the_upcoming_invoice_is_the_next_one_the_run_creates(world: World) -> None:
    world.sign("""
        12 months from 2025-01-01
        Platform 1,000.00 USD, quarterly in advance
    """)
    world.sign("""
        12 months from 2025-01-01
        10 Seats at 7.00 USD, monthly in advance
    """)
    larkspur = CustomerId("larkspur")
    for day in ("2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"):
        upcoming = upcoming_invoices(world.runtime, world.scope, larkspur)
        assert [draft.bill_on for draft in upcoming] == [date.fromisoformat(day)]
        world.on(day).bill()
        newest = [draft for draft in stored(world) if str(draft.bill_on) == day]
        assert [without_id(draft) for draft in upcoming] == newest
    world.on("2026-01-01").bill()
    assert upcoming_invoices(world.runtime, world.scope, larkspur) == []


def test_a_dry_run_shows_all_a_run_would_make_and_keeps_nothing(world: World) -> None:
    world.sign("""
        12 months from 2025-01-01
        Platform 100.00 USD, monthly in advance
    """)
    seen: list[Draft] = []
    dry = run_billing(
        world.runtime, world.scope, through=date(2025, 3, 31), is_dry=True, see=seen.extend
    )
    assert world.every() == []
    wet = world.bill(through="2025-03-31")
    assert (dry.draft_count, dry.gross) == (wet.draft_count, wet.gross) == (3, wet.gross)
    assert [without_id(draft) for draft in seen] == stored(world)


def test_a_run_for_a_day_that_is_over_does_only_what_was_due_then(world: World) -> None:
    world.sign("""
        12 months from 2025-01-01
        Platform 100.00 USD, monthly in advance
    """)
    world.on("2025-03-15").bill(through="2025-02-01")
    assert len(world.every()) == 2
    assert world.bill(through="2025-01-01").draft_count == 0
    world.bill()
    assert [str(draft.bill_on) for draft in stored(world)] == [
        "2025-01-01",
        "2025-02-01",
        "2025-03-01",
    ]


def test_nobody_can_look_at_a_contract_that_is_not_there(world: World) -> None:
    with pytest.raises(NotFound):
        preview_contract(world.runtime, world.scope, ContractId("none"), through=date(2025, 1, 1))
