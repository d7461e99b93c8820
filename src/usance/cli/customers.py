"""`usance customers`: what is asked about who buys."""

from __future__ import annotations

from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, paper, print_json, print_table
from usance.domain.ids import CustomerId
from usance.domain.tax.checks import TaxIdCheck
from usance.flows.check_tax_id import check_tax_id
from usance.flows.update_customer import update_customer

app = typer.Typer(help="Customers.", no_args_is_help=True)

HEADINGS = ("kind", "value", "isValid", "consultation", "name")


@app.command("check-tax-id")
def check(
    customer_id: str, *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """Look up a customer's VAT ids at VIES and keep what it said as evidence."""
    with session(environment) as here:
        made = check_tax_id(here.runtime, here.scope, CustomerId(customer_id))
    rows = [_shown(each) for each in made]
    if as_json:
        print_json(rows)
    else:
        print_table("Tax ids", HEADINGS, [[row[name] for name in HEADINGS] for row in rows])


@app.command("parent")
def parent(
    customer_id: str,
    parent_id: Annotated[str | None, typer.Argument(help="Left out: none any more.")] = None,
    *,
    pays: Annotated[bool, typer.Option("--pays", help="Invoices go to the parent.")] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Say which account a customer belongs to, and whether that one pays."""
    changes: dict[str, object] = {"parentId": parent_id, "billTo": "PARENT" if pays else None}
    with session(environment) as here:
        changed = update_customer(here.runtime, here.scope, CustomerId(customer_id), changes)
    above = changed.parent_id or "no account"
    payer = "which pays" if pays else "paying its own invoices"
    paper.print(f"{customer_id} belongs to {above}, {payer}", markup=False)


def _shown(check: TaxIdCheck) -> dict[str, object]:
    return {
        "kind": check.tax_id.kind,
        "value": check.tax_id.value,
        "isValid": check.is_valid,
        "checkedAt": check.checked_at,
        "consultation": check.consultation,
        "name": check.name,
    }
