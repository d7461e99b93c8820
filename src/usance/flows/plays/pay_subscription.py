"""Mark a subscription's invoice as paid: the money came, and not through us."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.ids import InvoiceId
from usance.domain.payments.allocating import NamedAllocation
from usance.domain.subscriptions.billing import NoInvoiceIssued
from usance.flows.record_payment import RecordPayment, record_payment
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices, latest_invoices, parties, payments, subscriptions
from usance.store.joined import Joined
from usance.store.latest_invoices import PublicState


def pay_subscription(runtime: Runtime, scope: Scope, subscription_id: str) -> InvoiceId:
    """Record a payment, received today, of what is open on the last invoice that was issued for
    the subscription, its other lines included; the invoice. One that is paid stays as it is.

    Of one sold on a contract, the contract's. Raises NotFound; NoInvoiceIssued; InvoiceNotIssued
    when it was made void.
    """
    with runtime.transaction(scope) as tx:
        subscription = subscriptions.one(tx, subscription_id).subscription
        billed_by = subscription.agreement_id or subscription.contract_id
        if billed_by is None:
            raise NoInvoiceIssued(subscription_id)
        latest = latest_invoices.of_contracts(tx, [billed_by]).get(billed_by)
        if latest is None:
            raise NoInvoiceIssued(subscription_id)
        draft = invoices.one(tx, latest.id).draft
        payments.lock_customer(tx, draft.customer_id)
        (item,) = payments.items(tx, [latest.id]).values()
        if latest.state is not PublicState.CANCELED and item.amount_due.minor <= 0:
            return latest.id
        zone = parties.entity(tx, draft.legal_entity_id).zone
        wanted = RecordPayment(
            legal_entity_id=draft.legal_entity_id,
            customer_id=draft.customer_id,
            amount=item.amount_due,
            received_on=runtime.today(tx, zone),
            remittance=f"Marked as paid with subscription {subscription_id}",
            allocations=[NamedAllocation(latest.id)],
        )
        record_payment(replace(runtime, database=Joined(tx)), scope, wanted)
    return latest.id
