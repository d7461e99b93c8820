"""Refund a credit note: promise to give back what is left of it, or some of it."""

from __future__ import annotations

from usance.domain.facts import RefundPromised
from usance.domain.ids import InvoiceId
from usance.domain.money import Money
from usance.domain.payments.crediting import amount_within
from usance.domain.payments.refund import Refund
from usance.flows.runtime import Runtime, Scope
from usance.store import credit_notes, issuing, parties, payments


def refund_credit(
    runtime: Runtime, scope: Scope, credit_note_id: InvoiceId, amount: Money | None = None
) -> Refund:
    """The promised refund: `amount`, or all that is left. Raises NotFound, Invalid."""
    with runtime.transaction(scope) as tx:
        note = credit_notes.one_balance(tx, credit_note_id)
        zone = parties.entity(tx, note.legal_entity_id).zone
        moment = issuing.Moment(runtime.now(tx), runtime.today(tx, zone), runtime.new_id)
        payments.lock_customer(tx, note.customer_id)
        note = credit_notes.lock_balance(tx, credit_note_id)

        limit = f"what is left of {note.number}"
        wanted = amount_within(amount, note.left, code="MoreThanLeft", limit=limit)
        refund = issuing.refund_of_credit(note, wanted, moment)

        issuing.save_refund(tx, refund, moment)
        fact = RefundPromised(refund.id)
        after = {"refund": refund.id, "amount": str(refund.amount)}
        runtime.note(tx, scope, "credit_note.refunded", credit_note_id, fact, after=after)
    return refund
