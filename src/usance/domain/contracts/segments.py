"""Segments: cutting, stretching and changing the steps of a line, day by day."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b

from usance.domain.calendar import Period
from usance.domain.contracts.order import OrderLine, Segment
from usance.domain.rating.prices import Pricing

Segments = tuple[Segment, ...]


def clipped(segments: Sequence[Segment], window: Period) -> Segments:
    """The days of `segments` that lie in `window`."""
    return tuple(
        segment if window.covers(segment.period) else replace(segment, period=part)
        for segment in segments
        if (part := segment.period.overlap(window)) is not None
    )


def stretched(segments: Segments, end: date) -> Segments:
    """The last step goes on up to `end`."""
    last = segments[-1]
    return (*segments[:-1], replace(last, period=Period(last.period.start, end)))


def changed(
    segments: Segments,
    days: Period,
    change: Callable[[Segment], Segment],
    *,
    steps: Collection[date],
) -> Segments:
    """`change` made to the steps within `days`, which are cut at its ends.

    Neighbours that come out alike become one again, so that a change that changes nothing leaves
    no trace; but not across `steps`, the days on which a step begins by agreement.
    """
    first, last = _touched(segments, days)
    parts = list(segments[max(0, first - 1) : first])  # the one before may be joined with
    for segment in segments[first:last]:
        inside = segment.period.overlap(days)
        assert inside is not None, "it is within those days"
        if segment.period.start < inside.start:
            before = Period(segment.period.start, inside.start)
            parts.append(replace(segment, period=before))
        parts.append(change(replace(segment, period=inside)))
        if inside.end < segment.period.end:
            parts.append(replace(segment, period=Period(inside.end, segment.period.end)))
    parts += segments[last : last + 1]
    return (*segments[: max(0, first - 1)], *_joined(parts, steps), *segments[last + 1 :])


def within(segments: Segments, days: Period) -> Segments:
    """The steps that have a day of `days`, uncut."""
    first, last = _touched(segments, days)
    return segments[first:last]


def _touched(segments: Segments, days: Period) -> tuple[int, int]:
    """From which step to before which: a line of many costs a change no more than those it is to.

    Steps are in time and do not overlap.
    """
    first = bisect_right(segments, days.start, key=_end)
    return first, bisect_left(segments, days.end, lo=first, key=_start)


def _start(segment: Segment) -> date:
    return segment.period.start


def _end(segment: Segment) -> date:
    return segment.period.end


def _joined(parts: Sequence[Segment], steps: Collection[date]) -> list[Segment]:
    joined = list(parts[:1])
    for part in parts[1:]:
        before = joined[-1]
        is_same = (part.pricing, part.quantity) == (before.pricing, before.quantity)
        if is_same and part.period.start not in steps:
            both = Period(before.period.start, part.period.end)
            joined[-1] = replace(before, period=both)
        else:
            joined.append(part)
    return joined


def keyed(line: OrderLine) -> OrderLine:
    """The line with the key of each of its segments, which names the terms it is billed at."""
    every = str((line.tax_code, line.is_tax_inclusive, line.price_cadence, line.covers))
    return replace(
        line,
        segments=tuple(
            replace(each, key=_key(each.pricing, each.quantity, every)) for each in line.segments
        ),
    )


@lru_cache(maxsize=4096)
def _key(pricing: Pricing, quantity: Decimal, every: str) -> str:
    content = repr((_canonical(pricing), _canonical(quantity), every))
    return blake2b(content.encode(), digest_size=8).hexdigest()


def _canonical(value: object) -> object:
    """The same for 30 and 30.00, which price alike."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if is_dataclass(value):
        held = [(field.name, _canonical(getattr(value, field.name))) for field in fields(value)]
        return type(value).__name__, held
    if isinstance(value, tuple):
        return [_canonical(each) for each in value]
    return value
