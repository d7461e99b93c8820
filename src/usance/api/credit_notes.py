"""Credit notes: what was given back, and what became of it.

They are approved, issued, sent, printed and made void as invoices are, by their id.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Amount, Page, Single, Wire
from usance.api.fields import PathId
from usance.api.invoices.routes import rendered, todays
from usance.api.invoices.wire import InvoiceWire
from usance.api.paging import Paging, part
from usance.api.payments import AllocateBody, AllocationWire, CreditBody, named
from usance.api.refunds import RefundWire
from usance.api.route import resource
from usance.documents import plain
from usance.domain.errors import NotFound
from usance.domain.ids import AllocationId, InvoiceId
from usance.domain.invoicing.crediting import reason_of
from usance.domain.invoicing.invoice import Disposition, DocumentType
from usance.flows.apply_credit import apply_credit
from usance.flows.refund_credit import refund_credit
from usance.flows.take_back_allocation import take_back_allocation
from usance.store import credit_notes, invoices, listings, payments
from usance.store.database import Tx
from usance.store.listings import Slot

router = resource("credit-notes", tag="Credit notes")


class CreditNoteState(StrEnum):
    """Where it stands: OPEN while some of it is left for the customer, then USED."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    OPEN = "OPEN"
    USED = "USED"
    VOID = "VOID"


class CreditNoteWire(Wire):
    """A credit note, in positive figures, with what became of it."""

    id: str
    number: str | None
    state: CreditNoteState
    reason: str | None = Field(description="The code; null for one that a contract made.")
    note: str | None
    disposition: Disposition
    invoice_numbers: list[str] = Field(description="The invoices it refers to (BT-25).")
    applied: Amount
    refunded: Amount
    left: Amount
    allocations: list[AllocationWire]
    document: InvoiceWire = Field(description="What it says.")


@router.get("", operation_id="listCreditNotes", summary="List credit notes")
def list_credit_notes(
    caller: Asked,
    asked: Paging,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=255)] = None,
    contract_id: Annotated[str | None, Query(alias="contractId", max_length=255)] = None,
) -> Page[CreditNoteWire]:
    """Oldest first."""
    with caller.transaction() as tx:
        ids = listings.invoice_page(
            tx,
            Slot(after=asked.after, before=asked.before, limit=asked.and_one),
            todays=todays(caller, tx),
            customer_id=customer_id,
            contract_id=contract_id,
            type=DocumentType.CREDIT_NOTE,
        )
        shown, cursors = part(ids, asked, str)
        return Page(data=noted(caller, tx, shown), pagination=cursors)


@router.get("/{id}", operation_id="getCreditNote", summary="Read a credit note")
def get_credit_note(caller: Asked, id: PathId) -> Single[CreditNoteWire]:
    """With its lines, and what became of it."""
    return _one(caller, InvoiceId(id))


@router.post("/{id}/allocations", operation_id="applyCreditNote", summary="Apply what is left")
def apply(caller: Asked, id: PathId, body: AllocateBody | None = None) -> Single[CreditNoteWire]:
    """To the invoices named, or to the oldest that are due."""
    with caller.transaction() as tx:
        of = credit_notes.one_balance(tx, InvoiceId(id)).amount.currency
    wishes = None if body is None else named(body.allocations, of)
    apply_credit(caller.runtime, caller.scope, InvoiceId(id), wishes)
    return _one(caller, InvoiceId(id))


@router.post(
    "/{id}/allocations/{allocationId}/take-back",
    operation_id="takeBackCredit",
    summary="Take an application back",
)
def take_back(caller: Asked, id: PathId, allocationId: PathId) -> Single[CreditNoteWire]:
    """The invoice is owed again, and the customer has the credit again; both rows stay."""
    with caller.transaction() as tx:
        if payments.allocation(tx, AllocationId(allocationId)).credit_note_id != id:
            raise NotFound("allocation", allocationId)
    take_back_allocation(caller.runtime, caller.scope, AllocationId(allocationId))
    return _one(caller, InvoiceId(id))


@router.post(
    "/{id}/refund", operation_id="refundCreditNote", summary="Refund what is left", status_code=201
)
def refund(caller: Asked, id: PathId, body: CreditBody | None = None) -> Single[RefundWire]:
    """All of it, or so much; promised, until it is sent."""
    with caller.transaction() as tx:
        of = credit_notes.one_balance(tx, InvoiceId(id)).amount.currency
    sent = None if body is None else body.amount
    amount = None if sent is None else plain.amount(of)(sent, "amount")
    made = refund_credit(caller.runtime, caller.scope, InvoiceId(id), amount)
    return Single(data=RefundWire.of(made))


def noted(caller: Caller, tx: Tx, ids: Sequence[InvoiceId]) -> list[CreditNoteWire]:
    """Credit notes as they travel."""
    found = invoices.many(tx, ids)
    balances = credit_notes.balances(tx, ids)
    documents = rendered(caller, tx, found)
    made = []
    for stored, document in zip(found, documents, strict=True):
        code, said = reason_of(stored.draft)
        balance = balances.get(stored.id)
        state = stored.status.value
        if balance is not None:
            state = "USED" if balance.left.is_zero else "OPEN"
        nothing = f"{0:.{stored.draft.currency.digits}f}"
        rows = payments.allocations_of_credit_note(tx, stored.id)
        made.append(
            CreditNoteWire(
                id=stored.id,
                number=stored.number,
                state=CreditNoteState(state),
                reason=code or None,
                note=said or None,
                disposition=stored.draft.disposition or Disposition.APPLY,
                invoice_numbers=list(stored.preceding),
                applied=nothing if balance is None else balance.allocated.text,
                refunded=nothing if balance is None else balance.refunded.text,
                left=nothing if balance is None else balance.left.text,
                allocations=[AllocationWire.of(row) for row in rows],
                document=document,
            )
        )
    return made


def _one(caller: Caller, note_id: InvoiceId) -> Single[CreditNoteWire]:
    with caller.transaction() as tx:
        if invoices.one(tx, note_id).draft.type is not DocumentType.CREDIT_NOTE:
            raise NotFound("credit note", note_id)
        [shown] = noted(caller, tx, [note_id])
    return Single(data=shown)
