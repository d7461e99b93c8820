"""The history of usage: series of points, by dimensions if wanted, and when it was reset."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query

from usance.api.caller import Asked
from usance.api.catalog.wire import Figure
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import ID_PATTERN, at
from usance.api.route import resource
from usance.domain.calendar import in_utc
from usance.domain.entitlements.usage_history import MarkerType, Point
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CustomerId
from usance.store import usage_history
from usance.store.usage_history import MAX_TAGS, History, HistoryAsked

router = resource("usage", tag="Usage")
TAG = re.compile(r"[a-zA-Z0-9_$-]{1,100}")

Id = Annotated[str, Path(pattern=ID_PATTERN, max_length=255)]


class PointWire(Wire):
    """What was used in its usage period up to that instant; zero at a reset."""

    timestamp: Instant
    value: Figure
    is_reset_point: bool


class TagWire(Wire):
    """A dimension's value; empty for events without the dimension."""

    key: str
    value: str


class SeriesWire(Wire):
    """The points of one combination of values."""

    tags: list[TagWire]
    points: list[PointWire]


class MarkerWire(Wire):
    """When usage counted from zero again."""

    timestamp: Instant
    type: MarkerType


class UsageHistoryWire(Wire):
    """How usage went."""

    series: list[SeriesWire]
    markers: list[MarkerWire]


@router.get(
    "/{customerId}/history/{featureId}",
    operation_id="getUsageHistory",
    summary="Read how usage went",
)
def get_usage_history(
    caller: Asked,
    customer_id: Annotated[Id, Path(alias="customerId")],
    feature_id: Annotated[Id, Path(alias="featureId")],
    start_date: Annotated[datetime, Query(alias="startDate", description="Without a zone, UTC.")],
    end_date: Annotated[
        datetime | None, Query(alias="endDate", description="By default now.")
    ] = None,
    *,
    resource_id: Annotated[str | None, Query(alias="resourceId", max_length=255)] = None,
    group_by: Annotated[
        str | None,
        Query(alias="groupBy", description="Up to three dimensions, joined by commas."),
    ] = None,
) -> Single[UsageHistoryWire]:
    """A point at the end of each hour of up to 3 days, each day of up to a year, or each week."""
    tags = _tags(group_by)
    asked = HistoryAsked(
        customer_id=CustomerId(customer_id),
        feature_id=feature_id,
        start_at=at("startDate", lambda: in_utc(start_date)),
        end_at=None if end_date is None else at("endDate", lambda: in_utc(end_date)),
        resource_id=resource_id,
        group_by=tags,
    )
    with caller.transaction() as tx:
        found = usage_history.history(tx, asked, now=caller.runtime.clock())
    return Single(data=_wire(found, tags))


def _tags(text: str | None) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(each.strip() for each in (text or "").split(",") if each.strip()))
    if len(tags) > MAX_TAGS or not all(map(TAG.fullmatch, tags)):
        expected = f"at most {MAX_TAGS} dimensions of letters, digits, _, $ and -, joined by commas"
        raise Invalid(Problem("InvalidGroupBy", "groupBy", (text or "")[:80], expected))
    return tags


def _wire(found: History, tags: tuple[str, ...]) -> UsageHistoryWire:
    return UsageHistoryWire(
        series=[
            SeriesWire(
                tags=[
                    TagWire(key=key, value=value or "")
                    for key, value in zip(tags, values, strict=False)
                ],
                points=[_point(each) for each in points],
            )
            for values, points in found.series.items()
        ],
        markers=[MarkerWire(timestamp=each.at, type=each.type) for each in found.markers],
    )


def _point(point: Point) -> PointWire:
    return PointWire(timestamp=point.at, value=point.value, is_reset_point=point.is_reset)
