"""Rollover: what is carried from one usage period into the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from usance.domain.credits.consuming import Remaining, Use, burn_down
from usance.domain.credits.grants import Grant

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rollover:
    """At least `least` and at most `most` units are carried over; `most` None: all that is left."""

    most: Decimal | None = NOTHING
    least: Decimal = NOTHING

    def carried(self, left: Decimal) -> Decimal:
        """How much of what is left is carried over: max(least, min(most, left))."""
        return max(self.least, left if self.most is None else min(self.most, left))


FORGOTTEN = Rollover()
ALL_OF_IT = Rollover(most=None)


def up_to_share(base: Decimal, share: Decimal) -> Rollover:
    """Carries over up to that share of what a period gives."""
    return Rollover(most=base * share)


class PeriodBalance(NamedTuple):
    """A usage period: what there was, what was left of it, what of that was carried or lost."""

    available: Decimal
    left: Decimal
    carried: Decimal
    lost: Decimal


def balances(base: Decimal, used: Iterable[Decimal], rollover: Rollover) -> list[PeriodBalance]:
    """The periods in which so much was used, each with `base` and what the one before carried."""
    periods: list[PeriodBalance] = []
    for amount in used:
        available = available_after(periods, base)
        left = max(available - amount, NOTHING)
        carried = rollover.carried(left)
        periods.append(PeriodBalance(available, left, carried, max(left - carried, NOTHING)))
    return periods


def available_after(periods: Sequence[PeriodBalance], base: Decimal) -> Decimal:
    """What there is in the period after these."""
    return base + periods[-1].carried if periods else base


def burn_down_with_resets(
    grants: Sequence[Grant],
    uses: Sequence[Use],
    rollovers: Mapping[str, Rollover],
    *,
    resets: Iterable[datetime],
    until: datetime,
    keeps_overage: bool = False,
) -> Remaining:
    """What uses leave of the grants when usage periods end at `resets`.

    Overage is given by the next grant of its period; at a reset it is forgiven, or where
    `keeps_overage` taken from what is carried over. A use at a reset is of the new period.
    """
    held, ahead = list(grants), list(uses)
    for reset in sorted(each for each in resets if each <= until):
        before = [use for use in ahead if use.at < reset]
        after = burn_down(held, before, until=reset, settles_overage=True)
        held = [_carried(each, after, rollovers.get(each.id, FORGOTTEN), reset) for each in held]
        ahead = [use for use in ahead if use.at >= reset]
        if keeps_overage and after.overage:
            ahead.insert(0, Use(reset, after.overage))
    return burn_down(held, ahead, until=until, settles_overage=True)


def _carried(grant: Grant, after: Remaining, rollover: Rollover, reset: datetime) -> Grant:
    if not grant.is_in_force(reset) or grant.effective_at == reset:
        return grant
    carried = rollover.carried(after.left[grant.id])
    amount = max(grant.amount, carried)
    return replace(grant, amount=amount, used=amount - carried, effective_at=reset)
