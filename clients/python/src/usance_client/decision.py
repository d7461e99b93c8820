"""Decisions: the answer to "may they?", and what is answered when nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from usance_client.quantity import NOTHING

NO_VALUES: frozenset[str] = frozenset()


class DenialReason(StrEnum):
    """Why not. The codes are those of the API and of Stigg's SDKs."""

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


def denial_reason(code: str | None) -> DenialReason | None:
    """The reason of that code; of a code that a newer server may send, Unknown."""
    if code is None:
        return None
    try:
        return DenialReason(code)
    except ValueError:
        return DenialReason.UNKNOWN


class Kind(StrEnum):
    """What is asked of a feature: whether, which value, which of a list, or how much is left."""

    BOOLEAN = "BOOLEAN"
    CONFIGURATION = "CONFIGURATION"
    ENUM = "ENUM"
    METERED = "METERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """May they? A decision is true when they may.

    `limit` and `remaining` None: unlimited, or not a number; of a configured number `limit` is its
    value. `current_usage` counts what was reported here and is not confirmed yet. `window_start`
    and `window_end` None: usage counts since ever. `is_soft_exceeded`: let through beyond a soft
    limit. `is_fallback`: nothing is known of the customer, and this is what was configured.
    `is_stale`: it rests on the last that was known, and the server could not be asked since.
    """

    has_access: bool
    denial_reason: DenialReason | None = None
    kind: Kind | None = None
    is_unlimited: bool = False
    limit: Decimal | None = None
    current_usage: Decimal = NOTHING
    remaining: Decimal | None = None
    overage: Decimal = NOTHING
    is_soft_exceeded: bool = False
    values: frozenset[str] = NO_VALUES
    window_start: datetime | None = None
    window_end: datetime | None = None
    valid_until: datetime | None = None
    is_fallback: bool = False
    is_stale: bool = False

    def __bool__(self) -> bool:
        return self.has_access

    def denied(self, reason: DenialReason) -> Decision:
        """The same, refused for that reason."""
        return replace(self, has_access=False, denial_reason=reason, is_soft_exceeded=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What is answered while nothing is known. `limit` None: unlimited, where it is a number."""

    has_access: bool = False
    limit: Decimal | None = None
    values: frozenset[str] = NO_VALUES

    def decision(self) -> Decision:
        """It as an answer, marked as what it is."""
        return Decision(
            has_access=self.has_access,
            denial_reason=None if self.has_access else DenialReason.UNKNOWN,
            is_unlimited=self.has_access and self.limit is None,
            limit=self.limit,
            remaining=self.limit,
            values=self.values,
            is_fallback=True,
            is_stale=True,
        )


DENY = Fallback()
ALLOW = Fallback(has_access=True)


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """What was configured: for each feature, and for all others."""

    of_feature: Mapping[str, Fallback] = field(default_factory=dict)
    default: Fallback = DENY

    def decision(self, feature_id: str) -> Decision:
        """The answer for that feature while nothing is known."""
        return self.of_feature.get(feature_id, self.default).decision()
