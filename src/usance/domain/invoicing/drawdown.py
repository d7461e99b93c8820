"""Drawdown: usage paid from what was prepaid for it, before anything else is charged.

Always true:
- no more is drawn than the usage came to, and no more than was prepaid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP
from typing import NamedTuple

from usance.domain.due_items import Fund


@dataclass(slots=True)
class _Left:
    fund: Fund
    minor: int
    is_carried: bool = False


class Usage(NamedTuple):
    """Usage from a day on that came to so many minor units, and the funds it may draw from."""

    day: date
    minor: int
    funds: Sequence[Fund]


def drawn(usage: Sequence[Usage]) -> list[int]:
    """What each of them, in time, draws from its funds: a fund that several share is spent once.

    The fund that expires first is drawn first, then the older one. What is left at a fund's end
    is carried over in its share, rounded half up; the rest has expired. Source of the order:
    finance.md section 9.
    """
    funds = {fund for each in usage for fund in each.funds}
    left = [_Left(fund, fund.minor) for fund in sorted(funds, key=_by_expiry)]
    return [_draw(left, each) for each in usage]


def _by_expiry(fund: Fund) -> tuple[date, Fund]:
    return fund.expires_on, fund


def _draw(left: Sequence[_Left], by: Usage) -> int:
    day, minor, taken = by.day, by.minor, 0
    for each in left:
        if day >= each.fund.ends_on and not each.is_carried:
            each.is_carried = True
            share = each.minor * each.fund.carried_percent / 100
            each.minor = int(share.to_integral_value(ROUND_HALF_UP))
        if each.fund.start <= day < each.fund.expires_on and each.fund in by.funds:
            part = max(0, min(each.minor, minor - taken))
            each.minor -= part
            taken += part
    return taken
