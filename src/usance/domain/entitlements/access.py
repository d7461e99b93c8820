"""Access: allowed or denied, why, how much is left, and until when the answer holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import Kind
from usance.domain.entitlements.resolve import Effective
from usance.domain.entitlements.windows import Window
from usance.domain.errors import Invalid, Problem
from usance.domain.money import Money

NOTHING = Decimal(0)


class DenialReason(StrEnum):
    """Why not. The codes are those of the reference, section 1.15."""

    FEATURE_NOT_FOUND = "FeatureNotFound"
    CUSTOMER_NOT_FOUND = "CustomerNotFound"
    CUSTOMER_IS_ARCHIVED = "CustomerIsArchived"
    CUSTOMER_RESOURCE_NOT_FOUND = "CustomerResourceNotFound"
    NO_ACTIVE_SUBSCRIPTION = "NoActiveSubscription"
    NO_FEATURE_ENTITLEMENT = "NoFeatureEntitlementInSubscription"
    REQUESTED_USAGE_EXCEEDING_LIMIT = "RequestedUsageExceedingLimit"
    REQUESTED_VALUES_MISMATCH = "RequestedValuesMismatch"
    BUDGET_EXCEEDED = "BudgetExceeded"
    UNKNOWN = "Unknown"
    FEATURE_TYPE_MISMATCH = "FeatureTypeMismatch"
    REVOKED = "Revoked"
    INSUFFICIENT_CREDITS = "InsufficientCredits"
    ENTITLEMENT_NOT_FOUND = "EntitlementNotFound"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much money may be spent, and was. Exactly reaching it uses it up; a soft one warns."""

    limit: Money
    spent: Money
    is_soft: bool = False

    @property
    def is_used_up(self) -> bool:
        """True when nothing is left. Raises CurrencyMismatch."""
        return not self.spent < self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to "may they?".

    `limit` and `remaining` None: unlimited, or not a number. `window`: in which `current_usage`
    counts; None: since ever. `is_soft_exceeded`: let through beyond a soft limit. `valid_until`:
    the first instant at which the answer to the same question may be another with no more usage.
    """

    has_access: bool
    denial_reason: DenialReason | None = None
    is_unlimited: bool = False
    limit: Decimal | None = None
    current_usage: Decimal = NOTHING
    remaining: Decimal | None = None
    overage: Decimal = NOTHING
    is_soft_exceeded: bool = False
    window: Window | None = None
    values: frozenset[str] = frozenset()
    valid_until: datetime | None = None

    @property
    def is_used_up(self) -> bool:
        """True when a limit is reached: usage of exactly the limit is all of it."""
        return self.remaining is not None and self.remaining <= 0


# One number for all windows, or one for each window that `windows_of` names.
Used = Decimal | Mapping[Window | None, Decimal]


def windows_of(entitlement: Effective, at: datetime) -> frozenset[Window | None]:
    """The windows in which usage has to be known to decide at that instant. None: since ever."""
    return frozenset(_window(each, at) for each in entitlement.allowances)


def check(
    entitlement: Effective,
    used: Used = NOTHING,
    *,
    at: datetime,
    requested_usage: Decimal = NOTHING,
    requested_values: Collection[str] = (),
    budget: Budget | None = None,
) -> Decision:
    """Whether they may use so much more, or those values, at that instant.

    A request of zero asks for the state: it is denied only when usage is over a hard limit
    already. A window that `used` does not name was not used. A budget is looked at before limits.
    Raises Invalid (InvalidRequestedUsage) below zero.
    """
    if not requested_usage.is_finite() or requested_usage < 0:
        value = str(requested_usage)
        raise Invalid(Problem("InvalidRequestedUsage", "requestedUsage", value, "zero or more"))
    windows = [_window(each, at) for each in entitlement.allowances]
    if entitlement.feature.kind is Kind.METERED and entitlement.is_granted:
        options = zip(entitlement.allowances, windows, strict=True)
        every = [_within(each, window, used, requested_usage) for each, window in options]
        decision = max(every, key=_preference)
    else:
        decision = _without_usage(entitlement)
    if reason := _reason(entitlement, frozenset(requested_values), budget):
        decision = replace(decision, has_access=False, denial_reason=reason, is_soft_exceeded=False)
    moments = [window.end for window in windows if window is not None]
    ends = (each for each in (*moments, entitlement.valid_until) if each is not None)
    return replace(decision, valid_until=min(ends, default=None))


def _reason(
    entitlement: Effective, values: frozenset[str], budget: Budget | None
) -> DenialReason | None:
    """Why not, for all that is no question of how much was used."""
    if not entitlement.is_granted:
        was_taken_away = entitlement.feature.is_disabled or entitlement.origins
        return DenialReason.REVOKED if was_taken_away else DenialReason.NO_FEATURE_ENTITLEMENT
    if budget is not None and budget.is_used_up and not budget.is_soft:
        return DenialReason.BUDGET_EXCEEDED
    if values and entitlement.feature.kind is not Kind.ENUM:
        return DenialReason.FEATURE_TYPE_MISMATCH
    return None if values <= entitlement.values else DenialReason.REQUESTED_VALUES_MISMATCH


def _without_usage(entitlement: Effective) -> Decision:
    """The answer for a switch, a list, or a configured number."""
    if entitlement.feature.kind is not Kind.CONFIGURATION or not entitlement.allowances:
        return Decision(has_access=True, values=entitlement.values)
    value = entitlement.allowances[0].limit
    return Decision(has_access=True, limit=value, is_unlimited=value is None)


def _within(allowance: Allowance, window: Window | None, used: Used, more: Decimal) -> Decision:
    """What one allowance says of so much more."""
    usage = used if isinstance(used, Decimal) else used.get(window, NOTHING)
    limit = allowance.limit
    if limit is None:
        return Decision(has_access=True, is_unlimited=True, current_usage=usage, window=window)
    fits = usage + more <= limit
    may = fits or allowance.is_soft
    return Decision(
        has_access=may,
        denial_reason=None if may else DenialReason.REQUESTED_USAGE_EXCEEDING_LIMIT,
        limit=limit,
        current_usage=usage,
        remaining=max(limit - usage, NOTHING),
        overage=max(usage - limit, NOTHING),
        is_soft_exceeded=may and not fits,
        window=window,
    )


def _preference(decision: Decision) -> tuple[bool, bool, bool, Decimal, Decimal]:
    """Of several windows the one told is the one with the most left."""
    left = NOTHING if decision.remaining is None else decision.remaining
    limit = NOTHING if decision.limit is None else decision.limit
    return (
        decision.has_access,
        decision.is_unlimited,
        not decision.is_soft_exceeded,
        left,
        limit,
    )


def _window(allowance: Allowance, at: datetime) -> Window | None:
    return None if allowance.reset is None else allowance.reset.window_at(at)
