"""`usance orders`: signed orders, from the form to the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, paper, print_json, print_table
from usance.documents.order_form import read_form, read_order
from usance.domain.ids import OrderId
from usance.flows.cancel_order import cancel_order
from usance.flows.fulfil_order import fulfil_order
from usance.flows.sign_order import sign_order
from usance.store import orders

app = typer.Typer(no_args_is_help=True)

OrderFile = Annotated[Path, typer.Argument(help="An order form, YAML or JSON.")]


@app.command("sign")
def sign(
    file: OrderFile,
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    fulfil: Annotated[bool, typer.Option("--fulfil", help="Fulfil it at once.")] = False,
) -> None:
    """Take in a signed order form; if it has problems, all are named and nothing is kept."""
    document = file.read_bytes()
    with session(environment) as here:
        form = read_form(document.decode("utf-8"))
        order = sign_order(here.runtime, here.scope, form, document=document)
        if fulfil:
            fulfil_order(here.runtime, here.scope, order.id)
    paper.print(f"{order.id} {'FULFILLED' if fulfil else 'NEW'}", markup=False)


@app.command("fulfil")
def fulfil_one(order_id: str, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Do every open step of an order: contract, subscriptions, metered features."""
    with session(environment) as here:
        done = fulfil_order(here.runtime, here.scope, OrderId(order_id))
    paper.print(f"{order_id} FULFILLED by contract {done.contract.id}", markup=False)


@app.command("cancel")
def cancel(order_id: str, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Call off an order while nothing came of it."""
    with session(environment) as here:
        cancel_order(here.runtime, here.scope, OrderId(order_id))
    paper.print(f"{order_id} CANCELED", markup=False)


@app.command("list")
def list_orders(
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: AsJson = False,
) -> None:
    """List orders, oldest first, and how far each is."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        ids = orders.page(tx, after=None, before=None, limit=limit)
        rows = [orders.one(tx, order_id) for order_id in ids]
    answer = [
        {
            "orderId": row.id,
            "kind": row.kind,
            "status": orders.status_of(row),
            "customerId": row.customer_id,
            "contractId": row.contract_id,
            "effectiveOn": row.effective_on,
        }
        for row in rows
    ]
    if as_json:
        print_json(answer)
    else:
        headings = ("orderId", "kind", "status", "customerId", "contractId", "effectiveOn")
        print_table("Orders", headings, [list(each.values()) for each in answer])


@app.command("show")
def show(order_id: str, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Show an order in its notation, with every default written out, as JSON."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        row = orders.one(tx, OrderId(order_id))
    read_order(row.form, OrderId(order_id))
    print_json({"status": orders.status_of(row), "contractId": row.contract_id, **row.form})
