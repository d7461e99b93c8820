"""What came of a deal: its documents, its contracts as they are in the end, its books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path

from tests.docs.deals.player import play
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.owed import due
from usance.domain.contracts.value import contract_value
from usance.domain.ids import ContractId, InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import InvoiceLine, InvoiceStatus
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.trial_balance import TrialBalanceRow, imbalances
from usance.domain.money import Currency, Money, total
from usance.flows.runtime import Runtime, Scope
from usance.store import contracts, desk, invoices, ledger, orders
from usance.store.database import Database, Tx
from usance.store.invoice_rows import StoredInvoice

# What a customer still owes, and what we owe the customer, at the end.
OPEN = (Account.RECEIVABLE, Account.UNAPPLIED_CASH, Account.CUSTOMER_CREDIT)


@dataclass(frozen=True, slots=True)
class Sums:
    """One company of ours, in its currency: what its documents come to, and why.

    `committed` is the value of the contract as it is in the end; `timeline` what one run on the
    last day would bill of it, with all that was used, had nothing been billed before.
    """

    charged: Money
    given_back: Money
    committed: Money
    timeline: Money
    tax: Money
    paid: Money
    refunded: Money
    open: Money

    @property
    def net(self) -> Money:
        """Of all documents."""
        return self.charged + self.given_back

    @property
    def gross(self) -> Money:
        """The same with tax."""
        return self.net + self.tax

    def problems(self) -> Iterator[str]:
        """What does not add up."""
        if self.net != self.timeline:
            yield f"the documents come to {self.net}, the timeline to {self.timeline}"
        if self.gross - self.paid + self.refunded != self.open:
            yield f"{self.gross}, {self.paid} paid, {self.refunded} given back; open: {self.open}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A deal that was played."""

    documents: tuple[StoredInvoice, ...]
    sums: dict[LegalEntityId, Sums]

    def line(self, number: str, name: str, days: str = "") -> InvoiceLine:
        """The first line of that name on a document, or the first that begins on that day."""
        found, *_ = [
            line
            for each in self.documents
            if each.number == number
            for line in each.draft.lines
            if line.description == name and str(line.service_period.start).startswith(days)
        ]
        return found


def played(folder: Path, url: str, home: Path) -> Outcome:
    """Play a deal on that database, and read what came of it."""
    surroundings = {"USANCE_DATABASE_URL": url, "USANCE_HOME": str(home), "COLUMNS": "200"}
    environment = play(folder, surroundings)
    database = Database(url)
    try:
        return _read(Runtime(database), Scope(environment, "guide"))
    finally:
        database.close()


def _read(runtime: Runtime, scope: Scope) -> Outcome:
    with runtime.transaction(scope) as tx:
        ids = invoices.page(tx, after=None, before=None, limit=1000)
        found = invoices.many(tx, ids)
        signed = orders.page(tx, after=None, before=None, limit=1000)
        named = dict.fromkeys(orders.one(tx, each).contract_id for each in signed)
        agreed = contracts.many(tx, [ContractId(each) for each in named])
        alone = {contract.id: _billed_at_once(tx, contract) for contract in agreed}
        balance = ledger.trial_balance(tx)
    assert not imbalances(balance), "debits and credits are equal"
    assert all(each.status is InvoiceStatus.ISSUED for each in found), "nothing is left to issue"
    sums = {
        contract.legal_entity_id: _sums(
            contract,
            alone[contract.id],
            [each for each in found if each.draft.legal_entity_id == contract.legal_entity_id],
            [row for row in balance if row.legal_entity_id == contract.legal_entity_id],
        )
        for contract in agreed
    }
    assert len(sums) == len(agreed), "a deal has one contract with each company of ours"
    return Outcome(tuple(sorted(found, key=_age)), sums)


def _age(stored: StoredInvoice) -> tuple[str, str]:
    return str(stored.issued_on), stored.id


def _billed_at_once(tx: Tx, contract: Contract) -> Money:
    """What the final timeline says, net: all of it drafted in one go, as if nothing stood."""
    owed = desk.by_account(tx, [contract], [due(contract, through=date.max)])
    tables = desk.read(tx, owed)
    ids = (InvoiceId(f"once {place}") for place in count())
    drafts = tables.all_drafts(owed, partial(next, ids))
    return total([draft.net for draft in drafts], contract.currency)


def _sums(
    contract: Contract,
    timeline: Money,
    documents: list[StoredInvoice],
    books: list[TrialBalanceRow],
) -> Sums:
    of = contract.currency
    nets = [line.net for each in documents for line in each.draft.lines]
    bank = [row for row in books if row.account is Account.BANK]
    return Sums(
        charged=total([net for net in nets if not net.is_negative], of),
        given_back=total([net for net in nets if net.is_negative], of),
        committed=contract_value(contract).total,
        timeline=timeline,
        tax=total([each.draft.tax for each in documents], of),
        paid=total([row.debit for row in bank], of),
        refunded=total([row.credit for row in bank], of),
        open=_open(books, of),
    )


def _open(books: list[TrialBalanceRow], of: Currency) -> Money:
    return total([row.balance for row in books if row.account in OPEN], of)
