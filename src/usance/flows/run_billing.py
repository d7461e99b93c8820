"""Draft what is due: ask which documents should exist by a day, and make the missing ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from usance.domain.contracts.contract import Contract
from usance.domain.contracts.owed import due
from usance.domain.facts import InvoiceApproved, InvoiceDrafted
from usance.domain.ids import ContractId, LegalEntityId
from usance.domain.invoicing.invoice import Approved, Draft
from usance.domain.invoicing.review import asked_of, decision
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money
from usance.flows.runtime import Runtime, Scope
from usance.store import contracts, coverage, desk, invoices, outbox, parties, planning
from usance.store.database import Tx

BATCH = 250  # customers a transaction: large enough to work in sets, small enough to lose little


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
    is_dry: bool = False,
    see: Callable[[Sequence[Draft]], None] = lambda _drafts: None,
) -> BillingRun:
    """Draft everything due by `through`, each entity's own today when None.

    May be run twice, by many processes at once, after a crash or weeks late: what exists is left
    alone, what is missing is made, in order. `see` is shown each batch of drafts. A dry run makes
    the same drafts and keeps none.
    """
    run = BillingRun(is_dry)
    with runtime.transaction(scope) as tx:
        entities = parties.entities(tx)
        days = {
            entity.id: through or runtime.today(tx, entity.zone) for entity in entities.values()
        }
    for entity in entities.values():
        run.through[entity.id] = days[entity.id]
        for is_waiting in (False, True):
            _run_entity(runtime, scope, entity, run, see, is_waiting=is_waiting)
            if is_dry:
                break
    return run


def _run_entity(
    runtime: Runtime,
    scope: Scope,
    entity: LegalEntity,
    run: BillingRun,
    see: Callable[[Sequence[Draft]], None],
    *,
    is_waiting: bool,
) -> None:
    """One entity's customers, batch by batch; first those that are free, then those in use."""
    through = run.through[entity.id]
    after = ""
    while True:
        with runtime.transaction(scope) as tx:
            asked = contracts.due_customers(
                tx, legal_entity_id=entity.id, through=through, after=after, limit=BATCH
            )
            if not asked:
                return
            held = contracts.lock_customers(tx, asked, is_waiting=is_waiting)
            owing = contracts.lock_due(tx, held, legal_entity_id=entity.id, through=through)
            drafts = _bill(runtime, scope, tx, owing, run)
        if not after and len(asked) == BATCH:
            planning.catch_up(runtime.database)
        after = asked[-1]
        run.add(drafts)
        see(drafts)


def _bill(
    runtime: Runtime, scope: Scope, tx: Tx, owing: Sequence[contracts.Owing], run: BillingRun
) -> list[Draft]:
    standing = coverage.standing_since(
        tx, {line.id: each.since for each in owing for line in each.contract.lines}
    )
    through = run.through
    dues = [
        due(contract, through=through[contract.legal_entity_id], standing=standing, since=since)
        for contract, since in owing
    ]
    signed = [each.contract for each in owing]
    items = desk.by_account(signed, dues)
    tables = desk.read(tx, items)
    at = runtime.now(tx)

    drafts = [
        draft
        for account, owed in items.items()
        for draft in tables.drafts(account, owed, runtime.invoice_id)
    ]
    if run.is_dry:
        return drafts

    invoices.save_drafts(tx, drafts, at=at)
    for approved in _approved_by_rule(drafts, signed, tables, at):
        _pass(runtime, scope, tx, approved)
    contracts.save_billed(
        tx, {contract.id: owed for contract, owed in zip(signed, dues, strict=True)}
    )
    if drafts:
        outbox.add_all(tx, (InvoiceDrafted(draft.id) for draft in drafts), at=at)
        made = [draft.id for draft in drafts]
        runtime.note(tx, scope, "billing.run", scope.tenant_id, after={"invoices": made})
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
