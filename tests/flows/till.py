"""A till: a tenant whose finance records payments, for stories about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tests.domain.ledger.books import ACME, EIGHT, SHOP, TODAY, eur
from tests.store.receivables import add_invoice, add_parties
from usance.domain.ids import InvoiceId, PaymentId
from usance.domain.ledger.trial_balance import imbalances
from usance.domain.payments.allocating import NamedAllocation
from usance.domain.payments.payment import Allocation, PaymentBalance
from usance.domain.payments.settlement import settlement
from usance.flows.record_payment import RecordedPayment, RecordPayment, record_payment
from usance.flows.runtime import Runtime, Scope
from usance.store import audit, ledger, payments
from usance.store.database import Row

# Those of setting up are left out: they stand before every payment.
FACTS = """
SELECT kind, subject_id
  FROM outbox
 WHERE tenant_id = %(tenant_id)s
   AND kind !~ '^(Customer|Feature)'
 ORDER BY sequence
"""


@dataclass(frozen=True)
class Till:
    """A tenant whose finance records payments; every look at it checks that the books balance."""

    runtime: Runtime
    scope: Scope

    def invoice(self, invoice_id: str, net: int, **terms: Any) -> InvoiceId:
        """An issued invoice of the shop, in euros, unless the terms say otherwise."""
        with self.runtime.transaction(self.scope) as tx:
            return add_invoice(tx, invoice_id, net, **terms)

    def pay(
        self, text: str, /, *named: tuple[str, str], remittance: str = "", **terms: Any
    ) -> RecordedPayment:
        """The shop transfers that much today; finance names invoices, or the rules find them."""
        wanted = RecordPayment(
            legal_entity_id=ACME,
            customer_id=SHOP,
            amount=eur(text),
            received_on=TODAY,
            remittance=remittance,
            allocations=[wish(*each) for each in named] or None,
        )
        return record_payment(self.runtime, self.scope, replace(wanted, **terms))

    def state_of(self, invoice_id: InvoiceId, *, today: date = TODAY) -> str:
        """Where an invoice stands and what is due on it, on a day."""
        with self.runtime.transaction(self.scope) as tx:
            (item,) = payments.items(tx, [invoice_id]).values()
        assert item.due_on is not None
        found = settlement(item.gross, item.allocated, due_on=item.due_on, today=today)
        return f"{found.state} {found.amount_due.text}"

    def payment(self, payment_id: PaymentId) -> PaymentBalance:
        """A payment as it stands."""
        with self.runtime.transaction(self.scope) as tx:
            return payments.one(tx, payment_id)

    def books(self) -> dict[str, str]:
        """What stands on each account that is not at zero; in sum it is zero."""
        with self.runtime.transaction(self.scope) as tx:
            rows = ledger.trial_balance(tx)
        assert imbalances(rows) == {}
        return {row.account.value: row.balance.text for row in rows if not row.balance.is_zero}

    def facts(self) -> list[tuple[str, str]]:
        """What was announced."""
        with self.runtime.transaction(self.scope) as tx:
            return [(row.kind, row.subject_id) for row in tx.all(FACTS)]

    def audited(self, subject_id: str) -> list[Row]:
        """What the audit log says of it."""
        with self.runtime.transaction(self.scope) as tx:
            return audit.of_subject(tx, subject_id)


def open_till(runtime: Runtime, scope: Scope) -> Till:
    """On 1 March 2026, at eight in London, with nothing sold yet."""
    with runtime.transaction(scope) as tx:
        add_parties(tx, customers=(SHOP, "other"))
    return Till(replace(runtime, clock=lambda: EIGHT), scope)


def wish(invoice_id: str, amount: str | None = None) -> NamedAllocation:
    """So much to that invoice, in euros."""
    return NamedAllocation(InvoiceId(invoice_id), None if amount is None else eur(amount))


def written(allocations: Sequence[Allocation]) -> list[str]:
    """Allocations, one a line."""
    return [f"{each.invoice_id} {each.amount.text} {each.basis}" for each in allocations]
