"""Filters that many lists share: when a thing was created, lists of words joined by commas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query

INSTANT = timedelta(microseconds=1)  # the shortest time the database tells apart


@dataclass(frozen=True, slots=True)
class CreatedBetween:
    """From one instant until before another; None: from ever, for ever."""

    first: datetime | None
    until: datetime | None


async def created_between(
    gt: Annotated[datetime | None, Query(alias="createdAt[gt]")] = None,
    gte: Annotated[datetime | None, Query(alias="createdAt[gte]")] = None,
    lt: Annotated[datetime | None, Query(alias="createdAt[lt]")] = None,
    lte: Annotated[datetime | None, Query(alias="createdAt[lte]")] = None,
) -> CreatedBetween:
    """When a thing was created, by one or more bounds. An instant without a zone is UTC."""
    first = [_utc(gte), _next(_utc(gt))]
    until = [_utc(lt), _next(_utc(lte))]
    return CreatedBetween(
        max((each for each in first if each is not None), default=None),
        min((each for each in until if each is not None), default=None),
    )


Created = Annotated[CreatedBetween, Depends(created_between)]


def _next(instant: datetime | None) -> datetime | None:
    return None if instant is None or instant.year >= LAST else instant + INSTANT


def _utc(instant: datetime | None) -> datetime | None:
    if instant is None:
        return None
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    return aware if FIRST < aware.year < LAST else aware.replace(tzinfo=UTC)


FIRST, LAST = 1, 9999  # years at whose ends a zone would lead out of the calendar
