"""One statement for a check: is what we know still so, may this key still ask, what was used?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

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
       ARRAY(SELECT CASE WHEN NOT c.is_stale THEN c.quantity END
               FROM unnest(%(counted_customers)s::text[], %(feature_ids)s::text[],
                           %(scopes)s::text[], %(starts)s::timestamptz[],
                           %(ends)s::timestamptz[], %(event_names)s::text[],
                           %(aggregations)s::text[], %(fields)s::text[], %(filters)s::text[])
               WITH ORDINALITY AS asked (customer_id, feature_id, scope, window_start, window_end,
                                         event_name, aggregation, field, filters, place)
               LEFT JOIN usage_counters c
                 ON c.tenant_id = %(tenant_id)s
                AND c.customer_id = asked.customer_id
                AND c.feature_id = asked.feature_id
                AND c.scope = asked.scope
                AND c.window_start = asked.window_start
                AND c.window_end IS NOT DISTINCT FROM asked.window_end
                AND c.event_name = asked.event_name
                AND c.aggregation = asked.aggregation
                AND c.field IS NOT DISTINCT FROM asked.field
                AND c.filters IS NOT DISTINCT FROM asked.filters::jsonb
              ORDER BY place) AS used
"""


class Wanted(NamedTuple):
    """What one check wants to know: by which key it was asked, of whom, and of which usage."""

    key_id: str
    customer_id: str
    counted: Sequence[tuple[Counted, Meter]]


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
    counted = [pair for each in wanted for pair in each.counted]
    row = await reads.one(
        tenant_id,
        READ,
        at=at,
        customer_ids=[each.customer_id for each in wanted],
        key_ids=list({each.key_id for each in wanted}),
        counted_customers=[each.customer_id for each, _ in counted],
        feature_ids=[each.feature_id for each, _ in counted],
        scopes=[each.scope for each, _ in counted],
        starts=[FIRST if each.window is None else each.window.start for each, _ in counted],
        ends=[None if each.window is None else each.window.end for each, _ in counted],
        event_names=[meter.event_name for _, meter in counted],
        aggregations=[meter.aggregation.value for _, meter in counted],
        fields=[meter.field for _, meter in counted],
        filters=[_filters(meter) for _, meter in counted],
    )
    told, used = [], iter(row.used)
    for each, version in zip(wanted, row.of_customers, strict=True):
        own = [next(used) for _ in each.counted]
        stamp = Stamp(row.of_all, version)
        told.append(Standing(each.key_id in row.open_keys, stamp, own))
    return told


def _filters(meter: Meter) -> str | None:
    return bytes(asked_filters(meter.filters)).decode() if meter.filters else None
