"""Connections to systems that count usage: their terms, their keys, what they created here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from usance.domain.connections.connection import Connection
from usance.domain.ids import ConnectionId
from usance.store.codec import value_from
from usance.store.database import Jsonb, Row, Tx

LOCK = """
SELECT id, removed_at IS NULL AS stands
  FROM connections
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   FOR UPDATE
"""
SAVE = """
INSERT INTO connections (tenant_id, id, url, api_key, kind, since, customers, features,
                         creates_customers, creates_features, is_enabled, problems, created_at)
VALUES (%(tenant_id)s, %(id)s, %(url)s, %(key)s, %(kind)s, %(since)s, %(customers)s, %(features)s,
        %(creates_customers)s, %(creates_features)s, %(is_enabled)s, '[]', %(at)s)
    ON CONFLICT (tenant_id, id) DO UPDATE
   SET url = excluded.url,
       api_key = excluded.api_key,
       kind = excluded.kind,
       since = excluded.since,
       customers = excluded.customers,
       features = excluded.features,
       creates_customers = excluded.creates_customers,
       creates_features = excluded.creates_features,
       is_enabled = excluded.is_enabled,
       removed_at = NULL
"""
SAVE_REMOVED = """
UPDATE connections
   SET removed_at = %(at)s, api_key = ''
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
ONE = """
SELECT id, url, kind, since, customers, features, creates_customers, creates_features, is_enabled,
       problems, created_at, tried_at, synced_at, failure
  FROM connections
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND removed_at IS NULL
"""
EVERY = """
SELECT id, url, kind, since, customers, features, creates_customers, creates_features, is_enabled,
       problems, created_at, tried_at, synced_at, failure
  FROM connections
 WHERE tenant_id = %(tenant_id)s
   AND removed_at IS NULL
 ORDER BY id
"""
KEY_OF = """
SELECT api_key
  FROM connections
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND removed_at IS NULL
"""
SAVE_OUTCOME = """
UPDATE connections
   SET tried_at = %(at)s,
       synced_at = CASE WHEN %(is_complete)s THEN %(at)s ELSE synced_at END,
       failure = %(failure)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
FARES_WELL = """
SELECT
  FROM connections
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND failure IS NULL
   AND removed_at IS NULL
"""
SAVE_PROBLEMS = """
UPDATE connections
   SET problems = %(problems)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
COPIES = """
SELECT kind, there, said
  FROM connection_copies
 WHERE tenant_id = %(tenant_id)s
   AND connection_id = %(connection_id)s
"""
SAVE_COPY = """
INSERT INTO connection_copies (tenant_id, connection_id, kind, there, said)
VALUES (%(tenant_id)s, %(connection_id)s, %(kind)s, %(there)s, %(said)s)
    ON CONFLICT (tenant_id, connection_id, kind, there) DO UPDATE
   SET said = excluded.said
"""
CUSTOMER, FEATURE = "CUSTOMER", "FEATURE"


class Stranger(NamedTuple):
    """What of the other side has no place here, and why."""

    code: str
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptConnection:
    """A connection and how it fares. `failure` None: the last sync went well, or there was none."""

    connection: Connection
    created_at: datetime
    tried_at: datetime | None
    synced_at: datetime | None
    failure: str | None
    strangers: tuple[Stranger, ...]


def lock(tx: Tx, connection_id: ConnectionId) -> bool | None:
    """True when it stands, False when it was removed, None when it never was; held as it is."""
    row = tx.maybe(LOCK, id=connection_id)
    return None if row is None else bool(row.stands)


def save(tx: Tx, connection: Connection, *, key: str | None, at: datetime) -> None:
    """Keep it, new or changed. `key` None: the key there is stays."""
    tx.run(
        SAVE,
        id=connection.id,
        url=connection.url,
        key=key if key is not None else key_of(tx, connection.id),
        kind=connection.kind,
        since=connection.since,
        customers=Jsonb(dict(connection.customers)),
        features=Jsonb(dict(connection.features)),
        creates_customers=connection.creates_customers,
        creates_features=connection.creates_features,
        is_enabled=connection.is_enabled,
        at=at,
    )


def save_removed(tx: Tx, connection_id: ConnectionId, *, at: datetime) -> None:
    """Out of the lists, without its key; what it took in stays known."""
    tx.run(SAVE_REMOVED, id=connection_id, at=at)


def one(tx: Tx, connection_id: str) -> KeptConnection:
    """The connection of that id. Raises NotFound."""
    return _kept(tx.one(ONE, kind="connection", ref=connection_id, id=connection_id))


def fares_well(tx: Tx, connection_id: str) -> bool:
    """True when there is one of that id, and no sync failed since the last that did not."""
    return tx.maybe(FARES_WELL, id=connection_id) is not None


def every(tx: Tx) -> list[KeptConnection]:
    """All of them, by id."""
    return [_kept(row) for row in tx.all(EVERY)]


def key_of(tx: Tx, connection_id: str) -> str:
    """The key to the other side, for asking it and nothing else. Raises NotFound."""
    row = tx.one(KEY_OF, kind="connection", ref=connection_id, id=connection_id)
    return str(row.api_key)


def save_outcome(
    tx: Tx, connection_id: ConnectionId, *, failure: str | None, is_complete: bool, at: datetime
) -> None:
    """How a sync ended."""
    tx.run(SAVE_OUTCOME, id=connection_id, failure=failure, is_complete=is_complete, at=at)


def save_strangers(tx: Tx, connection_id: ConnectionId, strangers: Iterable[Stranger]) -> None:
    """What of the other side has no place here, as the last sync found it."""
    problems = [each._asdict() for each in strangers]
    tx.run(SAVE_PROBLEMS, id=connection_id, problems=Jsonb(problems))


def copies(tx: Tx, connection_id: ConnectionId) -> dict[tuple[str, str], Mapping[str, object]]:
    """What it created here, by kind and id there: what the other side last said of it."""
    rows = tx.all(COPIES, connection_id=connection_id)
    return {(row.kind, row.there): row.said for row in rows}


def save_copies(
    tx: Tx, connection_id: ConnectionId, kind: str, said: Mapping[str, Mapping[str, object]]
) -> None:
    """What it created or changed here, by id there."""
    tx.run_many(
        SAVE_COPY,
        (
            {"connection_id": connection_id, "kind": kind, "there": there, "said": Jsonb(words)}
            for there, words in said.items()
        ),
    )


def _kept(row: Row) -> KeptConnection:
    plain = {name: getattr(row, name) for name in Connection.__dataclass_fields__}
    return KeptConnection(
        connection=value_from(plain, Connection),
        created_at=row.created_at,
        tried_at=row.tried_at,
        synced_at=row.synced_at,
        failure=row.failure,
        strangers=tuple(Stranger(each["code"], each["there"]) for each in row.problems),
    )
