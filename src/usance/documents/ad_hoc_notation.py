"""An invoice without a contract, in its notation."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from usance.documents.line_prices import pricing_at
from usance.documents.plain import Fields, currency, each, name, number, period, ref, text
from usance.documents.terms_notation import payment_terms_from
from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.invoicing.ad_hoc import MOST_LINES, AdHocInvoice, AdHocLine
from usance.domain.payment_terms import PaymentTerms


class AdHocForm(NamedTuple):
    """Whom it is for, who issues it, and what it says."""

    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    invoice: AdHocInvoice


def ad_hoc_from(plain: object, *, default_terms: PaymentTerms) -> AdHocForm:
    """`{customerId, legalEntityId, currency, lines, paymentTerms, poNumber}`, each line `{name,
    quantity, unit, price, taxCode, service}`. Raises Invalid with every problem.
    """
    fields = Fields(plain)
    customer_id = fields.need("customerId", ref)
    entity_id = fields.need("legalEntityId", ref)
    of = fields.need("currency", currency)
    lines = fields.need("lines", each(_line, most=MOST_LINES))
    terms = fields.take("paymentTerms", payment_terms_from, default_terms)
    po_number = fields.take("poNumber", name, "")
    return fields.made(
        lambda: AdHocForm(
            CustomerId(customer_id),
            LegalEntityId(entity_id),
            AdHocInvoice(currency=of, lines=lines, payment_terms=terms, po_number=po_number),
        )
    )


def _line(plain: object, path: str) -> AdHocLine:
    fields = Fields(plain, path)
    called = fields.need("name", name)
    quantity = fields.take("quantity", number, Decimal(1))
    unit = fields.take("unit", text, "")
    pricing = fields.need("price", pricing_at)
    tax_code = fields.take("taxCode", ref, "standard")
    days = fields.need("service", period)
    if quantity <= 0:
        fields.refuse("QuantityNotPositive", "quantity", quantity, "more than zero")
    return fields.made(
        lambda: AdHocLine(
            name=called,
            quantity=quantity,
            pricing=pricing,
            service_period=days,
            tax_code=tax_code,
            unit=unit,
        )
    )
