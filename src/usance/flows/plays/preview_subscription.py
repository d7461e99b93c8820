"""Show what a subscription would cost: it is provisioned and billed as usual, and then was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from usance.domain.calendar import Instants, Period, day_of, start_of_day
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import InvoiceLine, InvoiceStatus
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money, round_minor, total
from usance.domain.plans.package import PricingType
from usance.domain.subscriptions.billing import anchor_day, cadence_of, first_day
from usance.domain.subscriptions.offer import is_lower, monthly_amount
from usance.domain.subscriptions.requests import ProvisionRequest
from usance.domain.subscriptions.subscription import Subscription
from usance.domain.subscriptions.terms import AppliedCoupon
from usance.flows.bill_subscription import bill_subscription
from usance.flows.preview_billing import preview_contract
from usance.flows.provision_subscription import provision_subscription
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime, Scope
from usance.flows.update_customer import update_customer
from usance.store import agreements, invoices, listings, provisioning, subscriptions
from usance.store.database import Tx

ONE_DAY = timedelta(days=1)

Particulars = Mapping[str, object]  # of a customer, in the notation of customers


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedInvoice:
    """Lines that share an invoice. `subtotal` is before `discount`, `total` with `tax`; `days` are
    those of the legal entity, from the first to the last of its lines.
    """

    lines: tuple[InvoiceLine, ...]
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    days: Period
    period: Instants


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is due at once, and each whole period then; None: nothing, or no invoice.

    `period`: the first billing period. `is_downgrade`: it costs less than what it takes the place
    of; `has_scheduled_updates`: that has changes still to come, which would be dropped; `coupon`:
    what takes the discounts off.
    """

    immediate: PreviewedInvoice | None
    recurring: PreviewedInvoice | None
    period: Instants | None
    is_downgrade: bool
    has_scheduled_updates: bool
    coupon: AppliedCoupon | None


def preview_subscription(
    runtime: Runtime, scope: Scope, request: ProvisionRequest, payer: Particulars | None = None
) -> Preview:
    """What provisioning that would cost, by the very stories that provision and bill.

    `payer`: what came with the request of the one who pays, for taxes follow from it. Without a
    legal entity nobody bills, and there is no invoice. Raises what provisioning raises.
    """
    shown: Preview | None = None
    with runtime.rehearsal(scope) as rehearsed:
        with rehearsed.transaction(scope) as tx:
            held = _held(tx, request)
        if payer:
            pays = request.paying_customer_id or request.customer_id
            update_customer(rehearsed, scope, pays, payer)
        new_id = provision_subscription(rehearsed, scope, replace(request, id=None))
        shown = _shown(rehearsed, scope, new_id, held)
    assert shown is not None, "a rehearsal is played to its end"
    return shown


def line_discount(line: InvoiceLine) -> Money:
    """What was taken off a line before its net amount, rounded to the minor unit."""
    steps = line.working.every("discount")
    if not steps:
        return Money.zero(line.net.currency)
    first, left = Decimal(steps[0].facts["amount"]), Decimal(steps[-1].facts["left"])
    whole = line.net.amount * first / left if left else first
    return round_minor(whole, line.net.currency) - line.net


def _shown(runtime: Runtime, scope: Scope, new_id: str, held: Sequence[Subscription]) -> Preview:
    with runtime.transaction(scope) as tx:
        new = subscriptions.one(tx, new_id).subscription
        seller = agreements.seller(tx, new)
        replaced = [each for each in held if each.id == new.follows]
        is_downgrade = any(_is_less(tx, new, each) for each in replaced)
        at = runtime.now(tx, new.customer_id)
        has_scheduled = any(each.scheduled(at) for each in replaced)
    immediate = recurring = period = None
    if seller is not None:
        today = day_of(at, seller.zone)
        immediate = _immediate(runtime, scope, [new, *replaced], seller, today)
        begins = first_day(new, seller.zone)
        if begins is not None:
            recurring = _recurring(runtime, scope, new, seller, (begins, today))
            period = _instants(_period(new, seller, begins), seller)
    return Preview(
        immediate=immediate,
        recurring=recurring,
        period=period,
        is_downgrade=is_downgrade,
        has_scheduled_updates=has_scheduled,
        coupon=new.versions[0].terms.coupon,
    )


def _immediate(
    runtime: Runtime,
    scope: Scope,
    about: Sequence[Subscription],
    seller: LegalEntity,
    today: date,
) -> PreviewedInvoice | None:
    for each in about:
        bill_subscription(runtime, scope, each.id)
    run_billing(runtime, scope, customer_id=about[0].payer_id)
    with runtime.transaction(scope) as tx:
        found = set(_agreements(tx, about))
        ids = {i for each in found for i in listings.invoices_of_contract(tx, each)}
        drafts = [
            stored.draft
            for stored in invoices.many(tx, sorted(ids))
            if stored.status is InvoiceStatus.DRAFT and stored.draft.bill_on == today
        ]
    return _invoice(
        (line for draft in drafts for line in draft.lines if line.contract_id in found), seller
    )


def _recurring(
    runtime: Runtime,
    scope: Scope,
    new: Subscription,
    seller: LegalEntity,
    days: tuple[date, date],
) -> PreviewedInvoice | None:
    """What a whole period costs, of the first that begins when billing does, or after today."""
    begins, today = days
    start = begins if begins > today else today + ONE_DAY
    cadence = cadence_of(new.versions[0])
    on = cadence.first_boundary(anchor_day(new, seller.zone), start)
    bill_subscription(runtime, scope, new.id, through=on)
    with runtime.transaction(scope) as tx:
        found = list(_agreements(tx, [new]))
    drafts = [d for each in found for d in preview_contract(runtime, scope, each, through=on)]
    return _invoice(
        (
            line
            for draft in drafts
            for line in draft.lines
            if line.kind is LineKind.RECURRING and line.service_period.start == on
        ),
        seller,
    )


def _invoice(found: Iterable[InvoiceLine], seller: LegalEntity) -> PreviewedInvoice | None:
    lines = tuple(found)
    if not lines:
        return None
    money = lines[0].net.currency
    net = total([line.net for line in lines], money)
    tax = total([line.tax for line in lines], money)
    discount = total([line_discount(line) for line in lines], money)
    days = Period(
        min(line.service_period.start for line in lines),
        max(line.service_period.end for line in lines),
    )
    return PreviewedInvoice(
        lines=lines,
        subtotal=net + discount,
        discount=discount,
        tax=tax,
        total=net + tax,
        days=days,
        period=_instants(days, seller),
    )


def _period(new: Subscription, seller: LegalEntity, begins: date) -> Period:
    """The first billing period, from the day billing begins."""
    whole = cadence_of(new.versions[0]).period_at(anchor_day(new, seller.zone), begins)
    return Period(begins, whole.end)


def _instants(days: Period, seller: LegalEntity) -> Instants:
    return Instants(start_of_day(days.start, seller.zone), start_of_day(days.end, seller.zone))


def _agreements(tx: Tx, about: Iterable[Subscription]) -> Iterable[ContractId]:
    for each in about:
        agreement_id = subscriptions.one(tx, each.id).subscription.agreement_id
        if agreement_id is not None:
            yield agreement_id


def _held(tx: Tx, request: ProvisionRequest) -> list[Subscription]:
    """What the customer has by now."""
    found = subscriptions.some(tx, customer_ids=[request.customer_id])
    return [each.subscription for each in found]


def _is_less(tx: Tx, new: Subscription, old: Subscription) -> bool:
    wanted = provisioning.offer_held(tx, new, new.starts_at)
    before = provisioning.offer_held(tx, old, new.starts_at)
    if wanted is None or before is None:
        return False
    if is_lower(before.plan, wanted.plan):
        return True
    if new.pricing_type is PricingType.CUSTOM:  # what it costs is agreed elsewhere
        return False
    terms = old.version_at(new.starts_at).terms
    return monthly_amount(wanted, new.versions[0].terms) < monthly_amount(before, terms)
