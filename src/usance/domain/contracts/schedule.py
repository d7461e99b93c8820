"""The schedule: which slices a contract line has, and which of them fall due by a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from operator import itemgetter

from usance.domain.calendar import BillingPeriod, Period, billing_periods
from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.order import Segment, Timing
from usance.domain.due_items import DueItem, Grouping, LineKind
from usance.domain.ids import LineId
from usance.domain.money import ONE

Billed = Collection[tuple[LineId, date]]  # (line, first day of its slice) that stand on a document


@dataclass(frozen=True, slots=True)
class Slice:
    """One segment within one billing period: the unit that is billed.

    `share`: how many whole price periods it holds. `due_on`: the first day it may be billed.
    """

    segment: Segment
    period: Period
    share: Fraction
    due_on: date


@dataclass(frozen=True, slots=True)
class Due:
    """What is due and not billed, in order; and the day the next item falls due, None: never."""

    items: tuple[DueItem, ...]
    next_on: date | None


def slices(line: ContractLine, *, hold_days: int = 0) -> Iterator[Slice]:
    """All slices of a line, in time. They cover each day of its window exactly once.

    In advance, a slice falls due when its billing period begins (or the window does); in arrears,
    when the period ends, for usage `hold_days` later.
    """
    for billing in _periods(line, None):
        yield from _cut(line, billing, _due_on(line, billing.part, hold_days))


def due(
    contract: Contract, *, through: date, billed: Billed = (), since: date | None = None
) -> Due:
    """The items of `contract` due by `through` (that day included) that `billed` lacks.

    Items come by due day, then by line. A contract that is not active owes nothing more. `since`
    is a day before which all is known to be billed, so that a long life costs no more than a short
    one; None looks at everything.
    """
    if not contract.is_billed:
        return Due((), None)
    found: list[tuple[date, int, DueItem]] = []
    next_on: date | None = None
    hold_days = contract.terms.usage_hold_days
    for position, line in enumerate(contract.lines):
        first = None if since is None else _first_day_due(line, since, hold_days)
        for billing in _periods(line, first):
            due_on = _due_on(line, billing.part, hold_days)
            if due_on > through:
                next_on = due_on if next_on is None else min(next_on, due_on)
                break
            if since is not None and due_on < since:
                continue
            for piece in _cut(line, billing, due_on):
                if (line.id, piece.period.start) not in billed:
                    found.append((due_on, position, due_item(contract, position, piece)))
    found.sort(key=itemgetter(0, 1))
    return Due(tuple(item for _, _, item in found), next_on)


def due_item(contract: Contract, position: int, piece: Slice) -> DueItem:
    """A slice of the line at `position` of its contract, as invoicing knows it."""
    line, terms = contract.lines[position], contract.terms
    sold = line.sold
    alone = line.id if sold.is_separate else "" if terms.is_consolidated else contract.id
    return DueItem(
        contract_id=contract.id,
        line_id=line.id,
        position=position,
        line_ref=sold.ref,
        order_ref=line.order_id,
        kind=sold.kind,
        description=sold.name,
        unit=sold.unit,
        due_on=piece.due_on,
        service_period=piece.period,
        share=piece.share,
        pricing=piece.segment.pricing,
        quantity=None if sold.kind is LineKind.USAGE else piece.segment.quantity,
        feature_id=sold.feature_id,
        tax_code=sold.tax_code,
        grouping=Grouping(terms.payment_terms, terms.po_number, terms.is_po_required, alone),
    )


def _periods(line: ContractLine, first: date | None) -> Iterable[BillingPeriod]:
    """The billing periods of a line, in time; `first` leaves out those that ended by that day."""
    sold = line.sold
    if sold.cadence is None:
        return (BillingPeriod(sold.window, sold.window),)
    return billing_periods(sold.window, sold.cadence, anchor=sold.anchor, since=first)


def _cut(line: ContractLine, billing: BillingPeriod, due_on: date) -> Iterator[Slice]:
    """The slices of one billing period: a change of terms within it makes more than one."""
    part, whole = billing.part, billing.whole
    segments = line.sold.segments
    if len(segments) == 1:  # the usual line, whose one segment is its window
        yield Slice(segments[0], part, _share(line, part, whole), due_on)
        return
    for segment in segments:
        if segment.period.start >= part.end or segment.period.end <= part.start:
            continue
        start, end = max(segment.period.start, part.start), min(segment.period.end, part.end)
        period = part if (start, end) == (part.start, part.end) else Period(start, end)
        yield Slice(segment, period, _share(line, period, whole), due_on)


def _due_on(line: ContractLine, part: Period, hold_days: int) -> date:
    if line.sold.timing is Timing.IN_ADVANCE or line.sold.kind.is_once:
        return part.start
    if line.sold.kind is LineKind.USAGE and hold_days:
        return part.end + timedelta(days=hold_days)
    return part.end


def _first_day_due(line: ContractLine, since: date, hold_days: int) -> date:
    """A day no later than the first period that falls due on or after `since`."""
    if line.sold.timing is Timing.IN_ADVANCE:
        return since
    return since - timedelta(days=hold_days + 1)


def _share(line: ContractLine, period: Period, whole: Period) -> Fraction:
    """How many price periods `period` holds: whole ones first, then days over days."""
    cadence = line.sold.price_cadence
    if cadence is None:
        return ONE if period is whole or period == whole else period.share_of(whole)
    anchor = line.sold.anchor
    return sum((each.share for each in billing_periods(period, cadence, anchor=anchor)), Fraction())
