"""`usance contracts`: what was agreed, what it is worth, and how it came about.

The answers are the API's own, as tables for people or as its JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from usance.api.caller import FULL_RIGHTS, Caller
from usance.api.contracts import comparison, milestones, timeline, value
from usance.api.contracts.changes_wire import ChangesWire, DifferenceWire
from usance.api.contracts.routes import get_contract
from usance.api.contracts.timeline import Between
from usance.api.envelope import Wire
from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, paper, print_json, print_table
from usance.domain.calendar import parse_day
from usance.domain.ids import ContractId
from usance.flows.mark_milestone import mark_milestone
from usance.flows.publish_contract import publish_contract

app = typer.Typer(no_args_is_help=True)

Contract = Annotated[str, typer.Argument(help="The contract's id.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="A day, past or future.")]
LINE_SIDES = ("lineId", "name", "ordered", "agreed", "billed", "drafted", "unbilled")
FIGURES_SHOWN = "ordered agreed billed drafted unbilled"
FIGURES = ("billed", "billed_usage", "drafted", "unbilled", "credited", "remaining")


@app.command("show")
def show(
    contract_id: Contract,
    *,
    as_of: AsOf = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Show a contract as JSON, as it is or as agreed by a day."""
    with _asking(environment) as caller:
        _print_json(get_contract(caller, contract_id, as_of).data)


@app.command("timeline")
def show_timeline(
    contract_id: Contract,
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show every order with what it changed, the uplifts between, and the value after each."""
    with _asking(environment) as caller:
        told = timeline.get_timeline(caller, contract_id).data
    if as_json:
        _print_json(told)
        return
    rows = [
        (each.on, _called(each), "\n".join(_said(each)), each.value.total_contract_value)
        for each in told.events
    ]
    headings = ("on", "order", "what changed", "value")
    print_table(f"{contract_id}, {told.currency}", headings, rows, right="value")


@app.command("diff")
def show_diff(
    contract_id: Contract,
    *,
    starting: Annotated[str | None, typer.Option("--from", help="As agreed by that day.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="As agreed by that day.")] = None,
    order: Annotated[str | None, typer.Option(help="What this order changed, instead.")] = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show how a contract differs between two days, or what one order changed."""
    with _asking(environment) as caller:
        asked = Between(starting=starting, to=to, to_order=order)
        found = timeline.get_diff(caller, contract_id, asked).data
    if as_json:
        _print_json(found)
        return
    print_table(contract_id, ("what", "before", "after", "days"), list(_differences(found.changes)))
    before, after = found.before.total_contract_value, found.after.total_contract_value
    paper.print(f"contract value {before} -> {after} {found.currency}")


@app.command("value")
def show_value(
    contract_id: Contract,
    *,
    as_of: AsOf = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show what a contract is worth, and how far that is billed."""
    with _asking(environment) as caller:
        found = value.get_value(caller, contract_id, as_of).data
    if as_json:
        _print_json(found)
        return
    rows = [
        (each.line_ref, each.committed, *(getattr(each, name) for name in FIGURES))
        for each in found.lines
    ]
    whole = found.total_contract_value
    rows.append(("in all", whole, *(getattr(found, name) for name in FIGURES)))
    headings = ("line", "committed", *(name.replace("_", " ") for name in FIGURES))
    title = f"{contract_id} by {found.as_of}, {found.currency}"
    print_table(title, headings, rows, right=" ".join(headings[1:]))


@app.command("compare")
def compare(
    order_id: Annotated[str, typer.Argument(help="The order's id.")],
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show ordered, agreed, provisioned and billed side by side, and where they differ."""
    with _asking(environment) as caller:
        found = comparison.compare(caller, order_id).data
    if as_json:
        _print_json(found)
        return
    title = f"{order_id} on {found.on}, {found.currency}"
    print_table(title, LINE_SIDES, [_beside(each) for each in found.lines], right=FIGURES_SHOWN)
    if found.subscriptions:
        rows = [
            (each.subscription_id, each.ordered["planId"], *_provisioned(each.provisioned))
            for each in found.subscriptions
        ]
        print_table("Subscriptions", ("subscriptionId", "ordered", "provisioned", "status"), rows)
    differing = [(each.line_ref, each.differences) for each in found.lines]
    differing += [(each.subscription_id, each.differences) for each in found.subscriptions]
    gaps = [(ref, gap.code.value, gap.ordered, gap.found) for ref, of in differing for gap in of]
    print_table("Differences", ("what", "difference", "expected", "found"), gaps)


@app.command("publish")
def publish(contract_id: Contract, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Make an order of the billing that was collected for a contract over the API."""
    with session(environment) as here:
        contract = publish_contract(here.runtime, here.scope, ContractId(contract_id))
    paper.print(f"{contract.id} {contract.status}", markup=False)


@app.command("milestones")
def list_milestones(
    contract_id: Contract,
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """List a contract's milestones: dated, reached, and still to be."""
    with _asking(environment) as caller:
        found = milestones.list_milestones(caller, contract_id).data
    if as_json:
        print_json([each.model_dump(mode="json", by_alias=True) for each in found])
        return
    rows = [(e.line_ref, e.name, e.amount, e.due_on, e.done_on, e.evidence) for e in found]
    headings = ("lineId", "name", "amount", "due", "done", "evidence")
    print_table(contract_id, headings, rows, right="amount")


@app.command("done")
def mark_done(
    contract_id: Contract,
    line_id: Annotated[str, typer.Argument(help="The milestone's lineId.")],
    *,
    on: Annotated[str, typer.Option(help="The day it was reached.")],
    evidence: Annotated[str, typer.Option(help="What proves it.")],
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Mark a milestone done: what it is worth falls due that day."""
    day = parse_day(on)
    with session(environment) as here:
        mark_milestone(
            here.runtime, here.scope, ContractId(contract_id), line_id, on=day, evidence=evidence
        )
    paper.print(f"{contract_id} {line_id} done on {day}", markup=False)


@contextmanager
def _asking(environment: str) -> Iterator[Caller]:
    """Somebody who asks the API from here."""
    with session(environment) as here:
        yield Caller(here.runtime, here.scope, here.settings.public_url or "", FULL_RIGHTS)


def _print_json(answer: Wire) -> None:
    print_json(answer.model_dump(mode="json", by_alias=True))


def _called(event: timeline.TimelineEventWire) -> str:
    return "" if event.order is None else f"{event.order.order_id}\n{event.order.kind.value}"


def _said(event: timeline.TimelineEventWire) -> Iterator[str]:
    """One line for each thing that changed."""
    if event.uplift is not None:
        rule = event.uplift.index or "uplift"
        unsure = ", not published yet" if event.uplift.is_provisional else ""
        yield f"{rule}: prices x {event.uplift.factor}{unsure}"
    if event.order is not None:
        for what, before, after, days in _differences(event.order.changes):
            yield f"{what}: {before} -> {after}" + (f", {days}" if days else "")
        yield from event.order.troubles


def _differences(changes: ChangesWire) -> Iterator[tuple[str, str, str, str]]:
    for each in changes.contract:
        yield each.field, *_sides(each)
    for line in changes.lines:
        for each in line.differences:
            yield f"{line.line_ref} {each.field}", *_sides(each)


def _sides(each: DifferenceWire) -> tuple[str, str, str]:
    days = "" if each.days is None else f"{each.days.start}..{each.days.end}"
    return _text(each.before), _text(each.after), days


def _text(value: object) -> str:
    """A value of the notation on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items())
    if isinstance(value, list):
        return "; ".join(map(_text, value)) or "none"
    return "none" if value in (None, "") else str(value)


def _beside(line: comparison.ComparedLineWire) -> tuple[object, ...]:
    """A line as ordered and agreed (how many) and as billed (how much)."""
    said, agreed, billed = line.ordered, line.agreed, line.billed
    many = said.get("quantity"), None if agreed is None else agreed.quantity
    much = (None,) * 3 if billed is None else (billed.billed, billed.drafted, billed.unbilled)
    return line.line_ref, said["name"], *many, *much


def _provisioned(now: comparison.ProvisionedWire | None) -> tuple[str, str]:
    return ("", "not provisioned") if now is None else (now.plan_id, now.status)
