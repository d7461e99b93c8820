"""What is different between two states of a contract, each difference by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from itertools import groupby, pairwise
from typing import NamedTuple

from usance.domain.calendar import Period
from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.order import OrderLine, Segment
from usance.domain.contracts.terms import ContractTerms
from usance.domain.rating.prices import Pricing


class LineChanged(StrEnum):
    """What became of a line between two states."""

    OPENED = "OPENED"
    CHANGED = "CHANGED"
    ENDED = "ENDED"  # it runs shorter, or not at all


class Difference(NamedTuple):
    """One field before and after; None: there was none. `days`: those it is about; None: all."""

    field: str
    before: object
    after: object
    days: Period | None = None


@dataclass(frozen=True, slots=True)
class LineDifference:
    """How one line differs."""

    line: ContractLine  # as after; as before, where there is none after
    changed: LineChanged
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """How two states of a contract differ: as a whole, and line by line."""

    contract: tuple[Difference, ...]
    lines: tuple[LineDifference, ...]


ON_TERMS = tuple(each.name for each in fields(ContractTerms))
# Of a line; price, quantity and discounts come by days.
ON_LINES = (
    *("name", "window", "cadence", "price_cadence", "timing", "anchor", "plan", "plan_until"),
    *(
        "first_stub",
        "last_stub",
        "ends_with_contract",
        "is_done_later",
        "covers",
        "carried_percent",
    ),
    *("carried_for", "tier_scope", "tier_group", "held_until", "unit", "feature_id", "tax_code"),
    *("is_tax_inclusive", "is_separate"),
)


def changes_between(before: Contract | None, after: Contract) -> Changes:
    """Every difference of `after` from `before`, a state of the same contract; None: from nothing.

    Both states hold all that was agreed by then, days to come included.
    """
    earlier = {} if before is None else _running(before)
    later = _running(after)
    made = [_line_changes(earlier.get(key), line) for key, line in later.items()]
    gone = [_gone(line) for key, line in earlier.items() if key not in later]
    whole = () if before is None else tuple(_contract_changes(before, after))
    return Changes(whole, tuple(each for each in [*made, *gone] if each is not None))


def _running(contract: Contract) -> dict[tuple[str, date | None], ContractLine]:
    return {
        (line.sold.ref, line.opened_on): line for line in contract.lines if not line.sold.is_void
    }


def _contract_changes(before: Contract, after: Contract) -> Iterator[Difference]:
    for name in ("customer_id", "legal_entity_id"):
        yield from _field(name, getattr(before, name), getattr(after, name), _since(after))
    yield from _field("term", before.term, after.term)
    yield from _field("terminated_on", before.terminated_on, after.terminated_on)
    for name in ON_TERMS:
        old, new = getattr(before.terms, name), getattr(after.terms, name)
        yield from _field(name, old, new, _since(after))


def _since(after: Contract) -> Period | None:
    if after.since is None or after.since >= after.term.end:
        return None
    return Period(after.since, after.term.end)


def _field(
    name: str, before: object, after: object, days: Period | None = None
) -> Iterator[Difference]:
    if before != after:
        yield Difference(name, before, after, days)


def _line_changes(before: ContractLine | None, after: ContractLine) -> LineDifference | None:
    if before is None:
        opened = [Difference("window", None, after.sold.window), *_steps((), after.sold.segments)]
        return LineDifference(after, LineChanged.OPENED, tuple(opened))
    old, new = before.sold, after.sold
    if old is new:
        return None
    found = [
        Difference(name, getattr(old, name), getattr(new, name))
        for name in ON_LINES
        if getattr(old, name) != getattr(new, name)
    ]
    shared = old.window.overlap(new.window)
    if shared is not None:
        found += _steps(*_from_first_difference(_inside(old, shared), _inside(new, shared)))
    if not found:
        return None
    is_ended = new.window.end < old.window.end
    changed = LineChanged.ENDED if is_ended else LineChanged.CHANGED
    return LineDifference(after, changed, tuple(found))


def _gone(line: ContractLine) -> LineDifference:
    window = Difference("window", line.sold.window, None)
    return LineDifference(line, LineChanged.ENDED, (window,))


def _inside(sold: OrderLine, days: Period) -> tuple[Segment, ...]:
    if sold.window == days:
        return sold.segments
    return tuple(
        each if days.covers(each.period) else replace(each, period=part)
        for each in sold.segments
        if (part := each.period.overlap(days)) is not None
    )


def _from_first_difference(
    old: tuple[Segment, ...], new: tuple[Segment, ...]
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Both without the steps they begin with alike."""
    alike = 0
    for left, right in zip(old, new, strict=False):
        if left is not right and left != right:
            break
        alike += 1
    return old[alike:], new[alike:]


class _Cell(NamedTuple):
    """What holds on some days, before and after."""

    days: Period
    before: Segment | None
    after: Segment | None


def _steps(old: tuple[Segment, ...], new: tuple[Segment, ...]) -> Iterator[Difference]:
    """Quantity, price and discounts where they differ, neighbouring days that agree as one."""
    cells = list(_cells(old, new))
    for name, value in (("quantity", _quantity), ("price", _price), ("discounts", _discounts)):
        pairs = [(cell.days, value(cell.before), value(cell.after)) for cell in cells]
        for (before, after), run in groupby(pairs, key=lambda pair: (pair[1], pair[2])):
            days = [each[0] for each in run]
            if before != after:
                yield Difference(name, before, after, Period(days[0].start, days[-1].end))


def _cells(old: tuple[Segment, ...], new: tuple[Segment, ...]) -> Iterator[_Cell]:
    edges = sorted({day for each in (*old, *new) for day in (each.period.start, each.period.end)})
    left, right = 0, 0
    for start, end in pairwise(edges):
        while left < len(old) and old[left].period.end <= start:
            left += 1
        while right < len(new) and new[right].period.end <= start:
            right += 1
        yield _Cell(Period(start, end), _at(old, left, start), _at(new, right, start))


def _at(steps: tuple[Segment, ...], index: int, day: date) -> Segment | None:
    return steps[index] if index < len(steps) and day in steps[index].period else None


def _quantity(segment: Segment | None) -> object:
    return None if segment is None else segment.quantity


def _price(segment: Segment | None) -> Pricing | None:
    return None if segment is None else replace(segment.pricing, discounts=())


def _discounts(segment: Segment | None) -> object:
    return () if segment is None else segment.pricing.discounts
