"""`usance payments`: bank transfers, what they pay, and what is left of them."""

from __future__ import annotations

from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, paper, print_json, print_table
from usance.domain.calendar import parse_day
from usance.domain.ids import CustomerId, InvoiceId, LegalEntityId, PaymentId
from usance.domain.money import Money, currency
from usance.domain.payments.allocating import NamedAllocation
from usance.domain.payments.payment import PaymentBalance
from usance.flows.allocate_payment import allocate_payment
from usance.flows.record_payment import RecordPayment, record_payment
from usance.store import payments

app = typer.Typer(no_args_is_help=True)

Invoices = Annotated[
    list[str] | None,
    typer.Option("--invoice", help="An invoice it pays, `ID` or `ID=AMOUNT`; repeat for several."),
]


@app.command("record")
def record(
    *,
    entity: Annotated[str, typer.Option(help="The legal entity whose account received it.")],
    customer: Annotated[str, typer.Option(help="Who paid.")],
    amount: Annotated[str, typer.Option(help="How much: 1200.00")],
    code: Annotated[str, typer.Option("--currency", help="Its currency: EUR")],
    on: Annotated[str, typer.Option(help="The booking day on the bank account.")],
    reference: Annotated[
        str | None, typer.Option(help="The bank's own id of the movement: recorded once.")
    ] = None,
    remittance: Annotated[str, typer.Option(help="What the payer wrote.")] = "",
    invoices: Invoices = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Record a bank transfer. Without `--invoice`, Usance finds the invoices it pays."""
    money = currency(code)
    wanted = RecordPayment(
        legal_entity_id=LegalEntityId(entity),
        customer_id=CustomerId(customer),
        amount=Money.parse(amount, money),
        received_on=parse_day(on),
        bank_reference=reference,
        remittance=remittance,
        allocations=None if not invoices else [_named(each, code) for each in invoices],
    )
    with session(environment) as here:
        recorded = record_payment(here.runtime, here.scope, wanted)
    _answer(recorded.balance, as_json=as_json)


@app.command("allocate")
def allocate(
    payment_id: str,
    *,
    code: Annotated[str, typer.Option("--currency", help="Its currency, where amounts are named.")],
    invoices: Invoices = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Allocate what is left of a payment."""
    named = None if not invoices else [_named(each, code) for each in invoices]
    with session(environment) as here:
        allocate_payment(here.runtime, here.scope, PaymentId(payment_id), named)
        with here.runtime.transaction(here.scope) as tx:
            balance = payments.one(tx, PaymentId(payment_id))
    _answer(balance, as_json=as_json)


@app.command("list")
def list_payments(
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: AsJson = False,
) -> None:
    """List payments, oldest first, and what is left of each."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        found = payments.page(tx, limit=limit)
    if as_json:
        print_json([_plain(each) for each in found])
        return
    headings = ("id", "customer", "received", "amount", "allocated", "left")
    rows = [
        (
            each.payment.id,
            each.payment.customer_id,
            each.payment.received_on,
            each.payment.amount,
            each.allocated.text,
            each.left.text,
        )
        for each in found
    ]
    print_table("Payments", headings, rows, right="amount allocated left")


def _named(text: str, code: str) -> NamedAllocation:
    invoice_id, _, amount = text.partition("=")
    money = Money.parse(amount, currency(code)) if amount else None
    return NamedAllocation(InvoiceId(invoice_id), money)


def _answer(balance: PaymentBalance, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(balance))
        return
    paid = f"{balance.payment.id}: {balance.payment.amount}"
    paper.print(f"{paid}, {balance.allocated.text} allocated, {balance.left.text} left")


def _plain(balance: PaymentBalance) -> dict[str, object]:
    payment = balance.payment
    return {
        "paymentId": payment.id,
        "customerId": payment.customer_id,
        "legalEntityId": payment.legal_entity_id,
        "currency": payment.amount.currency.code,
        "amount": payment.amount.text,
        "receivedOn": payment.received_on,
        "bankReference": payment.bank_reference,
        "allocated": balance.allocated.text,
        "keptAsCredit": balance.kept.text,
        "left": balance.left.text,
    }
