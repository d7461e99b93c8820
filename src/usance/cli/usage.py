"""`usance usage`: usage events from files, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, paper, print_json, print_table
from usance.documents.event_file import read_events
from usance.domain.ids import CustomerId
from usance.domain.metering.events import FIRST, LAST, EventKey, read_instant
from usance.domain.metering.receipts import Outcome
from usance.domain.metering.tracing import Traced
from usance.flows.ingest_usage import ingest_usage
from usance.store import usage_receipts
from usance.store.database import Tx
from usance.store.usage_receipts import EventsAsked

app = typer.Typer(no_args_is_help=True)

Customer = Annotated[str, typer.Option("--customer", help="Whose events.")]
EventName = Annotated[str, typer.Option("--event", help="Of which name.")]
Key = Annotated[str, typer.Option("--key", help="Just the one with this idempotency key.")]
From = Annotated[str, typer.Option("--from", help="From this instant on, as 2026-01-01T00:00:00Z.")]
To = Annotated[str, typer.Option("--to", help="Until before this instant.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")]
EventFile = Annotated[Path, typer.Argument(help="Events as .jsonl, .json or .csv.")]


@app.command("import")
def import_file(
    file: EventFile, *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """Import a file of events: all of it, or nothing; again, and nothing changes."""
    events = read_events(file.read_text(encoding="utf-8"), str(file))
    with session(environment) as here:
        receipts = ingest_usage(here.runtime, here.scope, events)
    counts = {outcome.value.lower(): receipts.count(outcome) for outcome in Outcome}
    if as_json:
        print_json(counts)
    else:
        paper.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))


@app.command("receipts")
def receipts(
    customer: Customer,
    event: EventName,
    key: Key = "",
    *,
    since: From = "",
    until: To = "",
    limit: Limit = 100,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show what became of events: accepted, unmatched, reversed, late, rated, invoiced."""
    asked = EventsAsked(
        customer_id=customer,
        event_name=event,
        start_at=read_instant(since, "--from") if since else FIRST,
        end_at=read_instant(until, "--to") if until else LAST,
    )
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        found = _found(tx, asked, key, limit)
    if as_json:
        print_json([_plain(each) for each in found])
    else:
        _print(found)


def _found(tx: Tx, asked: EventsAsked, key: str, limit: int) -> list[Traced]:
    if key:
        asked_key = EventKey(CustomerId(asked.customer_id), asked.event_name, key)
        return [usage_receipts.one(tx, asked_key)]
    return [each for _, each in usage_receipts.page(tx, asked, limit=limit)]


def _plain(traced: Traced) -> dict[str, object]:
    received = traced.kept.received
    return {
        "idempotencyKey": received.event.idempotency_key,
        "timestamp": received.occurred_at,
        "receivedAt": received.received_at,
        "state": traced.state,
        "reverses": received.event.reverses,
        "reversedBy": traced.kept.reversed_by,
        "features": traced.feature_ids,
        "lines": [
            {
                "featureId": line.feature_id,
                "contractId": line.contract_id,
                "contractLineId": line.line_id,
                "state": state,
                "invoiceId": line.document and line.document.invoice_id,
                "invoiceNumber": line.document and line.document.number,
            }
            for line, state in traced.lines
        ],
    }


def _print(found: list[Traced]) -> None:
    headings = ("key", "occurred", "received", "state", "features", "document")
    rows = [
        (
            each.kept.received.event.idempotency_key,
            each.kept.received.occurred_at,
            each.kept.received.received_at,
            each.state,
            ", ".join(each.feature_ids),
            ", ".join(
                line.document.number or line.document.invoice_id
                for line, _ in each.lines
                if line.document is not None
            ),
        )
        for each in found
    ]
    print_table("Receipts", headings, rows)
