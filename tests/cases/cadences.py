"""Intervals, anchors and due periods as cases write them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from tests.cases.values import Case, UnmappedError
from usance.domain.calendar import (
    LAST_DAY,
    Anchor,
    BillingPeriod,
    Cadence,
    Period,
    Unit,
    anchor_on,
    billing_periods,
    calendar_anchor,
    month_after,
)

# A unit of a case: how many of which unit of ours.
UNITS = {
    "day": Cadence(1, Unit.DAY),
    "daily": Cadence(1, Unit.DAY),
    "week": Cadence(1, Unit.WEEK),
    "weekly": Cadence(1, Unit.WEEK),
    "biweekly": Cadence(2, Unit.WEEK),
    "30day": Cadence(30, Unit.DAY),
    "thirty_days": Cadence(30, Unit.DAY),
    "month": Cadence(1, Unit.MONTH),
    "monthly": Cadence(1, Unit.MONTH),
    "bimonthly": Cadence(2, Unit.MONTH),
    "quarter": Cadence(1, Unit.QUARTER),
    "quarterly": Cadence(1, Unit.QUARTER),
    "half_year": Cadence(2, Unit.QUARTER),
    "biannual": Cadence(2, Unit.QUARTER),
    "semiannual": Cadence(2, Unit.QUARTER),
    "year": Cadence(1, Unit.YEAR),
    "annual": Cadence(1, Unit.YEAR),
    "yearly": Cadence(1, Unit.YEAR),
    "biennial": Cadence(2, Unit.YEAR),
}


def step_of(plain: Any) -> tuple[Cadence, int]:
    """One unit of the interval, and how many of them it counts."""
    unit = plain["unit"] if isinstance(plain, dict) else plain
    if unit not in UNITS:
        raise UnmappedError(f"interval {unit!r}")
    return UNITS[unit], int(plain.get("count", 1)) if isinstance(plain, dict) else 1


def cadence_of(plain: Any) -> Cadence:
    """The whole interval; a month where the case names none."""
    step, count = step_of("month" if plain is None else plain)
    return Cadence(step.count * count, step.unit)


def anchor_of(case: Case, cadence: Cadence) -> Anchor:
    """What the case's boundaries are counted from."""
    if case.inputs.get("alignment") == "calendar":
        return calendar_anchor(case.day("start", "period_start"), cadence.unit)
    start = case.day("start", "period_start", "anchor")
    for key in ("billing_day", "bill_cycle_day", "anchor_day"):
        if case.has(key) and cadence.months:
            return anchor_on(start, day_of_month=int(case[key]))
    return case.day("anchor") if case.has("anchor") else start


def parts(case: Case, cadence: Cadence) -> Iterator[BillingPeriod]:
    """The billing periods from the case's start, to its end or for its term if it has one."""
    start = case.day("start", "anchor")
    end = LAST_DAY
    if case.has("end"):
        end = case.day("end")
    elif case.has("term_months"):
        end = month_after(start, int(case["term_months"]))
    window = Period(start, end)
    return billing_periods(window, cadence, anchor=anchor_of(case, cadence))


def parts_due(case: Case, cadence: Cadence) -> Iterator[BillingPeriod]:
    """Those that are billed up to and including the case's day."""
    through = case.day("bill_up_to") if case.has("bill_up_to") else LAST_DAY
    in_arrears = case.inputs.get("mode") == "in_arrears"

    def is_due(period: BillingPeriod) -> bool:
        return (period.part.end if in_arrears else period.part.start) <= through

    return takewhile(is_due, parts(case, cadence))
