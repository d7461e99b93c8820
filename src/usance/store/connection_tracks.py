"""Tracks of connections: who uses what, how far it was read, what was taken in at which instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from usance.domain.connections.history import Anchor
from usance.domain.connections.track import Track
from usance.domain.ids import ConnectionId, CustomerId, FeatureId
from usance.store.database import Row, Tx

OPEN = """
SELECT id, connection_id, customer_there, feature_there, customer_id, feature_id, since,
       known_since, revision, anchor_at, anchor_value, read_whole_at, tried_at
  FROM connection_tracks
 WHERE tenant_id = %(tenant_id)s
   AND connection_id = %(connection_id)s
   AND ended_at IS NULL
 ORDER BY tried_at NULLS FIRST, id
"""
LOCK = """
SELECT id, connection_id, customer_there, feature_there, customer_id, feature_id, since,
       known_since, revision, anchor_at, anchor_value, read_whole_at
  FROM connection_tracks
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND ended_at IS NULL
   FOR UPDATE
"""
COLUMNS = (
    *("id", "connection_id", "customer_there", "feature_there", "customer_id", "feature_id"),
    *("since", "known_since", "revision"),
)
SAVE_READ = """
UPDATE connection_tracks
   SET revision = revision + 1,
       tried_at = %(tried_at)s,
       anchor_at = %(anchor_at)s,
       anchor_value = %(anchor_value)s,
       read_at = %(at)s,
       read_whole_at = CASE WHEN %(is_whole)s THEN %(at)s ELSE read_whole_at END,
       changed_at = CASE WHEN %(is_changed)s THEN %(at)s ELSE changed_at END,
       problem = NULL
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SAVE_PROBLEM = """
UPDATE connection_tracks
   SET problem = %(problem)s, tried_at = %(tried_at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SAVE_ENDED = """
UPDATE connection_tracks
   SET ended_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
TAKEN = """
SELECT used_at, amount, revision
  FROM connection_usage
 WHERE tenant_id = %(tenant_id)s
   AND track_id = %(track_id)s
   AND used_at > %(after)s
"""
ADD_TAKEN = """
INSERT INTO connection_usage (tenant_id, track_id, used_at, amount, revision)
VALUES (%(tenant_id)s, %(track_id)s, %(used_at)s, %(amount)s, %(revision)s)
    ON CONFLICT (tenant_id, track_id, used_at) DO UPDATE
   SET amount = connection_usage.amount + excluded.amount,
       revision = excluded.revision
"""
# By the pair here: two customers there may be one here. `here` is counted by whoever asks.
STANDING = """
SELECT min(t.id) AS id,
       t.customer_id,
       t.feature_id,
       array_agg(DISTINCT t.customer_there) AS customers_there,
       array_agg(DISTINCT t.feature_there) AS features_there,
       coalesce(sum(u.amount), 0) AS there,
       min(t.read_at) AS read_at,
       max(t.changed_at) AS changed_at,
       max(t.problem) AS problem
  FROM connection_tracks AS t
  LEFT JOIN LATERAL (SELECT sum(amount) AS amount
                       FROM connection_usage
                      WHERE tenant_id = %(tenant_id)s
                        AND track_id = t.id) AS u ON true
 WHERE t.tenant_id = %(tenant_id)s
   AND t.connection_id = %(connection_id)s
   AND t.ended_at IS NULL
 GROUP BY t.customer_id, t.feature_id
HAVING (%(after)s::text IS NULL OR min(t.id) > %(after)s)
   AND (%(before)s::text IS NULL OR min(t.id) < %(before)s)
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN min(t.id) END,
          min(t.id) DESC
 LIMIT %(limit)s
"""


class Taken(NamedTuple):
    """What was taken in, by its instant; and how often each was revised."""

    amounts: dict[datetime, Decimal]
    revisions: dict[datetime, int]


def open_tracks(tx: Tx, connection_id: ConnectionId) -> dict[Track, datetime | None]:
    """Those that are followed, the longest untried first, and when each was last tried by the
    world's clock; None: never.
    """
    rows = tx.all(OPEN, connection_id=connection_id)
    return {_track(row): row.tried_at for row in rows}


def append(tx: Tx, tracks: Iterable[Track]) -> None:
    """New ones."""
    rows = [
        (
            each.id,
            each.connection_id,
            each.customer_there,
            each.feature_there,
            each.customer_id,
            each.feature_id,
            each.since,
            each.known_since,
            each.revision,
        )
        for each in tracks
    ]
    tx.append_rows("connection_tracks", COLUMNS, rows)


def lock(tx: Tx, track_id: str) -> Track | None:
    """The track as it is now, held until `tx` ends; None when it was ended."""
    row = tx.maybe(LOCK, id=track_id)
    return None if row is None else _track(row)


def taken(tx: Tx, track_id: str, *, after: datetime) -> Taken:
    """What a track took in for instants after that one."""
    rows = tx.all(TAKEN, track_id=track_id, after=after)
    return Taken(
        {row.used_at: row.amount for row in rows}, {row.used_at: row.revision for row in rows}
    )


def save_taken(
    tx: Tx, track_id: str, added: Mapping[datetime, Decimal], revisions: Mapping[datetime, int]
) -> None:
    """Add to what a locked track took in, each as that revision of its instant."""
    tx.run_many(
        ADD_TAKEN,
        (
            {
                "track_id": track_id,
                "used_at": used_at,
                "amount": amount,
                "revision": revisions[used_at],
            }
            for used_at, amount in added.items()
        ),
    )


def save_read(
    tx: Tx,
    track_id: str,
    anchor: Anchor | None,
    *,
    at: datetime,
    tried_at: datetime,
    is_whole: bool,
    is_changed: bool,
) -> None:
    """A locked track was read `at` an instant of its environment, `tried_at` one of the world, and
    this is where to go on.
    """
    tx.run(
        SAVE_READ,
        id=track_id,
        anchor_at=None if anchor is None else anchor.at,
        anchor_value=None if anchor is None else anchor.value,
        at=at,
        tried_at=tried_at,
        is_whole=is_whole,
        is_changed=is_changed,
    )


def save_problem(tx: Tx, track_id: str, problem: str, *, tried_at: datetime) -> None:
    """It could not be read, or not be taken in."""
    tx.run(SAVE_PROBLEM, id=track_id, problem=problem, tried_at=tried_at)


def save_ended(tx: Tx, track_id: str, *, at: datetime) -> None:
    """It is followed no more; what it took in was taken back."""
    tx.run(SAVE_ENDED, id=track_id, at=at)


def standing(
    tx: Tx, connection_id: str, *, after: str | None, before: str | None, limit: int
) -> Sequence[Row]:
    """id, customer_id, feature_id, customers_there, features_there, there, read_at, changed_at,
    problem: by customer and feature here, in the order of their first track; before `before`, the
    nearest first.
    """
    return tx.all(STANDING, connection_id=connection_id, after=after, before=before, limit=limit)


def _track(row: Row) -> Track:
    return Track(
        id=row.id,
        connection_id=ConnectionId(row.connection_id),
        customer_there=row.customer_there,
        feature_there=row.feature_there,
        customer_id=CustomerId(row.customer_id),
        feature_id=FeatureId(row.feature_id),
        since=row.since,
        known_since=row.known_since,
        revision=row.revision,
        anchor=None if row.anchor_at is None else Anchor(row.anchor_at, row.anchor_value),
        read_whole_at=row.read_whole_at,
    )
