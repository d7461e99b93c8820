"""One statement for a check: is what we know still so, may this key still ask, what was used?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from usance.domain.catalog import Meter
from usance.domain.entitlements.holdings import Counted
from usance.domain.metering.events import FIRST
from usance.store.access import Stamp
from usance.store.async_reads import AsyncReads
from usance.store.usage import asked_filters

READ = """
SELECT coalesce((SELECT v.version
                   FROM access_versions v
                  WHERE v.tenant_id = %(tenant_id)s
                    AND v.customer_id = ''), 0) AS of_all,
       ARRAY(SELECT coalesce(v.version, 0)
               FROM unnest(%(customer_ids)s::text[]) WITH ORDINALITY AS asked (id, place)
               LEFT JOIN access_versions v
                 ON v.tenant_id = %(tenant_id)s
                AND v.customer_id = asked.id
              ORDER BY place) AS of_customers,
       ARRAY(SELECT k.id
               FROM api_keys k
              WHERE k.tenant_id = %(tenant_id)s
                AND k.id = ANY (%(key_ids)s::text[])
                AND k.revoked_at IS NULL
                AND (k.expires_at IS NULL OR k.expires_at > %(at)s)) AS open_keys,
       ARRAY(SELECT (SELECT c.quantity
                       FROM usage_counters c
                      WHERE c.tenant_id = %(tenant_id)s
                        AND c.customer_id = asked.customer_id
                        AND c.feature_id = asked.feature_id
                        AND c.scope = asked.scope
                        AND c.window_start = asked.window_start
                        AND c.window_end IS NOT DISTINCT FROM asked.window_end
                        AND c.event_name = asked.event_name
                        AND c.aggregation = asked.aggregation
                        AND c.field IS NOT DISTINCT FROM asked.field
                        AND c.filters IS NOT DISTINCT FROM asked.filters
                        AND NOT c.is_stale)
               FROM ROWS FROM (
                    jsonb_to_recordset(%(counted)s::jsonb)
                    AS (customer_id text, feature_id text, scope text, window_start timestamptz,
                        window_end timestamptz, event_name text, aggregation text, field text,
                        filters jsonb))
               WITH ORDINALITY
                 AS asked (customer_id, feature_id, scope, window_start, window_end, event_name,
                           aggregation, field, filters, place)
              ORDER BY place) AS used
"""


TO_JSON = msgspec.json.Encoder()


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Usage that is asked for, as the statement takes it."""

    customer_id: str
    feature_id: str
    scope: str
    window_start: datetime
    event_name: str
    aggregation: str
    window_end: datetime | None = None
    field: str | None = None
    filters: msgspec.Raw | None = None


class Wanted(NamedTuple):
    """What one check wants to know: by which key it was asked, of whom, and of which usage."""

    key_id: str
    customer_id: str
    counted: Sequence[Asked]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a check is told. `used` None where nothing is counted yet, or must be counted anew."""

    is_key_open: bool
    stamp: Stamp
    used: Sequence[Decimal | None]


async def read(
    reads: AsyncReads, tenant_id: str, wanted: Sequence[Wanted], *, at: datetime
) -> list[Standing]:
    """For each, in order, by one statement: all as it is at that moment. `at`: the world's now.

    Raises psycopg.OperationalError.
    """
    counted = [one for each in wanted for one in each.counted]
    row = await reads.one(
        tenant_id,
        READ,
        at=at,
        customer_ids=[each.customer_id for each in wanted],
        key_ids=list({each.key_id for each in wanted}),
        counted=TO_JSON.encode(counted).decode(),
    )
    told, used = [], iter(row.used)
    for each, version in zip(wanted, row.of_customers, strict=True):
        own = [next(used) for _ in each.counted]
        stamp = Stamp(row.of_all, version)
        told.append(Standing(each.key_id in row.open_keys, stamp, own))
    return told


def asked_for(counted: Counted, meter: Meter) -> Asked:
    """That usage, by the meter that counts it now."""
    window = counted.window
    return Asked(
        customer_id=counted.customer_id,
        feature_id=counted.feature_id,
        scope=counted.scope,
        window_start=FIRST if window is None else window.start,
        window_end=None if window is None else window.end,
        event_name=meter.event_name,
        aggregation=meter.aggregation,
        field=meter.field,
        filters=asked_filters(meter.filters) if meter.filters else None,
    )
