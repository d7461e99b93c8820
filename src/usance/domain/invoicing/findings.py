"""Findings: what a reviewer should look at before a draft leaves the house."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from usance.domain.customer import Customer
from usance.domain.due_items import Grouping
from usance.domain.invoicing.history import History
from usance.domain.invoicing.invoice import Finding, InvoiceLine, Severity
from usance.domain.money import Money
from usance.domain.tax import TaxCategory, TaxRow

GRAVITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
NOTICEABLE_PERCENT = 25  # a change of the total that deserves a look


class Sheet(NamedTuple):
    """What a draft says, before anybody looked at it.

    `unpriced` are the units of each line that no tier or cell prices.
    """

    bill_on: date
    grouping: Grouping
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxRow, ...]
    gross: Money
    unpriced: tuple[Decimal, ...]


def findings_on(draft: Sheet, buyer: Customer, history: History) -> tuple[Finding, ...]:
    """Everything worth a look, errors first. `history` is what was there before this draft."""
    found = [
        *_errors(draft),
        *_po_missing(draft),
        *_first_invoice(draft, history),
        *_total_changed(draft, history),
        *_usage_findings(draft),
        *_buyer_findings(draft, buyer),
    ]
    return tuple(sorted(found, key=lambda finding: GRAVITY[finding.severity]))


def _errors(draft: Sheet) -> Iterator[Finding]:
    for index, line in enumerate(draft.lines):
        if line.treatment.rule == "rate_missing":
            message = f"No rate of tax code {line.tax_code!r} is set for the place of supply."
            yield Finding(Severity.ERROR, "TaxRateMissing", f"lines[{index}].taxCode", message)
        if unpriced := draft.unpriced[index]:
            units = f"{unpriced:f} of {line.quantity:f} {line.unit}".rstrip()
            message = f"No price covers {units} of {line.description!r}."
            yield Finding(Severity.ERROR, "UsageUnpriced", f"lines[{index}].quantity", message)


def _po_missing(draft: Sheet) -> Iterator[Finding]:
    if draft.grouping.is_po_required and not draft.grouping.po_number:
        message = "The contract asks for a purchase order number and has none."
        yield Finding(Severity.ERROR, "PoNumberMissing", "poNumber", message)


def _first_invoice(draft: Sheet, history: History) -> Iterator[Finding]:
    contracts = dict.fromkeys(line.contract_id for line in draft.lines if line.contract_id)
    for contract_id in contracts:
        first_on = history.first_billed.get(contract_id)
        if first_on is None or first_on >= draft.bill_on:
            message = f"This is the first invoice of contract {contract_id}."
            yield Finding(Severity.INFO, "FirstInvoice", "lines", message)


def _total_changed(draft: Sheet, history: History) -> Iterator[Finding]:
    before = history.previous_gross.get(draft.grouping.key)
    if not before:
        return
    change = draft.gross.minor - before
    if abs(change) * 100 > NOTICEABLE_PERCENT * abs(before):
        percent = round(Decimal(change * 100) / abs(before))
        message = f"The total changed by {percent:+d} % from the previous invoice."
        yield Finding(Severity.WARNING, "TotalChanged", "gross", message)


def _usage_findings(draft: Sheet) -> Iterator[Finding]:
    for index, line in enumerate(draft.lines):
        if line.usage is None:
            continue
        path = f"lines[{index}].quantity"
        if not line.usage.event_count:
            message = f"No usage arrived for {line.description!r} in {line.service_period}."
            yield Finding(Severity.WARNING, "UsageMissing", path, message)
        if line.usage.unread_count:
            message = f"{line.usage.unread_count} events lack a value the meter can read."
            yield Finding(Severity.WARNING, "UsageUnread", path, message)


def _buyer_findings(draft: Sheet, buyer: Customer) -> Iterator[Finding]:
    if buyer.address is None:
        message = f"Customer {buyer.id} has no address; an invoice names the buyer's address."
        yield Finding(Severity.ERROR, "AddressMissing", "customer.address", message)
    if any(row.category is TaxCategory.REVERSE_CHARGE for row in draft.taxes):
        message = "Reverse charge rests on a VAT id whose format was checked, not its registration."
        yield Finding(Severity.INFO, "TaxIdUnverified", "customer.taxIds", message)
