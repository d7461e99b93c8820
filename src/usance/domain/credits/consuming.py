"""Consuming: what one use takes from each grant, and what a run of uses leaves of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from usance.domain.credits.grants import NOTHING, Grant, turn


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken, by grant id in the order of use, and what no grant could give."""

    by_grant: Mapping[str, Decimal]
    short: Decimal


def consume(grants: Iterable[Grant], amount: Decimal, at: datetime) -> Taken:
    """What a use of `amount` units at that instant takes from the grants in force, in turn.

    Grants that give nothing are left out.
    """
    assert amount >= 0, "a use takes something or nothing"
    by_grant: dict[str, Decimal] = {}
    for grant in sorted((each for each in grants if each.is_in_force(at)), key=turn):
        if not amount:
            break
        if part := min(grant.left, amount):
            by_grant[grant.id] = part
            amount -= part
    return Taken(by_grant, amount)


class Use(NamedTuple):
    """So many units, used at an instant."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Remaining:
    """What grants hold at an instant, by id, and how much was used beyond all of them.

    A grant that has expired, or has not yet taken effect, holds nothing.
    """

    left: Mapping[str, Decimal]
    overage: Decimal


def burn_down(
    grants: Sequence[Grant],
    uses: Iterable[Use],
    *,
    until: datetime,
    settles_overage: bool = False,
) -> Remaining:
    """What the uses up to and including `until` leave of the grants.

    At one instant grants come before uses. A recurring grant is filled to its whole amount;
    nothing is carried over. What was used beyond all grants stays overage; where
    `settles_overage`, the next grant that takes effect or is filled gives it after all.
    """
    held = {grant.id: grant for grant in grants}
    overage = NOTHING
    for at, what, grant_id, amount in sorted(_events(grants, uses, until)):
        if what is _What.FILLED:
            held[grant_id] = replace(held[grant_id], used=NOTHING)
        wanted = amount
        if what is not _What.USED and settles_overage:
            wanted, overage = overage, NOTHING
        if not wanted:
            continue
        taken = consume(held.values(), wanted, at)
        for each, part in taken.by_grant.items():
            held[each] = replace(held[each], used=held[each].used + part)
        overage += taken.short
    left = {each.id: each.left if each.is_in_force(until) else NOTHING for each in held.values()}
    return Remaining(left, overage)


class _What(IntEnum):
    BEGUN = 0
    FILLED = 1
    USED = 2


def _events(
    grants: Sequence[Grant], uses: Iterable[Use], until: datetime
) -> Iterator[tuple[datetime, _What, str, Decimal]]:
    for grant in grants:
        if grant.effective_at <= until:
            yield grant.effective_at, _What.BEGUN, grant.id, NOTHING
        for at in _fillings(grant, until):
            yield at, _What.FILLED, grant.id, NOTHING
    for use in uses:
        if use.at <= until:
            yield use.at, _What.USED, "", use.amount


def _fillings(grant: Grant, until: datetime) -> Iterator[datetime]:
    if grant.recurs is None:
        return
    at = grant.recurs.after(grant.effective_at)
    while at <= until and grant.is_in_force(at):
        yield at
        at = grant.recurs.after(at)
