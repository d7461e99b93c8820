"""Charge what a subscription has used so far, before its period ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from usance.domain.calendar import Instants, day_of, start_of_day
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import ContractId, FeatureId, InvoiceId
from usance.domain.invoicing.invoice import InvoiceLine
from usance.domain.legal_entity import LegalEntity
from usance.domain.subscriptions.billing import SubscriptionNotBilled
from usance.flows.bill_subscription import bill_subscription
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime, Scope
from usance.store import agreements, contracts, invoices, listings, subscriptions

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedUsage:
    """What was charged: of which features, how much, on which document, for which time."""

    subscription_id: str
    invoice_id: InvoiceId | None
    period: Instants
    used: tuple[tuple[FeatureId | None, Decimal], ...]


def charge_usage(
    runtime: Runtime, scope: Scope, subscription_id: str, *, until: datetime | None = None
) -> ChargedUsage:
    """Have all usage of the days before the one `until` falls on (now, when None) on an invoice.

    Days are those of the legal entity. Charged again on the same day nothing is added. Raises
    NotFound; SubscriptionNotBilled; Invalid for an instant to come.
    """
    bill_subscription(runtime, scope, subscription_id)
    with runtime.transaction(scope) as tx:
        subscription = subscriptions.one(tx, subscription_id).subscription
        seller = agreements.seller(tx, subscription)
        now = runtime.now(tx, subscription.payer_id)
    agreement_id = subscription.agreement_id
    if seller is None or agreement_id is None:
        raise SubscriptionNotBilled(subscription_id)
    if until is not None and until > now:
        expected = f"{now.isoformat()} or before"
        raise Invalid(Problem("InstantToCome", "untilDate", until.isoformat(), expected))
    day = day_of(until or now, seller.zone)
    bill_subscription(runtime, scope, subscription_id, cut_usage_on=day)
    run_billing(runtime, scope, customer_id=subscription.payer_id)
    return _charged(runtime, scope, subscription_id, agreement_id, (seller, day))


def _charged(
    runtime: Runtime,
    scope: Scope,
    subscription_id: str,
    agreement_id: ContractId,
    billed: tuple[LegalEntity, date],
) -> ChargedUsage:
    seller, day = billed
    found: list[tuple[InvoiceId, InvoiceLine]] = []
    with runtime.transaction(scope) as tx:
        for stored in invoices.many(tx, listings.invoices_of_contract(tx, agreement_id)):
            found += [
                (stored.id, line)
                for line in stored.draft.lines
                if line.contract_id == agreement_id
                and line.kind is LineKind.USAGE
                and line.service_period.end == day
            ]
        lines = {line.id: line.sold for line in contracts.one(tx, agreement_id).lines}
    first = min((line.service_period.start for _, line in found), default=day - ONE_DAY)
    return ChargedUsage(
        subscription_id=subscription_id,
        invoice_id=found[-1][0] if found else None,
        period=Instants(start_of_day(first, seller.zone), start_of_day(day, seller.zone)),
        used=tuple(
            (None if line.line_id is None else lines[line.line_id].feature_id, line.quantity)
            for _, line in found
        ),
    )
