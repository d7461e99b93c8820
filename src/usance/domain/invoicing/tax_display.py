"""The tax of a document in the currency of the tax office, shown beside its own.

Source: EU VAT directive, article 230; EN 16931 BT-6 and BT-111. It never enters a total.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from usance.domain.fx import FxRate, Rates
from usance.domain.invoicing.invoice import Draft, Finding, Severity
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Currency, Money
from usance.domain.tax.amounts import tax_in


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxDisplay:
    """What is frozen at issue: the amount, and by which rate of which day of whom it came about.

    `rate` is what one unit of the document's currency cost, as it is printed: whoever multiplies
    the printed tax by it gets the printed amount.
    """

    tax: Money
    rate: Decimal
    base: Currency
    day: date
    source: str

    def of(self, draft: Draft) -> TaxDisplay:
        """The same rate for another document: a credit note keeps the rate of its source."""
        return replace(self, tax=tax_in(draft.tax, self.tax.currency, self.rate))


def shown_in(draft: Draft, seller: LegalEntity) -> Currency | None:
    """The currency the tax is stated in too; None where the document's own is enough."""
    if seller.tax_currency in (None, draft.currency) or draft.tax.is_zero:
        return None
    return seller.tax_currency


def tax_display(draft: Draft, seller: LegalEntity, rates: Rates, *, on: date) -> TaxDisplay | None:
    """The tax as the tax office wants it, at the rate of the day of issue.

    None where nothing is to be shown. Raises FxRateMissing: without it the document is not valid.
    """
    into = shown_in(draft, seller)
    if into is None:
        return None
    rate = rates.rate(draft.currency, into, on)
    shown = TaxDisplay(
        tax=Money.zero(into),
        rate=rate.written,
        base=draft.currency,
        day=rate.day,
        source=rate.source,
    )
    return shown.of(draft)


def fx_findings(rate: FxRate | None, *, on: date) -> Iterator[Finding]:
    """Whether the rate a document will need is there, and of late."""
    if rate is None:
        message = "The tax must be shown in the entity's tax currency, and no rate is known."
        yield Finding(Severity.ERROR, "FxRateMissing", "taxCurrency", message)
    elif rate.is_stale(on):
        message = f"The last rate of {rate.base} in {rate.quote} by {rate.source} is of {rate.day}."
        yield Finding(Severity.WARNING, "FxRateStale", "taxCurrency", message)
