"""`usance simulate`, `what-if`, `daily`: a contract's life played ahead, and the work of a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, counted, paper, print_json, print_table
from usance.documents.order_form import read_form
from usance.domain.calendar import parse_day
from usance.domain.contracts.value import contract_value
from usance.domain.errors import Invalid
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import Draft
from usance.domain.money import Currency, total
from usance.flows.plays.daily_work import do_daily_work
from usance.flows.plays.rehearse import simulate_contract, what_if

Until = Annotated[str, typer.Option(help="The last day that is played.")]


def simulate(
    contract_id: Annotated[str, typer.Argument(help="The contract.")],
    *,
    until: Until,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Play a contract's whole life and show the documents it makes; nothing is kept."""
    with session(environment) as here:
        played = simulate_contract(
            here.runtime, here.scope, ContractId(contract_id), until=_day(until)
        )
    contract, of = played.contract, played.contract.currency
    if as_json:
        answer = {
            "contractId": contract.id,
            "term": {"start": contract.term.start, "end": contract.term.end},
            "totalContractValue": contract_value(contract).total.text,
            "net": _net(played.documents, of),
            "documents": [_plain(draft) for draft in played.documents],
        }
        print_json(answer)
        return
    _show(f"{contract.id} until {until}", played.documents)
    worth = contract_value(contract).total
    paper.print(f"net {_net(played.documents, of)} {of.code}, contract value {worth}")


def see_what_if(
    file: Annotated[Path, typer.Argument(help="An order form after the first, YAML or JSON.")],
    *,
    until: Until,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show what an order would change about what its contract is invoiced; nothing is kept."""
    form = read_form(file.read_text("utf-8"))
    with session(environment) as here:
        seen = what_if(here.runtime, here.scope, form, until=_day(until))
    of = seen.contract.currency
    if as_json:
        answer = {
            "netBefore": _net(seen.before, of),
            "netAfter": _net(seen.after, of),
            "before": [_plain(draft) for draft in seen.before],
            "after": [_plain(draft) for draft in seen.after],
        }
        print_json(answer)
        return
    _show("As it is", seen.before)
    _show("With the order", seen.after)
    paper.print(f"net {_net(seen.before, of)} -> {_net(seen.after, of)} {of.code}")


def daily(
    *,
    through: Annotated[
        str | None, typer.Option(help="Do what is to happen by this day; else by today.")
    ] = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Do the work of a day: renew, follow and settle usage, draft what is due, charge lateness.

    The worker does it by itself every hour. Run it as often as you like.
    """
    day = None if through is None else _day(through)
    with session(environment) as here:
        run = do_daily_work(here.runtime, here.scope, through=day)
    sums = ", ".join(str(gross) for gross in run.gross.values()) or "nothing due"
    paper.print(f"{counted(run.draft_count, 'invoice')} drafted: {sums}")


def _show(title: str, drafts: Iterable[Draft]) -> None:
    cells = [
        (
            draft.bill_on,
            draft.type.value.lower().replace("_", " "),
            f"{line.service_period.start} to {line.service_period.last_day}",
            line.description,
            f"{line.quantity:f}",
            line.net.text,
        )
        for draft in drafts
        for line in draft.lines
    ]
    print_table(title, ("due", "document", "service", "line", "quantity", "net"), cells)


def _plain(draft: Draft) -> dict[str, object]:
    return {
        "billOn": draft.bill_on,
        "type": draft.type,
        "currency": draft.currency.code,
        "net": draft.net.text,
        "tax": draft.tax.text,
        "total": draft.gross.text,
        "inputHash": draft.input_hash,
        "lines": [
            {
                "description": line.description,
                "start": line.service_period.start,
                "end": line.service_period.end,
                "quantity": f"{line.quantity:f}",
                "net": line.net.text,
            }
            for line in draft.lines
        ],
    }


def _net(drafts: Iterable[Draft], of: Currency) -> str:
    return total([draft.net for draft in drafts], of).text


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except Invalid as refused:
        raise Invalid(*(problem.under("day") for problem in refused.problems)) from None
