"""Limits: minimum and maximum over what was billed in several steps of one period.

`Pricing` bounds a single line. Where a period is billed progressively, what was billed before
counts towards its minimum and its maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from usance.domain.rating.prices import ZERO


def true_up(amount: Decimal, minimum: Decimal, *, billed: Decimal = ZERO) -> Decimal:
    """What is missing to the minimum after `billed` before and `amount` now; a line of its own."""
    return max(ZERO, minimum - billed - amount)


@dataclass(frozen=True, slots=True)
class Capped:
    """What is charged under a maximum, and the discount that brought it there."""

    amount: Decimal
    discount: Decimal


def cap(amount: Decimal, maximum: Decimal, *, billed: Decimal = ZERO) -> Capped:
    """`amount` as far as the maximum leaves room after what was `billed` before."""
    room = max(ZERO, maximum - billed)
    charged = min(amount, room)
    return Capped(charged, amount - charged)


def from_the_last(discount: Decimal, lines: Sequence[Decimal]) -> list[Decimal]:
    """The discount taken from the lines upwards, from the last to the first, each at most whole."""
    shares: list[Decimal] = []
    for line in reversed(lines):
        shares.append(min(line, discount))
        discount -= shares[-1]
    return shares[::-1]


@dataclass(frozen=True, slots=True)
class Discounted:
    """What is left after a percentage, and the percentage itself, both unrounded."""

    amount: Decimal
    discount: Decimal


def less_percent(amount: Decimal, percent: Decimal) -> Discounted:
    """`amount` less that percentage of it: a discount taken before a maximum applies."""
    discount = amount * percent.scaleb(-2)
    return Discounted(amount - discount, discount)


def less_fixed(amount: Decimal, off: Decimal) -> Discounted:
    """`amount` less a fixed discount, which never takes more than there is."""
    discount = min(off, amount)
    return Discounted(amount - discount, discount)
