"""Every command there is, where it is, and what help says of it, in that order."""

from __future__ import annotations

from usance.cli.later import Later, Overview

Line = tuple[str, str, str]  # its name, its place below usance.cli, what it is for

START: tuple[Line, ...] = (
    (
        "demo",
        "demo:demo",
        "Play half a year: orders, contracts, usage, invoices, PDFs, bank transfers, ledger.",
    ),
    (
        "serve",
        "serve:serve",
        "Serve the API and the hosted pages, and do queued work, until stopped.",
    ),
    ("company", "company:app", "Your company's file: legal entities, tax rates, features."),
)
DEALS: tuple[Line, ...] = (
    ("customers", "customers:app", "Tax ids, parent accounts, and features promoted to them."),
    ("orders", "orders:app", "Signed order forms: take them in, fulfil them, look at them."),
    ("contracts", "contracts:app", "What was agreed, how it came about, and what it is worth."),
    ("subscriptions", "subscriptions:app", "Plans that customers have: start, change, cancel."),
    (
        "simulate",
        "rehearsals:simulate",
        "Play a contract's whole life and show the documents it makes; nothing is kept.",
    ),
    (
        "what-if",
        "rehearsals:see_what_if",
        "Show what an order would change about what its contract is invoiced; nothing is kept.",
    ),
)
USAGE: tuple[Line, ...] = (
    (
        "access",
        "access:access",
        "Show what a customer may use at this moment, and which plans, add-ons and gifts say so.",
    ),
    ("usage", "usage:app", "Usage events: import them, see what became of them."),
    ("connections", "connections:app", "Systems that count usage for you."),
    (
        "sidecar",
        "sidecar:sidecar",
        "Answer checks over local HTTP, from memory, also while the server is down; take in usage.",
    ),
)
MONEY: tuple[Line, ...] = (
    (
        "bill",
        "billing:bill",
        "Draft everything due that is not drafted, and bring held drafts up to date.",
    ),
    ("invoices", "invoices:app", "Review, approve, issue, send, credit, void."),
    ("payments", "payments:app", "Bank transfers and their allocation."),
    ("refunds", "refunds:app", "Money to give back: promise it, say it was sent, call it off."),
    (
        "late-fees",
        "corrections:late_fees",
        "Draft late fees and interest by each legal entity's policy, each step once.",
    ),
    ("ledger", "ledger:app", "The books: the trial balance."),
    ("indices", "indices:app", "Price indices that uplifts refer to."),
    ("fx", "fx:app", "Exchange rates, for reports and display."),
)
OPERATION: tuple[Line, ...] = (
    (
        "worker",
        "serve:worker",
        "Do queued and periodic work; start as many of these as you like, on any machine.",
    ),
    (
        "daily",
        "rehearsals:daily",
        "Do the work of a day: renew, follow and settle usage, draft what is due, charge lateness.",
    ),
    (
        "migrate",
        "environment:migrate_database",
        "Bring the database up to date; safe to run at any time, by any number of processes.",
    ),
    ("env", "environment:environments", "Environments: production and sandboxes, kept apart."),
    ("keys", "keys:keys", "API keys of an environment, and the secret of customer tokens."),
    ("clock", "environment:clock", "The clock of a sandbox, which can be moved forward."),
)
PANELS = {
    "Start": START,
    "Deals": DEALS,
    "Access and usage": USAGE,
    "Invoices and money": MONEY,
    "Operation": OPERATION,
}


class Commands(Overview):
    """All of them, under their headings."""

    lines = tuple(
        Later(name, f"usance.cli.{place}", says, panel=panel)
        for panel, lines in PANELS.items()
        for name, place, says in lines
    )
