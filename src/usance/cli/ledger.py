"""`usance ledger`: the books."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, print_json, print_table
from usance.domain.ledger.trial_balance import TrialBalanceRow
from usance.store import ledger

app = typer.Typer(no_args_is_help=True)


@app.command("trial-balance")
def trial_balance(
    *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """Show what stands on each account; it adds up to zero, always."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        rows = ledger.trial_balance(tx, on=None, legal_entity_id=None)
    if as_json:
        print_json(plain_balance(rows))
    else:
        print_balance(rows)


def plain_balance(rows: Iterable[TrialBalanceRow]) -> list[dict[str, object]]:
    """A row an account, entity and currency; amounts as text."""
    return [
        {
            "legalEntityId": row.legal_entity_id,
            "currency": row.currency.code,
            "account": row.account.value,
            "number": row.account.terms.number,
            "debit": row.debit.text,
            "credit": row.credit.text,
            "balance": row.balance.text,
        }
        for row in rows
    ]


def print_balance(rows: Iterable[TrialBalanceRow]) -> None:
    """The same for people."""
    headings = ("entity", "currency", "account", "debit", "credit", "balance")
    cells = [
        (
            row.legal_entity_id,
            row.currency.code,
            f"{row.account.terms.number} {row.account.terms.name}",
            row.debit.text,
            row.credit.text,
            row.balance.text,
        )
        for row in rows
    ]
    print_table("Trial balance", headings, cells, right="debit credit balance")
