"""Price indices: every figure ever imported; the last revision of a month counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal

from usance.domain.price_index import IndexSeries
from usance.store.database import Row, Tx

# Imports of one series wait for each other, so that each knows what the one before added.
LOCK = """
SELECT pg_advisory_xact_lock(
    hashtextextended(%(tenant_id)s || ' price index ' || %(series_id)s, 0))
"""
LATEST = """
SELECT DISTINCT ON (series_id, month) series_id, month, revision, value, imported_at
  FROM price_indices
 WHERE tenant_id = %(tenant_id)s
   AND (%(ids)s::text[] IS NULL OR series_id = ANY(%(ids)s))
 ORDER BY series_id, month, revision DESC
"""
REVISIONS = """
SELECT month, revision, value, imported_at
  FROM price_indices
 WHERE tenant_id = %(tenant_id)s
   AND series_id = %(series_id)s
 ORDER BY month, revision
"""
OVERVIEW = """
SELECT series_id, min(month) AS first, max(month) AS last, count(DISTINCT month) AS month_count,
       max(imported_at) AS imported_at
  FROM price_indices
 WHERE tenant_id = %(tenant_id)s
 GROUP BY series_id
 ORDER BY series_id
"""
COLUMNS = ("series_id", "month", "revision", "value", "imported_at")


def lock_series(tx: Tx, series_id: str) -> IndexSeries:
    """The series as it stands, held until the transaction ends; empty when it is new."""
    tx.all(LOCK, series_id=series_id)
    return series(tx, [series_id]).get(series_id) or IndexSeries(series_id, {})


def series(tx: Tx, ids: Collection[str] | None = None) -> dict[str, IndexSeries]:
    """The series of those ids, or all, by id; one without a figure is not among them."""
    found: dict[str, dict[date, Decimal]] = {}
    for row in tx.all(LATEST, ids=None if ids is None else list(ids)):
        found.setdefault(row.series_id, {})[row.month] = row.value
    return {series_id: IndexSeries(series_id, values) for series_id, values in found.items()}


def revisions(tx: Tx, series_id: str) -> list[Row]:
    """month, revision, value, imported_at: all that was ever imported, restatements last."""
    return tx.all(REVISIONS, series_id=series_id)


def overview(tx: Tx) -> list[Row]:
    """series_id, first, last, month_count, imported_at of each series, by id."""
    return tx.all(OVERVIEW)


def append(tx: Tx, series_id: str, figures: Mapping[date, Decimal], *, at: datetime) -> None:
    """Keep new figures of a locked series, each as the next revision of its month."""
    last = {row.month: row.revision for row in revisions(tx, series_id)}
    rows = (
        (series_id, month, last.get(month, 0) + 1, value, at) for month, value in figures.items()
    )
    tx.append_rows("price_indices", COLUMNS, rows)
