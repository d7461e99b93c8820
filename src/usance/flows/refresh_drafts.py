"""Bring held drafts up to date: usage that arrived late, a contract that changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import Draft, InvoiceStatus
from usance.flows.runtime import Runtime, Scope
from usance.store import desk, invoices
from usance.store.database import Tx

BATCH = 500


def refresh_drafts(
    runtime: Runtime, scope: Scope, invoice_ids: Sequence[InvoiceId] | None = None
) -> list[InvoiceId]:
    """Redraft those held drafts that would say something else now, for whatever reason.

    None: all whose usage has moved. Returns the ids of those that changed. What was approved is
    never touched. Raises NotFound.
    """
    if invoice_ids is not None:
        return [each for each in invoice_ids if _refresh(runtime, scope, each)]
    changed: list[InvoiceId] = []
    with runtime.transaction(scope) as tx:
        remaining = iter(invoices.drafts_with_usage(tx))
    while batch := list(islice(remaining, BATCH)):
        with runtime.transaction(scope) as tx:
            moved = desk.moved(tx, _held(tx, batch))
        changed += [each for each in moved if _refresh(runtime, scope, each)]
    return changed


def _refresh(runtime: Runtime, scope: Scope, invoice_id: InvoiceId) -> bool:
    with runtime.transaction(scope) as tx:
        stored = invoices.lock(tx, invoice_id)
        if stored.status is not InvoiceStatus.DRAFT:
            return False
        before = stored.draft
        made_now = desk.redraft(tx, before, runtime.invoice_id)
        if desk.is_current(before, made_now):
            return False

        desk.save_redrafted(tx, before, made_now, at=runtime.now(tx), actor=scope.actor)
    return True


def _held(tx: Tx, invoice_ids: Sequence[InvoiceId]) -> list[Draft]:
    stored = invoices.many(tx, invoice_ids)
    return [each.draft for each in stored if each.status is InvoiceStatus.DRAFT]
