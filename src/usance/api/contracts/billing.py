"""What a contract is worth, and every document it has made and will make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Amount, CurrencyCode, Quantity, Single, Wire
from usance.api.fields import Days, PathId, days
from usance.api.invoices.routes import rendered
from usance.api.invoices.wire import InvoiceState
from usance.api.route import resource
from usance.documents.billing_form import drafted_contract
from usance.domain.contracts.billed_value import LineValue, billed_value, value_by_line
from usance.domain.contracts.contract import Contract
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId, LineId
from usance.domain.invoicing.invoice import Draft, InvoiceLine
from usance.domain.money import Money, total
from usance.flows.preview_billing import preview_contract, preview_unsigned
from usance.store import (
    billed,
    billing_drafts,
    contract_drafts,
    contracts,
    features,
    invoices,
    listings,
    parties,
)
from usance.store.database import Tx
from usance.store.invoice_rows import StoredInvoice

router = resource("contracts", tag="Contracts")


class LineSummary(Wire):
    """What one line is worth."""

    contract_line_id: str
    line_ref: str
    description: str
    kind: LineKind
    subtotal: Amount = Field(description="Committed over its days, before tax.")
    billed: Amount
    billed_usage: Amount
    drafted: Amount
    remaining: Amount


class BillingSummary(Wire):
    """What a contract is worth. Amounts are null while nothing is agreed on it."""

    contract_id: str
    currency: CurrencyCode | None
    subtotal: Amount | None = Field(description="Every committed fee of the term, before tax.")
    discount: Amount | None
    tax: Amount | None = Field(
        description="On documents, and estimated on those to come; no usage."
    )
    total: Amount | None = Field(description="Subtotal and tax.")
    total_contract_value: Amount | None = Field(description="TCV: the subtotal.")
    annual_contract_value: Amount | None = Field(description="ACV: its recurring part by the year.")
    billed: Amount | None = Field(
        description="Committed fees on approved and issued documents, less what was given back."
    )
    billed_usage: Amount | None = Field(description="Usage on them, above what is committed.")
    drafted: Amount | None = Field(description="On held drafts, usage included.")
    remaining: Amount | None = Field(description="Committed fees neither billed nor credited.")
    line_items: list[LineSummary]


class ScheduleLine(Wire):
    """One line of a document."""

    contract_id: str | None
    contract_line_id: str | None
    kind: LineKind
    description: str
    service_period: Days
    quantity: Quantity
    unit_price: Amount | None
    amount: Amount
    tax: Amount


class ScheduledInvoice(Wire):
    """A document that stands, or one to come."""

    invoice_id: str | None = Field(description="Null while it is to come.")
    number: str | None
    state: InvoiceState | Literal["UPCOMING"]
    period_start: str
    period_end: str = Field(description="The first day not included.")
    issue_date: str = Field(description="Of one not issued: the day its items fall due.")
    due_date: str
    currency: CurrencyCode
    subtotal: Amount
    discount: Amount
    tax: Amount
    total: Amount
    line_items: list[ScheduleLine]


class InvoiceSchedule(Wire):
    """The documents of a contract by issue date."""

    contract_id: str
    invoices: list[ScheduledInvoice]


@router.get(
    "/{id}/billing/summary", operation_id="getContractBillingSummary", summary="What it is worth"
)
def get_summary(caller: Asked, id: PathId) -> Single[BillingSummary]:
    """Total and annual contract value, billed, and remaining; in all and by line."""
    with caller.transaction() as tx:
        contracts.stamps(tx, ContractId(id))
        found = contracts.many(tx, [ContractId(id)])
        standing = billed.standing(tx, found)
        collected = _collected(tx, ContractId(id))
    if not found and collected is None:
        return Single(data=_nothing_agreed(id))
    if collected is not None:
        lines = value_by_line(collected, {})
        taxes = [line.tax for line in _fees_in(_preview_unsigned(caller, collected))]
        return Single(data=_summary(collected, lines, total(taxes, collected.currency)))
    contract = found[0]
    lines = value_by_line(contract, {line_id: each.net for line_id, each in standing.items()})
    taxes = [*_fees(contract, standing), *_taxes_to_come(caller, contract)]
    return Single(data=_summary(contract, lines, total(taxes, contract.currency)))


@router.get(
    "/{id}/billing/invoice-schedule",
    operation_id="getContractInvoiceSchedule",
    summary="Its invoices, made and to come",
)
def get_schedule(
    caller: Asked,
    id: PathId,
    count: Annotated[
        int | None, Query(ge=1, le=10_000, description="So many to come at most.")
    ] = None,
) -> Single[InvoiceSchedule]:
    """By issue date. Those to come are what billing this contract alone would make; usage as so
    far. A document may hold lines of the customer's other contracts.
    """
    contract_id = ContractId(id)
    with caller.transaction() as tx:
        contracts.stamps(tx, contract_id)
        found = contracts.many(tx, [contract_id])
        stored = invoices.many(tx, listings.invoices_of_contract(tx, contract_id))
        states = {each.id: each.state for each in rendered(caller, tx, stored)}
        collected = _collected(tx, contract_id)
    made = [_made(each, states[each.id]) for each in stored]
    drafts = [draft for contract in found for draft in _preview(caller, contract)]
    if collected is not None:
        drafts = _preview_unsigned(caller, collected)
    to_come = [upcoming(draft) for draft in drafts]
    shown = sorted([*made, *to_come[:count]], key=lambda each: each.issue_date)
    return Single(data=InvoiceSchedule(contract_id=id, invoices=shown))


def _preview(caller: Caller, contract: Contract) -> list[Draft]:
    """All of it: the last usage falls due so long after the term as the contract holds it."""
    last = contract.term.end + timedelta(days=contract.terms.usage_hold_days)
    return preview_contract(caller.runtime, caller.scope, contract.id, through=last)


def _fees(contract: Contract, standing: Mapping[LineId, billed.Standing]) -> Iterator[Money]:
    for line in contract.lines:
        if line.sold.kind is not LineKind.USAGE and line.id in standing:
            yield standing[line.id].tax


def _taxes_to_come(caller: Caller, contract: Contract) -> Iterator[Money]:
    yield from (line.tax for line in _fees_in(_preview(caller, contract)))


def _fees_in(drafts: Iterable[Draft]) -> Iterator[InvoiceLine]:
    for draft in drafts:
        yield from (line for line in draft.lines if line.kind is not LineKind.USAGE)


def _collected(tx: Tx, contract_id: ContractId) -> Contract | None:
    """What publishing would make of a draft contract; None of others, and while it is not whole."""
    unsigned = contract_drafts.maybe(tx, contract_id)
    if unsigned is None:
        return None
    return drafted_contract(billing_drafts.one(tx, contract_id), unsigned)


def _preview_unsigned(caller: Caller, contract: Contract) -> list[Draft]:
    """Its documents; none while nobody is named who issues them, or a feature is not there."""
    with caller.transaction() as tx:
        issuers = parties.entities(tx, [contract.legal_entity_id])
        named = {line.sold.feature_id for line in contract.lines if line.sold.feature_id}
        known = features.some(tx, named)
    if not issuers or len(known) < len(named):
        return []
    return preview_unsigned(caller.runtime, caller.scope, contract)


def _summary(contract: Contract, lines: tuple[LineValue, ...], tax: Money) -> BillingSummary:
    of = contract.currency
    value = billed_value(contract, lines)
    return BillingSummary(
        contract_id=contract.id,
        currency=of.code,
        subtotal=value.total.text,
        discount=Money.zero(of).text,
        tax=tax.text,
        total=(value.total + tax).text,
        total_contract_value=value.total.text,
        annual_contract_value=value.annual.text,
        billed=value.billed.text,
        billed_usage=value.billed_usage.text,
        drafted=value.drafted.text,
        remaining=value.remaining.text,
        line_items=[
            LineSummary(
                contract_line_id=each.line.id,
                line_ref=each.line.sold.ref,
                description=each.line.sold.name,
                kind=each.line.sold.kind,
                subtotal=each.committed.text,
                billed=each.billed.text,
                billed_usage=each.billed_usage.text,
                drafted=each.drafted.text,
                remaining=each.remaining.text,
            )
            for each in lines
        ],
    )


def _nothing_agreed(contract_id: str) -> BillingSummary:
    return BillingSummary(
        contract_id=contract_id,
        currency=None,
        subtotal=None,
        discount=None,
        tax=None,
        total=None,
        total_contract_value=None,
        annual_contract_value=None,
        billed=None,
        billed_usage=None,
        drafted=None,
        remaining=None,
        line_items=[],
    )


def _made(stored: StoredInvoice, state: InvoiceState) -> ScheduledInvoice:
    return _scheduled(
        stored.draft,
        invoice_id=stored.id,
        number=stored.number,
        state=state,
        issued_on=stored.issued_on,
        due_on=stored.due_on,
    )


def upcoming(draft: Draft) -> ScheduledInvoice:
    """A document to come, as the schedule shows it."""
    return _scheduled(draft, state="UPCOMING")


def _scheduled(
    draft: Draft,
    *,
    state: InvoiceState | Literal["UPCOMING"],
    invoice_id: str | None = None,
    number: str | None = None,
    issued_on: date | None = None,
    due_on: date | None = None,
) -> ScheduledInvoice:
    periods = [line.service_period for line in draft.lines]
    due = due_on or draft.grouping.payment_terms.due_on(draft.bill_on)
    return ScheduledInvoice(
        invoice_id=invoice_id,
        number=number,
        state=state,
        period_start=min(period.start for period in periods).isoformat(),
        period_end=max(period.end for period in periods).isoformat(),
        issue_date=(issued_on or draft.bill_on).isoformat(),
        due_date=due.isoformat(),
        currency=draft.currency.code,
        subtotal=draft.net.text,
        discount=Money.zero(draft.currency).text,
        tax=draft.tax.text,
        total=draft.gross.text,
        line_items=[_line(line) for line in draft.lines],
    )


def _line(line: InvoiceLine) -> ScheduleLine:
    return ScheduleLine(
        contract_id=line.contract_id,
        contract_line_id=line.line_id,
        kind=line.kind,
        description=line.description,
        service_period=days(line.service_period),
        quantity=f"{line.quantity:f}",
        unit_price=None if line.unit_amount is None else f"{line.unit_amount:f}",
        amount=line.net.text,
        tax=line.tax.text,
    )
