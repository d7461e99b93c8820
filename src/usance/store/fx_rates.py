"""Exchange rates: every quote ever imported; the last revision of a pair and day counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

from usance.domain.calendar import FIRST_DAY
from usance.domain.fx import MAX_AGE_DAYS, FxQuote, Rates
from usance.domain.money import Currency, currency
from usance.store.database import Row, Tx

LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended(%(tenant_id)s || ' fx ' || %(source)s, 0))
"""
LATEST = """
SELECT DISTINCT ON (day, base, quote) base, quote, day, revision, rate, imported_at
  FROM fx_rates
 WHERE tenant_id = %(tenant_id)s
   AND source = %(source)s
   AND day BETWEEN %(first)s AND %(last)s
   AND (%(codes)s::text[] IS NULL
        OR base = ANY(%(codes)s::text[]) OR quote = ANY(%(codes)s::text[]))
 ORDER BY day, base, quote, revision DESC
 LIMIT %(limit)s
"""
COLUMNS = ("source", "base", "quote", "day", "revision", "rate", "imported_at")
BATCH = 20_000
NO_LIMIT = 2**31 - 1

Key = tuple[str, str, date]


def lock_source(tx: Tx, source: str, *, first: date, last: date) -> dict[Key, tuple[Decimal, int]]:
    """Rate and revision of each pair and day a source quoted between two days, held until the
    transaction ends.
    """
    tx.all(LOCK, source=source)
    rows = _latest(tx, source, first, last)
    return {(row.base, row.quote, row.day): (row.rate, row.revision) for row in rows}


def rates(
    tx: Tx,
    source: str,
    *,
    first: date,
    last: date,
    currencies: Collection[Currency] | None = None,
) -> Rates:
    """What a source quoted from `first` to `last`; only pairs with one of `currencies` in them."""
    codes = None if currencies is None else sorted({each.code for each in currencies})
    return Rates(source, map(_quote, _latest(tx, source, first, last, codes=codes)))


def around(tx: Tx, source: str, on: date) -> Rates:
    """What a source quoted on that day, and as long before as a rate may be used."""
    return rates(tx, source, first=max(FIRST_DAY, on - timedelta(days=MAX_AGE_DAYS)), last=on)


def some(
    tx: Tx, source: str, *, first: date, last: date, code: str | None, limit: int
) -> list[Row]:
    """base, quote, day, revision, rate, imported_at: by day, those that count."""
    codes = None if code is None else [code]
    return _latest(tx, source, first, last, codes=codes, limit=limit)


def append(
    tx: Tx, source: str, quotes: Iterable[FxQuote], revisions: Mapping[Key, int], *, at: datetime
) -> None:
    """Keep new quotes of a locked source, each after the revision its pair and day has."""
    rows = (
        (
            source,
            each.base.code,
            each.quote.code,
            each.day,
            revisions.get(each.key, 0) + 1,
            each.rate,
            at,
        )
        for each in quotes
    )
    while batch := list(islice(rows, BATCH)):
        tx.append_rows("fx_rates", COLUMNS, batch)


def _latest(
    tx: Tx,
    source: str,
    first: date,
    last: date,
    *,
    codes: list[str] | None = None,
    limit: int = NO_LIMIT,
) -> list[Row]:
    return tx.all(LATEST, source=source, first=first, last=last, codes=codes, limit=limit)


def _quote(row: Row) -> FxQuote:
    return FxQuote(currency(row.base), currency(row.quote), row.day, row.rate)
