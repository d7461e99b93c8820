"""Who sold and who bought, and the tax as shown, as frozen when an invoice was issued."""

from __future__ import annotations

from datetime import date

from usance.domain.customer import Customer
from usance.domain.ids import CustomerId
from usance.domain.invoicing.invoice import Draft
from usance.domain.invoicing.tax_display import TaxDisplay, shown_in, tax_display
from usance.domain.legal_entity import LegalEntity
from usance.store import fx_rates, invoices
from usance.store.codec import value_from
from usance.store.database import Tx
from usance.store.invoice_rows import StoredInvoice


def parties_of(stored: StoredInvoice) -> tuple[LegalEntity, Customer]:
    """Seller and buyer as they were then, whatever has become of them; for one with a number."""
    assert stored.parties is not None, "an issued invoice has its parties"
    return (
        value_from(stored.parties["seller"], LegalEntity),
        value_from(stored.parties["buyer"], Customer),
    )


def names_of(stored: StoredInvoice) -> dict[CustomerId, str]:
    """What the accounts were called then whose purchases are on it, beside the buyer's."""
    return {} if stored.parties is None else dict(stored.parties.get("bought_by") or {})


def tax_display_of(stored: StoredInvoice) -> TaxDisplay | None:
    """The tax in the tax office's currency, as shown at issue; None where none had to be."""
    shown = None if stored.parties is None else stored.parties.get("tax_display")
    return None if shown is None else value_from(shown, TaxDisplay)


def tax_shown(tx: Tx, draft: Draft, seller: LegalEntity, *, on: date) -> TaxDisplay | None:
    """The tax of a document issued that day in the tax office's currency, where it must be shown.

    A credit note keeps the rate of what it credits. Raises FxRateMissing.
    """
    if shown_in(draft, seller) is None:
        return None
    for stored in invoices.many(tx, draft.sources):
        earlier = tax_display_of(stored)
        if earlier is not None and earlier.base == draft.currency:
            return earlier.of(draft)
    return tax_display(draft, seller, fx_rates.around(tx, seller.fx_source, on), on=on)
