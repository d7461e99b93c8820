"""Drafting: due items become the lines, taxes and total of a draft, with every step shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from operator import itemgetter

import msgspec
from msgspec import Struct

from usance.domain.due_items import DueItem, Grouping, Raised
from usance.domain.ids import CustomerId, InvoiceId
from usance.domain.invoicing.findings import Sheet, by_gravity, findings_on
from usance.domain.invoicing.history import History
from usance.domain.invoicing.invoice import (
    DocumentType,
    Draft,
    Finding,
    InvoiceLine,
    Settled,
    Severity,
)
from usance.domain.invoicing.item_findings import item_findings, tax_currency_findings
from usance.domain.invoicing.rated_items import Rating, UsageBySlice
from usance.domain.invoicing.taxed_items import (
    NO_SOURCES,
    Parties,
    Sources,
    as_it_was_billed,
    tax_working,
    taxes_given_back,
    treatments_of,
)
from usance.domain.metering.totals import NO_USAGE, UsageTotal
from usance.domain.money import Currency, Money
from usance.domain.rating.rate import RatedLine
from usance.domain.rating.working import Working
from usance.domain.tax.amounts import LineTax, TaxedAmount, tax_lines
from usance.domain.tax.treatment import TaxTreatment


class DraftGroup(Struct, frozen=True, gc=False):
    """Due items that belong on one document; `key` is their grouping's."""

    bill_on: date
    grouping: Grouping
    key: str
    items: tuple[DueItem, ...]


def group(items: Iterable[DueItem], payer: CustomerId | None = None) -> list[DraftGroup]:
    """What one customer pays for in one entity and currency, as the documents it belongs on.

    Items share a document when they fell due on one day and agree in their grouping. Documents
    come by day; items by who bought them, the payer itself first, then by contract, line as
    signed, and period, whatever order they came in.
    """
    groups: dict[tuple[date, str], list[DueItem]] = {}
    grouping, key = None, ""
    ordered = sorted(items, key=_place)
    ordered.sort(key=lambda item: item.customer_id != payer)
    for item in ordered:
        if item.grouping is not grouping:  # items of one contract mostly share theirs
            grouping, key = item.grouping, item.grouping.key
        groups.setdefault((item.due_on, key), []).append(item)
    return [
        DraftGroup(bill_on, members[0].grouping, shared, tuple(members))
        for (bill_on, shared), members in sorted(groups.items(), key=itemgetter(0))
    ]


def _place(item: DueItem) -> tuple[str, str, int, date, date]:
    period = item.service_period
    return item.customer_id, item.contract_id, item.position, period.start, period.end


def drafts(
    items: Iterable[DueItem],
    *,
    parties: Parties,
    currency: Currency,
    usage: UsageBySlice,
    history: History,
    new_id: Callable[[], InvoiceId],
    sources: Sources = NO_SOURCES,
) -> list[Draft]:
    """The documents that the due items one customer pays for make, with one entity and in one
    currency.

    The one function that bills, previews and shows upcoming invoices. `new_id` gives the ids;
    `sources` is what the lines bore that items give back.
    """
    made: list[Draft] = []
    groups = group(items, parties.buyer.id)
    rating = Rating(currency, usage)
    for each in groups:
        drafted = draft(
            each,
            invoice_id=new_id(),
            parties=parties,
            rating=rating,
            history=history,
            sources=sources,
        )
        made.append(drafted)
        if len(made) < len(groups):
            history = history.after(drafted)
    return made


def draft(
    due: DraftGroup,
    *,
    invoice_id: InvoiceId,
    parties: Parties,
    rating: Rating,
    history: History,
    sources: Sources = NO_SOURCES,
) -> Draft:
    """The document for one group of due items.

    Lines are rated and rounded one by one, then taxed per category and rate; totals are sums of
    what is printed. Order of computation: finance.md section 2.
    """
    currency, usage = rating.currency, rating.usage
    items = [as_it_was_billed(item, sources) for item in due.items] if sources else due.items
    priced = [rating.rated(item) for item in items]
    treatments = treatments_of(due.items, parties, sources)
    known = taxes_given_back(items, priced, sources)
    amounts = [
        TaxedAmount(line.net, bears, item.is_tax_inclusive and item.gives_back is None, tax)
        for item, line, bears, tax in zip(items, priced, treatments, known, strict=True)
    ]
    rounding, standing = parties.seller.rounds_tax, parties.standing(due.bill_on)
    taxes, taxed = tax_lines(amounts, currency, rounding)
    distinct = {id(bears): bears for bears in treatments}
    why = {key: tax_working(each, rounding, standing) for key, each in distinct.items()}
    bearing = [
        _Taxed(bears, amounts, why[id(bears)])
        for bears, amounts in zip(treatments, taxed, strict=True)
    ]
    counted = [
        usage.get(item.key, NO_USAGE) if item.quantity is None else NO_USAGE for item in due.items
    ]
    parts = zip(items, priced, bearing, counted, strict=True)
    lines = tuple([_line(*part, parties.buyer.id) for part in parts])
    net = Money(sum([line.net.minor for line in lines]), currency)
    tax = Money(sum([row.tax.minor for row in taxes]), currency)
    unpriced = tuple([line.unpriced for line in priced])
    sheet = Sheet(due.bill_on, due.grouping, lines, taxes, net + tax, unpriced)
    findings = by_gravity(
        *item_findings(items, history),
        *tax_currency_findings(sheet, parties),
        *findings_on(sheet, parties.seller, parties.buyer, history, standing),
    )
    return Draft(
        id=invoice_id,
        legal_entity_id=parties.seller.id,
        customer_id=parties.buyer.id,
        currency=currency,
        bill_on=due.bill_on,
        grouping=due.grouping,
        lines=lines,
        taxes=taxes,
        net=net,
        tax=tax,
        gross=sheet.gross,
        findings=findings,
        input_hash=_input_hash(parties.buyer.id, due, lines, findings),
        type=DocumentType.of(sheet.gross),
    )


def has_moved(held: Draft, counted: UsageBySlice) -> bool:
    """True when a metered line of a held draft no longer says what was counted for it."""
    for line in held.lines:
        if line.usage is None or line.line_id is None:
            continue
        now = counted.get((line.line_id, line.service_period.start), NO_USAGE)
        if _evidence(now) != _evidence(line.usage):
            return True
        if not line.usage.cells and now.quantity != line.usage.quantity:
            return True
    return False


def _evidence(total: UsageTotal) -> tuple[int, int, datetime | None]:
    """Which events a count rests on: another one, or one taken back, shows here."""
    return total.event_count, total.unread_count, total.last_received_at


class _Taxed(Struct, frozen=True, gc=False):
    """What a line bears, how much that is, and why."""

    treatment: TaxTreatment
    amounts: LineTax
    working: Working


def _line(
    item: DueItem,
    rated: RatedLine,
    taxed: _Taxed,
    counted: UsageTotal,
    payer: CustomerId,
) -> InvoiceLine:
    usage = None
    if item.quantity is None:
        usage = replace(counted, amounts=()) if counted.amounts else counted
    return InvoiceLine(
        contract_id=item.contract_id,
        line_id=item.line_id,
        kind=item.kind,
        description=item.description,
        unit=item.unit,
        service_period=item.service_period,
        quantity=counted.quantity if item.quantity is None else item.quantity,
        unit_amount=rated.unit_amount,
        net=taxed.amounts.net,
        tax_code=item.tax_code,
        treatment=taxed.treatment,
        tax=taxed.amounts.tax,
        working=_working(item, rated, taxed.working, usage),
        usage=usage,
        source=None if item.gives_back is None else item.gives_back.piece.source,
        settled=_settled(item),
        tax_parts=taxed.amounts.parts,
        for_customer_id=None if item.customer_id == payer else item.customer_id,
    )


def _settled(item: DueItem) -> Settled:
    gives_back = item.gives_back is not None
    return Settled(item.covers, item.terms_key, item.gone, gives_back)


def _working(item: DueItem, rated: RatedLine, tax: Working, usage: UsageTotal | None) -> Working:
    """From the clause to the cent: where it was agreed, what was counted, how it was priced."""
    facts: dict[str, Decimal | int | str] = {
        "order": item.order_ref,
        "contract": item.contract_id,
        "clause": item.line_ref,
        "servicePeriod": str(item.service_period),
        "net": rated.working.facts["net"],
    }
    raised = tuple(map(_rise, item.raised)) if item.gives_back is None else ()
    if usage is None:
        return Working("clause", facts, (*raised, rated.working, tax))
    evidence = Working(
        "usage",
        {
            "feature": item.feature_id or "",
            "quantity": usage.quantity,
            "events": usage.event_count,
            "unread": usage.unread_count,
            "lastReceivedAt": str(usage.last_received_at or ""),
        },
    )
    return Working("clause", facts, (*raised, evidence, rated.working, tax))


def _rise(raised: Raised) -> Working:
    """A rise of the price that was agreed, before the price of this line."""
    facts: dict[str, Decimal | int | str] = {"on": str(raised.on), "factor": raised.factor}
    if raised.series:
        facts |= {
            "index": raised.series,
            "month": str(raised.of),
            "against": str(raised.against),
            "changePercent": raised.change,
        }
    return Working("uplift", facts)


def _input_hash(
    payer: CustomerId,
    due: DraftGroup,
    lines: Sequence[InvoiceLine],
    findings: Sequence[Finding],
) -> str:
    """What a draft was made from, as a number: two drafts of one hash say the same.

    Errors are in it, so that one the seller has put right (an address) does not stay; other
    findings are not: what becomes of an earlier invoice is no reason to draft this one anew.
    """
    made_from = [(payer, due.bill_on.isoformat(), due.key)]
    workings = [(line.line_id, line.for_customer_id, line.working) for line in lines]
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    content = msgspec.json.encode((made_from, workings, errors))
    return blake2b(content, digest_size=16).hexdigest()
