"""Standing: what is wrong before any entitlement is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from usance.domain.entitlements.access import DenialReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of the customer, the resource and the feature that are asked about."""

    customer_exists: bool = True
    is_archived: bool = False
    resource_exists: bool = True
    has_subscription: bool = True
    has_sources: bool = True
    feature_exists: bool = True

    @property
    def denial_reason(self) -> DenialReason | None:
        """Why nothing can be granted, or None. In the order of the reference, section 3.2.

        A promotion counts without a subscription: generosity is not taken back.
        """
        if not self.customer_exists:
            return DenialReason.CUSTOMER_NOT_FOUND
        if self.is_archived:
            return DenialReason.CUSTOMER_IS_ARCHIVED
        if not self.resource_exists:
            return DenialReason.CUSTOMER_RESOURCE_NOT_FOUND
        if not self.has_subscription and not self.has_sources:
            return DenialReason.NO_ACTIVE_SUBSCRIPTION
        return None if self.feature_exists else DenialReason.FEATURE_NOT_FOUND
