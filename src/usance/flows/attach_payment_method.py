"""Attach the method a customer pays by, or detach it. No provider is asked."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.facts import PaymentMethodAttached, PaymentMethodDetached
from usance.domain.ids import CustomerId
from usance.domain.payments.method import PaymentMethod
from usance.flows.runtime import Runtime, Scope
from usance.store import customer_links, parties, payers


def attach_payment_method(
    runtime: Runtime,
    scope: Scope,
    customer_id: CustomerId,
    method: PaymentMethod,
    *,
    billing_currency: str | None = None,
) -> None:
    """The customer's default from now on, instead of the one before; the same again changes
    nothing. `billing_currency` in capitals becomes the customer's; None: it stays.

    Raises NotFound; Invalid (UnknownCurrency).
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        customer = parties.customer(tx, customer_id)
        at = runtime.now(tx)

        if billing_currency is not None and billing_currency != customer.billing_currency:
            changed = replace(customer, billing_currency=billing_currency)
            parties.save_customer(tx, changed, at=at, stays_archived=True)
        if customer_links.methods(tx, [customer_id]).get(customer_id) == method:
            return

        customer_links.save_method(tx, customer_id, method, at=at)
        parties.save_customer_touched(tx, customer_id, at=at)
        fact = PaymentMethodAttached(customer_id)
        runtime.note(tx, scope, "payment_method.attached", customer_id, fact, after=method)


def detach_payment_method(runtime: Runtime, scope: Scope, customer_id: CustomerId) -> None:
    """The customer has no default any more; where there is none, nothing changes.

    The provider keeps the method. Raises NotFound.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        held = customer_links.methods(tx, [customer_id]).get(customer_id)
        if held is None:
            return

        customer_links.delete_method(tx, customer_id)
        parties.save_customer_touched(tx, customer_id, at=runtime.now(tx))
        fact = PaymentMethodDetached(customer_id)
        runtime.note(tx, scope, "payment_method.detached", customer_id, fact, before=held)
