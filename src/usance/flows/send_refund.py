"""A refund left our bank account."""

from __future__ import annotations

from usance.domain.facts import RefundSent
from usance.domain.ids import EntryId, RefundId
from usance.domain.ledger.postings import entry_for_refund
from usance.domain.payments.refund import Refund, send
from usance.flows.runtime import Runtime, Scope
from usance.store import ledger, parties, refunds


def send_refund(
    runtime: Runtime, scope: Scope, refund_id: RefundId, *, reference: str = ""
) -> Refund:
    """`reference` is the bank's id of the movement. Raises NotFound, RefundNotPending, Invalid."""
    with runtime.transaction(scope) as tx:
        refund = refunds.lock(tx, refund_id)
        zone = parties.entity(tx, refund.legal_entity_id).zone

        settled = send(refund, on=runtime.today(tx, zone), reference=reference)
        entry = entry_for_refund(settled, entry_id=EntryId(runtime.new_id("ent")))

        refunds.save(tx, settled)
        ledger.append(tx, entry, at=runtime.now(tx))
        fact = RefundSent(refund_id)
        runtime.note(
            tx, scope, "refund.sent", refund_id, fact, after={"amount": str(settled.amount)}
        )
    return settled
