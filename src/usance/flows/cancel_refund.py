"""Call a promised refund off: the customer has the money with us again."""

from __future__ import annotations

from usance.domain.facts import RefundCanceled
from usance.domain.ids import EntryId, RefundId
from usance.domain.ledger.postings import entry_for_refund
from usance.domain.payments.refund import Refund, call_off
from usance.flows.runtime import Runtime, Scope
from usance.store import ledger, parties, refunds


def cancel_refund(runtime: Runtime, scope: Scope, refund_id: RefundId) -> Refund:
    """Raises NotFound; RefundNotPending once it was sent or called off."""
    with runtime.transaction(scope) as tx:
        refund = refunds.lock(tx, refund_id)
        zone = parties.entity(tx, refund.legal_entity_id).zone

        settled = call_off(refund, on=runtime.today(tx, zone))
        entry = entry_for_refund(settled, entry_id=EntryId(runtime.new_id("ent")))

        refunds.save(tx, settled)
        ledger.append(tx, entry, at=runtime.now(tx))
        fact = RefundCanceled(refund_id)
        runtime.note(
            tx, scope, "refund.canceled", refund_id, fact, after={"amount": str(settled.amount)}
        )
    return settled
