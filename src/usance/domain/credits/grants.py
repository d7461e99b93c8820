"""A grant: so many units, from when until when, and its turn among others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from usance.domain.calendar import Cadence, instants_at
from usance.domain.errors import Problem, refuse_if

NOTHING = Decimal(0)
NEVER = datetime.max.replace(tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


class Category(StrEnum):
    """Whether a grant was paid for. What was given for nothing is used up first."""

    PROMOTIONAL = "PROMOTIONAL"
    PAID = "PAID"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When a grant is filled anew: at each boundary counted from `anchor`, by the zone's clock."""

    cadence: Cadence
    anchor: datetime
    zone: ZoneInfo = UTC_ZONE

    def after(self, at: datetime) -> datetime:
        """The first instant after `at` at which it is."""
        return instants_at(self.anchor, self.cadence, at, self.zone).end


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`amount` units, of which `used` are used up.

    `expires_at` None: never; `created_at` None: when it took effect. A lower `priority` comes
    first. Raises Invalid with every problem: NegativeAmount, MoreUsedThanGranted, ExpiresTooSoon.
    """

    id: str
    amount: Decimal
    effective_at: datetime
    used: Decimal = NOTHING
    expires_at: datetime | None = None
    priority: int = 1
    category: Category = Category.PAID
    created_at: datetime | None = None
    recurs: Recurrence | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.amount < 0:
            problems.append(Problem("NegativeAmount", "amount", f"{self.amount:f}", "zero or more"))
        elif not 0 <= self.used <= self.amount:
            expected = f"from zero to {self.amount:f}, all of it"
            problems.append(Problem("MoreUsedThanGranted", "used", f"{self.used:f}", expected))
        if self.expires_at is not None and self.expires_at <= self.effective_at:
            expected = f"an instant after {self.effective_at.isoformat()}"
            value = self.expires_at.isoformat()
            problems.append(Problem("ExpiresTooSoon", "expiresAt", value, expected))
        refuse_if(problems)

    @property
    def left(self) -> Decimal:
        """What is not used up."""
        return self.amount - self.used

    def is_in_force(self, at: datetime) -> bool:
        """True when it may be used at that instant: from its first on, and not at its last."""
        return self.effective_at <= at and (self.expires_at is None or at < self.expires_at)


def turn(grant: Grant) -> tuple[int, datetime, bool, datetime, datetime, str]:
    """Its place in the order of use, the lowest first.

    By priority, then what expires earlier, what was given for nothing, what took effect earlier,
    what was created earlier, and by id. Source: finance.md section 9.
    """
    return (
        grant.priority,
        NEVER if grant.expires_at is None else grant.expires_at,
        grant.category is Category.PAID,
        grant.effective_at,
        grant.effective_at if grant.created_at is None else grant.created_at,
        grant.id,
    )
