"""Discounts on a document: in which order they are taken, and which line bears how much.

Ours is percentages first, then fixed amounts, each on what the ones before left, and never more
than that (finance.md section 2). Two percentages compound, so their order does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, assert_never

from usance.domain.money import Money, round_minor


@dataclass(frozen=True, slots=True)
class PercentOff:
    """So many percent of what the discounts before it left."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class AmountOff:
    """A fixed amount, at most what is left."""

    amount: Money


Discount = PercentOff | AmountOff


class Discounted(NamedTuple):
    """What is left of a subtotal, what was taken, and how much of it each discount took."""

    net: Money
    discount: Money
    used: tuple[Money, ...]


def take_discounts(subtotal: Money, discounts: Sequence[Discount]) -> Discounted:
    """These discounts, in the order they are given. `in_order` puts them in ours."""
    left = subtotal
    used: list[Money] = []
    for each in discounts:
        match each:
            case PercentOff(percent):
                taken = percent_of(left, percent)
            case AmountOff(amount):
                taken = amount if amount < left else left
            case _:
                assert_never(each)
        used.append(taken)
        left -= taken
    return Discounted(left, subtotal - left, tuple(used))


def in_order(discounts: Sequence[Discount]) -> list[Discount]:
    """Percentages first, then fixed amounts, otherwise as given."""
    return sorted(discounts, key=lambda each: isinstance(each, AmountOff))


def percent_of(amount: Money, percent: Decimal) -> Money:
    """That percentage of an amount, rounded once, half away from zero."""
    return round_minor(amount.amount * percent.scaleb(-2), amount.currency)


def share_discount(discount: Money, lines: Sequence[Money]) -> list[Money]:
    """How much of a discount each line bears: in proportion, by largest remainder.

    Lines of nothing or less bear none: a line that gives back must not enlarge the discount of the
    others. The shares add up to the discount, or to the lines when it is larger than they are.
    """
    of = discount.currency
    worth = [max(line.minor, 0) for line in lines]
    if not any(worth):
        return [Money.zero(of) for _ in lines]
    return Money(min(discount.minor, sum(worth)), of).split(worth)
