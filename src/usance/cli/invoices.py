"""`usance invoices`: list, show, issue, send, void; the review desk itself is in review.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from usance.api.invoices.wire import InvoiceWire
from usance.cli import corrections, review
from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, Session, session
from usance.cli.show import AsJson, paper, people, print_json, print_table
from usance.documents.paper.link import hosted_url
from usance.domain.errors import DomainError
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.flows.archive_paper import archive_paper
from usance.flows.issue_invoice import issue_invoice
from usance.flows.send_invoice import send_invoice
from usance.flows.void_invoice import void_invoice
from usance.store import invoices, parties, tenants

app = typer.Typer(no_args_is_help=True)
app.command("approve")(review.approve)
app.command("credit")(corrections.credit)
app.command("rebill")(corrections.rebill)
app.command("write-off")(corrections.write_off)
app.command("review")(review.review)
app.command("withdraw")(review.withdraw)
app.command("compare")(review.compare)
app.command("history")(review.history)

DEFAULT_URL = "http://127.0.0.1:8000"
Ids = Annotated[list[str] | None, typer.Argument(help="Invoice ids.")]
Every = Annotated[bool, typer.Option("--all", help="All that are ready for it.")]
OneId = Annotated[str, typer.Argument(help="An invoice's id.")]


@app.command("list")
def list_invoices(
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    status: Annotated[
        list[InvoiceStatus] | None, typer.Option(help="Only these; repeat for several.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: AsJson = False,
) -> None:
    """List invoices, oldest first: number, state, amounts, and what to look at."""
    wanted = [each.value for each in status] if status else None
    with session(environment) as here:
        shown = _shown(here, wanted, limit)
    if as_json:
        print_json([each.model_dump(mode="json", by_alias=True) for each in shown])
        return
    headings = ("id", "number", "state", "customer", "bill on", "gross", "due", "findings")
    rows = [
        (
            each.id,
            each.number,
            each.state,
            each.customer_id,
            each.bill_on,
            f"{each.total} {each.currency}",
            each.amount_due,
            ", ".join(finding.code for finding in each.findings),
        )
        for each in shown
    ]
    print_table("Invoices", headings, rows, right="gross due")


@app.command("show")
def show(invoice_id: OneId, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Show one invoice whole, each line with its working, as JSON."""
    with session(environment) as here:
        wire = _wires(here, [InvoiceId(invoice_id)])
    print_json(wire[0].model_dump(mode="json", by_alias=True))


@app.command("issue")
def issue(
    ids: Ids = None, *, every: Every = False, environment: Environment = DEFAULT_ENVIRONMENT
) -> None:
    """Issue approved invoices: each gets the next number of its series."""

    def act(here: Session, invoice_id: InvoiceId) -> str:
        return issue_invoice(here.runtime, here.scope, invoice_id).number

    _each(environment, ids, "APPROVED" if every else None, act)


@app.command("send")
def send(
    ids: Ids = None,
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Send issued invoices: print the hosted link of each and remember the hour."""

    def act(here: Session, invoice_id: InvoiceId) -> str:
        send_invoice(here.runtime, here.scope, invoice_id)
        return link(here, invoice_id)

    _each(environment, ids, None, act)


@app.command("void")
def void(
    invoice_id: OneId,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the auditor.")],
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Make a draft, or an invoice nobody has paid, void."""
    with session(environment) as here:
        void_invoice(here.runtime, here.scope, InvoiceId(invoice_id), reason=reason)
    paper.print(f"{invoice_id} VOID", markup=False)


@app.command("pdf")
def pdf(
    invoice_id: OneId,
    *,
    out: Annotated[Path, typer.Option(help="Where to write it.")] = Path("invoice.pdf"),
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Write the archived PDF of an issued invoice to a file."""
    with session(environment) as here:
        out.write_bytes(archive_paper(here.runtime, here.scope, InvoiceId(invoice_id)))
    paper.print(str(out), markup=False)


def link(here: Session, invoice_id: InvoiceId) -> str:
    """Where the customer sees that invoice."""
    with here.runtime.transaction(here.scope) as tx:
        secret = tenants.link_secret(tx)
    return hosted_url(
        here.settings.public_url or DEFAULT_URL,
        secret,
        tenant_id=here.scope.tenant_id,
        invoice_id=invoice_id,
    )


def _each(
    environment: str,
    ids: list[str] | None,
    every: str | None,
    act: Callable[[Session, InvoiceId], str],
) -> None:
    """Do it to each; go on after a refusal, and end with a non-zero status if there was one."""
    refused = False
    with session(environment) as here:
        for invoice_id in _asked(here, ids, every):
            try:
                paper.print(f"{invoice_id} {act(here, invoice_id)}", markup=False, soft_wrap=True)
            except DomainError as refusal:
                refused = True
                people.print(f"error {refusal.code}: {refusal}", markup=False)
    if refused:
        raise typer.Exit(1)


def _asked(here: Session, ids: list[str] | None, every: str | None) -> list[InvoiceId]:
    if every is None:
        if not ids:
            raise typer.BadParameter("name invoices, or say --all where it is offered")
        return [InvoiceId(each) for each in ids]
    found: list[InvoiceId] = []
    after: str | None = None
    with here.runtime.transaction(here.scope) as tx:
        while page := invoices.page(tx, after=after, before=None, limit=500, statuses=[every]):
            found += page
            after = page[-1]
    return found


def _shown(here: Session, statuses: list[str] | None, limit: int) -> list[InvoiceWire]:
    with here.runtime.transaction(here.scope) as tx:
        ids = invoices.page(tx, after=None, before=None, limit=limit, statuses=statuses)
    return _wires(here, ids)


def _wires(here: Session, ids: list[InvoiceId]) -> list[InvoiceWire]:
    links = {invoice_id: link(here, invoice_id) for invoice_id in ids}
    with here.runtime.transaction(here.scope) as tx:
        if len(ids) == 1:
            invoices.one(tx, ids[0])  # a name nobody knows is an error, not an empty answer
        entities = parties.entities(tx)
        return [
            InvoiceWire.of(
                stored,
                today=here.runtime.today(tx, entities[stored.draft.legal_entity_id].zone),
                hosted_url=None if stored.number is None else links[stored.id],
            )
            for stored in invoices.many(tx, ids)
        ]
