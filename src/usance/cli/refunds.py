"""`usance refunds`: what is to be given back to customers, and what was sent."""

from __future__ import annotations

from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import paper, print_table
from usance.domain.ids import InvoiceId, PaymentId, RefundId
from usance.domain.money import Money
from usance.flows.cancel_refund import cancel_refund
from usance.flows.refund_credit import refund_credit
from usance.flows.refund_payment import refund_payment
from usance.flows.send_refund import send_refund
from usance.store import credit_notes, payments, refunds

app = typer.Typer(no_args_is_help=True)

OneId = Annotated[str, typer.Argument(help="A refund's id.")]
Amount = Annotated[str | None, typer.Option(help="How much; left out: all there is.")]


@app.command("list")
def list_refunds(
    *,
    every: Annotated[bool, typer.Option("--all", help="Sent and canceled ones too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """List refunds still to be sent, oldest first."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        found = refunds.page(tx, is_pending=not every, limit=limit)
    headings = ("id", "state", "customer", "of", "promised on", "amount")
    rows = [
        (
            each.id,
            each.state.value,
            each.customer_id,
            each.payment_id or each.credit_note_id,
            each.promised_on.isoformat(),
            str(each.amount),
        )
        for each in found
    ]
    print_table("Refunds", headings, rows, right="amount")


@app.command("credit-note")
def of_credit_note(
    credit_note_id: Annotated[str, typer.Argument(help="An issued credit note's id.")],
    *,
    amount: Amount = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Promise to give back what is left of a credit note."""
    note_id = InvoiceId(credit_note_id)
    with session(environment) as here:
        with here.runtime.transaction(here.scope) as tx:
            of = credit_notes.one_balance(tx, note_id).amount.currency
        wanted = None if amount is None else Money.parse(amount, of)
        made = refund_credit(here.runtime, here.scope, note_id, wanted)
    paper.print(f"{made.id} {made.state} {made.amount}", markup=False)


@app.command("payment")
def of_payment(
    payment_id: Annotated[str, typer.Argument(help="A payment's id.")],
    *,
    amount: Amount = None,
    invoice: Annotated[
        str | None, typer.Option(help="The invoice it paid, which is open again by as much.")
    ] = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Promise to give back money that pays nothing, or what an invoice was paid with."""
    with session(environment) as here:
        with here.runtime.transaction(here.scope) as tx:
            of = payments.one(tx, PaymentId(payment_id)).payment.amount.currency
        made = refund_payment(
            here.runtime,
            here.scope,
            PaymentId(payment_id),
            None if amount is None else Money.parse(amount, of),
            invoice_id=None if invoice is None else InvoiceId(invoice),
        )
    paper.print(f"{made.id} {made.state} {made.amount}", markup=False)


@app.command("sent")
def sent(
    refund_id: OneId,
    *,
    reference: Annotated[str, typer.Option(help="The bank's own id of the movement.")] = "",
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Say that a refund left the bank account."""
    with session(environment) as here:
        made = send_refund(here.runtime, here.scope, RefundId(refund_id), reference=reference)
    paper.print(f"{made.id} {made.state} {made.amount}", markup=False)


@app.command("cancel")
def cancel(refund_id: OneId, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Call a promised refund off."""
    with session(environment) as here:
        made = cancel_refund(here.runtime, here.scope, RefundId(refund_id))
    paper.print(f"{made.id} {made.state} {made.amount}", markup=False)
