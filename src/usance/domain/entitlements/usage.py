"""Usage against a limit: reported numbers, what counts in a window, what a plan change keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from usance.domain.credits.consuming import Use
from usance.domain.entitlements.windows import Window

NOTHING = Decimal(0)
WHOLE = 100


class UpdateBehavior(StrEnum):
    """Whether a reported number is added to what was used, or is what is used now."""

    DELTA = "DELTA"
    SET = "SET"


@dataclass(frozen=True, slots=True)
class Report:
    """A number that was reported."""

    value: Decimal
    behavior: UpdateBehavior = UpdateBehavior.DELTA


class CutoffRule(StrEnum):
    """Whether usage begins at zero when a subscription is changed."""

    NEVER_RESET = "NEVER_RESET"
    ALWAYS_RESET = "ALWAYS_RESET"
    BILLING_PERIOD_CHANGE = "BILLING_PERIOD_CHANGE"  # only when it is billed by another period


def after_reports(used: Decimal, reports: Iterable[Report]) -> Decimal:
    """What is used after these reports, in their order."""
    for report in reports:
        used = report.value if report.behavior is UpdateBehavior.SET else used + report.value
    return used


def used_in(window: Window, uses: Iterable[Use], *, until: datetime) -> Decimal:
    """What was used in a window up to and including that instant."""
    return sum((use.amount for use in uses if use.at in window and use.at <= until), NOTHING)


def kept_after_change(
    used: Decimal, rule: CutoffRule, *, is_other_billing_period: bool = False
) -> Decimal:
    """What still counts as used after a subscription was changed."""
    resets = rule is CutoffRule.ALWAYS_RESET or (
        rule is CutoffRule.BILLING_PERIOD_CHANGE and is_other_billing_period
    )
    return NOTHING if resets else used


def highest_crossed(
    before: Decimal, after: Decimal, limit: Decimal | None, percentages: Iterable[int]
) -> int | None:
    """The highest of the percentages of the limit that usage has reached just now, or None."""
    if limit is None:
        return None
    crossed = (each for each in percentages if before * WHOLE < limit * each <= after * WHOLE)
    return max(crossed, default=None)
