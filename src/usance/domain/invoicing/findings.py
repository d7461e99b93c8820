"""Findings: what a reviewer should look at before a draft leaves the house."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from usance.domain.calendar import day_of
from usance.domain.customer import Customer
from usance.domain.due_items import Grouping
from usance.domain.invoicing.comparison import percent_of
from usance.domain.invoicing.history import History
from usance.domain.invoicing.invoice import Finding, InvoiceLine, Severity
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money
from usance.domain.tax.amounts import TaxRow
from usance.domain.tax.checks import Standing
from usance.domain.tax.quotes import QUOTE_MISSING
from usance.domain.tax.treatment import RESTS_ON_TAX_ID

GRAVITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
NOTICEABLE_PERCENT = Decimal(25)  # a change of the total that deserves a look, unless rules say so
ONE_DAY = timedelta(days=1)

# What to do next, by code: kept here and not on each finding, so that better advice reaches all.
REMEDIES = {
    "AddressMissing": "Give the customer an address, then refresh the draft.",
    "CreditWithoutSource": "Say which line it gives back, or make sure of what it rests on.",
    "FirstInvoice": "Compare it with the signed order.",
    "FxRateMissing": "Import the rate of that day, then refresh the draft.",
    "IndexMissing": "Import the index once it is published; the draft follows by itself.",
    "FxRateStale": "Import a rate nearer to the day, or make sure that this one may be used.",
    "PaidInTime": "Make it void: nothing was paid late.",
    "PoNumberExpired": "Ask the customer for the number of these days, or have one for all days.",
    "PoNumberMissing": "Ask the customer for the number and put it on the contract.",
    "PriceOverridden": "Make sure that the amendment was meant to change this price.",
    "TaxIdUnverified": "Check the number's registration and keep the evidence.",
    "TaxQuoteMissing": "Have the tax service asked, then refresh the draft.",
    "TaxRateMissing": "Add a rate for that tax code and place to the legal entity's tax table.",
    "TotalChanged": "Compare it with the previous invoice, line by line.",
    "UsageMissing": "Find out whether usage is still reported, and report what is missing.",
    "UsageStillArriving": "Wait for late events, or lengthen the contract's usage hold.",
    "UsageUnpriced": "Mend the price, so that a tier or cell covers all of the usage.",
    "UsageUnread": "Correct the events' field that the meter reads, and send them again.",
    "ZeroTotal": "Make sure that nothing is owed; make it void if it is not wanted.",
}
ANYTHING_ELSE = "Look at it before you approve."


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


def findings_on(
    draft: Sheet,
    seller: LegalEntity,
    buyer: Customer,
    history: History,
    standing: Standing = Standing.UNVERIFIED,
) -> tuple[Finding, ...]:
    """Everything worth a look, errors first. `history` is what was there before this draft;
    `standing` is what is known of the buyer's VAT ids.
    """
    return by_gravity(
        *_errors(draft),
        *_po_missing(draft),
        *_first_invoice(draft, history),
        *_total_changed(draft, seller, history),
        *_amount_findings(draft),
        *_usage_findings(draft, seller),
        *_buyer_findings(draft, buyer, standing),
    )


def by_gravity(*found: Finding) -> tuple[Finding, ...]:
    """The same, errors first; else as they come."""
    if len(found) < 2:
        return found
    return tuple(sorted(found, key=lambda finding: GRAVITY[finding.severity]))


def remedy(finding: Finding) -> str:
    """What to do next about it: one sentence for whoever reviews."""
    return REMEDIES.get(finding.code, ANYTHING_ELSE)


def noticeable_percent(draft: Sheet, seller: LegalEntity, history: History) -> Decimal:
    """By how much its total may be off the previous one: the least that the rules of the legal
    entity and of its contracts name; 25 % when none does.
    """
    on_it = {line.contract_id for line in draft.lines}
    rules = [seller.review, *(each for ref, each in history.rules.items() if ref in on_it)]
    named = [each.change_percent for each in rules if each.change_percent is not None]
    return min(named, default=NOTICEABLE_PERCENT)


def _errors(draft: Sheet) -> Iterator[Finding]:
    for index, line in enumerate(draft.lines):
        if line.treatment.rule == "rate_missing":
            message = f"No rate of tax code {line.tax_code!r} is set for the place of supply."
            yield Finding(Severity.ERROR, "TaxRateMissing", f"lines[{index}].taxCode", message)
        if line.treatment.rule == QUOTE_MISSING.rule:
            message = f"The tax service has not answered for tax code {line.tax_code!r} yet."
            yield Finding(Severity.ERROR, "TaxQuoteMissing", f"lines[{index}].taxCode", message)
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


def _total_changed(draft: Sheet, seller: LegalEntity, history: History) -> Iterator[Finding]:
    if not history.previous_gross or draft.gross.is_negative:
        return
    before = history.previous_gross.get(draft.grouping.key)
    if not before:
        return
    change, noticeable = draft.gross.minor - before, noticeable_percent(draft, seller, history)
    if abs(change) * 100 > noticeable * abs(before):
        percent = percent_of(change, before)
        message = f"The total changed by {percent:+d} % from the previous invoice."
        yield Finding(Severity.WARNING, "TotalChanged", "gross", message)


def _amount_findings(draft: Sheet) -> Iterator[Finding]:
    if draft.gross.is_zero:
        message = "The document asks for nothing and gives nothing back."
        yield Finding(Severity.WARNING, "ZeroTotal", "gross", message)
    for index, line in enumerate(draft.lines):
        if line.net.is_negative and line.source is None and line.usage is None:
            message = f"{line.description!r} gives back {-line.net} and names no line it was for."
            yield Finding(Severity.WARNING, "CreditWithoutSource", f"lines[{index}]", message)


def _usage_findings(draft: Sheet, seller: LegalEntity) -> Iterator[Finding]:
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
        if line.usage.last_received_at is not None:
            received_on = day_of(line.usage.last_received_at, seller.zone)
            if received_on >= _quiet_from(draft, line):
                message = f"Usage of {line.service_period} still arrived on {received_on}."
                yield Finding(Severity.WARNING, "UsageStillArriving", path, message)


def _quiet_from(draft: Sheet, line: InvoiceLine) -> date:
    """From when on nothing should arrive any more: after its period, the hold window's last day."""
    return max(line.service_period.end, draft.bill_on - ONE_DAY)


def _buyer_findings(draft: Sheet, buyer: Customer, standing: Standing) -> Iterator[Finding]:
    if buyer.address is None:
        message = f"Customer {buyer.id} has no address; an invoice names the buyer's address."
        yield Finding(Severity.ERROR, "AddressMissing", "customer.address", message)
    if not any(line.treatment.rule in RESTS_ON_TAX_ID for line in draft.lines):
        return
    if standing is Standing.UNVERIFIED:
        message = "Reverse charge rests on a VAT id whose format was checked, not its registration."
        yield Finding(Severity.INFO, "TaxIdUnverified", "customer.taxIds", message)
    elif standing is Standing.INVALID:
        message = "Reverse charge rests on a VAT id that the register did not know when asked last."
        yield Finding(Severity.ERROR, "TaxIdUnverified", "customer.taxIds", message)
