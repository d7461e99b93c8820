"""Import the published figures of a price index: each month once, restatements only when said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from usance.domain.ids import parse_ref
from usance.domain.price_index import added, written_month
from usance.flows.runtime import Runtime, Scope
from usance.store import price_indices


def import_index(
    runtime: Runtime,
    scope: Scope,
    series_id: str,
    figures: Mapping[date, Decimal],
    *,
    may_restate: bool = False,
) -> dict[date, Decimal]:
    """What was new, by month; importing the same again adds nothing.

    Raises Invalid: InvalidId, InvalidMonth, InvalidIndexValue, IndexAlreadyPublished.
    """
    parse_ref(series_id, path="series")
    with runtime.transaction(scope) as tx:
        known = price_indices.lock_series(tx, series_id)

        new = added(known, figures, may_restate=may_restate)

        if new:
            price_indices.append(tx, series_id, new, at=runtime.now(tx))
            before = {written_month(each): known.values.get(each) for each in new}
            after = {written_month(each): value for each, value in new.items()}
            runtime.note(tx, scope, "price_index.imported", series_id, before=before, after=after)
    return new
