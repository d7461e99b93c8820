"""Credit an invoice whole and draft its replacement, in one step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from usance.domain.facts import CreditNoteDrafted, InvoiceDrafted
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.crediting import CreditWish, credit
from usance.domain.invoicing.invoice import Draft, Issued
from usance.domain.invoicing.issuing import approve
from usance.flows.runtime import Runtime, Scope
from usance.store import coverage, credit_notes, desk, invoices, issuing, parties, write_offs
from usance.store.database import Tx


@dataclass(frozen=True, slots=True)
class Rebilled:
    """The issued credit note, and the drafts that bill the same days anew, held for review."""

    credit_note: Issued
    drafts: tuple[Draft, ...]


def credit_and_rebill(
    runtime: Runtime, scope: Scope, invoice_id: InvoiceId, wish: CreditWish
) -> Rebilled:
    """All that is left of the invoice is given back, issued at once; its days of contract lines
    fall due again and are drafted by the engine, as the contracts are now. What was written by hand
    is drafted as it was, to be edited.

    Raises NotFound, InvoiceNotIssued, InvoiceGivenUp, NotCreditable, Invalid; InvoiceNotVoidable
    when a later document rests on it.
    """
    with runtime.transaction(scope) as tx:
        source = invoices.lock_issued(tx, invoice_id)  # read
        write_offs.refuse_bad_debt(tx, invoice_id)
        zone = parties.entity(tx, source.draft.legal_entity_id).zone
        given_back = credit_notes.given_back(tx, invoice_id)
        now, today = runtime.now(tx), runtime.today(tx, zone)

        note = credit(  # decide
            source.as_issued(),
            given_back,
            replace(wish, lines=None),
            invoice_id=runtime.invoice_id(),
            on=today,
        )
        approved = approve(note, by=scope.actor, at=now)

        invoices.save_drafts(tx, [note], at=now)  # write
        invoices.save_approved(tx, approved)
        moment = issuing.Moment(now, today, runtime.new_id)
        outcome = issuing.save_issued(tx, approved, moment)
        coverage.stand_down(tx, invoice_id)
        desk.save_due_again(tx, source.draft)
        made = _made_anew(runtime, tx, source.draft)
        invoices.save_drafts(tx, made, at=now)
        runtime.note(  # announce
            tx,
            scope,
            "invoice.rebilled",
            invoice_id,
            CreditNoteDrafted(note.id),
            *outcome.facts,
            *(InvoiceDrafted(draft.id) for draft in made),
            after={"creditNote": note.id, "drafts": [draft.id for draft in made]},
        )
    return Rebilled(outcome.issued, tuple(made))


def _made_anew(runtime: Runtime, tx: Tx, source: Draft) -> list[Draft]:
    """What fell due on the invoice's day and stands on no document now."""
    new_id = runtime.invoice_id()
    alone = source.grouping._replace(alone=new_id) if source.is_by_hand else source.grouping
    blank = replace(source, id=new_id, findings=(), grouping=alone)
    return desk.redraft(tx, blank, runtime.invoice_id)
