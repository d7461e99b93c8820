"""What the demo shows at its end: one JSON document, or a few tables."""

from __future__ import annotations

from typing import Any

from usance.api.invoices.wire import InvoiceWire
from usance.cli.demo_story import Played
from usance.cli.invoices import link
from usance.cli.ledger import plain_balance, print_balance
from usance.cli.session import Session
from usance.cli.show import paper, print_table
from usance.domain.contracts.billed_value import billed_value, value_by_line
from usance.domain.contracts.contract import Contract
from usance.domain.ids import InvoiceId
from usance.domain.ledger.trial_balance import TrialBalanceRow, imbalances
from usance.domain.money import Money, currency
from usance.store import billed, contracts, invoices, ledger, orders, parties
from usance.store.access_views import Asked, views
from usance.store.database import Tx

Plain = dict[str, Any]


def report(here: Session, played: Played) -> Plain:
    """Everything the demo did, as plain values; amounts are decimal strings."""
    links = {issued.draft.id: link(here, issued.draft.id) for issued in played.issued}
    with here.runtime.transaction(here.scope) as tx:
        balance = ledger.trial_balance(tx, on=None, legal_entity_id=None)
        shown = _invoices(here, tx, played, links)
        return {
            "environment": here.scope.tenant_id,
            "clock": here.runtime.now(tx),
            "orders": [_order(tx, played, place) for place in range(len(played.orders))],
            "contracts": [_contract(tx, each) for each in contracts.many(tx, played.contract_ids)],
            "events": played.events,
            "access": _access(here, tx, played),
            "invoices": shown,
            "payments": len(played.paid),
            "receivables": _receivables(shown),
            "trialBalance": plain_balance(balance),
            "isBalanced": _is_balanced(balance),
            "timings": {part: f"{took:.3f}" for part, took in played.seconds.items()},
        }


def show(here: Session, answer: Plain) -> None:
    """The same as tables for people."""
    print_table(
        "Orders",
        ("order", "status", "contract", "currency", "total value", "a year", "billed", "remaining"),
        [
            (
                order["orderId"],
                order["status"],
                contract["contractId"],
                contract["currency"],
                *(contract["values"][key] for key in VALUES),
            )
            for order in answer["orders"]
            for contract in answer["contracts"]
            if contract["contractId"] == order["contractId"]
        ],
        right="currency total value a year billed remaining",
    )
    print_table(
        "Invoices",
        ("number", "customer", "issued", "due", "gross", "still due", "state"),
        [
            (
                each["number"],
                each["customerId"],
                each["issuedOn"],
                each["dueOn"],
                f"{each['totals']['gross']} {each['currency']}",
                each["totals"]["due"],
                each["state"],
            )
            for each in answer["invoices"]
        ],
        right="gross still due",
    )
    print_table(
        "Access",
        ("customer", "feature", "may", "used", "limit", "since"),
        [tuple(each.values()) for each in answer["access"]],
        right="used limit",
    )
    print_table(
        "Receivables",
        ("customer", "currency", "due", "overdue"),
        [tuple(each.values()) for each in answer["receivables"]],
        right="due overdue",
    )
    with here.runtime.transaction(here.scope) as tx:
        print_balance(ledger.trial_balance(tx, on=None, legal_entity_id=None))


VALUES = ("totalContractValue", "annualContractValue", "billed", "remaining")


def say_where(answer: Plain, out: str) -> None:
    """Where to look next."""
    paper.print(f"PDFs and demo.json are in {out}", markup=False)
    first = next((each["link"] for each in answer["invoices"]), None)
    if first is not None:
        paper.print("`usance serve` shows each invoice's hosted page; the first is at")
        paper.print(first, markup=False, soft_wrap=True)


def _order(tx: Tx, played: Played, place: int) -> Plain:
    fulfilled = played.orders[place]
    row = orders.one(tx, fulfilled.order.id)
    return {
        "orderId": fulfilled.order.id,
        "kind": fulfilled.order.kind,
        "status": orders.status_of(row),
        "customerId": fulfilled.order.customer_id,
        "contractId": row.contract_id,
        "steps": [
            {"step": step.kind, "done": step.is_done, "missing": step.missing}
            for step in fulfilled.steps
        ],
    }


def _contract(tx: Tx, contract: Contract) -> Plain:
    standing = {line: each.net for line, each in billed.standing(tx, [contract]).items()}
    value = billed_value(contract, value_by_line(contract, standing))
    return {
        "contractId": contract.id,
        "customerId": contract.customer_id,
        "legalEntityId": contract.legal_entity_id,
        "name": contract.name,
        "status": contract.status,
        "currency": contract.currency.code,
        "term": {"start": contract.term.start, "end": contract.term.end},
        "values": {
            "totalContractValue": value.total.text,
            "annualContractValue": value.annual.text,
            "billed": value.billed.text,
            "billedUsage": value.billed_usage.text,
            "remaining": value.remaining.text,
        },
    }


def _invoices(here: Session, tx: Tx, played: Played, links: dict[InvoiceId, str]) -> list[Plain]:
    entities = parties.entities(tx)
    found = []
    for stored in invoices.many(tx, list(links)):
        today = here.runtime.today(tx, entities[stored.draft.legal_entity_id].zone)
        wire = InvoiceWire.of(stored, today=today, hosted_url=links[stored.id])
        said = wire.model_dump(mode="json", by_alias=True)
        found.append(
            {
                "invoiceId": stored.id,
                "number": said["number"],
                "currency": said["currency"],
                "state": said["state"],
                "customerId": said["customerId"],
                "legalEntityId": said["legalEntityId"],
                "issuedOn": said["issueDate"],
                "dueOn": said["dueDate"],
                "lines": said["lineItems"],
                "taxes": said["taxes"],
                "totals": {
                    "net": said["subtotal"],
                    "tax": said["tax"],
                    "gross": said["total"],
                    "paid": said["amountPaid"],
                    "due": said["amountDue"],
                },
                "pdf": str(played.papers[stored.id]),
                "link": said["hostedUrl"],
            }
        )
    return found


def _access(here: Session, tx: Tx, played: Played) -> list[Plain]:
    """What the subscriptions that were sold let their customers use at this moment."""
    now = here.runtime.now(tx)
    customers = dict.fromkeys(each.order.customer_id for each in played.orders)
    found = views(tx, [Asked(each) for each in customers], now=now)
    rows = []
    for asked, view in found.items():
        for entitled in view.entitled:
            decision = entitled.as_sold(view.decide(entitled))
            window = decision.window
            rows.append(
                {
                    "customerId": asked.customer_id,
                    "featureId": entitled.feature.id,
                    "hasAccess": "yes" if decision.has_access else "no",
                    "used": f"{decision.current_usage:f}" if entitled.is_metered else "",
                    "limit": "" if decision.limit is None else f"{decision.limit:f}",
                    "since": "" if window is None else window.start.date().isoformat(),
                }
            )
    return rows


def _receivables(shown: list[Plain]) -> list[Plain]:
    """What each customer still owes, and how much of it is late, by currency."""
    owed: dict[tuple[str, str], list[Money]] = {}
    for each in shown:
        of = currency(each["currency"])
        sums = owed.setdefault((each["customerId"], of.code), [Money.zero(of), Money.zero(of)])
        due = Money.parse(each["totals"]["due"], of)
        sums[0] += due
        if each["state"] == "OVERDUE":
            sums[1] += due
    return [
        {"customerId": customer, "currency": code, "due": due.text, "overdue": late.text}
        for (customer, code), (due, late) in owed.items()
        if not due.is_zero
    ]


def _is_balanced(balance: list[TrialBalanceRow] | tuple[TrialBalanceRow, ...]) -> bool:
    return not imbalances(balance)
