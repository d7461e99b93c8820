"""Allowances: how much in which window, and what several of them come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from usance.domain.entitlements.windows import Reset
from usance.domain.errors import Invalid, Problem

NONE_AT_ALL = Decimal(0)


@dataclass(frozen=True, slots=True)
class Allowance:
    """`limit` units in each window of `reset`; of a configured number, its value.

    `limit` None: unlimited. A soft limit may be passed, and that is reported. `reset` None: usage
    goes up and down and is never set back, as with seats. Raises Invalid (InvalidLimit) below 0.
    """

    limit: Decimal | None
    is_soft: bool = False
    reset: Reset | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and (not self.limit.is_finite() or self.limit < 0):
            raise Invalid(Problem("InvalidLimit", "usageLimit", str(self.limit), "zero or more"))


@dataclass(frozen=True, slots=True)
class Share:
    """An allowance, and the ids of the sources without which it would be another."""

    allowance: Allowance
    origins: frozenset[str]


def times(allowance: Allowance, quantity: int) -> Allowance:
    """What so many of an add-on give."""
    if allowance.limit is None or quantity == 1:
        return allowance
    return Allowance(allowance.limit * quantity, allowance.is_soft, allowance.reset)


def most_generous(shares: Iterable[Share], *, is_lower_generous: bool = False) -> list[Share]:
    """The best of those that count in the same windows; of different windows, one each.

    The best has the most generous limit, and is soft when any is: so no usage that one of them
    let through is refused. Where windows differ neither is better, so both stay. Unlimited beats
    all.
    """
    best: dict[Reset | None, Share] = {}
    for share in shares:
        reset = share.allowance.reset
        other = best.get(reset)
        best[reset] = (
            share if other is None else _better(share, other, is_lower_generous=is_lower_generous)
        )
    unlimited = [share for share in best.values() if share.allowance.limit is None]
    return unlimited or list(best.values())


def added(shares: Iterable[Share]) -> list[Share]:
    """The sum of those that count in the same windows; of different windows, one each."""
    sums: dict[Reset | None, Share] = {}
    for share in shares:
        reset = share.allowance.reset
        sums[reset] = plus(sums[reset], [share]) if reset in sums else share
    return list(sums.values())


def plus(base: Share, more: Iterable[Share]) -> Share:
    """`base` with the limits of others on top, in the windows of `base`; soft when any is."""
    limit, is_soft, origins = base.allowance.limit, base.allowance.is_soft, base.origins
    for each in more:
        part = each.allowance.limit
        limit = None if limit is None or part is None else limit + part
        is_soft = is_soft or each.allowance.is_soft
        origins |= each.origins
    return Share(Allowance(limit, is_soft, base.allowance.reset), origins)


def _better(one: Share, other: Share, *, is_lower_generous: bool) -> Share:
    place, place_of_other = (
        _place(each.allowance, is_lower_generous=is_lower_generous) for each in (one, other)
    )
    if place < place_of_other:
        one, other = other, one
    best = one.allowance
    is_tie = place == place_of_other
    lends_softness = other.allowance.is_soft and not best.is_soft and best.limit is not None
    origins = one.origins | other.origins if is_tie or lends_softness else one.origins
    is_soft = best.is_soft or lends_softness or (is_tie and other.allowance.is_soft)
    return Share(Allowance(best.limit, is_soft, best.reset), origins)


def _place(allowance: Allowance, *, is_lower_generous: bool) -> tuple[bool, Decimal]:
    limit = allowance.limit
    if limit is None:
        return True, NONE_AT_ALL
    return False, -limit if is_lower_generous else limit
