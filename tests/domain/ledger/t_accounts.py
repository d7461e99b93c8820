"""docs/ledger.md, written from the code: `python -m tests.domain.ledger.t_accounts --write`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.domain.ledger.books import (
    TODAY,
    allocation,
    credit,
    eur,
    issued,
    open_item,
    payment,
)
from tests.domain.ledger.corrections import (
    bad_debt,
    bank_fee,
    credit_allocation,
    credit_note,
    late_fee,
    refund,
)
from usance.domain import ledger
from usance.domain.ids import AllocationId, EntryId
from usance.domain.invoicing.invoice import Issued
from usance.domain.ledger.accounts import CHART, Account
from usance.domain.ledger.entry import Entry
from usance.domain.ledger.postings import (
    entry_for_allocation,
    entry_for_credit,
    entry_for_credit_allocation,
    entry_for_issue,
    entry_for_payment,
    entry_for_refund,
    entry_for_void,
    entry_for_write_off,
)
from usance.domain.ledger.trial_balance import TrialBalanceRow, trial_balance
from usance.domain.money import Money
from usance.domain.payments.allocating import take_back
from usance.domain.payments.credit_balance import balance_of
from usance.domain.payments.refund import call_off, send

DOCUMENT = Path(__file__).parents[3] / "docs" / "ledger.md"
WIDTH = 22  # of one side of a T-account

INTRODUCTION = """\
Every amount is booked twice, once on each side, so that nothing can get lost. Each legal entity
and currency has books of its own. Entries are only ever added; a mistake is undone by another
entry. In the database and the API an amount is signed: a debit above zero, a credit side below."""
GUARDS = """\
- `an_entry_balances` is a constraint trigger that fires when the transaction commits, once an
  entry: an entry that does not add up to zero, or lacks a line, cannot commit.
- An entry carries its `line_count`; each line repeats it (a foreign key says so) and takes one of
  the places 1 to `line_count`. So a whole entry has no room for another line, in no later
  transaction either, and checking the entries suffices. For 10,000 entries of 3 lines that takes
  about a third of the time of checking each line.
- Rows are only added: triggers refuse UPDATE and DELETE.
- `booked_once`: one entry for one kind and source, whoever tries again.
- `no_more_is_allocated_than_is_owed`, `no_more_is_used_than_was_paid`,
  `no_more_is_used_than_was_credited` and `no_more_is_given_back_than_was_billed`: triggers that
  lock, then sum, so that two allocations, refunds or credits at once cannot both fit."""


class Booking(NamedTuple):
    """One step of the story: what happened, the function that books it, what it books."""

    title: str
    posting: Callable[..., Entry | None]
    entry: Entry | None


def story() -> list[Booking]:
    """Everything that can happen to a customer's money, once, in an order it may happen in."""
    invoice = issued("inv_1", [(1_000_00, 19), (200_00, 7)])
    mistake = issued("inv_2", [(500_00, 0)])
    free = issued("inv_3", [(0, 19)])
    paid = payment(eur("1500.00"))
    made = allocation(eur("1404.00"))
    undone = take_back(made, allocation_id=AllocationId("alc_2"), on=TODAY, was_taken_back=False)
    again = allocation(eur("1404.00"), allocation_id="alc_3")
    ids = (EntryId(f"ent_{number}") for number in range(1, 30))
    return [
        Booking(
            "An invoice is issued: 1,000.00 at 19 % and 200.00 at 7 % tax",
            entry_for_issue,
            entry_for_issue(invoice, entry_id=next(ids)),
        ),
        Booking(
            "Another one is issued by mistake: 500.00, exempt from tax",
            entry_for_issue,
            entry_for_issue(mistake, entry_id=next(ids)),
        ),
        Booking(
            "The mistake is voided",
            entry_for_void,
            entry_for_void(mistake, entry_id=next(ids), on=TODAY),
        ),
        Booking(
            "An invoice of zero is issued, for a free month",
            entry_for_issue,
            entry_for_issue(free, entry_id=next(ids)),
        ),
        Booking(
            "1,500.00 arrive on the bank account",
            entry_for_payment,
            entry_for_payment(paid, entry_id=next(ids)),
        ),
        Booking(
            "1,404.00 of it are allocated to the invoice",
            entry_for_allocation,
            entry_for_allocation(paid, made, entry_id=next(ids)),
        ),
        Booking(
            "The allocation is taken back",
            entry_for_allocation,
            entry_for_allocation(paid, undone, entry_id=next(ids)),
        ),
        Booking(
            "It was right after all: allocated again, as a new allocation",
            entry_for_allocation,
            entry_for_allocation(paid, again, entry_id=next(ids)),
        ),
        Booking(
            "The rest of 96.00 is kept as the customer's credit",
            entry_for_credit,
            entry_for_credit(paid, credit("96.00"), entry_id=next(ids)),
        ),
        Booking(
            "40.00 of the credit are released, for the next invoice",
            entry_for_credit,
            entry_for_credit(paid, credit("-40.00"), entry_id=next(ids)),
        ),
        *_given_back(invoice, next(ids), ids),
        *_given_up(ids),
    ]


def _given_back(invoice: Issued, first: EntryId, ids: Iterator[EntryId]) -> list[Booking]:
    """Credit notes and refunds."""
    note, second = credit_note("cn_1", invoice, "100.00"), credit_note("cn_2", invoice, "50.00")
    fee = late_fee("40.00")
    used = credit_allocation(eur("40.00"))
    promised = refund("119.00")
    return [
        Booking(
            "A credit note gives back 100.00 at 19 % tax of the first line",
            entry_for_issue,
            entry_for_issue(note, entry_id=first),
        ),
        Booking(
            "119.00 of it are to be refunded",
            entry_for_refund,
            entry_for_refund(promised, entry_id=next(ids)),
        ),
        Booking(
            "The refund is sent",
            entry_for_refund,
            entry_for_refund(send(promised, on=TODAY), entry_id=next(ids)),
        ),
        Booking(
            "The bank sends it back, so another refund is promised and called off",
            entry_for_refund,
            entry_for_refund(call_off(promised, on=TODAY), entry_id=next(ids)),
        ),
        Booking(
            "A second credit note, of 50.00, is issued by mistake",
            entry_for_issue,
            entry_for_issue(second, entry_id=next(ids)),
        ),
        Booking(
            "The credit note is voided",
            entry_for_void,
            entry_for_void(second, entry_id=next(ids), on=TODAY),
        ),
        Booking(
            "A late fee of 40.00 is issued, outside the scope of tax",
            entry_for_issue,
            entry_for_issue(fee, entry_id=next(ids)),
        ),
        Booking(
            "40.00 of the credit pay it",
            entry_for_credit_allocation,
            entry_for_credit_allocation(balance_of(note), used, entry_id=next(ids)),
        ),
    ]


def _given_up(ids: Iterator[EntryId]) -> list[Booking]:
    """Write-offs."""
    item = open_item("inv_4", eur("1190.00"))
    debt, fee = bad_debt("950.00", "151.68"), bank_fee("1.50")
    return [
        Booking(
            "950.00 of an invoice, 151.68 of it tax, are written off",
            entry_for_write_off,
            entry_for_write_off(debt, item, entry_id=next(ids)),
        ),
        Booking(
            "The customer pays after all: the write-off is reversed",
            entry_for_write_off,
            entry_for_write_off(debt, item, entry_id=next(ids), reversed_on=TODAY),
        ),
        Booking(
            "A difference of 1.50, the bank's fee, is within the tolerance",
            entry_for_write_off,
            entry_for_write_off(fee, item, entry_id=next(ids)),
        ),
    ]


def document() -> str:
    """The whole page."""
    bookings = story()
    entries = [booking.entry for booking in bookings if booking.entry is not None]
    parts = [
        "# The ledger",
        "<!-- Written from the code: python -m tests.domain.ledger.t_accounts --write -->",
        INTRODUCTION,
        _promises(),
        "## Chart of accounts",
        "\n".join(_chart()),
        "## What each event books",
        "One story in euros. A debit stands on the left, a credit side on the right.",
        *(part for number, each in enumerate(bookings, 1) for part in _booking(number, each)),
        "## The accounts after it",
        "The number in brackets is the step above.",
        *("\n".join(_account(account, bookings)) for account in Account),
        "## The trial balance after it",
        "\n".join(_trial_balance(trial_balance(entries))),
        "## How PostgreSQL holds it too",
        GUARDS,
    ]
    return "\n\n".join(parts) + "\n"


def _promises() -> str:
    """The "Always true" of the ledger's charter."""
    charter = inspect.getdoc(ledger) or ""
    (promises,) = [part for part in charter.split("\n\n") if part.startswith("Always true:")]
    return promises.replace("Always true:", "Always true, each held by a property test:\n")


def _chart() -> Iterator[str]:
    yield "| number | account | type | normal side | holds |"
    yield "|---:|---|---|---|---|"
    for account, terms in CHART.items():
        side = terms.type.normal_side.lower()
        kind = terms.type.lower()
        yield f"| {terms.number} | {terms.name} (`{account}`) | {kind} | {side} | {terms.holds} |"


def _booking(number: int, booking: Booking) -> Iterator[str]:
    yield f"### {number}. {booking.title}"
    said = (inspect.getdoc(booking.posting) or "").splitlines()[0]
    entry = booking.entry
    if entry is None:
        yield f"`{booking.posting.__name__}`: nothing is booked, for there is nothing to book."
        return
    yield f"`{booking.posting.__name__}`, kind `{entry.kind}`: {said}"
    rows = ["| account | debit | credit |", "|---|---:|---:|"]
    for posting in entry.postings:
        debit, credit_side = _sides(posting.amount)
        name = f"{posting.account.terms.number} {posting.account.terms.name}"
        rows.append(f"| {name} | {debit} | {credit_side} |")
    yield "\n".join(rows)


def _account(account: Account, bookings: Sequence[Booking]) -> Iterator[str]:
    """A T-account, as it is drawn on a blackboard."""
    left: list[str] = []
    right: list[str] = []
    balance = Money.zero(eur("0").currency)
    for number, booking in enumerate(bookings, 1):
        for posting in booking.entry.postings if booking.entry is not None else ():
            if posting.account is account:
                side = right if posting.amount.is_negative else left
                side.append(f"({number}) {_plain(posting.amount):>12}")
                balance += posting.amount
    terms = account.terms
    yield "```"
    yield f"{terms.number} {terms.name}".center(2 * WIDTH + 3).rstrip()
    yield "─" * WIDTH + "─┬─" + "─" * WIDTH
    for row in range(max(len(left), len(right))):
        debit, credit_side = (side[row] if row < len(side) else "" for side in (left, right))
        yield f"{debit:>{WIDTH}} │ {credit_side:>{WIDTH}}".rstrip()
    yield "─" * WIDTH + "─┼─" + "─" * WIDTH
    debit, credit_side = _sides(balance) if not balance.is_zero else ("0.00", "")
    yield f"{debit:>{WIDTH}} │ {credit_side:>{WIDTH}}".rstrip()
    yield "```"


def _trial_balance(rows: Sequence[TrialBalanceRow]) -> Iterator[str]:
    yield "| account | debits | credits | balance |"
    yield "|---|---:|---:|---:|"
    for row in rows:
        figures = (f"{each.amount:,}" for each in (row.debit, row.credit, row.balance))
        yield f"| {row.account.terms.number} {row.account.terms.name} | {' | '.join(figures)} |"
    debits, credits_, balances = (
        sum(getattr(row, side).minor for row in rows) for side in ("debit", "credit", "balance")
    )
    totals = (Money(minor, rows[0].currency) for minor in (debits, credits_, balances))
    yield f"| **Total** | {' | '.join(f'**{each.amount:,}**' for each in totals)} |"


def _sides(amount: Money) -> tuple[str, str]:
    return ("", _plain(amount)) if amount.is_negative else (_plain(amount), "")


def _plain(amount: Money) -> str:
    return f"{abs(amount.amount):,}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        sys.stdout.write(document())
