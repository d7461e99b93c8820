"""`usance invoices credit`, `rebill`, `write-off`; `usance late-fees`: what finance puts right."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import paper
from usance.domain.calendar import parse_day
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.crediting import CreditReason, CreditWish, LineCredit
from usance.domain.invoicing.invoice import Disposition
from usance.domain.money import Currency, Money, exact_decimal
from usance.domain.payments.write_off import WriteOffKind, WriteOffWish
from usance.flows.charge_late_fees import charge_late_fees
from usance.flows.credit_and_rebill import credit_and_rebill
from usance.flows.credit_invoice import credit_invoice
from usance.flows.write_off_invoice import write_off_invoice
from usance.store import invoices

OneId = Annotated[str, typer.Argument(help="An issued invoice's id.")]
Reason = Annotated[CreditReason, typer.Option(help="Why, as an auditor sorts it.")]
Note = Annotated[str, typer.Option(help="Words beside it; printed on the credit note.")]


def credit(
    invoice_id: OneId,
    *,
    reason: Reason,
    note: Note = "",
    lines: Annotated[
        list[str] | None,
        typer.Option(
            "--line",
            help="A line: `2` for all left of it, `2=100.00` net, `2x5` for five of its units.",
        ),
    ] = None,
    becomes: Annotated[
        Disposition, typer.Option(help="What becomes of it when it is issued.")
    ] = Disposition.APPLY,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Draft a credit note: of some lines, or of everything left. Approve and issue it by its id."""
    with session(environment) as here:
        with here.runtime.transaction(here.scope) as tx:
            of = invoices.one(tx, InvoiceId(invoice_id)).draft.currency
        wanted = None if not lines else tuple(_line(each, of) for each in lines)
        wish = CreditWish(reason=reason, note=note, lines=wanted, disposition=becomes)
        made = credit_invoice(here.runtime, here.scope, InvoiceId(invoice_id), wish)
    paper.print(f"{made.id} DRAFT {-made.gross}", markup=False)


def rebill(
    invoice_id: OneId,
    *,
    reason: Reason,
    note: Note = "",
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Credit an invoice whole, at once, and draft its replacement."""
    with session(environment) as here:
        wish = CreditWish(reason=reason, note=note)
        made = credit_and_rebill(here.runtime, here.scope, InvoiceId(invoice_id), wish)
    note_of = made.credit_note
    paper.print(f"{note_of.draft.id} {note_of.number} {-note_of.draft.gross}", markup=False)
    for draft in made.drafts:
        paper.print(f"{draft.id} DRAFT {draft.gross}", markup=False)


def write_off(
    invoice_id: OneId,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the auditor.")],
    kind: Annotated[WriteOffKind, typer.Option(help="What it is.")] = WriteOffKind.BAD_DEBT,
    amount: Annotated[str | None, typer.Option(help="How much; left out: all due.")] = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Give up what is due on an invoice, all or some of it."""
    with session(environment) as here:
        with here.runtime.transaction(here.scope) as tx:
            of = invoices.one(tx, InvoiceId(invoice_id)).draft.currency
        sum_of = None if amount is None else Money.parse(amount, of)
        wish = WriteOffWish(kind=kind, amount=sum_of, reason=reason)
        made = write_off_invoice(here.runtime, here.scope, InvoiceId(invoice_id), wish)
    paper.print(f"{made.id} {made.amount}", markup=False)


def late_fees(
    *,
    through: Annotated[
        str | None, typer.Option(help="By the end of that day; left out: of yesterday.")
    ] = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Draft late fees and interest by each legal entity's policy, each step once."""
    day = None if through is None else parse_day(through)
    with session(environment) as here:
        for invoice_id in charge_late_fees(here.runtime, here.scope, through=day):
            paper.print(f"{invoice_id} DRAFT", markup=False)


def _line(text: str, of: Currency) -> LineCredit:
    """`2`, `2=100.00` or `2x5`. Raises Invalid (InvalidLine)."""
    place, _, amount = text.partition("=")
    place, _, units = place.partition("x")
    if not place.isdecimal() or (amount and units):
        raise Invalid(Problem("InvalidLine", "line", text[:80], "such as 2, 2=100.00 or 2x5"))
    quantity: Decimal | None = exact_decimal(units) if units else None
    return LineCredit(int(place), Money.parse(amount, of) if amount else None, quantity)
