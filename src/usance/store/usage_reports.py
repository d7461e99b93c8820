"""Reports of calculated usage: which keys were used of late, and what was kept under them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from usance.domain.catalog import REPORTED_VALUE, reported_as
from usance.domain.entitlements.reports import KEY_LIFETIME, REPORTED_LEVEL
from usance.store.database import Tx

KNOWN = """
SELECT asked.customer_id, asked.feature_id, asked.idempotency_key, reports.measurement_id,
       events.occurred_at, events.received_at, events.resource_id,
       coalesce(events.dimensions ->> %(level)s, events.dimensions ->> %(number)s) AS value
  FROM jsonb_to_recordset(%(asked)s::jsonb)
    AS asked (customer_id text, feature_id text, idempotency_key text, event_name text)
  JOIN usage_reports AS reports
    ON reports.tenant_id = %(tenant_id)s
   AND reports.customer_id = asked.customer_id
   AND reports.feature_id = asked.feature_id
   AND reports.idempotency_key = asked.idempotency_key
   AND reports.reported_at > %(since)s
  JOIN usage_events AS events
    ON events.tenant_id = %(tenant_id)s
   AND events.customer_id = asked.customer_id
   AND events.event_name = asked.event_name
   AND events.idempotency_key = reports.measurement_id
"""
SAVE = """
INSERT INTO usage_reports (tenant_id, customer_id, feature_id, idempotency_key, measurement_id,
                           reported_at)
SELECT %(tenant_id)s, customer_id, feature_id, idempotency_key, measurement_id, %(at)s
  FROM jsonb_to_recordset(%(reports)s::jsonb)
    AS report (customer_id text, feature_id text, idempotency_key text, measurement_id text)
 ORDER BY customer_id, feature_id, idempotency_key
    ON CONFLICT (tenant_id, customer_id, feature_id, idempotency_key) DO UPDATE
   SET measurement_id = excluded.measurement_id,
       reported_at = excluded.reported_at
"""
DELETE_EXPIRED = """
DELETE FROM usage_reports WHERE tenant_id = %(tenant_id)s AND reported_at <= %(since)s
"""


class ReportKey(NamedTuple):
    """What makes a report the one it is, for a week."""

    customer_id: str
    feature_id: str
    idempotency_key: str


class KeptReport(NamedTuple):
    """A report as it was kept: its number as it was told, whatever it changed."""

    measurement_id: str
    value: Decimal
    resource_id: str | None
    occurred_at: datetime
    received_at: datetime


def known(tx: Tx, keys: Collection[ReportKey], *, at: datetime) -> dict[ReportKey, KeptReport]:
    """Those of `keys` that were reported within the week before `at`, an instant of the world."""
    if not keys:
        return {}
    asked = [{**key._asdict(), "event_name": reported_as(key.feature_id)} for key in keys]
    rows = tx.all(
        KNOWN,
        asked=msgspec.json.encode(asked).decode(),
        since=at - KEY_LIFETIME,
        level=REPORTED_LEVEL,
        number=REPORTED_VALUE,
    )
    return {
        ReportKey(row.customer_id, row.feature_id, row.idempotency_key): KeptReport(
            row.measurement_id,
            Decimal(row.value),
            row.resource_id,
            row.occurred_at,
            row.received_at,
        )
        for row in rows
    }


def save(tx: Tx, reports: Iterable[tuple[ReportKey, str]], *, at: datetime) -> None:
    """Keep which measurement each key belongs to from `at` on, an instant of the world."""
    rows = [{**key._asdict(), "measurement_id": kept_as} for key, kept_as in reports]
    if rows:
        tx.run(SAVE, reports=msgspec.json.encode(rows).decode(), at=at)


def delete_expired(tx: Tx, *, at: datetime) -> int:
    """Forget keys older than a week; how many there were. The usage itself stays."""
    return tx.run(DELETE_EXPIRED, since=at - KEY_LIFETIME)
