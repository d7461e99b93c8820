"""Who sold and who bought, as frozen when an invoice was issued."""

from __future__ import annotations

from usance.domain.customer import Customer
from usance.domain.legal_entity import LegalEntity
from usance.store.codec import value_from
from usance.store.invoice_rows import StoredInvoice


def parties_of(stored: StoredInvoice) -> tuple[LegalEntity, Customer]:
    """Seller and buyer as they were then, whatever has become of them; for one with a number."""
    assert stored.parties is not None, "an issued invoice has its parties"
    return (
        value_from(stored.parties["seller"], LegalEntity),
        value_from(stored.parties["buyer"], Customer),
    )
