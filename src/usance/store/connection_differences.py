"""What a connection's other side tells, beside what is counted here for the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from usance.domain.connections.connection import Connection
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.metering.events import AHEAD
from usance.domain.metering.totals import UsageWindow
from usance.store import connection_tracks, features, usage
from usance.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One customer's use of one feature since the connection counts: as the other side last told
    it, and as it is counted here for billing. What came in by other ways is a difference as well.
    """

    cursor: str
    customer_id: CustomerId
    feature_id: FeatureId
    customers_there: tuple[str, ...]
    features_there: tuple[str, ...]
    there: Decimal
    here: Decimal
    read_at: datetime | None
    changed_at: datetime | None
    problem: str | None

    @property
    def difference(self) -> Decimal:
        """What is missing here; negative where here is more."""
        return self.there - self.here


def page(
    tx: Tx,
    connection: Connection,
    *,
    now: datetime,
    after: str | None = None,
    before: str | None = None,
    limit: int,
) -> list[Difference]:
    """At most `limit`, in the order in which they were first followed; before `before`, the nearest
    first.
    """
    rows = connection_tracks.standing(tx, connection.id, after=after, before=before, limit=limit)
    known = features.some(tx, {row.feature_id for row in rows})
    windows = {}
    for row in rows:
        meter = known[row.feature_id].counted_by
        if meter is not None and connection.since < now + AHEAD:
            end = now + AHEAD
            windows[row.id] = UsageWindow(row.customer_id, meter, connection.since, end)
    counted = usage.totals(tx, windows)
    return [
        Difference(
            cursor=row.id,
            customer_id=CustomerId(row.customer_id),
            feature_id=FeatureId(row.feature_id),
            customers_there=tuple(row.customers_there),
            features_there=tuple(row.features_there),
            there=row.there,
            here=counted[row.id].quantity if row.id in counted else Decimal(0),
            read_at=row.read_at,
            changed_at=row.changed_at,
            problem=row.problem,
        )
        for row in rows
    ]
