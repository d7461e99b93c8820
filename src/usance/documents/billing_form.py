"""The order form of a billing draft: INITIAL for a new contract, AMENDMENT for one that runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from usance.documents.billing_notation import plain_cadence
from usance.documents.billing_rows import model_of, priced, rows_of
from usance.documents.order_form import order_from
from usance.documents.plain import given
from usance.domain.calendar import Cadence
from usance.domain.contracts.billing_draft import Amends, BillingDraft, BillingItem
from usance.domain.contracts.contract import Contract, ContractLine, DraftContract
from usance.domain.contracts.order import Timing
from usance.domain.contracts.timeline import contract_from
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid
from usance.domain.ids import LineId, OrderId
from usance.domain.rating.notation import plain_pricing

EDITABLE = (LineKind.RECURRING, LineKind.USAGE)
NOBODY = "none"  # stands for a legal entity that was not chosen yet
BOUNDS = ("included", "minimum", "maximum", "discounts")  # of a price, kept when its rows change


class Frame(NamedTuple):
    """What a form is made within: the order's id, and its place among those of its day."""

    order_id: OrderId
    sequence: int
    today: date


def initial_form(
    draft: BillingDraft, contract: DraftContract, order_id: OrderId
) -> dict[str, object]:
    """What was collected, as the INITIAL order of a contract; what is missing is left out."""
    start, end = draft.starts_on or contract.starts_on, draft.ends_on or contract.ends_on
    term = given(start=_iso(start), end=_iso(end))
    return {
        "orderForm": 1,
        "orderId": order_id,
        "kind": "INITIAL",
        "contractId": contract.id,
        "contractName": contract.name,
        "customerId": contract.customer_id,
    } | given(
        legalEntityId=draft.legal_entity_id,
        currency=draft.currency,
        term=term,
        paymentTerms=None if draft.net_days is None else {"netDays": draft.net_days},
        poNumber=contract.po_number,
        lines=[_line(item, start) for item in draft.items],
    )


def opened(draft: BillingDraft, contract: Contract, *, amends: Amends, on: date) -> BillingDraft:
    """The billing of a contract that runs, as items to be edited, as it holds on that day."""
    items = tuple(_agreed_item(line, on) for line in _running(contract, on))
    return BillingDraft(
        items=items,
        currency=contract.currency.code,
        legal_entity_id=contract.legal_entity_id,
        starts_on=contract.term.start,
        ends_on=contract.term.end,
        net_days=contract.terms.payment_terms.net_days,
        payment_account_id=draft.payment_account_id,
        note=draft.note,
        amends=amends,
    )


def amending_form(
    draft: BillingDraft, contract: Contract, frame: Frame
) -> dict[str, object] | None:
    """What was edited, as an AMENDMENT; None: nothing was."""
    running = {line.sold.ref: line for line in _running(contract, frame.today)}
    changes = list(_changes(draft, running, frame.today))
    new = [item for item in draft.items if item.is_new]
    days = [date.fromisoformat(str(change["from"])) for change in changes]
    if draft.amends is Amends.CURRENT_PERIOD and not days:
        days = [_begun(line, frame.today) for line in running.values()]
    on = min(days, default=frame.today)
    said = given(
        changes=changes,
        lines=[_line(item, on, is_added=True) for item in new],
        paymentTerms=_other(
            {"netDays": draft.net_days}, {"netDays": contract.terms.payment_terms.net_days}
        ),
        termEnd=_other(_iso(draft.ends_on), _iso(contract.term.end)),
        legalEntityId=_other(draft.legal_entity_id, contract.legal_entity_id),
        currency=_other(draft.currency, contract.currency.code),
    )
    if not said:
        return None
    return {
        "orderForm": 1,
        "orderId": frame.order_id,
        "kind": "AMENDMENT",
        "contractId": contract.id,
        "effectiveOn": on.isoformat(),
        "sequence": frame.sequence,
    } | said


def _running(contract: Contract, on: date) -> list[ContractLine]:
    """The lines billed each period that run on a day or later, the latest of each ref."""
    found = {
        line.sold.ref: line
        for line in contract.lines
        if line.sold.kind in EDITABLE and not line.sold.is_void and line.sold.window.end > on
    }
    return list(found.values())


def _agreed_item(line: ContractLine, on: date) -> BillingItem:
    sold = line.sold
    step = next((each for each in sold.segments if on in each.period), sold.segments[0])
    rowed = rows_of(step, sold.kind)
    rows = () if rowed is None else rowed.rows
    return BillingItem(
        ref=sold.ref,
        name=sold.name,
        model_id="" if rowed is None else rowed.model_id,
        rows=rows,
        cycle=sold.cadence,
        feature_id=sold.feature_id,
        tax_code=sold.tax_code,
        is_separate=sold.is_separate,
        agreed=rows,
        price=plain_pricing(step.pricing),
    )


def _changes(
    draft: BillingDraft, running: dict[str, ContractLine], today: date
) -> Iterator[dict[str, object]]:
    """What becomes of items that were agreed, each from its day on."""
    for item in draft.items:
        if item.is_new or item.rows == item.agreed or item.ref not in running:
            continue
        change: dict[str, object] = {"lineId": item.ref}
        change["from"] = _from(draft, running[item.ref], today).isoformat()
        model = model_of(item.model_id, "pricingModelId")
        now, before = priced(model, item.rows), priced(model, item.agreed or ())
        if now.price != before.price:
            assert item.price is not None, "it was agreed"
            change["price"] = now.price | {
                key: value for key, value in item.price.items() if key in BOUNDS
            }
        if now.quantity != before.quantity:
            change["quantity"] = f"{now.quantity:f}"
        if len(change) > 2:
            yield change
    for ref in draft.ended:
        if ref in running:
            day = _from(draft, running[ref], today).isoformat()
            yield {"lineId": ref, "from": day, "end": True}


def _from(draft: BillingDraft, line: ContractLine, today: date) -> date:
    if draft.amends is Amends.CURRENT_PERIOD:
        return _begun(line, today)
    return max(today, line.sold.window.start)


def _begun(line: ContractLine, today: date) -> date:
    """The start of the line's billing period under way, or of the line where it is to come."""
    sold = line.sold
    if sold.cadence is None or today < sold.window.start:
        return sold.window.start
    return max(sold.cadence.period_at(sold.anchor, today).start, sold.window.start)


def _line(item: BillingItem, start: date | None, *, is_added: bool = False) -> dict[str, object]:
    """A new item as a line; one that is added to a contract begins when the order takes effect."""
    model = model_of(item.model_id, "pricingModelId")
    found = priced(model, item.rows)
    is_once = item.cycle is None and not model.is_pay_as_you_go
    kind = LineKind.ONE_OFF if is_once else LineKind.RECURRING
    kind = LineKind.USAGE if model.is_pay_as_you_go else kind
    percent = item.discount_percent
    added = is_added and not is_once
    return {
        "lineId": item.ref,
        "name": item.name,
        "kind": kind.value,
        "price": found.price,
    } | given(
        quantity=None if found.quantity is None else f"{found.quantity:f}",
        on=_iso(start) if is_once else None,
        service={"start": _iso(start)} if added else None,
        billing=None if item.cycle is None else _billing(item.cycle, kind),
        featureId=item.feature_id,
        discounts=None if percent is None else [{"percent": f"{percent:f}"}],
        taxCode=item.tax_code,
        separateInvoice=item.is_separate or None,
    )


def _billing(cycle: Cadence, kind: LineKind) -> dict[str, object]:
    said: dict[str, object] = {"every": plain_cadence(cycle)}
    return said if kind is LineKind.USAGE else said | {"timing": Timing.IN_ADVANCE.value}


def _other(said: object, agreed: object) -> object:
    return None if said == agreed else said


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def drafted_contract(draft: BillingDraft, contract: DraftContract) -> Contract | None:
    """The contract that publishing would make, to be looked at; None while something is missing.

    Without a legal entity it names none: its value can be told, its documents cannot.
    """
    form = initial_form(draft, contract, OrderId("draft"))
    try:
        order = order_from({"legalEntityId": NOBODY} | form, order_id=OrderId("draft"))
    except Invalid:
        return None
    return contract_from(order, line_id=LineId)
