"""Draft what is due: ask which documents should exist by a day, and make the missing ones."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from usance.domain.calendar import day_of
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.owed import due
from usance.domain.contracts.schedule import looked_at_from
from usance.domain.facts import InvoiceApproved, InvoiceDrafted
from usance.domain.ids import ContractId, CustomerId, LegalEntityId
from usance.domain.invoicing.invoice import Approved, Draft
from usance.domain.invoicing.review import asked_of, decision
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    coverage,
    desk,
    due_contracts,
    invoices,
    outbox,
    parties,
    payers,
    planning,
    tenants,
)
from usance.store.database import Tx

BATCH = 250  # customers a transaction: large enough to work in sets, small enough to lose little
PART = 125  # accounts that PostgreSQL writes down while the next are drafted


@dataclass(slots=True)
class BillingRun:
    """What a run did, or would do: how many drafts, and their gross by currency code."""

    is_dry: bool
    through: dict[LegalEntityId, date] = field(default_factory=dict)
    draft_count: int = 0
    gross: dict[str, Money] = field(default_factory=dict)

    def add(self, drafts: Sequence[Draft]) -> None:
        """Count these drafts in."""
        self.draft_count += len(drafts)
        for draft in drafts:
            code = draft.currency.code
            so_far = self.gross.get(code, Money.zero(draft.currency))
            self.gross[code] = so_far + draft.gross


def run_billing(
    runtime: Runtime,
    scope: Scope,
    *,
    through: date | None = None,
    customer_id: CustomerId | None = None,
    is_dry: bool = False,
    see: Callable[[Sequence[Draft]], None] = lambda _drafts: None,
) -> BillingRun:
    """Draft everything due by `through`, each entity's own today when None; of one customer alone
    when `customer_id` is given.

    May be run twice, by many processes at once, after a crash or weeks late: what exists is left
    alone, what is missing is made, in order. `see` is shown each batch of drafts. A dry run makes
    the same drafts and keeps none. Customers whose own clock was moved are billed by that.
    """
    run = BillingRun(is_dry)
    with runtime.transaction(scope) as tx:
        entities = list(parties.entities(tx).values())
        moved = {} if customer_id else tenants.customer_clocks(tx)
        for entity in entities:
            today = runtime.today(tx, entity.zone, customer_id)
            run.through[entity.id] = through or today
    for entity in entities:
        whose = _Whose(entity.id, run.through[entity.id], customer_id)
        _run_entity(runtime, scope, whose, run, see)
        if not is_dry:
            _end(runtime, scope, entity, customer_id)
        for moved_id, at in moved.items():
            ahead = day_of(at, entity.zone)
            if through is None and ahead > whose.through:
                theirs = _Whose(entity.id, ahead, CustomerId(moved_id))
                _run_entity(runtime, scope, theirs, run, see)
                if not is_dry:
                    _end(runtime, scope, entity, theirs.customer_id)
    return run


class _Whose(NamedTuple):
    """With which entity, due by when; of one customer, or of all."""

    legal_entity_id: LegalEntityId
    through: date
    customer_id: CustomerId | None


def _run_entity(
    runtime: Runtime,
    scope: Scope,
    whose: _Whose,
    run: BillingRun,
    see: Callable[[Sequence[Draft]], None],
) -> None:
    """One entity's customers, batch by batch; first those that are free, then those in use.

    Who is billed together is billed in one batch: a customer with all it pays for.
    """
    shown: set[CustomerId] = set()  # by a dry run, which leaves everybody as due as before
    for is_waiting in (False, True):
        after = ""
        while True:
            with _uncollected(), runtime.transaction(scope) as tx:
                asked = due_contracts.due_customers(tx, **whose._asdict(), after=after, limit=BATCH)
                if not asked:
                    break
                together = payers.households(tx, [each for each in asked if each not in shown])
                held = payers.lock_households(tx, together, is_waiting=is_waiting)
                if whose.customer_id is not None:
                    held = [each for each in held if each == whose.customer_id]
                owing = due_contracts.lock_due(
                    tx, held, legal_entity_id=whose.legal_entity_id, through=whose.through
                )
                drafts = _bill(runtime, scope, tx, owing, (whose.through, run.is_dry))
            if not after and len(asked) == BATCH and runtime.rehearsed_in is None:
                planning.catch_up(runtime.database)
            after = asked[-1]
            if run.is_dry:
                shown |= {each for each in together if each > after}
            run.add(drafts)
            see(drafts)
        if run.is_dry:
            break


@contextmanager
def _uncollected() -> Iterator[None]:
    """No look for cycles among values meanwhile: a batch makes many, none of them in a cycle, and
    to look through them all again and again takes a tenth of a run.
    """
    is_usual = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_usual:
            gc.enable()


def _end(
    runtime: Runtime, scope: Scope, entity: LegalEntity, customer_id: CustomerId | None
) -> None:
    """Contracts that are over, and of which nothing is left, are looked at no more."""
    with runtime.transaction(scope) as tx:
        today = runtime.today(tx, entity.zone, customer_id)
        ended = due_contracts.save_ended(
            tx, legal_entity_id=entity.id, today=today, customer_id=customer_id
        )
        if ended:
            runtime.note(tx, scope, "billing.ended", scope.tenant_id, after={"contracts": ended})


def _bill(
    runtime: Runtime,
    scope: Scope,
    tx: Tx,
    owing: Sequence[due_contracts.Owing],
    how: tuple[date, bool],
) -> list[Draft]:
    """Draft what these contracts owe by a day; keep it, or not."""
    through, is_dry = how
    standing = coverage.standing_since(
        tx,
        {
            line.id: looked_at_from(line, each.since, each.contract.longest_held)
            for each in owing
            for line in each.contract.lines
        },
    )
    dues = [
        due(contract, through=through, standing=standing, since=since) for contract, since in owing
    ]
    signed = [each.contract for each in owing]
    owed = desk.by_account(tx, signed, dues)
    tables = desk.read(tx, owed)
    at = runtime.now(tx)

    if is_dry:
        return tables.all_drafts(owed, runtime.invoice_id)

    coverage.take_away(tx, owed.gone())
    drafts: list[Draft] = []
    with tx.pipeline():
        for part in owed.parts(PART):
            made = tables.all_drafts(part, runtime.invoice_id)
            invoices.append_drafts(tx, made, at=at)
            drafts += made
        due_contracts.save_billed(
            tx, {contract.id: found for contract, found in zip(signed, dues, strict=True)}
        )
        outbox.add_all(tx, (InvoiceDrafted(draft.id) for draft in drafts), at=at)
        for approved in _approved_by_rule(drafts, signed, tables, at):
            _pass(runtime, scope, tx, approved)
        if drafts:
            ids = [draft.id for draft in drafts]
            runtime.note(tx, scope, "billing.run", scope.tenant_id, after={"invoices": ids})
    return drafts


def _pass(runtime: Runtime, scope: Scope, tx: Tx, approved: Approved) -> None:
    """Approved by its contracts' own rule, in whose name the audit log has it."""
    rule = replace(scope, actor=approved.approved_by)
    fact = InvoiceApproved(approved.draft.id)
    after = {"status": "APPROVED", "inputHash": approved.draft.input_hash}
    was = {"status": "DRAFT", "approvedBy": []}
    invoices.save_approved(tx, approved)
    runtime.note(tx, rule, "invoice.approved", approved.draft.id, fact, before=was, after=after)


def _approved_by_rule(
    drafts: Sequence[Draft], signed: Sequence[Contract], tables: desk.Desk, at: datetime
) -> list[Approved]:
    """Those drafts that every contract on them explicitly lets pass, and no rule holds."""
    limits: dict[ContractId, Money] = {
        contract.id: contract.terms.approve_under
        for contract in signed
        if contract.terms.approve_under is not None
    }
    if not limits:
        return []
    passed = []
    for draft in drafts:
        on_it = desk.contracts_on(draft)
        if not on_it or not limits.keys() >= set(on_it):
            continue
        limit = min(limits[contract_id] for contract_id in on_it)
        asked = asked_of(
            tables.sellers[draft.legal_entity_id], tables.rules_of(draft), approve_under=limit
        )
        if decision(draft, asked).is_satisfied:
            passed.append(Approved(draft, at, f"rule: at most {limit}"))
    return passed
