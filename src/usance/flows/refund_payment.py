"""Refund a payment: money that pays nothing, or what an invoice was paid with."""

from __future__ import annotations

from usance.domain.errors import NotFound
from usance.domain.facts import RefundPromised
from usance.domain.ids import AllocationId, EntryId, InvoiceId, PaymentId, RefundId
from usance.domain.ledger.postings import entry_for_allocation
from usance.domain.money import Money
from usance.domain.payments.allocating import take_back
from usance.domain.payments.crediting import amount_within
from usance.domain.payments.payment import Allocation, Payment
from usance.domain.payments.refund import Refund, keep_the_rest, refund_of_payment
from usance.flows.runtime import Runtime, Scope
from usance.store import issuing, ledger, parties, payments
from usance.store.database import Tx
from usance.store.issuing import Moment


def refund_payment(
    runtime: Runtime,
    scope: Scope,
    payment_id: PaymentId,
    amount: Money | None = None,
    *,
    invoice_id: InvoiceId | None = None,
) -> Refund:
    """The promised refund: `amount`, or all there is: of what is unallocated, or, for an invoice,
    of what was allocated to it. That invoice is open again by as much: a refund is no credit.

    Raises NotFound (payment; an allocation of it to that invoice), Invalid.
    """
    with runtime.transaction(scope) as tx:
        payment = payments.one(tx, payment_id).payment
        zone = parties.entity(tx, payment.legal_entity_id).zone
        moment = Moment(runtime.now(tx), runtime.today(tx, zone), runtime.new_id)
        payments.lock_customer(tx, payment.customer_id)
        if invoice_id is not None:
            payments.lock_items(tx, payment, [invoice_id])
        left = payments.lock(tx, payment_id).left
        standing = [] if invoice_id is None else _standing(tx, payment_id, invoice_id)

        limit, most = "what is left of the payment", left
        if invoice_id is not None:
            paid = sum(each.amount.minor for each in standing)
            limit, most = f"what it paid of invoice {invoice_id}", Money(paid, left.currency)
        wanted = amount_within(amount, most, code="MoreThanLeft", limit=limit)
        refund_id = RefundId(runtime.new_id("ref"))
        refund = refund_of_payment(payment, wanted, refund_id=refund_id, on=moment.today)

        _save_taken_back(tx, payment, standing, wanted, moment)
        issuing.save_refund(tx, refund, moment)
        after = {"refund": refund.id, "amount": str(refund.amount), "invoice": invoice_id}
        fact = RefundPromised(refund.id)
        runtime.note(tx, scope, "payment.refunded", payment_id, fact, after=after)
    return refund


def _standing(tx: Tx, payment_id: PaymentId, invoice_id: InvoiceId) -> list[Allocation]:
    """What of the payment stands on that invoice, the youngest first. Raises NotFound."""
    rows = payments.standing(payments.allocations_of_payment(tx, payment_id))
    found = [each for each in rows if each.invoice_id == invoice_id]
    if not found:
        raise NotFound(f"allocation of payment {payment_id} to invoice", invoice_id)
    return found[::-1]


def _save_taken_back(
    tx: Tx, payment: Payment, standing: list[Allocation], wanted: Money, moment: Moment
) -> None:
    """Take as much back from the invoice as is refunded; the rest is allocated anew."""
    rows: list[Allocation] = []
    for each in standing:
        part = min(each.amount.minor, wanted.minor)
        if not part:
            break
        new_id = AllocationId(moment.new_id("alc"))
        rows.append(take_back(each, allocation_id=new_id, on=moment.today, was_taken_back=False))
        new_id = AllocationId(moment.new_id("alc"))
        taken = Money(part, wanted.currency)
        rest = keep_the_rest(each, taken, allocation_id=new_id, on=moment.today)
        rows += [] if rest is None else [rest]
        wanted -= taken
    payments.add_allocations(tx, rows, at=moment.now)
    entries = [
        entry_for_allocation(payment, each, entry_id=EntryId(moment.new_id("ent"))) for each in rows
    ]
    ledger.append_all(tx, entries, at=moment.now)
