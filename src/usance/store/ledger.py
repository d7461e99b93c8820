"""The ledger: entries in, entries and the trial balance out. Nothing here is ever changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from usance.domain.ids import CustomerId, EntryId, InvoiceId, LegalEntityId
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import Entry, EntryKind, Posting
from usance.domain.ledger.trial_balance import TrialBalanceRow, in_order
from usance.domain.money import Money, currency
from usance.store.database import Row, Tx

ENTRY_COLUMNS = (
    *("id", "legal_entity_id", "currency", "kind", "source_id", "booked_on", "line_count"),
    "created_at",
)
LINE_COLUMNS = (*("entry_id", "position", "line_count", "account", "amount_minor", "customer_id"),)
TRIAL_BALANCE = """
SELECT entry.legal_entity_id, entry.currency, line.account,
       sum(greatest(line.amount_minor, 0)) AS debit_minor,
       sum(greatest(-line.amount_minor, 0)) AS credit_minor
  FROM ledger_lines AS line
  JOIN ledger_entries AS entry
    ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
 WHERE line.tenant_id = %(tenant_id)s
   AND entry.tenant_id = %(tenant_id)s
   AND (%(on)s::date IS NULL OR entry.booked_on <= %(on)s)
   AND (%(legal_entity_id)s::text IS NULL OR entry.legal_entity_id = %(legal_entity_id)s)
 GROUP BY entry.legal_entity_id, entry.currency, line.account
"""
ENTRY_PAGE = """
SELECT id, legal_entity_id, currency, kind, source_id, booked_on, created_at
  FROM ledger_entries AS entry
 WHERE tenant_id = %(tenant_id)s
   AND (%(after_day)s::date IS NULL OR (booked_on, id) > (%(after_day)s, %(after_id)s))
   AND (%(before_day)s::date IS NULL OR (booked_on, id) < (%(before_day)s, %(before_id)s))
   AND (%(legal_entity_id)s::text IS NULL OR legal_entity_id = %(legal_entity_id)s)
   AND (%(booked_from)s::date IS NULL OR booked_on >= %(booked_from)s)
   AND (%(booked_until)s::date IS NULL OR booked_on < %(booked_until)s)
   AND (%(source_id)s::text IS NULL OR source_id = %(source_id)s)
   AND (%(invoice_id)s::text IS NULL OR source_id = %(invoice_id)s OR source_id IN (
            SELECT id
              FROM allocations
             WHERE tenant_id = %(tenant_id)s AND invoice_id = %(invoice_id)s))
   AND (%(account)s::text IS NULL OR EXISTS (
            SELECT
              FROM ledger_lines
             WHERE tenant_id = %(tenant_id)s AND entry_id = entry.id AND account = %(account)s))
   AND (%(customer_id)s::text IS NULL OR EXISTS (
            SELECT
              FROM ledger_lines
             WHERE tenant_id = %(tenant_id)s
               AND entry_id = entry.id
               AND customer_id = %(customer_id)s))
 ORDER BY CASE WHEN %(before_day)s::date IS NULL THEN booked_on END,
          CASE WHEN %(before_day)s::date IS NULL THEN id END,
          booked_on DESC, id DESC
 LIMIT %(limit)s
"""
LINES_OF = """
SELECT entry_id, account, amount_minor, customer_id
  FROM ledger_lines
 WHERE tenant_id = %(tenant_id)s
   AND entry_id = ANY(%(entry_ids)s)
 ORDER BY entry_id, position
"""


class EntryCursor(NamedTuple):
    """Where a page of entries ended."""

    booked_on: date
    id: EntryId


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries: all that is given must hold; days from `booked_from` up to `booked_until`.

    `invoice_id` finds all that was ever booked about an invoice: issue, void, allocations.
    """

    legal_entity_id: LegalEntityId | None = None
    account: Account | None = None
    customer_id: CustomerId | None = None
    source_id: str | None = None
    invoice_id: InvoiceId | None = None
    booked_from: date | None = None
    booked_until: date | None = None


EVERY = EntryFilter()


def append(tx: Tx, entry: Entry | None, *, at: datetime) -> None:
    """Book it; None, for what booked nothing, is no work. Booked twice, the database refuses."""
    append_all(tx, [] if entry is None else [entry], at=at)


def append_all(tx: Tx, entries: Sequence[Entry], *, at: datetime) -> None:
    """Book many in two statements, however many. Their balance is checked again at COMMIT."""
    tx.append_rows("ledger_entries", ENTRY_COLUMNS, [_entry_row(entry, at) for entry in entries])
    tx.append_rows(
        "ledger_lines", LINE_COLUMNS, [row for each in entries for row in _line_rows(each)]
    )


def trial_balance(
    tx: Tx, *, on: date | None = None, legal_entity_id: str | None = None
) -> tuple[TrialBalanceRow, ...]:
    """Every account something was booked to, at the end of the day `on` or with all there is."""
    rows = tx.all(TRIAL_BALANCE, on=on, legal_entity_id=legal_entity_id)
    return tuple(sorted((_balance_from(row) for row in rows), key=in_order))


def entries(
    tx: Tx,
    *,
    matching: EntryFilter = EVERY,
    after: EntryCursor | None = None,
    before: EntryCursor | None = None,
    limit: int = 100,
) -> list[Entry]:
    """The journal, by booking day, then by age; at most `limit` entries, those after `after`.

    Before `before`, the nearest first.
    """
    rows = tx.all(
        ENTRY_PAGE,
        after_day=None if after is None else after.booked_on,
        after_id=None if after is None else after.id,
        before_day=None if before is None else before.booked_on,
        before_id=None if before is None else before.id,
        legal_entity_id=matching.legal_entity_id,
        account=None if matching.account is None else matching.account.value,
        customer_id=matching.customer_id,
        source_id=matching.source_id,
        invoice_id=matching.invoice_id,
        booked_from=matching.booked_from,
        booked_until=matching.booked_until,
        limit=limit,
    )
    lines: dict[str, list[Row]] = {row.id: [] for row in rows}
    for line in tx.all(LINES_OF, entry_ids=list(lines)):
        lines[line.entry_id].append(line)
    return [_entry_from(row, lines[row.id]) for row in rows]


def _entry_row(entry: Entry, at: datetime) -> tuple[object, ...]:
    return (
        entry.id,
        entry.legal_entity_id,
        entry.currency.code,
        entry.kind.value,
        entry.source_id,
        entry.booked_on,
        len(entry.postings),
        at,
    )


def _line_rows(entry: Entry) -> Iterator[tuple[object, ...]]:
    line_count = len(entry.postings)
    for position, posting in enumerate(entry.postings, start=1):
        account, minor = posting.account.value, posting.amount.minor
        yield entry.id, position, line_count, account, minor, posting.customer_id


def _entry_from(row: Row, lines: Sequence[Row]) -> Entry:
    of = currency(row.currency)
    return Entry(
        id=row.id,
        legal_entity_id=row.legal_entity_id,
        currency=of,
        kind=EntryKind(row.kind),
        source_id=row.source_id,
        booked_on=row.booked_on,
        postings=tuple(
            Posting(Account(line.account), Money(line.amount_minor, of), line.customer_id)
            for line in lines
        ),
    )


def _balance_from(row: Row) -> TrialBalanceRow:
    of = currency(row.currency)
    return TrialBalanceRow(
        legal_entity_id=row.legal_entity_id,
        account=Account(row.account),
        debit=Money(int(row.debit_minor), of),
        credit=Money(int(row.credit_minor), of),
    )
