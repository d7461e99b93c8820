"""Cases of windows: when usage counts from zero again, what is kept, and what is carried over."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.cases.entitlements import NOW, Shape
from tests.cases.values import Case, Found, UnmappedError, decimal, instant
from usance.domain.calendar import zone
from usance.domain.credits.consuming import Use
from usance.domain.entitlements.access import check
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import FeatureRules, Kind
from usance.domain.entitlements.quotas import all_opened, opened_at, opened_by_use
from usance.domain.entitlements.resolve import resolve
from usance.domain.entitlements.rollover import (
    ALL_OF_IT,
    FORGOTTEN,
    Rollover,
    available_after,
    balances,
    up_to_share,
)
from usance.domain.entitlements.sources import Level, Source
from usance.domain.entitlements.usage import (
    CutoffRule,
    Report,
    UpdateBehavior,
    after_reports,
    kept_after_change,
    used_in,
)
from usance.domain.entitlements.windows import Reset, ResetAnchor, ResetPeriod, Window, reset_of

RESETS = {
    "hourly": ResetPeriod.HOUR,
    "daily": ResetPeriod.DAY,
    "weekly": ResetPeriod.WEEK,
    "monthly": ResetPeriod.MONTH,
    "yearly": ResetPeriod.YEAR,
    "hour": ResetPeriod.HOUR,
    "day": ResetPeriod.DAY,
    "week": ResetPeriod.WEEK,
    "month": ResetPeriod.MONTH,
    "year": ResetPeriod.YEAR,
}
LENGTHS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
POLICIES = {"keep usage": CutoffRule.NEVER_RESET, "reset usage": CutoffRule.ALWAYS_RESET}


def found_in(case: Case) -> Found:
    """What our windows make of a case."""
    for keys, read in SHAPES[case.topic]:
        if keys <= case.inputs.keys():
            return read(case)
    raise UnmappedError(f"inputs {', '.join(case.inputs)}")


def _reset(case: Case) -> Found:
    """Dated uses, counted in windows from an anchor."""
    reset = Reset(RESETS[case["reset"]], instant(case["anchor"]))
    uses = [Use(instant(each["at"]), decimal(each["qty"])) for each in case["usage"]]
    at = {each["at"]: reset.window_at(instant(each["at"])) for each in case["usage"]}
    used = {day: used_in(window, uses, until=instant(day)) for day, window in at.items()}
    return {"usage_at": used, "period_at": {day: _days(window) for day, window in at.items()}}


def _days(window: Window) -> list[object]:
    return [window.start.date(), window.end.date() if window.end else None]


def _changed(case: Case) -> Found:
    """A plan changes inside a period."""
    after = Source(id="after", level=Level.PLAN, allowance=Allowance(case.number("limit_after")))
    found = resolve(FeatureRules(kind=Kind.METERED), [after], at=NOW)
    used = [kept_after_change(case.number("used"), POLICIES[each]) for each in case["policies"]]
    return {"available": [check(found, each, at=NOW).remaining for each in used]}


def _carried(case: Case) -> Found:
    """Period after period with the same base."""
    rollover = _rollover(case)
    base = case.number("base")
    plain = case["used"]
    used = [decimal(each) for each in (plain if isinstance(plain, list) else [plain])]
    periods = balances(base, used, rollover)
    following = available_after(periods, base)
    return {
        "available": [*(each.available for each in periods), following],
        "remaining": [each.left for each in periods],
        "lost": [each.lost for each in periods],
        "next_available": following,
    }


def _rollover(case: Case) -> Rollover:
    if case.inputs.get("carryover") is False:
        return FORGOTTEN
    if case.has("rollover_share"):
        return up_to_share(case.number("base"), case.number("rollover_share"))
    return Rollover(most=case.number("max")) if case.has("max") else ALL_OF_IT


def _rolled(case: Case) -> Found:
    """What is left of one period."""
    base = case.number("base")
    (period,) = balances(base, [base - case.number("unused")], _rollover(case))
    return {"rolled": period.carried, "next_available": available_after([period], base)}


def _unit_start(case: Case) -> Found:
    """Blocks of full units."""
    if case["allocation"] != "unit_start":
        raise UnmappedError(f"allocation {case['allocation']!r}")
    cycle_start = instant(case["cycle_start"])
    blocks = reset_of(
        ResetPeriod(case["unit"].upper()),
        ResetAnchor.CALENDAR,
        started_at=cycle_start,
        zone=zone(case["timezone"]),
        count=int(case["count"]),
    )
    before = case.inputs.get("previous_window_end")
    window = opened_at(
        instant(case["event"]),
        blocks,
        cycle_start=cycle_start,
        previous_end=instant(before) if before else None,
    )
    return {"window": [window.start, window.end], "window_start": window.start}


def _first_use(case: Case) -> Found:
    """A window begins with its first use; times from the start of the cycle."""
    if case["allocation"] != "first_usage":
        raise UnmappedError(f"allocation {case['allocation']!r}")
    before = case.inputs.get("previous_window_end")
    at = _from_start(case["event"])
    if before is not None and at < _from_start(before):
        raise UnmappedError("a use in the window before opens none")
    window = opened_by_use(at, _length(case["duration"]), cycle_end=_from_start(case["cycle_end"]))
    return {"window": [_told(each, case["event"]) for each in (window.start, window.end)]}


def _backlog(case: Case) -> Found:
    events = case["events"]
    windows = all_opened(map(_from_start, events), _length(case["duration"]))
    return {"windows": [[_told(each, events[0]) for each in (w.start, w.end)] for w in windows]}


def _length(plain: str) -> timedelta:
    told = re.fullmatch(r"(\d+)(min|h|d)", plain)
    if told is None:
        raise UnmappedError(f"time {plain!r}")
    return int(told[1]) * LENGTHS[told[2]]


def _from_start(plain: str) -> datetime:
    return NOW + _length(plain)


def _told(at: datetime | None, like: str) -> str:
    """Back from an instant to units from the start, in the unit of `like`."""
    assert at is not None, "such a window ends"
    unit = like.lstrip("0123456789")
    return f"{(at.astimezone(UTC) - NOW) // LENGTHS[unit]}{unit}"


def _reported(case: Case) -> Found:
    reports = [_report(each) for each in case["reports"]]
    return {"value": after_reports(case.number("start"), reports)}


def _report(plain: dict[str, Any]) -> Report:
    ((behavior, value),) = plain.items()
    return Report(Decimal(value), UpdateBehavior(behavior.upper()))


SHAPES: dict[str, list[Shape]] = {
    "usage_reset": [
        ({"reset", "anchor", "usage"}, _reset),
        ({"limit_after", "policies"}, _changed),
        ({"base", "used"}, _carried),
    ],
    "rollover": [({"base", "used"}, _carried), ({"base", "unused"}, _rolled)],
    "quota_window": [
        ({"unit", "cycle_start"}, _unit_start),
        ({"duration", "events"}, _backlog),
        ({"duration", "event"}, _first_use),
    ],
    "usage_reporting": [({"start", "reports"}, _reported)],
}
TOPICS = SHAPES.keys()
