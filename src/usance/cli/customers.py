"""`usance customers`: what is asked about who buys."""

from __future__ import annotations

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, print_json, print_table
from usance.domain.ids import CustomerId
from usance.domain.tax.checks import TaxIdCheck
from usance.flows.check_tax_id import check_tax_id

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


def _shown(check: TaxIdCheck) -> dict[str, object]:
    return {
        "kind": check.tax_id.kind,
        "value": check.tax_id.value,
        "isValid": check.is_valid,
        "checkedAt": check.checked_at,
        "consultation": check.consultation,
        "name": check.name,
    }
