"""Show documents before they exist: by the same function that bills, keeping nothing."""

from __future__ import annotations

from datetime import date, timedelta

from usance.domain.contracts.contract import Contract
from usance.domain.contracts.owed import due
from usance.domain.ids import ContractId, CustomerId
from usance.domain.invoicing.invoice import Draft
from usance.flows.runtime import Runtime, Scope
from usance.store import contracts, coverage, desk, due_contracts, payers
from usance.store.database import Tx


def preview_contract(
    runtime: Runtime, scope: Scope, contract_id: ContractId, *, through: date
) -> list[Draft]:
    """What a contract alone will still be invoiced through that day, by day; usage as it is now.

    Raises NotFound.
    """
    with runtime.transaction(scope) as tx:
        return _preview(runtime, tx, [contracts.one(tx, contract_id)], through)


def preview_unsigned(runtime: Runtime, scope: Scope, contract: Contract) -> list[Draft]:
    """Every document of a contract that is not agreed yet, were it agreed as it is."""
    last = contract.term.end + timedelta(days=contract.longest_held.usage_hold_days)
    with runtime.transaction(scope) as tx:
        return _preview(runtime, tx, [contract], last)


def upcoming_invoices(runtime: Runtime, scope: Scope, customer_id: CustomerId) -> list[Draft]:
    """The next documents that are not drafted yet, of a customer and all it pays for: those of the
    first day to come.
    """
    with runtime.transaction(scope) as tx:
        paid = payers.households(tx, [customer_id])
        own = [each for each, payer in paid.items() if payer == customer_id]
        active = due_contracts.active_of(tx, own or [customer_id])
        upcoming = _next_day(tx, active)
        return [] if upcoming is None else _preview(runtime, tx, active, upcoming)


def _preview(runtime: Runtime, tx: Tx, owing: list[Contract], through: date) -> list[Draft]:
    standing = coverage.standing(tx, [line.id for contract in owing for line in contract.lines])
    dues = [due(contract, through=through, standing=standing) for contract in owing]
    owed = desk.by_account(tx, owing, dues)
    return desk.read(tx, owed).all_drafts(owed, runtime.invoice_id)


def _next_day(tx: Tx, active: list[Contract]) -> date | None:
    standing = coverage.standing(tx, [line.id for contract in active for line in contract.lines])
    days = [
        item.due_on
        for contract in active
        for item in due(contract, through=contract.term.end, standing=standing).items
    ]
    return min(days, default=None)
