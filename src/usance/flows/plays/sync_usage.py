"""Bring a subscription's held invoices up to date with all usage there is."""

from __future__ import annotations

from usance.domain.invoicing.invoice import InvoiceStatus
from usance.flows.bill_subscription import bill_subscription
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices, listings, subscriptions


def sync_usage(runtime: Runtime, scope: Scope, subscription_id: str) -> bool:
    """True when there are held invoices of it; each says by now what was used. Raises NotFound."""
    bill_subscription(runtime, scope, subscription_id)
    with runtime.transaction(scope) as tx:
        subscription = subscriptions.one(tx, subscription_id).subscription
        billed_by = subscription.agreement_id or subscription.contract_id
        if billed_by is None:
            return False
        ids = listings.invoices_of_contract(tx, billed_by)
        held = [each for each in invoices.many(tx, ids) if each.status is InvoiceStatus.DRAFT]
    refresh_drafts(runtime, scope, [each.id for each in held])
    return bool(held)
