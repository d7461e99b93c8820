"""Invoices: list, read, issue, send, make void, bring up to date, print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Query, Response

from usance.api.caller import Asked, Caller
from usance.api.envelope import Page, Single
from usance.api.fields import PathId, words
from usance.api.invoices.wire import InvoiceState, InvoiceWire, VoidBody
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.documents.paper.invoice_paper import draft_view
from usance.documents.paper.invoice_view import InvoiceView
from usance.documents.paper.pdf import invoice_pdf
from usance.domain.ids import InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import DocumentType
from usance.flows.archive_paper import archive_paper
from usance.flows.issue_invoice import issue_invoice
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.send_invoice import send_invoice
from usance.flows.void_invoice import void_invoice
from usance.store import invoices, listings, parties
from usance.store.database import Tx
from usance.store.invoice_rows import StoredInvoice
from usance.store.listings import Slot

router = resource("invoices", tag="Invoices")


@router.get("", operation_id="listInvoices", summary="List invoices")
def list_invoices(
    caller: Asked,
    asked: Paging,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=255)] = None,
    contract_id: Annotated[str | None, Query(alias="contractId", max_length=255)] = None,
    state: Annotated[
        str | None, Query(description="One state, or several joined by commas.")
    ] = None,
) -> Page[InvoiceWire]:
    """Oldest first; credit notes are a list of their own. `state` is as of today at each entity."""
    states = words(state, list(InvoiceState), "state")
    with caller.transaction() as tx:
        ids = listings.invoice_page(
            tx,
            Slot(after=asked.after, before=asked.before, limit=asked.and_one),
            todays=todays(caller, tx),
            customer_id=customer_id,
            contract_id=contract_id,
            states=states,
            type=DocumentType.INVOICE,
        )
        shown, cursors = part(ids, asked, str)
        return Page(data=rendered(caller, tx, invoices.many(tx, shown)), pagination=cursors)


@router.get("/{id}", operation_id="getInvoice", summary="Read an invoice")
def get_invoice(caller: Asked, id: PathId) -> Single[InvoiceWire]:
    """With its lines, taxes, findings, and the working of every amount."""
    return _one(caller, InvoiceId(id))


@router.get(
    "/{id}/pdf",
    operation_id="getInvoicePdf",
    summary="Print an invoice",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "PDF/A"}},
)
def get_invoice_pdf(caller: Asked, id: PathId) -> Response:
    """Issued: the archived PDF, the same bytes ever after. Before: a draft, marked as one."""
    invoice_id = InvoiceId(id)
    with caller.transaction() as tx:
        stored = invoices.one(tx, invoice_id)
        view = None if stored.number else _draft_view(caller, tx, stored)
    if view is None:
        pdf = archive_paper(caller.runtime, caller.scope, invoice_id)
    else:
        pdf = invoice_pdf(view)
    name = stored.number or "draft"
    disposition = {"content-disposition": f'inline; filename="{name}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=disposition)


@router.post("/{id}/issue", operation_id="issueInvoice", summary="Issue an approved invoice")
def issue(caller: Asked, id: PathId) -> Single[InvoiceWire]:
    """It takes the next number of its series, is frozen, and is booked."""
    issue_invoice(caller.runtime, caller.scope, InvoiceId(id))
    return _one(caller, InvoiceId(id))


@router.post("/{id}/send", operation_id="sendInvoice", summary="Send an issued invoice")
def send(caller: Asked, id: PathId) -> Single[InvoiceWire]:
    """Its hosted link is handed out; sending again changes nothing."""
    send_invoice(caller.runtime, caller.scope, InvoiceId(id))
    return _one(caller, InvoiceId(id))


@router.post("/{id}/void", operation_id="voidInvoice", summary="Make an invoice void")
def void(caller: Asked, id: PathId, body: VoidBody) -> Single[InvoiceWire]:
    """What it billed falls due again. One with money allocated to it is refused."""
    void_invoice(caller.runtime, caller.scope, InvoiceId(id), reason=body.reason)
    return _one(caller, InvoiceId(id))


@router.post("/{id}/refresh", operation_id="refreshInvoice", summary="Bring a draft up to date")
def refresh(caller: Asked, id: PathId) -> Single[InvoiceWire]:
    """With usage that arrived since, and its contract as it is now.

    404 afterwards when nothing of it is due any more.
    """
    with caller.transaction() as tx:
        invoices.one(tx, InvoiceId(id))
    refresh_drafts(caller.runtime, caller.scope, [InvoiceId(id)])
    return _one(caller, InvoiceId(id))


def rendered(caller: Caller, tx: Tx, found: Sequence[StoredInvoice]) -> list[InvoiceWire]:
    """Invoices as they travel, each by today at its legal entity."""
    days, link = todays(caller, tx), caller.links(tx)
    return [
        InvoiceWire.of(
            stored,
            today=days[stored.draft.legal_entity_id],
            hosted_url=link(stored.id) if stored.number else None,
        )
        for stored in found
    ]


def todays(caller: Caller, tx: Tx) -> dict[LegalEntityId, date]:
    """The day it is at each legal entity."""
    sellers = parties.entities(tx).values()
    return {seller.id: caller.runtime.today(tx, seller.zone) for seller in sellers}


def _one(caller: Caller, invoice_id: InvoiceId) -> Single[InvoiceWire]:
    with caller.transaction() as tx:
        [shown] = rendered(caller, tx, [invoices.one(tx, invoice_id)])
    return Single(data=shown)


def _draft_view(caller: Caller, tx: Tx, stored: StoredInvoice) -> InvoiceView:
    seller = parties.entity(tx, stored.draft.legal_entity_id)
    buyer = parties.customer(tx, stored.draft.customer_id)
    today = caller.runtime.today(tx, seller.zone)
    return draft_view(
        stored.draft,
        seller=seller,
        buyer=buyer,
        today=today,
        preceding=stored.preceding,
        names=parties.names(tx, stored.draft.bought_by),
    )
