"""The hosted invoice: what is owed today, where to pay it, and the PDF."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from usance.documents.paper.invoice_paper import live_view
from usance.documents.paper.link import Named, is_genuine, read_token
from usance.documents.paper.page import (
    PageState,
    content_security_policy,
    invoice_page,
    not_found_page,
)
from usance.domain.errors import NotFound
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import DocumentType, InvoiceStatus
from usance.domain.payments.settlement import settlement
from usance.flows.archive_paper import archive_paper
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices, parties, tenants
from usance.store.frozen import names_of, parties_of, tax_display_of
from usance.store.invoice_rows import StoredInvoice

ACTOR = "customer"
NOBODY = Named("", InvoiceId("inv_none"))
DECOY = secrets.token_bytes(32)  # checked against where there is no secret, to take as long
PRIVATE = {
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An invoice whose link was genuine, and the day it is at its legal entity."""

    scope: Scope
    stored: StoredInvoice
    today: date


def hosted_router(runtime: Runtime) -> APIRouter:
    """The hosted pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/i/{token}")
    def page(token: str, request: Request) -> Response:
        opened = _open(runtime, token)
        if opened is None:
            return _not_found()
        return _page(opened, pdf_url=f"{request.url.path}/pdf")

    @router.get("/i/{token}/pdf")
    def pdf(token: str) -> Response:
        opened = _open(runtime, token)
        if opened is None:
            return _not_found()
        content = archive_paper(runtime, opened.scope, opened.stored.id)
        name = f'inline; filename="{opened.stored.number}.pdf"'
        headers = {**PRIVATE, "content-disposition": name, "content-security-policy": "sandbox"}
        return Response(content, media_type="application/pdf", headers=headers)

    return router


def _open(runtime: Runtime, token: str) -> Opened | None:
    """The invoice of a genuine token; None for any other, after the same steps."""
    named = read_token(token)
    asked = NOBODY if named is None else named
    with runtime.database.transaction(asked.tenant_id) as tx:
        try:
            secret = tenants.link_secret(tx)
        except NotFound:
            secret = DECOY
        if not is_genuine(token, asked, secret) or named is None:
            return None
        found = invoices.many(tx, [asked.invoice_id])
        if not found or found[0].number is None:
            return None
        zone = parties.entity(tx, found[0].draft.legal_entity_id).zone
        return Opened(Scope(asked.tenant_id, ACTOR), found[0], runtime.today(tx, zone))


def _page(opened: Opened, *, pdf_url: str) -> Response:
    stored = opened.stored
    seller, buyer = parties_of(stored)
    issued = stored.as_issued()
    is_void = stored.status is InvoiceStatus.VOID
    view = live_view(
        issued,
        seller=seller,
        buyer=buyer,
        paid=stored.paid,
        credited=stored.allocated - stored.paid,
        is_void=is_void,
        tax_display=tax_display_of(stored),
        preceding=stored.preceding,
        names=names_of(stored),
    )
    is_credit_note = stored.draft.type is DocumentType.CREDIT_NOTE
    standing = settlement(
        stored.draft.gross, stored.allocated, due_on=issued.due_on, today=opened.today
    )
    state = PageState.CREDITED if is_credit_note else PageState[standing.state.name]
    state = PageState.VOID if is_void else state
    nonce = secrets.token_urlsafe(16)
    return _html(invoice_page(view, state=state, pdf_url=pdf_url, nonce=nonce), nonce, status=200)


def _not_found() -> Response:
    nonce = secrets.token_urlsafe(16)
    return _html(not_found_page(nonce=nonce), nonce, status=404)


def _html(content: str, nonce: str, *, status: int) -> Response:
    headers = {**PRIVATE, "content-security-policy": content_security_policy(nonce)}
    return HTMLResponse(content, status, headers=headers)
