"""Valuing a contract again and again while its orders unfold, paying only for what changed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from usance.domain.contracts.contract import ContractLine
from usance.domain.contracts.order import OrderLine
from usance.domain.contracts.schedule import cut, periods
from usance.domain.contracts.segments import Segments
from usance.domain.contracts.terms import ContractTerms
from usance.domain.contracts.value import line_value, slice_value
from usance.domain.money import Currency, Money


@dataclass(frozen=True, slots=True)
class _Valued:
    """A line as it was valued last: its billing periods by their ends, and the sum up to each."""

    sold: OrderLine
    frame: tuple[object, ...]
    ends: list[date]
    sums: list[int]


@dataclass(slots=True)
class Revaluing:
    """Gives what `line_value` gives; of a line it has seen, only from the first changed day on."""

    seen: dict[tuple[str, date | None], _Valued] = field(default_factory=dict)

    def __call__(self, line: ContractLine, of: Currency, terms: ContractTerms) -> Money:
        """What the line will be invoiced for over its window."""
        if line.sold.cadence is None or line.sold.is_void:
            return line_value(line, of, terms)
        key = line.sold.ref, line.opened_on
        frame = _frame(line.sold, terms)
        before = self.seen.get(key)
        if before is None or before.frame != frame:
            before = _Valued(line.sold, frame, [], [])
        elif before.sold is line.sold:
            return Money(before.sums[-1] if before.sums else 0, of)
        valued = _valued(line, before, of, terms)
        self.seen[key] = valued
        return Money(valued.sums[-1] if valued.sums else 0, of)


def first_difference(one: Segments, other: Segments) -> date | None:
    """The first day on which two courses of a line are not the same; None: there is none.

    Both begin on the same day.
    """
    for left, right in zip(one, other, strict=False):
        if left is right or left == right:
            continue
        if (left.pricing, left.quantity) == (right.pricing, right.quantity):
            return min(left.period.end, right.period.end)
        return left.period.start
    ends = sorted((one[-1].period.end, other[-1].period.end))
    return None if ends[0] == ends[1] else ends[0]


def _frame(sold: OrderLine, terms: ContractTerms) -> tuple[object, ...]:
    """All but price, quantity and end that a line's value rests on."""
    return (
        *(sold.kind, sold.window.start, sold.cadence, sold.price_cadence, sold.anchor),
        *(sold.first_stub, sold.last_stub, terms.proration),
    )


def _valued(line: ContractLine, before: _Valued, of: Currency, terms: ContractTerms) -> _Valued:
    first = first_difference(before.sold.segments, line.sold.segments) if before.ends else None
    kept = 0 if first is None else bisect_left(before.ends, first)
    ends, sums = before.ends[:kept], before.sums[:kept]
    reached = sums[-1] if sums else 0
    since = ends[-1] if ends else line.sold.window.start
    for end, minor in _from(line, since, of, terms):
        reached += minor
        ends.append(end)
        sums.append(reached)
    return _Valued(line.sold, before.frame, ends, sums)


def _from(
    line: ContractLine, since: date, of: Currency, terms: ContractTerms
) -> Iterator[tuple[date, int]]:
    """The billing periods from the one that begins that day on, and what each comes to."""
    left = tuple(each for each in line.sold.segments if each.period.end > since)
    rest = replace(line, sold=replace(line.sold, segments=left))
    for billing in periods(rest, since):
        values = (
            slice_value(piece, line.sold.kind, of)
            for piece in cut(rest, billing, billing.part.start, terms)
        )
        yield billing.part.end, sum(value.minor for value in values)
