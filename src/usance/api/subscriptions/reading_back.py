"""Reads subscriptions as they are now, for answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from usance.api.caller import Caller
from usance.api.invoices.neighbours import LatestInvoiceWire
from usance.api.subscriptions.showing import Shown, listed_wire, packages_of, subscription_wire
from usance.api.subscriptions.wire import ListedSubscriptionWire, SubscriptionWire
from usance.store import latest_invoices, subscription_lists, subscriptions, tenants
from usance.store.database import Tx
from usance.store.subscriptions import Kept


def one(caller: Caller, subscription_id: str) -> SubscriptionWire:
    """All of a subscription. Raises NotFound."""
    with caller.transaction() as tx:
        kept = subscriptions.one(tx, subscription_id)
        [shown] = _shown(caller, tx, [kept])
    return subscription_wire(shown)


def listed(caller: Caller, tx: Tx, ids: Sequence[str]) -> list[ListedSubscriptionWire]:
    """Those subscriptions as lists show them."""
    return [listed_wire(each) for each in _shown(caller, tx, subscription_lists.in_order(tx, ids))]


def _shown(caller: Caller, tx: Tx, kept: Sequence[Kept]) -> list[Shown]:
    instants = _instants(caller, tx, kept)
    followers = subscription_lists.followers(tx, [each.subscription.id for each in kept])
    packages = packages_of(tx, kept, instants)
    invoices = _latest_invoices(caller, tx, kept)
    return [
        Shown(
            kept=each,
            at=instants[each.subscription.id],
            packages=packages,
            followers=followers.get(each.subscription.id, ()),
            latest_invoice=invoices.get(each.subscription.id),
        )
        for each in kept
    ]


def _latest_invoices(caller: Caller, tx: Tx, kept: Sequence[Kept]) -> dict[str, LatestInvoiceWire]:
    """The last invoice of the contract that bills each: its own, or that it was sold on."""
    billed_by = {
        each.subscription.id: contract_id
        for each in kept
        if (contract_id := each.subscription.agreement_id or each.subscription.contract_id)
    }
    if not billed_by:
        return {}
    latest, link = latest_invoices.of_contracts(tx, set(billed_by.values())), caller.links(tx)
    return {
        subscription_id: LatestInvoiceWire.of(latest[contract_id], link(latest[contract_id].id))
        for subscription_id, contract_id in billed_by.items()
        if contract_id in latest
    }


def _instants(caller: Caller, tx: Tx, kept: Sequence[Kept]) -> dict[str, datetime]:
    """Now, for each: by the clock of its customer, where that was moved further."""
    now, moved = caller.runtime.now(tx), tenants.customer_clocks(tx)
    return {
        each.subscription.id: caller.runtime.now(tx, each.subscription.customer_id)
        if each.subscription.customer_id in moved
        else now
        for each in kept
    }
