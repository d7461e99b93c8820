"""Payments: what arrived, what it was allocated to, what was kept as customer credit.

Whoever allocates locks first, in this order: customer, invoices by id, payment. The sums are
read after the locks are held, so two payments of one invoice at once cannot both pay it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from usance.domain.errors import NotFound
from usance.domain.ids import (
    AllocationId,
    CustomerId,
    InvoiceId,
    LegalEntityId,
    PaymentId,
    WriteOffId,
)
from usance.domain.invoicing.history import Account
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.domain.money import Money, currency
from usance.domain.payments.allocating import Funds, OpenItem
from usance.domain.payments.payment import (
    Allocation,
    Basis,
    CustomerCredit,
    Payment,
    PaymentBalance,
    PaymentMethod,
)
from usance.store.database import Row, Tx

ADD = """
INSERT INTO payments (tenant_id, id, customer_id, legal_entity_id, currency, amount_minor, method,
                      received_on, bank_reference, remittance, created_at)
VALUES (%(tenant_id)s, %(id)s, %(customer_id)s, %(legal_entity_id)s, %(currency)s, %(minor)s,
        %(method)s, %(received_on)s, %(bank_reference)s, %(remittance)s, %(at)s)
ON CONFLICT ON CONSTRAINT a_transfer_is_recorded_once DO NOTHING
"""
ADD_ALLOCATION = """
INSERT INTO allocations (tenant_id, id, payment_id, credit_note_id, write_off_id, invoice_id,
                         amount_minor, basis, takes_back, allocated_on, created_at)
VALUES (%(tenant_id)s, %(id)s, %(payment_id)s, %(credit_note_id)s, %(write_off_id)s,
        %(invoice_id)s, %(minor)s, %(basis)s, %(takes_back)s, %(allocated_on)s, %(at)s)
"""
ADD_CREDIT = """
INSERT INTO customer_credits (tenant_id, id, payment_id, amount_minor, kept_on, created_at)
VALUES (%(tenant_id)s, %(id)s, %(payment_id)s, %(minor)s, %(kept_on)s, %(at)s)
"""
LOCK = "SELECT id FROM payments WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR UPDATE"
SOME = """
SELECT payment.*,
       (SELECT coalesce(sum(amount_minor), 0)
          FROM allocations
         WHERE tenant_id = %(tenant_id)s AND payment_id = payment.id) AS allocated_minor,
       (SELECT coalesce(sum(amount_minor), 0)
          FROM customer_credits
         WHERE tenant_id = %(tenant_id)s AND payment_id = payment.id) AS kept_minor,
       (SELECT coalesce(sum(amount_minor), 0)
          FROM refunds
         WHERE tenant_id = %(tenant_id)s
           AND payment_id = payment.id
           AND canceled_on IS NULL) AS refunded_minor
  FROM payments AS payment
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
"""
PAGE = """
SELECT id
  FROM payments
 WHERE tenant_id = %(tenant_id)s
   AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM payments
             WHERE tenant_id = %(tenant_id)s AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM payments
             WHERE tenant_id = %(tenant_id)s AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""
BY_BANK_REFERENCE = """
SELECT id
  FROM payments
 WHERE tenant_id = %(tenant_id)s
   AND legal_entity_id = %(legal_entity_id)s
   AND bank_reference = %(bank_reference)s
"""
# A payment's row refers to its customer; taken first and weakly, payments of one customer do not
# wait for each other here, and nobody who holds the customer waits for us to let go of an invoice.
LOCK_CUSTOMER = """
SELECT id FROM customers WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR KEY SHARE
"""
LOCK_NAMED_ITEMS = """
SELECT id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY id
   FOR UPDATE
"""
LOCK_OPEN_ITEMS = """
SELECT id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND legal_entity_id = %(legal_entity_id)s
   AND currency = %(currency)s
   AND status = 'ISSUED'
   AND gross_minor > (SELECT coalesce(sum(amount_minor), 0)
                        FROM allocations
                       WHERE tenant_id = %(tenant_id)s AND invoice_id = invoices.id)
 ORDER BY id
   FOR UPDATE
"""
LOCK_KEPT = """
SELECT id
  FROM payments
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND legal_entity_id = %(legal_entity_id)s
   AND currency = %(currency)s
   AND EXISTS (SELECT
                 FROM customer_credits
                WHERE tenant_id = %(tenant_id)s AND payment_id = payments.id)
 ORDER BY received_on, id
   FOR UPDATE
"""
ITEMS = """
SELECT id, status, number, due_on, legal_entity_id, customer_id, currency, gross_minor,
       (SELECT coalesce(sum(amount_minor), 0)
          FROM allocations
         WHERE tenant_id = %(tenant_id)s AND invoice_id = invoices.id) AS allocated_minor
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
"""
ALLOCATIONS = """
SELECT allocation.id, payment_id, credit_note_id, write_off_id, invoice_id,
       allocation.amount_minor, basis, takes_back, allocated_on, invoice.currency
  FROM allocations AS allocation
  JOIN invoices AS invoice
    ON invoice.tenant_id = allocation.tenant_id AND invoice.id = invoice_id
 WHERE allocation.tenant_id = %(tenant_id)s
   AND (%(id)s::text IS NULL OR allocation.id = %(id)s)
   AND (%(payment_id)s::text IS NULL OR payment_id = %(payment_id)s)
   AND (%(credit_note_id)s::text IS NULL OR credit_note_id = %(credit_note_id)s)
   AND (%(write_off_id)s::text IS NULL OR write_off_id = %(write_off_id)s)
 ORDER BY allocation.created_at, allocation.id
"""
TAKEN_BACK = """
SELECT id FROM allocations WHERE tenant_id = %(tenant_id)s AND takes_back = %(id)s
"""
UNALLOCATED = """
SELECT legal_entity_id, currency, sum(kept.minor) AS kept_minor,
       sum(payment.amount_minor - allocated.minor - kept.minor - refunded.minor) AS left_minor
  FROM payments AS payment,
       LATERAL (SELECT coalesce(sum(amount_minor), 0) AS minor
                  FROM allocations
                 WHERE tenant_id = %(tenant_id)s AND payment_id = payment.id) AS allocated,
       LATERAL (SELECT coalesce(sum(amount_minor), 0) AS minor
                  FROM customer_credits
                 WHERE tenant_id = %(tenant_id)s AND payment_id = payment.id) AS kept,
       LATERAL (SELECT coalesce(sum(amount_minor), 0) AS minor
                  FROM refunds
                 WHERE tenant_id = %(tenant_id)s
                   AND payment_id = payment.id
                   AND canceled_on IS NULL) AS refunded
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
 GROUP BY legal_entity_id, currency
HAVING sum(payment.amount_minor - allocated.minor - refunded.minor) > 0
 ORDER BY legal_entity_id, currency
"""


class Unallocated(NamedTuple):
    """A customer's money with one legal entity that pays no invoice yet."""

    legal_entity_id: LegalEntityId
    unapplied_cash: Money
    customer_credit: Money


def add(tx: Tx, payment: Payment, *, at: datetime) -> bool:
    """Keep it. False, and nothing done, when its bank reference was recorded before."""
    added = tx.run(
        ADD,
        id=payment.id,
        customer_id=payment.customer_id,
        legal_entity_id=payment.legal_entity_id,
        currency=payment.amount.currency.code,
        minor=payment.amount.minor,
        method=payment.method.value,
        received_on=payment.received_on,
        bank_reference=payment.bank_reference,
        remittance=payment.remittance,
        at=at,
    )
    return bool(added)


def add_allocations(tx: Tx, allocations: Iterable[Allocation], *, at: datetime) -> None:
    """Keep them; the database refuses any that fits neither payment nor invoice."""
    rows = (
        {
            "id": one.id,
            "payment_id": one.payment_id,
            "credit_note_id": one.credit_note_id,
            "write_off_id": one.write_off_id,
            "invoice_id": one.invoice_id,
            "minor": one.amount.minor,
            "basis": one.basis.value,
            "takes_back": one.takes_back,
            "allocated_on": one.allocated_on,
            "at": at,
        }
        for one in allocations
    )
    tx.run_many(ADD_ALLOCATION, rows)


def add_credit(tx: Tx, credit: CustomerCredit, *, at: datetime) -> None:
    """Keep customer credit, or release it; the database refuses more than there is."""
    tx.run(
        ADD_CREDIT,
        id=credit.id,
        payment_id=credit.payment_id,
        minor=credit.amount.minor,
        kept_on=credit.kept_on,
        at=at,
    )


def one(tx: Tx, payment_id: PaymentId) -> PaymentBalance:
    """The payment of that id, and what became of it. Raises NotFound."""
    found = _some(tx, [payment_id])
    if not found:
        raise NotFound("payment", payment_id)
    return found[payment_id]


def lock(tx: Tx, payment_id: PaymentId) -> PaymentBalance:
    """The payment, held until `tx` ends; lock its invoices before it. Raises NotFound."""
    tx.one(LOCK, kind="payment", ref=payment_id, id=payment_id)
    return one(tx, payment_id)


def page(
    tx: Tx,
    *,
    after: str | None = None,
    before: str | None = None,
    customer_id: CustomerId | None = None,
    limit: int = 20,
) -> list[PaymentBalance]:
    """Payments by age, after one or before one (then newest first), of one customer or of all."""
    rows = tx.all(PAGE, after=after, before=before, customer_id=customer_id, limit=limit)
    ids = [row.id for row in rows]
    found = _some(tx, ids)
    return [found[payment_id] for payment_id in ids]


def by_bank_reference(
    tx: Tx, legal_entity_id: LegalEntityId, bank_reference: str | None
) -> PaymentBalance | None:
    """The payment the bank called so, at that legal entity; None for none, or without reference."""
    if bank_reference is None:
        return None
    row = tx.maybe(
        BY_BANK_REFERENCE, legal_entity_id=legal_entity_id, bank_reference=bank_reference
    )
    return None if row is None else one(tx, row.id)


def lock_customer(tx: Tx, customer_id: CustomerId) -> None:
    """The payer stays until `tx` ends; lock it before anything else. Raises NotFound."""
    tx.one(LOCK_CUSTOMER, kind="customer", ref=customer_id, id=customer_id)


def lock_items(
    tx: Tx, payment: Funds, ids: Collection[InvoiceId] | None
) -> dict[InvoiceId, OpenItem]:
    """The invoices of those ids, in any state, held until `tx` ends. Raises NotFound.

    None: those the payment's customer still owes its legal entity in its currency.
    """
    if ids is None:
        account = Account(payment.customer_id, payment.legal_entity_id, payment.amount.currency)
        return lock_open(tx, account)
    found = {row.id for row in tx.all(LOCK_NAMED_ITEMS, ids=list(ids))}
    for invoice_id in ids:
        if invoice_id not in found:
            raise NotFound("invoice", invoice_id)
    return items(tx, ids)


def lock_open(tx: Tx, account: Account) -> dict[InvoiceId, OpenItem]:
    """The invoices on which an account still owes something, held until `tx` ends."""
    rows = tx.all(
        LOCK_OPEN_ITEMS,
        customer_id=account.customer_id,
        legal_entity_id=account.legal_entity_id,
        currency=account.currency.code,
    )
    return items(tx, [row.id for row in rows])


def lock_kept(tx: Tx, account: Account) -> list[PaymentBalance]:
    """The payments of an account of which something is kept as credit, oldest first, held until
    `tx` ends; lock its invoices before.
    """
    rows = tx.all(
        LOCK_KEPT,
        customer_id=account.customer_id,
        legal_entity_id=account.legal_entity_id,
        currency=account.currency.code,
    )
    found = _some(tx, [row.id for row in rows])
    return [found[row.id] for row in rows if found[row.id].kept.minor > 0]


def items(tx: Tx, ids: Collection[InvoiceId]) -> dict[InvoiceId, OpenItem]:
    """What payments know of those invoices, in any state; unknown ids are left out."""
    return {row.id: _item_from(row) for row in tx.all(ITEMS, ids=list(ids))}


def allocated(tx: Tx, invoice_ids: Collection[InvoiceId]) -> dict[InvoiceId, Money]:
    """How much is allocated to each of those invoices, zero too; unknown ids are left out."""
    return {item.invoice_id: item.allocated for item in items(tx, invoice_ids).values()}


def allocation(tx: Tx, allocation_id: AllocationId) -> Allocation:
    """The allocation of that id. Raises NotFound."""
    found = _allocations(tx, allocation_id=allocation_id)
    if not found:
        raise NotFound("allocation", allocation_id)
    return found[0]


def was_taken_back(tx: Tx, allocation_id: AllocationId) -> bool:
    """True when another row takes it back."""
    return tx.maybe(TAKEN_BACK, id=allocation_id) is not None


def allocations_of_payment(tx: Tx, payment_id: PaymentId) -> list[Allocation]:
    """All rows of a payment, oldest first, with those that take others back."""
    return _allocations(tx, payment_id=payment_id)


def allocations_of_credit_note(tx: Tx, credit_note_id: InvoiceId) -> list[Allocation]:
    """All rows of a credit note, oldest first, with those that take others back."""
    return _allocations(tx, credit_note_id=credit_note_id)


def allocation_of_write_off(tx: Tx, write_off_id: WriteOffId) -> Allocation:
    """The row by which a write-off settles its invoice. Raises NotFound."""
    found = _allocations(tx, write_off_id=write_off_id)
    if not found:
        raise NotFound("write-off", write_off_id)
    return found[0]


def standing(rows: Iterable[Allocation]) -> list[Allocation]:
    """Those of all rows about one thing that were not taken back."""
    made = list(rows)
    gone = {each.takes_back for each in made}
    return [each for each in made if each.takes_back is None and each.id not in gone]


def unallocated(tx: Tx, customer_id: CustomerId) -> list[Unallocated]:
    """A customer's unallocated money and credit, by legal entity and currency; none: no row."""
    return [
        Unallocated(
            row.legal_entity_id,
            _money(row.left_minor, row.currency),
            _money(row.kept_minor, row.currency),
        )
        for row in tx.all(UNALLOCATED, customer_id=customer_id)
    ]


def _some(tx: Tx, ids: Sequence[PaymentId]) -> dict[PaymentId, PaymentBalance]:
    return {row.id: _balance_from(row) for row in tx.all(SOME, ids=list(ids))}


def _allocations(
    tx: Tx,
    *,
    allocation_id: AllocationId | None = None,
    payment_id: PaymentId | None = None,
    credit_note_id: InvoiceId | None = None,
    write_off_id: WriteOffId | None = None,
) -> list[Allocation]:
    rows = tx.all(
        ALLOCATIONS,
        id=allocation_id,
        payment_id=payment_id,
        credit_note_id=credit_note_id,
        write_off_id=write_off_id,
    )
    return [_allocation_from(row) for row in rows]


def _balance_from(row: Row) -> PaymentBalance:
    payment = Payment(
        id=row.id,
        legal_entity_id=row.legal_entity_id,
        customer_id=row.customer_id,
        amount=_money(row.amount_minor, row.currency),
        received_on=row.received_on,
        method=PaymentMethod(row.method),
        bank_reference=row.bank_reference,
        remittance=row.remittance,
    )
    used = (row.allocated_minor, row.kept_minor, row.refunded_minor)
    return PaymentBalance(payment, *(_money(minor, row.currency) for minor in used))


def _item_from(row: Row) -> OpenItem:
    return OpenItem(
        invoice_id=row.id,
        status=InvoiceStatus(row.status),
        number=row.number,
        due_on=row.due_on,
        legal_entity_id=row.legal_entity_id,
        customer_id=row.customer_id,
        gross=_money(row.gross_minor, row.currency),
        allocated=_money(row.allocated_minor, row.currency),
    )


def _allocation_from(row: Row) -> Allocation:
    return Allocation(
        id=row.id,
        payment_id=row.payment_id,
        credit_note_id=row.credit_note_id,
        write_off_id=row.write_off_id,
        invoice_id=row.invoice_id,
        amount=_money(row.amount_minor, row.currency),
        basis=Basis(row.basis),
        allocated_on=row.allocated_on,
        takes_back=row.takes_back,
    )


def _money(minor: int, code: str) -> Money:
    return Money(int(minor), currency(code))
