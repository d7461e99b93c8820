"""Sources: what gives an entitlement, at which level, from when until when, and for which site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import Combine
from usance.domain.errors import Problem, refuse_if

EVER = datetime.min.replace(tzinfo=UTC)


class Level(IntEnum):
    """Where a source stands. Inside one subscription a higher level replaces a lower one."""

    FEATURE = 1  # what everybody has
    PRODUCT = 2
    PLAN = 3  # what the subscription's version of the plan holds
    ADD_ON = 4
    PLAN_VERSION = 5  # set for one version over what the plan holds
    SUBSCRIPTION = 6  # agreed with this customer: an override, or a contract's own terms
    PROMOTION = 9  # given to the customer; stands outside every subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One thing that gives a feature, or takes it away, from `effective_at` to `expires_at`.

    Those of one chain name one `subscription_id`, the defaults of feature and product too.
    `generation`: 0 the plan itself, 1 the plan it inherits from, and so on. `combine` None: as the
    feature says; the reference's Increment is ADD, its Override REPLACE. `resource_id` None: for
    every resource of the customer. The limit of a number that has no `allowance` is zero.
    Raises Invalid with every problem: InvalidQuantity, ExpiresTooSoon.
    """

    id: str
    level: Level
    subscription_id: str | None = None
    is_trial: bool = False
    is_granted: bool = True
    allowance: Allowance | None = None
    values: frozenset[str] = frozenset()
    quantity: int = 1
    combine: Combine | None = None
    generation: int = 0
    effective_at: datetime = EVER
    expires_at: datetime | None = None
    resource_id: str | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.quantity < 1:
            expected = "a whole number from 1"
            problems.append(Problem("InvalidQuantity", "quantity", str(self.quantity), expected))
        if self.expires_at is not None and self.expires_at <= self.effective_at:
            expected = f"an instant after {self.effective_at.isoformat()}"
            value = self.expires_at.isoformat()
            problems.append(Problem("ExpiresTooSoon", "expiresAt", value, expected))
        refuse_if(problems)

    def is_in_force(self, at: datetime) -> bool:
        """True when it counts at that instant: from its first on, and not at its last."""
        return self.effective_at <= at and (self.expires_at is None or at < self.expires_at)

    def is_for(self, resource_id: str | None) -> bool:
        """True when it counts for that resource, or for the customer as a whole (None)."""
        return self.resource_id is None or self.resource_id == resource_id
