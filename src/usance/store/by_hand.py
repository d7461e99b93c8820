"""Documents written by hand: who they are between, and what they would say now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.invoicing.ad_hoc import written_anew
from usance.domain.invoicing.invoice import Draft, InvoiceLine
from usance.domain.invoicing.late_fees import PAID_IN_TIME, charged_anew
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.legal_entity import LegalEntity
from usance.domain.tax.quotes import is_asked, question
from usance.store import late_fees, parties, tax_evidence
from usance.store.database import Tx


def parties_for(
    tx: Tx,
    legal_entity_id: LegalEntityId,
    customer_id: CustomerId,
    asked: Collection[tuple[str, date]],
) -> Parties:
    """Seller and buyer as they are now, with their taxes; `asked`: the tax codes and tax points of
    the lines. Raises NotFound.
    """
    seller = parties.entity(tx, legal_entity_id)
    buyer = parties.customer(tx, customer_id)
    keys = {
        question(seller, buyer, tax_code=tax_code, on=on).key
        for tax_code, on in asked
        if is_asked(seller, buyer)
    }
    return Parties(
        seller=seller,
        buyer=buyer,
        taxes=parties.tax_tables(tx, [legal_entity_id])[legal_entity_id],
        quotes=tax_evidence.quotes(tx, keys),
        checks=tax_evidence.last_checks(tx, [customer_id]).get(customer_id, ()),
    )


def redrafted(tx: Tx, held: Draft) -> Draft:
    """What a held draft written by hand, or a late fee, would be now, under its id."""
    asked = {(line.tax_code, line.service_period.start) for line in held.lines}
    between = parties_for(tx, held.legal_entity_id, held.customer_id, asked)
    lines = _lines_now(tx, held, between.seller)
    found = [] if lines else [PAID_IN_TIME]
    return written_anew(held, lines or held.lines, parties=between, found=found)


def _lines_now(tx: Tx, held: Draft, seller: LegalEntity) -> tuple[InvoiceLine, ...]:
    """Its lines; those of a late fee as payments entered since have it."""
    policy, steps = seller.receivables.late_fees, late_fees.steps_on(tx, held.id)
    if policy is None or not steps:
        return held.lines
    late = late_fees.some(tx, {invoice_id for invoice_id, _ in steps})
    return charged_anew(policy, held, late, steps)
