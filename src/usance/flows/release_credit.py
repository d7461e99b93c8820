"""Release customer credit: it is unallocated again, to pay an invoice or to be paid back."""

from __future__ import annotations

from usance.domain.ids import CustomerCreditId, EntryId, PaymentId
from usance.domain.ledger.postings import entry_for_credit
from usance.domain.money import Money
from usance.domain.payments.crediting import credit_to_release
from usance.domain.payments.payment import CustomerCredit
from usance.flows.runtime import Runtime, Scope
from usance.store import ledger, parties, payments


def release_credit(
    runtime: Runtime, scope: Scope, payment_id: PaymentId, amount: Money | None = None
) -> CustomerCredit:
    """The row of the release, below zero: `amount`, or all that is kept of the payment.

    Raises NotFound, Invalid.
    """
    with runtime.transaction(scope) as tx:
        balance = payments.lock(tx, payment_id)
        payment = balance.payment
        zone = parties.entity(tx, payment.legal_entity_id).zone
        now, today = runtime.now(tx), runtime.today(tx, zone)

        credit = CustomerCredit(
            id=CustomerCreditId(runtime.new_id("ccr")),
            payment_id=payment_id,
            amount=-credit_to_release(balance, amount),
            kept_on=today,
        )
        entry = entry_for_credit(payment, credit, entry_id=EntryId(runtime.new_id("ent")))

        payments.add_credit(tx, credit, at=now)
        ledger.append(tx, entry, at=now)
        before = {"kept": str(balance.kept)}
        after = {"kept": str(balance.kept + credit.amount)}
        runtime.note(tx, scope, "customer_credit.released", payment_id, before=before, after=after)
    return credit
