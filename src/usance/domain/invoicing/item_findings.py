"""Item findings: what to look at that the lines alone do not tell, but what they were made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from usance.domain.due_items import DueItem
from usance.domain.fx import FxRateMissing
from usance.domain.invoicing.findings import Sheet
from usance.domain.invoicing.history import History, PriceSet
from usance.domain.invoicing.invoice import Finding, Severity
from usance.domain.invoicing.tax_display import fx_findings
from usance.domain.invoicing.taxed_items import Parties


def item_findings(items: Sequence[DueItem], history: History) -> Iterator[Finding]:
    """What the items of a document, and what was agreed about them, give to look at."""
    yield from _provisional(items)
    yield from _po_expired(items)
    if history.prices:
        yield from _price_overridden(items, history)


def tax_currency_findings(draft: Sheet, parties: Parties) -> Iterator[Finding]:
    """Whether the rate is there, and of late, at which the tax is shown in the entity's tax
    currency, as of the day billed. What gives back keeps the rate of what it gives back.
    """
    into, of, rates = parties.seller.tax_currency, draft.gross.currency, parties.rates
    if into is None or into == of or rates is None:
        return
    is_taxed = any(not row.tax.is_zero for row in draft.taxes)
    keeps_rate = draft.gross.is_negative and any(line.source for line in draft.lines)
    if not is_taxed or keeps_rate:
        return
    try:
        rate = rates.rate(of, into, draft.bill_on)
    except FxRateMissing:
        rate = None
    yield from fx_findings(rate, on=draft.bill_on)


def _provisional(items: Sequence[DueItem]) -> Iterator[Finding]:
    """Prices that rest on an index nobody has published yet are not for the customer's eyes."""
    for index, item in enumerate(items):
        if item.is_provisional:
            message = f"The price of {item.description!r} rests on an index not published yet."
            path = f"lines[{index}].price"
            yield Finding(Severity.ERROR, "IndexMissing", path, message)


def _po_expired(items: Sequence[DueItem]) -> Iterator[Finding]:
    """Purchase orders of the contract for other days only: said once a document."""
    for item in items:
        if item.is_po_expired and item.gives_back is None:
            day = item.service_period.start
            message = f"No purchase order number of contract {item.contract_id} covers {day}."
            yield Finding(Severity.WARNING, "PoNumberExpired", "poNumber", message)
            return


def _price_overridden(items: Sequence[DueItem], history: History) -> Iterator[Finding]:
    for index, item in enumerate(items):
        agreed = history.prices.get((item.contract_id, item.line_ref), ())
        overridden = _overridden(agreed, item) if item.gives_back is None else None
        if overridden is not None:
            message = (
                f"{item.description!r} was sold at the price of rate card {overridden.card}; "
                "an amendment agreed another one."
            )
            yield Finding(Severity.INFO, "PriceOverridden", f"lines[{index}].price", message)


def _overridden(agreed: Sequence[PriceSet], item: DueItem) -> PriceSet | None:
    """The rate card's price in whose place another one holds on an item's first day."""
    day = item.service_period.start
    known = [each for each in agreed if each.starts_on <= day]
    last = next((each for each in reversed(known) if each.until is None or day < each.until), None)
    if last is None or last.card:
        return None
    return next((each for each in reversed(known) if each.card), None)
