"""Quotes: what an outside tax service says a line bears, asked before drafting, kept as evidence.

A quote answers a question about parties, place, tax code and tax point; never about amounts, so
that one answer serves every line alike, and how tax is rounded stays our rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b

import msgspec

from usance.domain.customer import Address, Customer, TaxId
from usance.domain.legal_entity import LegalEntity
from usance.domain.tax.rates import TaxCategory, TaxTable
from usance.domain.tax.treatment import TaxTreatment, treatment

QUOTE_MISSING = TaxTreatment(
    TaxCategory.OUTSIDE_SCOPE, Decimal(0), "quote_missing", "The tax service has not answered yet."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxQuestion:
    """What a tax service is asked: who sells, who buys where, what, and when it is supplied."""

    legal_entity_id: str
    seller: Address
    customer_id: str
    buyer: Address
    buyer_tax_ids: tuple[TaxId, ...]
    exemption: str | None
    tax_code: str
    tax_point: date

    @property
    def key(self) -> str:
        """A hash: equal exactly when the same is asked."""
        return blake2b(msgspec.json.encode(self), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class TaxQuote:
    """The answer, as a treatment; `reference` is the service's own name for it."""

    treatment: TaxTreatment
    reference: str
    quoted_at: datetime


def question(seller: LegalEntity, buyer: Customer, *, tax_code: str, on: date) -> TaxQuestion:
    """What to ask about a line; `on` is the tax point. Without an address: as if at the seller's.

    The question names everything the answer may rest on, so a new address asks anew.
    """
    return TaxQuestion(
        legal_entity_id=seller.id,
        seller=seller.address,
        customer_id=buyer.id,
        buyer=seller.address if buyer.address is None else buyer.address,
        buyer_tax_ids=buyer.tax_ids,
        exemption=buyer.exemption,
        tax_code=tax_code,
        tax_point=on,
    )


def is_asked(seller: LegalEntity, buyer: Customer) -> bool:
    """True when a tax service decides: the seller names one, and the buyer is not simply exempt."""
    return seller.tax_service is not None and buyer.exemption is None


def quoted(
    quotes: Mapping[str, TaxQuote],
    table: TaxTable,
    seller: LegalEntity,
    buyer: Customer,
    asked: tuple[str, date],
) -> TaxTreatment:
    """What a line of `asked` (tax code, tax point) bears: by the service, where there is one."""
    tax_code, on = asked
    if not is_asked(seller, buyer):
        return treatment(table, seller, buyer, tax_code=tax_code, on=on)
    quote = quotes.get(question(seller, buyer, tax_code=tax_code, on=on).key)
    return QUOTE_MISSING if quote is None else quote.treatment
