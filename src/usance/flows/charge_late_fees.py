"""Charge late fees and interest: each step of each late invoice once, as drafts for review."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from operator import attrgetter

from usance.domain.due_items import Grouping
from usance.domain.facts import InvoiceDrafted
from usance.domain.ids import CustomerId, InvoiceId
from usance.domain.invoicing.ad_hoc import written
from usance.domain.invoicing.invoice import Draft
from usance.domain.invoicing.late_fees import Charge, late_charges
from usance.domain.legal_entity import LegalEntity
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    by_hand,
    invoices,
    late_fees,
    parties,
    payers,
)
from usance.store.database import Tx


def charge_late_fees(
    runtime: Runtime, scope: Scope, *, through: date | None = None
) -> list[InvoiceId]:
    """Draft what paying late cost by the end of the day `through`, each entity's yesterday when
    None, by each entity's policy: one draft a customer and currency. Ids of the drafts.

    May be run twice, by many processes at once, or weeks late. A charge that was made void is
    waived: it does not come back.
    """
    made: list[InvoiceId] = []
    with runtime.transaction(scope) as tx:
        sellers = [each for each in parties.entities(tx).values() if each.receivables.late_fees]
        days = {
            each.id: through or date.fromordinal(runtime.today(tx, each.zone).toordinal() - 1)
            for each in sellers
        }
        late = {each.id: late_fees.late(tx, each.id, through=days[each.id]) for each in sellers}
    for seller in sellers:
        by_customer = groupby(late[seller.id], key=attrgetter("customer_id"))
        for customer_id, members in by_customer:
            ids = [each.invoice_id for each in members]
            account = (seller, customer_id)
            made += _charge(runtime, scope, account, ids, through=days[seller.id])
    return made


def _charge(
    runtime: Runtime,
    scope: Scope,
    account: tuple[LegalEntity, CustomerId],
    ids: list[InvoiceId],
    *,
    through: date,
) -> list[InvoiceId]:
    """One customer's late invoices, while nobody else charges or pays them."""
    seller, customer_id = account
    policy = seller.receivables.late_fees
    assert policy is not None, "only entities with a policy charge"
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        charged = late_fees.charged(tx, ids)
        found = [
            charge
            for each in late_fees.some(tx, ids)
            for charge in late_charges(
                policy, each, through=through, charged=charged[each.invoice_id]
            )
        ]
        by_currency: dict[str, list[Charge]] = {}
        for charge in found:
            by_currency.setdefault(charge.line.net.currency.code, []).append(charge)
        drafts = []
        for charges in by_currency.values():
            drafts.append(_draft(runtime, tx, account, charges, through))
            late_fees.append(tx, charges, drafts[-1].id, at=runtime.now(tx))
        for draft in drafts:
            after = {"gross": draft.gross.text, "lines": len(draft.lines)}
            fact = InvoiceDrafted(draft.id)
            runtime.note(tx, scope, "late_fee.charged", draft.id, fact, after=after)
    return [draft.id for draft in drafts]


def _draft(
    runtime: Runtime,
    tx: Tx,
    account: tuple[LegalEntity, CustomerId],
    charges: list[Charge],
    through: date,
) -> Draft:
    seller, customer_id = account
    lines = tuple(charge.line for charge in charges)
    invoice_id = runtime.invoice_id()
    grouping = Grouping(seller.payment_terms, "", is_po_required=False, alone=invoice_id)
    between = by_hand.parties_for(tx, seller.id, customer_id, ())
    draft = written(lines, grouping, parties=between, invoice_id=invoice_id, on=through)
    invoices.save_drafts(tx, [draft], at=runtime.now(tx))
    return draft
