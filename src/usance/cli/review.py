"""`usance invoices approve`, `review`, `withdraw`, `compare`, `history`: the review desk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from usance.api.invoices.review_wire import ActWire, ApprovedMany, ComparisonWire, InvoiceReviewWire
from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, Session, session
from usance.cli.show import AsJson, counted, paper, people, print_json, print_table
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import InvoiceId, LegalEntityId
from usance.domain.invoicing.approvers import named
from usance.domain.invoicing.comparison import Comparison, LineChange
from usance.domain.invoicing.findings import remedy
from usance.domain.invoicing.invoice import Finding, InvoiceStatus
from usance.domain.invoicing.review import Decision, decision
from usance.domain.money import Money, currency
from usance.flows.approve_invoice import approve_invoice
from usance.flows.approve_many import Outcome, Result, approve_many
from usance.flows.withdraw_approval import withdraw_approval
from usance.store import approvals, audit, comparisons, invoices
from usance.store.approvals import Selection

Ids = Annotated[list[str] | None, typer.Argument(help="Invoice ids.")]
OneId = Annotated[str, typer.Argument(help="An invoice's id.")]
Person = Annotated[
    str | None,
    typer.Option("--as", envvar="USANCE_ACTOR", help="The person who does it; you vouch for it."),
]


def approve(
    ids: Ids = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All held drafts.")] = False,
    without_findings: Annotated[
        bool, typer.Option(help="With --all: only those without a warning or an error.")
    ] = False,
    entity: Annotated[str | None, typer.Option(help="With --all: of this legal entity.")] = None,
    up_to: Annotated[
        str | None, typer.Option(help='With --all: of at most this gross, as "500.00 EUR".')
    ] = None,
    comment: Annotated[str, typer.Option(help="Kept with the approval.")] = "",
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Decide the same, keep nothing.")
    ] = False,
    person: Person = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Approve held drafts, each for itself; one refusal does not hold up the others.

    A draft that needs two people stays a draft until another person approves it too.
    """
    chosen = Selection(
        legal_entity_id=None if entity is None else LegalEntityId(entity),
        up_to=None if up_to is None else _amount(up_to),
        without_findings=without_findings,
    )
    wanted = _wanted(ids, chosen, every=every)
    with session(environment) as here, _progress() as progress:
        scope = replace(here.scope, actor=_actor(here, person))
        act = partial(approve_invoice, here.runtime, scope, comment=comment, is_dry=is_dry)
        task = progress.add_task("approving", total=None)

        def see(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        outcomes = approve_many(here.runtime, scope, wanted, act, see=see)
    if as_json:
        print_json(ApprovedMany.of(outcomes, is_dry=is_dry).model_dump(mode="json", by_alias=True))
    else:
        _tell(outcomes, is_dry=is_dry, is_many=every)
    if any(outcome.result is Result.REFUSED for outcome in outcomes):
        raise typer.Exit(1)


def review(
    invoice_id: OneId, *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """Show where a review stands: what to look at, which rule asks for whom, who approved."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        stored = invoices.one(tx, InvoiceId(invoice_id))
        given = approvals.of(tx, [stored.id])[stored.id]
        found = decision(stored.draft, approvals.asked(tx, stored.draft), given)
    if as_json:
        is_draft = stored.status is InvoiceStatus.DRAFT
        print_json(
            InvoiceReviewWire.of(found, is_draft=is_draft).model_dump(mode="json", by_alias=True)
        )
        return
    paper.print(f"{stored.id} {stored.status} {stored.draft.gross}", markup=False)
    _show_findings(stored.draft.findings)
    _show_decision(found)


def withdraw(
    invoice_id: OneId,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the auditor.")],
    person: Person = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Withdraw the approval of an invoice that is not issued: it is a draft again."""
    with session(environment) as here:
        scope = replace(here.scope, actor=_actor(here, person))
        withdraw_approval(here.runtime, scope, InvoiceId(invoice_id), reason=reason)
    paper.print(f"{invoice_id} DRAFT", markup=False)


def compare(
    invoice_id: OneId, *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """Compare an invoice with the previous one of its kind, line by line."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        found = comparisons.compared(tx, InvoiceId(invoice_id))
    if as_json:
        print_json(ComparisonWire.of(found).model_dump(mode="json", by_alias=True))
        return
    headings = ("line", "changed", "quantity", "price", "before", "now", "difference")
    rows = [_compared(line) for line in found.lines]
    print_table(_title(found), headings, rows, right="quantity price before now difference")
    change = found.gross_difference
    percent = "" if found.percent is None else f" ({found.percent:+d} %)"
    paper.print(f"Total with tax: {found.now.gross}, {change} more{percent}", markup=False)


def history(
    invoice_id: OneId, *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """Show everything that was done to an invoice: when, by whom, before and after."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        rows = audit.of_subject(tx, invoice_id)
        if not rows:
            invoices.one(tx, InvoiceId(invoice_id))
    acts = [ActWire.of(row) for row in rows]
    if as_json:
        print_json([act.model_dump(mode="json", by_alias=True) for act in acts])
        return
    told = [
        (
            f"{act.at:%Y-%m-%d %H:%M:%S}",
            act.actor,
            act.action,
            _plain(act.before),
            _plain(act.after),
        )
        for act in acts
    ]
    print_table(f"What was done to {invoice_id}", ("at", "by", "what", "before", "after"), told)


def _wanted(
    ids: list[str] | None, chosen: Selection, *, every: bool
) -> list[InvoiceId] | Selection:
    if every == bool(ids) or (not every and chosen != Selection()):
        raise typer.BadParameter("name invoices, or say --all, which may be narrowed down")
    return chosen if every else [InvoiceId(each) for each in ids or ()]


def _actor(here: Session, person: str | None) -> str:
    return here.scope.actor if person is None else named(person, through=here.scope.actor)


def _amount(text: str) -> Money:
    try:
        amount, code = text.split()
        return Money.parse(amount, currency(code))
    except (Invalid, ValueError):
        expected = 'an amount and its currency, as "500.00 EUR"'
        raise Invalid(Problem("InvalidAmount", "--up-to", text[:80], expected)) from None


def _tell(outcomes: list[Outcome], *, is_dry: bool, is_many: bool) -> None:
    """A line for each; the refused ones to the screen, not into the answer."""
    for each in outcomes:
        if each.result is Result.REFUSED:
            about = f"{each.invoice_id}: " if is_many else ""
            people.print(f"error {each.code}: {about}{each.message}", markup=False, soft_wrap=True)
            continue
        why = f" {each.message}" if each.message else ""
        paper.print(f"{each.invoice_id} {each.result}{why}", markup=False, soft_wrap=True)
    if is_many:
        results = [each.result for each in outcomes]
        verb = "would be approved" if is_dry else "approved"
        paper.print(
            f"{counted(results.count(Result.APPROVED), 'draft')} {verb}, "
            f"{results.count(Result.NEEDS_SECOND_APPROVAL)} wait for a second person, "
            f"{results.count(Result.REFUSED)} refused"
        )


def _show_findings(findings: Sequence[Finding]) -> None:
    rows = [(each.severity, each.code, each.path, each.message, remedy(each)) for each in findings]
    print_table("Findings", ("severity", "code", "path", "what", "what to do"), rows)


def _show_decision(found: Decision) -> None:
    print_table(
        f"Review: {found.standing}",
        ("rule", "stated by", "people", "why"),
        [(each.rule, each.source, each.people, each.message) for each in found.demands],
    )
    if found.approvals:
        print_table(
            "Approvals",
            ("by", "at", "comment"),
            [(each.by, f"{each.at:%Y-%m-%d %H:%M:%S}", each.comment) for each in found.approvals],
        )


def _title(found: Comparison) -> str:
    if found.before is None:
        return f"{found.now.id}: the first of its kind"
    return (
        f"{found.now.id} of {found.now.bill_on} beside {found.before.id} of {found.before.bill_on}"
    )


def _compared(change: LineChange) -> tuple[object, ...]:
    now, before = change.now, change.before
    shown = change.line
    return (
        shown.description,
        ", ".join(change.changes),
        f"{shown.quantity:f}",
        None if shown.unit_amount is None else f"{shown.unit_amount:f}",
        None if before is None else before.net.text,
        None if now is None else now.net.text,
        change.difference.text,
    )


def _plain(values: dict[str, object] | None) -> str:
    """`status: DRAFT, reason: …`, without what is empty."""
    said = {name: value for name, value in (values or {}).items() if value not in ("", [], None)}
    return ", ".join(
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in said.items()
    )


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=people, transient=True) as progress:
        yield progress
