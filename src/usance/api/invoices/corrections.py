"""Invoices written and corrected by hand: without a contract, credited, billed anew, given up."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.credit_notes import CreditNoteWire, noted
from usance.api.envelope import Amount, CurrencyCode, Quantity, Single, Wire
from usance.api.fields import Days, PathId, Ref, TermsBody
from usance.api.invoices.routes import rendered
from usance.api.invoices.wire import InvoiceWire
from usance.api.reading import Plain
from usance.api.route import resource
from usance.documents import plain as read
from usance.documents.ad_hoc_notation import AdHocForm, ad_hoc_from
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import InvoiceId, LegalEntityId, WriteOffId
from usance.domain.invoicing.crediting import CreditReason, CreditWish, LineCredit
from usance.domain.invoicing.invoice import Disposition
from usance.domain.money import Currency
from usance.domain.payment_terms import NET_30
from usance.domain.payments.write_off import WriteOff, WriteOffKind, WriteOffWish
from usance.flows.charge_late_fees import charge_late_fees
from usance.flows.credit_and_rebill import credit_and_rebill
from usance.flows.credit_invoice import credit_invoice
from usance.flows.edit_ad_hoc import edit_ad_hoc
from usance.flows.invoice_ad_hoc import invoice_ad_hoc
from usance.flows.reverse_write_off import reverse_write_off
from usance.flows.write_off_invoice import write_off_invoice
from usance.store import invoices, parties, payments, write_offs
from usance.store.database import Tx

router = resource("invoices", tag="Invoices")


class AdHocLineBody(Wire):
    """What is invoiced: what, when, how many, at what price."""

    name: str = Field(max_length=255, examples=["Training on site"])
    quantity: Quantity | int = "1"
    unit: str | None = Field(default=None, examples=["days"])
    price: dict[str, Any] = Field(
        description="A price model, as in an order form.",
        examples=[{"model": "PER_UNIT", "unitAmount": "800.00"}],
    )
    tax_code: Ref | None = None
    service: Days


class AdHocBody(Wire):
    """An invoice without a contract."""

    customer_id: Ref
    legal_entity_id: Ref
    currency: CurrencyCode
    lines: list[AdHocLineBody] = Field(min_length=1, max_length=500)
    payment_terms: TermsBody | None = Field(
        default=None, description="Left out: those of the legal entity."
    )
    po_number: str | None = Field(default=None, max_length=255)


class LineCreditBody(Wire):
    """A line to be given back: so much net of it, or so many of its units; neither: the rest."""

    position: int = Field(ge=1, description="Its place on the invoice, counted from 1.")
    amount: Amount | None = None
    quantity: Quantity | None = None


class RebillBody(Wire):
    """Why an invoice is given back. `note` is printed; it must be there for OTHER."""

    reason: CreditReason
    note: str = Field(default="", max_length=500)


class CreditNoteBody(RebillBody):
    """What is given back, why, and what becomes of it."""

    lines: list[LineCreditBody] | None = Field(
        default=None, min_length=1, max_length=500, description="Left out: everything left."
    )
    disposition: Disposition = Disposition.APPLY


class WriteOffBody(Wire):
    """What is given up and why; without an amount, all that is due."""

    kind: WriteOffKind = WriteOffKind.BAD_DEBT
    amount: Amount | None = None
    reason: str = Field(min_length=1, max_length=500)


class WriteOffWire(Wire):
    """What was given up of an invoice, tax included; a reversed one counts no more."""

    id: str
    invoice_id: str
    kind: WriteOffKind
    currency: CurrencyCode
    amount: Amount
    tax: Amount = Field(description="The tax in it, to be reclaimed.")
    reason: str
    written_off_on: str
    is_reversed: bool

    @classmethod
    def of(cls, tx: Tx, made: WriteOff) -> WriteOffWire:
        """As it travels."""
        settled = payments.allocation_of_write_off(tx, made.id)
        return cls(
            id=made.id,
            invoice_id=made.invoice_id,
            kind=made.kind,
            currency=made.amount.currency.code,
            amount=made.amount.text,
            tax=made.tax.text,
            reason=made.reason,
            written_off_on=made.written_off_on.isoformat(),
            is_reversed=payments.was_taken_back(tx, settled.id),
        )


class Rebilled(Wire):
    """The issued credit note, and the drafts that bill the same anew."""

    credit_note: CreditNoteWire
    drafts: list[InvoiceWire]


@router.post(
    "", operation_id="createInvoice", summary="Invoice without a contract", status_code=201
)
def create(caller: Asked, body: AdHocBody, plain: Plain) -> Single[InvoiceWire]:
    """A held draft, rated, taxed and reviewed like every other."""
    form = _form(caller, body, plain)
    draft = invoice_ad_hoc(
        caller.runtime,
        caller.scope,
        customer_id=form.customer_id,
        legal_entity_id=form.legal_entity_id,
        wanted=form.invoice,
    )
    return _one(caller, draft.id)


@router.put("/{id}", operation_id="editInvoice", summary="Edit a draft without a contract")
def edit(caller: Asked, id: PathId, body: AdHocBody, plain: Plain) -> Single[InvoiceWire]:
    """Its lines, terms and PO number are replaced; customer and legal entity stay."""
    form = _form(caller, body, plain)
    with caller.transaction() as tx:
        held = invoices.one(tx, InvoiceId(id)).draft
    problems = [
        Problem("CannotChange", path, sent, f"{kept}, as it is: make it void to change that")
        for path, sent, kept in (
            ("customerId", form.customer_id, held.customer_id),
            ("legalEntityId", form.legal_entity_id, held.legal_entity_id),
        )
        if sent != kept
    ]
    if problems:
        raise Invalid(*problems)
    edit_ad_hoc(caller.runtime, caller.scope, InvoiceId(id), form.invoice)
    return _one(caller, InvoiceId(id))


@router.post("/{id}/credit", operation_id="creditInvoice", summary="Credit", status_code=201)
def credit(caller: Asked, id: PathId, body: CreditNoteBody) -> Single[CreditNoteWire]:
    """A held credit note: approve and issue it like an invoice. Its days stay billed."""
    invoice_id = InvoiceId(id)
    wish = CreditWish(
        reason=body.reason,
        note=body.note,
        lines=_lines(caller, invoice_id, body.lines),
        disposition=body.disposition,
    )
    note = credit_invoice(caller.runtime, caller.scope, invoice_id, wish)
    return _note(caller, note.id)


@router.post(
    "/{id}/credit-and-rebill",
    operation_id="creditAndRebill",
    summary="Credit whole and bill anew",
    status_code=201,
)
def rebill(caller: Asked, id: PathId, body: RebillBody) -> Single[Rebilled]:
    """The credit note is issued at once; the replacement is drafted by the engine, for review."""
    wish = CreditWish(reason=body.reason, note=body.note)
    made = credit_and_rebill(caller.runtime, caller.scope, InvoiceId(id), wish)
    with caller.transaction() as tx:
        drafts = rendered(caller, tx, invoices.many(tx, [draft.id for draft in made.drafts]))
        [note] = noted(caller, tx, [made.credit_note.draft.id])
    return Single(data=Rebilled(credit_note=note, drafts=drafts))


@router.post(
    "/{id}/write-off", operation_id="writeOffInvoice", summary="Write off", status_code=201
)
def write_off(caller: Asked, id: PathId, body: WriteOffBody) -> Single[WriteOffWire]:
    """A bad debt, its tax apart, or a difference within the entity's tolerance."""
    of = _currency(caller, InvoiceId(id))
    amount = None if body.amount is None else read.amount(of)(body.amount, "amount")
    wish = WriteOffWish(kind=body.kind, amount=amount, reason=body.reason)
    made = write_off_invoice(caller.runtime, caller.scope, InvoiceId(id), wish)
    with caller.transaction() as tx:
        return Single(data=WriteOffWire.of(tx, made))


@router.get("/{id}/write-offs", operation_id="listWriteOffs", summary="What was given up")
def list_write_offs(caller: Asked, id: PathId) -> Single[list[WriteOffWire]]:
    """Of an invoice, by age; reversed ones too."""
    with caller.transaction() as tx:
        invoices.one(tx, InvoiceId(id))
        found = write_offs.of_invoice(tx, InvoiceId(id))
        return Single(data=[WriteOffWire.of(tx, made) for made in found])


@router.post(
    "/{id}/write-offs/{writeOffId}/reverse",
    operation_id="reverseWriteOff",
    summary="Reverse a write-off",
)
def reverse(caller: Asked, id: PathId, writeOffId: PathId) -> Single[WriteOffWire]:
    """What was given up is owed again."""
    with caller.transaction() as tx:
        invoices.one(tx, InvoiceId(id))
    made = reverse_write_off(caller.runtime, caller.scope, WriteOffId(writeOffId))
    with caller.transaction() as tx:
        return Single(data=WriteOffWire.of(tx, made))


@router.post("/charge-late-fees", operation_id="chargeLateFees", summary="Charge late fees")
def charge(
    caller: Asked,
    through: Annotated[
        str | None, Query(description="By the end of that day; left out: of yesterday.")
    ] = None,
) -> Single[list[InvoiceWire]]:
    """By each legal entity's policy: drafts for review, each step of each late invoice once."""
    day = None if through is None else read.day(through, "through")
    made = charge_late_fees(caller.runtime, caller.scope, through=day)
    with caller.transaction() as tx:
        return Single(data=rendered(caller, tx, invoices.many(tx, made)))


def _form(caller: Caller, body: AdHocBody, plain: Any) -> AdHocForm:
    """The body by its notation's own reader, which sees figures as they were sent."""
    with caller.transaction() as tx:
        entities = parties.entities(tx, [LegalEntityId(body.legal_entity_id)])
    known = [entity.payment_terms for entity in entities.values()]
    return ad_hoc_from(plain, default_terms=known[0] if known else NET_30)


def _lines(
    caller: Caller, invoice_id: InvoiceId, sent: list[LineCreditBody] | None
) -> tuple[LineCredit, ...] | None:
    if sent is None:
        return None
    of = _currency(caller, invoice_id)
    return tuple(
        LineCredit(
            each.position,
            None if each.amount is None else read.amount(of)(each.amount, f"lines[{at}].amount"),
            None if each.quantity is None else read.number(each.quantity, f"lines[{at}].quantity"),
        )
        for at, each in enumerate(sent)
    )


def _currency(caller: Caller, invoice_id: InvoiceId) -> Currency:
    with caller.transaction() as tx:
        return invoices.one(tx, invoice_id).draft.currency


def _one(caller: Caller, invoice_id: InvoiceId) -> Single[InvoiceWire]:
    with caller.transaction() as tx:
        [shown] = rendered(caller, tx, [invoices.one(tx, invoice_id)])
    return Single(data=shown)


def _note(caller: Caller, note_id: InvoiceId) -> Single[CreditNoteWire]:
    with caller.transaction() as tx:
        [shown] = noted(caller, tx, [note_id])
    return Single(data=shown)
