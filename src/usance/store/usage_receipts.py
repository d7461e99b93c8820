"""Receipts: kept events, a page at a time, and what became of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from usance.domain.catalog import REPORTED, Meter
from usance.domain.errors import NotFound
from usance.domain.ids import ContractId, CustomerId, FeatureId, InvoiceId, LineId
from usance.domain.metering.events import FIRST, LAST, EventKey, ReceivedEvent, UsageEvent
from usance.domain.metering.totals import matches, reading
from usance.domain.metering.tracing import BillingLine, Document, KeptEvent, Traced, traced
from usance.store import features
from usance.store.database import Row, Tx
from usance.store.usage import TO_JSON, asked_filters

# Ordered by a hash within an instant: keys are any text, and a cursor is short.
KEPT = """
SELECT events.customer_id, events.event_name, events.idempotency_key, events.occurred_at,
       events.received_at, events.resource_id, events.dimensions::text, events.reverses,
       events.reversed_by, reversals.received_at AS reversed_at,
       originals.occurred_at AS original_at, originals.received_at AS original_received_at,
       originals.dimensions::text AS original_dimensions, md5(events.idempotency_key) AS place
  FROM usage_events AS events
  LEFT JOIN usage_events AS originals
    ON originals.tenant_id = %(tenant_id)s
   AND originals.customer_id = events.customer_id
   AND originals.event_name = events.event_name
   AND originals.idempotency_key = events.reverses
  LEFT JOIN usage_events AS reversals
    ON reversals.tenant_id = %(tenant_id)s
   AND reversals.customer_id = events.customer_id
   AND reversals.event_name = events.event_name
   AND reversals.idempotency_key = events.reversed_by
 WHERE events.tenant_id = %(tenant_id)s
   AND events.customer_id = %(customer_id)s
   AND events.event_name = %(event_name)s
"""
ONE = """
   AND events.idempotency_key = %(idempotency_key)s
"""
WITHIN = """
   AND events.occurred_at >= %(start_at)s
   AND events.occurred_at < %(end_at)s
   AND (%(filters)s::jsonb IS NULL
        OR usage_passes(%(filters)s::jsonb, coalesce(originals.dimensions, events.dimensions)))
"""
OLDEST_FIRST = """
   AND (%(place_at)s::timestamptz IS NULL
        OR (events.occurred_at, md5(events.idempotency_key)) > (%(place_at)s, %(place)s))
 ORDER BY events.occurred_at, md5(events.idempotency_key)
 LIMIT %(limit)s
"""
NEWEST_FIRST = """
   AND (events.occurred_at, md5(events.idempotency_key)) < (%(place_at)s, %(place)s)
 ORDER BY events.occurred_at DESC, md5(events.idempotency_key) DESC
 LIMIT %(limit)s
"""
METERS = """
SELECT id, meter
  FROM features
 WHERE tenant_id = %(tenant_id)s
   AND meter ->> 'event_name' = %(event_name)s
 ORDER BY id
"""
# The lines that bill what counts an event on its day, and each document that has that day.
LINES = """
SELECT asked.position, lines.feature_id, lines.contract_id, lines.id AS line_id,
       documents.invoice_id, documents.number, documents.approved_at, documents.counted_through
  FROM jsonb_to_recordset(%(asked)s::jsonb)
    AS asked (position int, customer_id text, resource_id text, feature_ids text[],
              occurred_at timestamptz)
 CROSS JOIN LATERAL (
        SELECT id
          FROM contracts
         WHERE tenant_id = %(tenant_id)s
           AND customer_id = asked.customer_id
         UNION
        SELECT agreement_id
          FROM subscriptions
         WHERE tenant_id = %(tenant_id)s
           AND customer_id = asked.customer_id
           AND agreement_id IS NOT NULL) AS candidate
  JOIN contracts
    ON contracts.tenant_id = %(tenant_id)s
   AND contracts.id = candidate.id
  JOIN legal_entities AS entities
    ON entities.tenant_id = %(tenant_id)s
   AND entities.id = contracts.legal_entity_id
 CROSS JOIN LATERAL (SELECT (asked.occurred_at AT TIME ZONE entities.zone)::date AS day) AS local
  JOIN contract_lines AS lines
    ON lines.tenant_id = %(tenant_id)s
   AND lines.contract_id = contracts.id
   AND lines.kind = 'USAGE'
   AND lines.feature_id = ANY (asked.feature_ids)
   AND lines.service_window @> local.day
   AND coalesce(lines.terms -> 'used_by' ->> 0, contracts.customer_id) = asked.customer_id
   AND coalesce(lines.terms -> 'used_by' ->> 1 = asked.resource_id,
                lines.terms -> 'used_by' ->> 1 IS NULL)
  LEFT JOIN LATERAL (
        SELECT invoices.id AS invoice_id, invoices.number, invoices.approved_at,
               (billed.usage ->> 'last_received_at')::timestamptz AS counted_through
          FROM invoice_lines AS billed
          JOIN invoices
            ON invoices.tenant_id = %(tenant_id)s
           AND invoices.id = billed.invoice_id
           AND invoices.status <> 'VOID'
         WHERE billed.tenant_id = %(tenant_id)s
           AND billed.contract_id = lines.contract_id
           AND billed.contract_line_id = lines.id
           AND billed.service_period @> local.day
           AND billed.usage IS NOT NULL) AS documents ON true
 WHERE contracts.status IN ('ACTIVE', 'END_BILLING')
    OR documents.invoice_id IS NOT NULL
 ORDER BY asked.position, lines.contract_id, lines.position, documents.approved_at NULLS LAST
"""


class Place(NamedTuple):
    """Where a page begins or ends: an event's instant, and its hash within it."""

    at: datetime
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAsked:
    """Which events: one customer's, of one name, from `start_at` up to, not including, `end_at`.

    `meter`: only what passes its filters.
    """

    customer_id: str
    event_name: str
    start_at: datetime = FIRST
    end_at: datetime = LAST
    meter: Meter | None = None


def page(
    tx: Tx,
    asked: EventsAsked,
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = 20,
) -> list[tuple[Place, Traced]]:
    """At most `limit` events by when they occurred, those after `after`; each with its place.

    Before `before`, the latest first.
    """
    place = after or before
    filters = None
    if asked.meter is not None and asked.meter.filters:
        filters = TO_JSON.encode(asked_filters(asked.meter.filters)).decode()
    rows = tx.all(
        KEPT + WITHIN + (OLDEST_FIRST if before is None else NEWEST_FIRST),
        customer_id=asked.customer_id,
        event_name=asked.event_name,
        start_at=asked.start_at,
        end_at=asked.end_at,
        filters=filters,
        place_at=None if place is None else place.at,
        place=None if place is None else place.hash,
        limit=limit,
    )
    places = [Place(row.occurred_at, row.place) for row in rows]
    return list(zip(places, _traced(tx, asked.event_name, rows), strict=True))


def one(tx: Tx, key: EventKey) -> Traced:
    """The event of that key, and what became of it. Raises NotFound."""
    rows = tx.all(KEPT + ONE, **key._asdict())
    if not rows:
        raise NotFound("usage event", key.idempotency_key)
    return _traced(tx, key.event_name, rows)[0]


def _traced(tx: Tx, event_name: str, rows: Sequence[Row]) -> list[Traced]:
    """What became of events of one name."""
    meters = _meters(tx, event_name)
    every = [_kept(row) for row in rows]
    counting = [
        [feature_id for feature_id, meter in meters if _counts(meter, kept)] for kept in every
    ]
    asked = [
        {
            "position": position,
            "customer_id": kept.counts_as.event.customer_id,
            "resource_id": kept.counts_as.event.resource_id,
            "feature_ids": feature_ids,
            "occurred_at": kept.counts_as.occurred_at,
        }
        for position, (kept, feature_ids) in enumerate(zip(every, counting, strict=True))
        if feature_ids
    ]
    lines: list[list[BillingLine]] = [[] for _ in every]
    if asked:
        for row in tx.all(LINES, asked=TO_JSON.encode(asked).decode()):
            lines[row.position].append(_line(row))
    return [traced(*each) for each in zip(every, counting, lines, strict=True)]


def _meters(tx: Tx, event_name: str) -> list[tuple[FeatureId, Meter]]:
    """What counts events of that name: meters, or the one feature whose reported usage they are."""
    rows = tx.all(METERS, event_name=event_name)
    found = [(FeatureId(row.id), msgspec.convert(row.meter, Meter)) for row in rows]
    if event_name.startswith(REPORTED):
        reported = features.some(tx, [event_name.removeprefix(REPORTED)])
        counting = ((each.id, each.counted_by) for each in reported.values())
        found += [(each, meter) for each, meter in counting if meter is not None]
    return found


def _counts(meter: Meter, kept: KeptEvent) -> bool:
    event = kept.counts_as.event
    return matches(meter, event) and reading(meter, event) is not None


def _kept(row: Row) -> KeptEvent:
    event = UsageEvent(
        customer_id=CustomerId(row.customer_id),
        event_name=row.event_name,
        idempotency_key=row.idempotency_key,
        occurred_at=row.occurred_at,
        resource_id=row.resource_id,
        dimensions=_dimensions(row.dimensions),
        reverses=row.reverses,
    )
    received = counts_as = ReceivedEvent(event, row.received_at)
    if row.reverses is not None:
        original = UsageEvent(
            customer_id=event.customer_id,
            event_name=event.event_name,
            idempotency_key=row.reverses,
            occurred_at=row.original_at,
            dimensions=_dimensions(row.original_dimensions),
        )
        counts_as = ReceivedEvent(original, row.original_received_at)
    return KeptEvent(
        received=received,
        counts_as=counts_as,
        reversed_by=row.reversed_by,
        reversed_at=row.reversed_at,
    )


def _dimensions(text: str) -> dict[str, str | Decimal | bool]:
    """Exactly: a number stays the decimal it is."""
    found: dict[str, str | Decimal | bool] = json.loads(
        text, parse_float=Decimal, parse_int=Decimal
    )
    return found


def _line(row: Row) -> BillingLine:
    document = None
    if row.invoice_id is not None:
        document = Document(
            invoice_id=InvoiceId(row.invoice_id),
            number=row.number,
            approved_at=row.approved_at,
            counted_through=row.counted_through,
        )
    return BillingLine(
        feature_id=FeatureId(row.feature_id),
        contract_id=ContractId(row.contract_id),
        line_id=LineId(row.line_id),
        document=document,
    )
